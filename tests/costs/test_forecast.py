from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import forecast as bench
from finops_guard.costs.forecast import _Window, complete, forecast
from finops_guard.costs.forecast_methods import METHODS, span

FIRST = date(2026, 1, 1)
JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)


def daily(costs: list[int], first: date = FIRST) -> list[tuple[date, Decimal]]:
    return [(first + timedelta(number), Decimal(cost)) for number, cost in enumerate(costs)]


def until(days: list[tuple[date, Decimal]]) -> date:
    return days[-1][0] + timedelta(days=1)


@pytest.fixture(scope="module")
def cases() -> list[bench.Case]:
    return list(bench.suite())


def test_the_band_holds_what_came_in_four_of_five_months_of_the_suite(cases: list[bench.Case]) -> None:
    assert 75 <= bench.coverage(cases) <= 90
    assert all(70 <= bench.coverage(case for case in cases if case.kind == kind.__name__) <= 90 for kind in bench.KINDS)


def test_on_the_suite_it_errs_no_more_than_the_trailing_week(cases: list[bench.Case]) -> None:
    assert bench.wape((case.chosen, case.was) for case in cases) <= bench.wape((case.usual, case.was) for case in cases)
    told = [(case, case.amount) for case in cases if case.amount is not None]
    assert len(told) >= 0.8 * len(cases)
    assert bench.wape((said, case.was) for case, said in told) <= bench.wape((case.usual, case.was) for case, _ in told)


def test_days_that_are_still_arriving_bias_day_five_by_less_than_two_percent(cases: list[bench.Case]) -> None:
    assert abs(bench.bias(case for case in cases if case.cut == 5)) < 2


def test_the_suite_shows_the_bias_of_a_caller_who_keeps_incomplete_days() -> None:
    steady = [
        bench.case("steady", daily([100] * bench.LENGTH, bench.FIRST), month, 5, lag)
        for lag in (0, 2)
        for month in bench.MONTHS
    ]
    late, whole = steady[: len(bench.MONTHS)], steady[len(bench.MONTHS) :]
    assert bench.bias(late) < -15
    assert bench.bias(whole) == 0


def test_bursts_are_not_forecast_and_steps_mostly_are(cases: list[bench.Case]) -> None:
    told = {
        kind: [case.amount is not None for case in cases if case.kind == kind] for kind in ("training", "step", "fees")
    }
    assert sum(told["training"]) < 0.25 * len(told["training"])
    assert sum(told["step"]) > 0.8 * len(told["step"])
    assert all(told["fees"])
    assert all(
        (case.said.because or "").startswith("not forecastable: its 80 % band would be") and case.said.error is not None
        for case in cases
        if case.amount is None
    )


def test_a_level_goes_on_without_error() -> None:
    found = forecast(daily([100] * 200), date(2026, 7, 20), AUGUST, JULY)
    assert found.amount == found.low == found.high == 1200
    assert (found.error, found.because) == (0.0, None)


def test_quiet_weekends_are_told_from_workdays_when_the_rest_is_not_whole_weeks() -> None:
    costs = [10 if (FIRST + timedelta(number)).weekday() >= 5 else 100 for number in range(199)]
    days = daily(costs)  # until Saturday 2026-07-18: a weekend and a Monday are asked for
    assert until(days) == date(2026, 7, 19)
    found = forecast(days[:-1], date(2026, 7, 18), date(2026, 7, 21), JULY)
    assert found.amount is not None
    assert round(found.amount, 6) == 120
    assert found.method == "trailing 7 days by weekday"


def test_what_is_charged_on_the_first_of_a_month_is_not_expected_again_in_it() -> None:
    costs = [910 if (FIRST + timedelta(number)).day == 1 else 10 for number in range(184)]
    days = daily(costs)  # two days of July are known
    found = forecast(days, until(days), AUGUST, JULY)
    assert found.amount is not None
    assert found.method == "as earlier months"
    assert 280 <= found.amount <= 290


def test_months_that_disagree_do_not_tell_how_this_one_goes_on() -> None:
    def like(may: int, june: int) -> Decimal | None:
        of_month = {5: may, 6: june}
        costs = [10 if day.day <= 7 else of_month.get(day.month, 10) for day in span(FIRST, date(2026, 7, 8))]
        return METHODS["as earlier months"](dict(daily(costs)[120:]), date(2026, 7, 8), date(2026, 7, 8), AUGUST)

    assert like(20, 26) == 24 * 23
    assert like(20, 28) is None
    assert like(0, 0) is None


def test_steady_growth_is_carried_on_over_a_quarter() -> None:
    grown = {FIRST + timedelta(number): Decimal(100) * Decimal("1.005") ** number for number in range(400)}
    until, end = date(2026, 10, 5), date(2027, 1, 1)
    rest = METHODS["as earlier months"]({day: cost for day, cost in grown.items() if day < until}, until, until, end)
    will = sum(grown[day] for day in span(until, end))
    assert rest is not None
    assert abs(rest - will) < will / 50


@pytest.mark.parametrize(
    ("period", "back", "past"),
    [
        (("2026-07-01", "2026-07-18", "2026-07-20", "2026-08-01"), 1, "2026-06-01 2026-06-18 2026-06-20 2026-07-01"),
        (("2026-03-01", "2026-03-29", "2026-03-31", "2026-04-01"), 1, "2026-02-01 2026-02-26 2026-02-28 2026-03-01"),
        (("2026-04-01", "2026-08-01", "2026-08-01", "2027-04-01"), 1, "2025-04-01 2025-08-01 2025-08-01 2026-04-01"),
        (("2026-11-23", "2026-11-25", "2026-11-25", "2026-11-30"), 2, "2026-11-09 2026-11-11 2026-11-11 2026-11-16"),
        (("2026-01-31", "2026-02-10", "2026-02-10", "2026-03-31"), 1, "2025-11-30 2025-12-10 2025-12-10 2026-01-31"),
    ],
)
def test_a_past_period_is_cut_where_this_one_is(period: tuple[str, ...], back: int, past: str) -> None:
    found = _Window(*map(date.fromisoformat, period)).periods_back(back)
    assert f"{found.start} {found.until} {found.first} {found.end}" == past


def test_fewer_than_fourteen_days_give_a_run_rate_that_says_so() -> None:
    found = forecast(daily([10] * 6 + [20] * 7), date(2026, 1, 14), date(2026, 2, 1), FIRST)
    assert found.amount == Decimal(200) / 13 * 18
    assert (found.low, found.error, found.method) == (None, None, "run rate")
    assert found.because == "low confidence: 13 complete days, fewer than 14"


def test_without_a_complete_day_there_is_no_forecast() -> None:
    assert forecast([], FIRST, date(2026, 2, 1)).because == "not forecastable: no complete day yet"


def test_a_period_that_is_over_has_nothing_left() -> None:
    found = forecast(daily([10] * 40), date(2026, 2, 10), date(2026, 2, 10))
    assert found.amount == found.low == found.high == 0
    assert found.because is None


def test_a_band_needs_three_periods() -> None:
    found = forecast(daily([100] * 40), date(2026, 2, 10), date(2026, 3, 1), date(2026, 2, 1))
    assert found.amount == 1900
    assert (found.low, found.because) == (None, "no band: too few earlier periods to try it on")


def test_a_year_is_tried_on_as_many_days_as_are_left_of_it() -> None:
    days = daily([100 + number % 3 for number in range(320)])
    found = forecast(days, until(days), date(2027, 1, 1), FIRST)
    assert found.error is not None
    assert found.low is not None


def test_a_day_that_is_not_known_is_not_zero() -> None:
    days = [each for each in daily([100] * 200) if each[0] not in {date(2026, 7, 15), date(2026, 7, 16)}]
    assert forecast(days, date(2026, 7, 20), AUGUST, JULY).amount == 1200
    gone = [each for each in daily([100] * 200) if not date(2026, 6, 1) <= each[0] < date(2026, 7, 18)]
    assert (forecast(gone, date(2026, 7, 20), AUGUST, JULY).because or "").startswith("not forecastable: too few")


def test_days_that_are_accrued_belong_to_neither_side() -> None:
    days = daily([100] * 200)
    known, today = days[:-2], until(days)
    found = forecast(known, today, AUGUST, JULY)
    assert found.amount == 100 * (AUGUST - today).days
    assert found.error == 0.0


def test_spending_after_nothing_was_spent_has_no_bounds() -> None:
    costs = [0] * 185 + [0, 500] + [0] * 10
    found = forecast([(FIRST, Decimal(1)), *daily(costs)[1:]], date(2026, 7, 17), AUGUST)
    assert found.amount is None
    assert "without bounds" in (found.because or "")


def test_complete_fills_unbilled_days_from_the_first_cost_to_the_boundary() -> None:
    rows = {date(2026, 3, 1): Decimal(0), date(2026, 3, 3): Decimal(5), date(2026, 3, 6): Decimal(7)}
    assert complete(rows, date(2026, 3, 6)) == daily([5, 0, 0], date(2026, 3, 3))
    assert complete({}, date(2026, 3, 6)) == []


@given(
    st.lists(st.integers(0, 10_000), min_size=1, max_size=220),
    st.integers(0, 3),
    st.integers(1, 95),
    st.integers(0, 40),
)
def test_any_series_gives_an_amount_within_its_band_or_a_reason(
    costs: list[int], lag: int, length: int, elapsed: int
) -> None:
    days = daily(costs)
    first = until(days) + timedelta(days=lag)
    found = forecast(days, first, first + timedelta(days=length), first - timedelta(days=elapsed))
    assert (found.amount is None) <= bool(found.because)
    assert found.amount is None or found.amount >= 0
    if found.amount is not None and found.low is not None and found.high is not None:
        assert 0 <= found.low <= found.amount <= found.high


@given(st.lists(st.integers(0, 10_000), min_size=90, max_size=150), st.integers(1, 40))
def test_a_method_reads_no_day_that_is_not_complete(costs: list[int], length: int) -> None:
    days = dict(daily(costs))
    cut = FIRST + timedelta(days=60)
    before = {day: amount for day, amount in days.items() if day < cut}
    end = cut + timedelta(days=length)
    assert all(method(days, cut, cut, end) == method(before, cut, cut, end) for method in METHODS.values())
