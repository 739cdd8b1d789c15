from __future__ import annotations

from datetime import date, timedelta

import pytest

from finops_guard.costs.counts._counted import midnight
from finops_guard.costs.units_days import Complete, asked, common, spans

NOVEMBER = date(2026, 11, 1)


def days(*numbers: int) -> list[date]:
    return [NOVEMBER + timedelta(days=number - 1) for number in numbers]


def billed_from(first: int, last: int) -> Complete:
    return Complete(days(first)[0], days(last)[0])


@pytest.mark.parametrize(
    ("billed", "counted", "over", "now", "before"),
    [
        ((1, 10), range(1, 11), 5, range(6, 11), range(1, 6)),
        ((1, 10), range(-20, 30), 5, range(6, 11), range(1, 6)),  # neither before the bills nor behind them
        ((1, 30), range(1, 11), 5, range(6, 11), range(1, 6)),  # nor behind the counts
        ((1, 10), [6, 7, 10], 5, [6, 7, 10], []),  # a hole
        ((1, 10), [1, 6, 7, 10], 5, [6, 7, 10], []),  # one day is less than half of three
        ((1, 10), [1, 2, 6, 7, 10], 5, [6, 7, 10], [1, 2]),
        ((8, 10), range(1, 20), 28, [8, 9, 10], []),  # bills began lately
        ((1, 10), range(8, 11), 28, [8, 9, 10], []),  # counts began lately
        ((1, 10), range(1, 11), 28, range(1, 11), []),
        ((1, 10), [3], 5, [3], []),
        ((1, 10), range(1, 11), 1, [10], [9]),
    ],
)
def test_both_windows_are_of_days_that_both_sides_have(
    billed: tuple[int, int], counted: list[int], over: int, now: list[int], before: list[int]
) -> None:
    found = common(billed_from(*billed), days(*counted), over)
    assert found is not None
    assert list(found.now) == days(*now)
    assert list(found.before) == days(*before)
    assert (found.first, found.last) == (found.now[0], found.now[-1])
    assert found.whole is (len(found.now) == (found.last - found.first).days + 1)


@pytest.mark.parametrize("counted", [[], [11, 12], [-3, 0]])
def test_without_a_day_of_both_there_is_no_window(counted: list[int]) -> None:
    assert common(billed_from(1, 10), days(*counted), 5) is None


def test_as_many_days_are_counted_as_two_windows_and_a_late_count_need() -> None:
    assert asked(date(2026, 11, 22), 28) == (date(2026, 8, 31), date(2026, 11, 22))


def test_spans_are_stretches_of_utc_days() -> None:
    one, three = days(1)[0], days(3)[0]
    assert spans(days(3, 1, 4)) == [
        (midnight(one), midnight(one + timedelta(days=1))),
        (midnight(three), midnight(three + timedelta(days=2))),
    ]
    assert spans([]) == []


def test_the_hour_that_clocks_are_put_back_belongs_to_its_day() -> None:
    """25 October 2026 has 25 hours in Amsterdam and 24 in UTC, and no window begins or ends inside it."""
    (span,) = spans([date(2026, 10, 24), date(2026, 10, 25), date(2026, 10, 26)])
    assert (span[1] - span[0]) == timedelta(hours=72)
