"""Budgets on real FOCUS files: what counts, in which period, in which currency, and where it goes."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import pytest

from finops_guard.costs.budgets import statuses
from finops_guard.costs.budgets_joined import Covers, budget_resource, thresholds_of
from finops_guard.language.policy import load_policy
from finops_guard.model import AnyOf, Compare, Ref, Stop, Unknown
from tests.costs.budgeting import ACCOUNT, NOW, RATES, Row, both, budget, days, ledger, machine, row, status, team

CENT = Decimal("0.01")


def actual(folder: Path, rows: list[Row], **more: Any) -> Decimal:
    found = status(folder, budget(**more), rows)
    assert found.unknown == ()
    assert found.actual is not None
    return found.actual


RECENT = [*days("2026-11-01", "2026-11-01", "0"), *days("2026-11-20", "2026-11-24", "0")]
"""So that bills reach over the whole month until now."""


@pytest.mark.parametrize(
    ("rows", "amount"),
    [
        ([row("2026-11-01T00:00", "5"), row("2026-10-31T23:00", "7", hours=1)], "5"),
        ([row("2026-11-25T11:00", "5", hours=1), row("2026-11-25T12:00", "7", hours=1)], "5"),  # not yet
        ([row("2026-11-02T00:00", "9", ChargeCategory="Purchase"), row("2026-11-02T00:00", "1")], "10"),
        ([row("2026-11-02T00:00", "9", ChargeCategory="Tax"), row("2026-11-02T00:00", "1")], "10"),
        ([row("2026-11-02T00:00", "9"), row("2026-11-02T00:00", "-4", ChargeCategory="Credit")], "5"),
        # A correction counts in the period that it corrects, whenever it arrives.
        ([row("2026-11-02T00:00", "9"), row("2026-11-02T00:00", "-9", ChargeClass="Correction")], "0"),
        ([row("2026-10-02T00:00", "-9", ChargeClass="Correction"), row("2026-11-02T00:00", "1")], "1"),
        # A row of a whole month counts where it begins.
        ([row("2026-11-01T00:00", "30", hours=720), row("2026-10-01T00:00", "31", hours=744)], "30"),
    ],
)
def test_what_counts_in_a_period(tmp_path: Path, rows: list[Row], amount: str) -> None:
    assert actual(tmp_path, [*rows, *RECENT]) == Decimal(amount)


def test_what_was_spent_before_the_bills_begin_is_not_nothing(tmp_path: Path) -> None:
    rows = days("2026-10-20", "2026-11-24", "1")
    assert status(tmp_path, budget(), rows).unknown == ()
    year = status(tmp_path, budget(every="year"), rows)
    assert year.actual == 36
    assert year.unknown == ("bills begin on 2026-10-20",)
    assert isinstance(budget_resource(year).look("budget.bill_complete"), Unknown)


def test_the_metric_is_the_budgets_own(tmp_path: Path) -> None:
    rows = [*RECENT, row("2026-11-02T00:00", "1", BilledCost="2", ListCost="3")]
    assert [actual(tmp_path, rows, metric=metric) for metric in ("effective", "billed", "list")] == [1, 2, 3]


@pytest.mark.parametrize(
    ("zone", "amount"),
    [("UTC", "20"), ("Europe/Amsterdam", "30"), ("America/Los_Angeles", "10"), ("Asia/Kolkata", "30")],
)
def test_a_period_begins_at_local_midnight(tmp_path: Path, zone: str, amount: str) -> None:
    edges = ("2026-10-31T23:00", "2026-11-01T00:00", "2026-11-01T07:00")
    rows = [*RECENT, *(row(start, "10", hours=1) for start in edges)]
    assert actual(tmp_path, rows, timezone=zone) == Decimal(amount)


def test_days_of_a_change_of_the_clock_hold_all_their_hours(tmp_path: Path) -> None:
    """25 hours on 25 October in Amsterdam, 23 on 29 March; a euro an hour."""
    for day, hours, zone in (("2026-10-25", 25, "Europe/Amsterdam"), ("2026-03-29", 23, "Europe/Amsterdam")):
        first = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(days=1)
        rows = [row(f"{first + timedelta(hours=n):%Y-%m-%dT%H:%M}", "1", hours=1) for n in range(72)]
        at = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(hours=21, minutes=59)
        found = status(tmp_path, budget(every="day", timezone=zone), rows, at=at)
        assert found.period == day
        assert (found.end - found.start) == timedelta(hours=hours)
        assert found.actual == int((at - found.start).total_seconds() // 3600) + 1


def test_only_rows_that_it_covers_count(tmp_path: Path) -> None:
    rows = [
        *RECENT,
        row("2026-11-02T00:00", "1", tags={"team": "vision"}),
        row("2026-11-02T00:00", "2", tags={"team": "nlp"}),
        row("2026-11-02T00:00", "4"),
    ]
    assert actual(tmp_path, rows, covers=team("vision")) == 1
    assert actual(tmp_path, rows, covers=Compare(Ref("tag", "team"), "exists", value=False)) == 4


def test_what_a_bill_cannot_tell_is_said_and_not_counted(tmp_path: Path) -> None:
    running = both(team("vision"), Compare(Ref("field", "state"), "eq", "running"))
    rows = [*RECENT, row("2026-11-24T00:00", "3", tags={"team": "vision"}), row("2026-11-24T00:00", "2")]
    found = status(tmp_path, budget(covers=running), rows)
    assert found.actual == 0
    assert found.unknown == ("1 billed row (3.00 USD): the bill does not say whether they count",)
    judged = budget_resource(found)
    assert judged.look("budget.complete") == judged.look("budget.bill_complete") == Unknown(found.unknown[0])


def test_currencies_mix_only_through_dated_rates(tmp_path: Path) -> None:
    rows = [
        *days("2026-11-22", "2026-11-24", "0"),
        row("2026-11-02T00:00", "100"),
        row("2026-11-03T00:00", "10", BillingCurrency="EUR"),
        row("2026-11-04T00:00", "7", BillingCurrency="CHF"),
        row("2026-11-05T00:00", "0.5", BillingCurrency="CHF"),
    ]
    found = status(tmp_path, budget(unit="EUR"), rows)
    assert found.actual == 102
    assert found.unknown == ("2 billed rows (7.50 CHF): no rate from CHF to EUR",)
    back = status(tmp_path, budget(unit="USD"), rows)  # the same rate, the other way round
    assert back.actual is not None
    assert back.actual.quantize(CENT) == Decimal("110.87")


@pytest.mark.parametrize(
    ("spent", "rollover", "carried"),
    [
        (("400", "900"), "0.5", "200"),  # August 600 left, half of it 300; September 1300 - 900 = 400 left, half 200
        (("1500", "900"), "0.5", "50"),  # what was overspent is not taken from the next
        (("400", "900"), "1", "700"),
        (("400", "900"), "0", "0"),
        (("1000", "1000"), "1", "0"),
    ],
)
def test_what_is_left_unused_rolls_over_from_period_to_period(
    tmp_path: Path, spent: tuple[str, str], rollover: str, carried: str
) -> None:
    months = [row("2026-08-01T00:00", spent[0]), row("2026-09-01T00:00", spent[1]), row("2026-10-01T00:00", "1000")]
    rows = [*months, *RECENT]
    at = datetime(2026, 10, 20, tzinfo=UTC)
    october = status(
        tmp_path, budget(rollover=Decimal(rollover)), [*rows, *days("2026-10-10", "2026-10-19", "0")], at=at
    )
    assert (october.rolled_over, october.limit) == (Decimal(carried), 1000 + Decimal(carried))
    november = status(tmp_path, budget(rollover=Decimal(rollover)), rows)
    assert november.rolled_over == Decimal(rollover) * Decimal(carried)


def test_what_rolls_over_counts_from_the_planned_limit(tmp_path: Path) -> None:
    rows = [row("2026-10-01T00:00", "100"), *RECENT]
    of = budget(rollover=Decimal(1), plan={"2026-10": Decimal(300), "2026-11": Decimal(50)})
    assert status(tmp_path, of, rows).limit == 250


def test_what_is_not_billed_yet_may_take_from_what_rolls_over(tmp_path: Path) -> None:
    at = datetime(2026, 11, 1, 6, tzinfo=UTC)
    found = status(tmp_path, budget(rollover=Decimal(1)), days("2026-10-01", "2026-10-31", "10"), at=at)
    assert found.rolled_over == 690
    assert found.unknown == ("what 2026-10 left over may be less: it is billed until 2026-10-30",)


def test_the_forecast_goes_on_from_complete_days(tmp_path: Path) -> None:
    """Of 23 and 24 November only half has arrived: that is no trend."""
    rows = [*days("2026-08-01", "2026-11-22", "10"), *days("2026-11-23", "2026-11-24", "5")]
    found = status(tmp_path, budget(), rows)
    assert (found.actual, found.forecast.amount) == (Decimal(230), Decimal(300))
    assert found.forecast.error == 0
    assert found.billed_until == datetime(2026, 11, 23, tzinfo=UTC)


def test_fees_count_and_do_not_come_again(tmp_path: Path) -> None:
    fees = [row(f"2026-{month:02}-01T00:00", "500", ChargeCategory="Purchase") for month in range(5, 12)]
    late = [row("2026-11-24T00:00", "70", ChargeCategory="Purchase")]
    found = status(tmp_path, budget(), [*days("2026-05-01", "2026-11-24", "10"), *fees, *late])
    assert (found.actual, found.forecast.amount) == (Decimal(810), Decimal(870))


def test_the_forecast_is_at_least_what_is_spent(tmp_path: Path) -> None:
    rows = [*days("2026-08-01", "2026-11-22", "10"), row("2026-11-24T00:00", "5000")]
    found = status(tmp_path, budget(), rows)
    assert found.forecast.amount == found.spent == 5220
    assert found.forecast.low == found.forecast.high == 5220


def test_a_forecast_in_local_time_ends_with_the_local_month(tmp_path: Path) -> None:
    rows = days("2026-06-01", "2026-11-24", "24")
    for zone in ("Europe/Amsterdam", "America/New_York"):
        found = status(tmp_path, budget(timezone=zone), rows)
        assert found.forecast.amount is not None
        assert abs(found.forecast.amount - 720) <= 24


def test_a_cloud_that_is_late_sets_the_boundary_and_one_that_ended_does_not(tmp_path: Path) -> None:
    aws = days("2026-10-01", "2026-11-24", "10")
    gcp: dict[str, Any] = {"ProviderName": "Google Cloud", "PublisherName": "Google Cloud"}
    both_ = [*aws, *days("2026-10-01", "2026-11-20", "5", **gcp)]
    assert status(tmp_path, budget(), both_).billed_until == datetime(2026, 11, 18, tzinfo=UTC)
    moved = [*aws, *days("2026-07-01", "2026-09-30", "5", **gcp)]
    assert status(tmp_path, budget(), moved).billed_until == datetime(2026, 11, 23, tzinfo=UTC)


def test_an_account_that_spends_no_more_does_not_hold_its_cloud_back(tmp_path: Path) -> None:
    ended = days("2026-10-01", "2026-11-10", "5", SubAccountId="444455556666")
    found = status(tmp_path, budget(), [*days("2026-10-01", "2026-11-24", "10"), *ended])
    assert found.billed_until == datetime(2026, 11, 23, tzinfo=UTC)


def test_a_budget_that_nothing_was_spent_of_has_a_forecast_of_nothing(tmp_path: Path) -> None:
    found = status(tmp_path, budget(covers=team("nlp")), days("2026-08-01", "2026-11-24", "10"))
    assert (found.actual, found.forecast.amount, found.burn_rate) == (Decimal(0), Decimal(0), Decimal(0))


def test_corrections_do_not_go_on(tmp_path: Path) -> None:
    rows = [*days("2026-08-01", "2026-11-24", "10"), row("2026-11-20T00:00", "-70", ChargeClass="Correction")]
    assert status(tmp_path, budget(), rows).forecast.amount == 220 - 70 + 80


def test_bills_that_ended_are_said(tmp_path: Path) -> None:
    found = status(tmp_path, budget(), days("2026-10-01", "2026-11-10", "10"))
    assert found.unknown == ("bills end on 2026-11-08",)


def burn(folder: Path, rows: list[Row], limit: str = "1000", at: datetime = NOW, **more: Any) -> float | None:
    found = status(folder, budget(limit=limit, **more), rows, at=at).burn_rate
    return None if found is None else float(found)


def test_the_burn_rate_is_speed_against_what_the_rest_can_bear(tmp_path: Path) -> None:
    """720 left for five days and a half: 40 a day is 0.306 of what it can bear."""
    assert burn(tmp_path, days("2026-11-01", "2026-11-24", "40"), "1680") == pytest.approx(0.306, abs=1e-3)


def test_three_quarters_spent_when_four_fifths_of_the_month_are_over_is_not_fast(tmp_path: Path) -> None:
    rate = burn(tmp_path, days("2026-11-01", "2026-11-24", "31.25"))
    assert rate is not None
    assert rate < 1


def test_both_windows_must_agree(tmp_path: Path) -> None:
    """A dear day is over soon, a cheap one is no relief: the lower of both counts."""
    spike = [*days("2026-11-01", "2026-11-21", "10"), *days("2026-11-22", "2026-11-22", "100")]
    over = [*days("2026-11-01", "2026-11-19", "100"), *days("2026-11-20", "2026-11-22", "1")]
    low, high = burn(tmp_path, [*spike, *RECENT[3:]], "10000"), burn(tmp_path, over + RECENT[3:], "10000")
    left = (10000 - 310) / 5.5
    assert low == pytest.approx((100 + 60) / 7 / left, abs=1e-3)
    assert high == pytest.approx(1 / ((10000 - 1903) / 5.5), abs=1e-3)


@pytest.mark.parametrize(("day", "known"), [(5, False), (6, True)])
def test_there_is_no_burn_rate_below_three_complete_days(tmp_path: Path, day: int, known: bool) -> None:  # noqa: FBT001
    """Bills are two days late: on the 6th at noon the first three days are complete."""
    at = datetime(2026, 11, day, 12, tzinfo=UTC)
    rows = days("2026-10-01", f"2026-11-{day:02}", "10")
    assert (burn(tmp_path, rows, at=at) is not None) is known


def test_there_is_no_burn_rate_when_nothing_is_left(tmp_path: Path) -> None:
    assert burn(tmp_path, days("2026-11-01", "2026-11-24", "100"), "500") is None


def test_quotas_count_billed_hours_times_accelerators(tmp_path: Path) -> None:
    def used(meter: str, hours: str, **more: Any) -> Row:
        return row("2026-11-02T00:00", "1", SkuMeter=meter, ConsumedQuantity=hours, ConsumedUnit="Hours", **more)

    rows = [
        *RECENT,
        used("USE1-BoxUsage:p5.48xlarge", "10"),
        used("Compute", "2", ChargeDescription="$6.88 per On Demand Linux p5.4xlarge Instance Hour"),
        used("BoxUsage:m5.large", "700"),
        used("EU-Train:ml.g5.12xlarge", "3", ServiceName="Amazon SageMaker"),
        used("BoxUsage:g6f.large", "5"),
        row("2026-11-02T00:00", "1", SkuMeter="DataTransfer p5.48xlarge", ConsumedQuantity="9", ConsumedUnit="GB"),
    ]
    found = status(tmp_path, budget("gpus", "2000", "accelerator-hours"), rows)
    assert found.actual == 10 * 8 + 2 * 1 + 3 * 4
    assert found.unknown == ("1 billed row (1.00 USD): how many accelerators g6f.large has is not known",)


def test_without_cost_data_nothing_billed_is_known(tmp_path: Path) -> None:
    for found in (status(tmp_path, budget(), None), status(tmp_path, budget(), [])):
        assert (found.actual, found.spent, found.remaining, found.forecast.amount) == (None, None, None, None)
        assert found.accrued == 0


def test_without_an_inventory_nothing_accrued_is_known(tmp_path: Path) -> None:
    found = status(tmp_path, budget(), days("2026-10-01", "2026-11-24", "10"), None)
    assert (found.actual, found.accrued, found.spent) == (Decimal(240), None, None)
    assert found.forecast.amount == 300
    assert found.unknown == ("what runs now is not known: no inventory was read",)


def test_parts_of_the_inventory_that_could_not_be_read_are_said(tmp_path: Path) -> None:
    with ledger(tmp_path, days("2026-10-01", "2026-11-24", "10")) as bills:
        (found,) = statuses([budget()], bills, [], NOW, RATES, ["aws 111122223333: AccessDenied"])
    assert (found.unknown, found.uncounted) == (("aws 111122223333: AccessDenied",), ())
    judged = budget_resource(found)
    assert judged.look("budget.complete") == Unknown("aws 111122223333: AccessDenied")
    assert judged.look("budget.bill_complete") is True  # what is billed is billed, whatever runs


def test_cost_data_that_was_refused_makes_the_bill_a_lower_bound(tmp_path: Path) -> None:
    with ledger(tmp_path, days("2026-10-01", "2026-11-24", "10")) as bills:
        (found,) = statuses([budget()], bills, [], NOW, RATES, refused=["not read: b.csv: no BilledCost"])
    assert found.unknown == found.uncounted == ("not read: b.csv: no BilledCost",)


def test_an_untagged_accelerator_breaches_at_the_next_scan_while_billing_shows_nothing(tmp_path: Path) -> None:
    """One p5.48xlarge, started an hour ago; a day may cost 50 USD, and its first billed row is a day away."""
    untagged = budget("untagged", "50", every="day", covers=Compare(Ref("tag", "team"), "exists", value=False))
    rows = days("2026-08-01", "2026-11-24", "10", tags={"team": "vision"})
    found = status(tmp_path, untagged, rows, [machine(since=NOW - timedelta(hours=1))])
    assert (found.actual, found.accrued) == (Decimal(0), Decimal("55.04"))
    said = budget_resource(found).fields
    assert (said["budget.used_percent"], said["budget.accrued_percent"]) == (0.0, 110.08)
    assert said["budget.complete"] is True


def test_forty_budgets_in_eur_on_bills_in_usd_are_what_a_spreadsheet_says(tmp_path: Path) -> None:
    """Budgets from a CSV, a FOCUS file in USD; the sums beside it are made from the same rows by themselves."""
    names = [f"team-{number:02}" for number in range(40)]
    table = ["name,limit,currency,every,team"]
    table += [f"{name},{1000 + 37 * n}.50,EUR,month,{name}" for n, name in enumerate(names)]
    (tmp_path / "budgets.csv").write_text("\n".join(table))
    policy = tmp_path / "finops-guard.yaml"
    policy.write_text(
        "policy: acme\nowner: a@b.example\npacks: [{use: ai-tags}]\ncurrency: EUR\n"
        "fx: {USD: {EUR: 0.9137, as_of: 2026-11-01}}\nbudgets: {from: budgets.csv}\n"
    )
    rows = []
    for n, name in enumerate(names):
        rows += days("2026-10-25", "2026-11-24", f"{n}.{n * 7919 % 100000:05}3", tags={"team": name})
        rows.append(row("2026-11-03T05:00", f"-{n}.0{n}7", hours=1, tags={"Team": name}, ChargeCategory="Credit"))
    loaded = load_policy(policy, date(2026, 11, 25))
    with ledger(tmp_path, rows) as bills:
        found = statuses(loaded.budgets.values(), bills, [], NOW, loaded.fx)
    sheet: dict[str, Decimal] = {}
    with (tmp_path / "focus.csv").open(newline="") as file:
        for line in csv.DictReader(file):
            if line["ChargePeriodStart"] >= "2026-11-01":
                name = line["Tags"].split('"')[3]
                sheet[name] = sheet.get(name, Decimal(0)) + Decimal(line["EffectiveCost"]) * Decimal("0.9137")
    assert len(found) == 40
    for n, each in enumerate(found):
        assert each.actual is not None
        cents, said = (amount.quantize(CENT, ROUND_HALF_EVEN) for amount in (each.actual, sheet[each.budget.name]))
        assert (cents, each.limit) == (said, Decimal(f"{1000 + 37 * n}.50"))
        assert sum((amount for _, amount in each.daily), Decimal(0)) == each.actual


def test_a_budget_is_a_resource_with_the_tags_it_pins(tmp_path: Path) -> None:
    covers = both(team("vision"), Compare(Ref("field", "account"), "eq", ACCOUNT))
    found = budget_resource(status(tmp_path, budget(covers=covers), days("2026-10-01", "2026-11-24", "10")))
    assert (found.id, found.kind, found.text("name")) == ("budget/vision/2026-11", "budget", "vision")
    assert (dict(found.tags), found.text("account")) == ({"team": "vision"}, ACCOUNT)
    assert found.look("accelerators.count") is None
    assert found.fields["budget.remaining"] is not None


def covered(folder: Path, *named: tuple[str, str, Any], **more: Any) -> dict[str, Any]:
    """`budget.*` of a machine under budgets of (name, limit, covers)."""
    rows = days("2026-08-01", "2026-11-24", "10", tags={"team": "vision"})
    with ledger(folder, rows) as bills:
        found = statuses([budget(name, limit, covers=of) for name, limit, of in named], bills, [], NOW, RATES)
    target = machine(tags={"team": "vision"}) if "on" not in more else more["on"]
    Covers(found, NOW, RATES).join(target)
    return {name: target.look(name) for name in ("budget.name", "budget.forecast_percent", "budget.used_percent")}


def test_of_several_budgets_the_one_with_the_highest_forecast_is_told_whole(tmp_path: Path) -> None:
    found = covered(tmp_path, ("wide", "3000", None), ("tight", "150", team("vision")), ("other", "1", team("nlp")))
    assert found == {"budget.name": "tight", "budget.forecast_percent": 200.0, "budget.used_percent": 160.0}


def test_what_no_budget_covers_has_none(tmp_path: Path) -> None:
    assert set(covered(tmp_path, ("other", "1", team("nlp"))).values()) == {None}


def test_whether_a_budget_covers_it_may_be_unknown(tmp_path: Path) -> None:
    """Where the first that may is unknown, all is; below one that covers it, it does not matter."""
    unread = machine()
    unread.tags = type(unread.tags).unreadable("AccessDenied")
    found = covered(tmp_path, ("wide", "3000", None), ("tight", "150", team("vision")), on=unread)
    assert "whether budget 'tight' covers it is unknown" in str(found["budget.name"])
    found = covered(tmp_path, ("all", "100", None), ("tight", "150", team("vision")), on=machine())
    assert found["budget.name"] == "all"


def test_what_was_stopped_for_good_does_not_go_on_in_the_forecast(tmp_path: Path) -> None:
    """Else its week in the bill would have another one stopped tomorrow, and another the day after."""
    rows = [
        *days("2026-08-01", "2026-11-24", "10", ResourceId="i-0aaaaaaaaaaaaaaaa"),
        *days("2026-08-01", "2026-11-24", "30", ResourceId="i-0bbbbbbbbbbbbbbbb"),
    ]
    still = machine("i-0bbbbbbbbbbbbbbbb", hour="0", state="stopped")
    still.stop = Stop("budgets/over-budget", "stop", NOW)
    with ledger(tmp_path, rows) as bills:

        def amount(*lasting: str) -> Decimal | None:
            return statuses([budget()], bills, [still], NOW, RATES, lasting=lasting)[0].forecast.amount

        assert amount("budgets/over-budget") == 22 * 40 + 8 * 10
        assert amount() == amount("schedules/evening") == 22 * 40 + 8 * 40


@pytest.mark.parametrize(
    ("limit", "thresholds", "whole"),
    [
        ("1000", None, False),
        ("1000", {80.0, 100.0}, True),  # 24 % are billed, and 29 at most
        ("300", {80.0, 100.0}, False),  # 80 %, and 96.7 at most
        ("270", {80.0, 100.0}, False),  # 88.9 %, and 107 at most
        ("200", {80.0, 100.0}, False),  # 120 %, and 95 if what is not counted were a credit
        ("150", {80.0, 100.0}, True),  # 160 %, and 126.7 at least
        ("1000", {25.0}, False),
    ],
)
def test_what_is_not_counted_of_a_bill_matters_where_a_threshold_lies_between(
    tmp_path: Path,
    limit: str,
    thresholds: set[float] | None,
    whole: bool,  # noqa: FBT001 # a table
) -> None:
    doubtful = both(team("vision"), Compare(Ref("field", "state"), "eq", "running"))
    covers = AnyOf((both(team("vision"), Compare(Ref("tag", "sure"), "exists", value=True)), doubtful))
    rows = days("2026-11-01", "2026-11-24", "10", tags={"team": "vision", "sure": "x"})
    rows.append(row("2026-11-02T00:00", "50", tags={"team": "vision"}))
    found = status(tmp_path, budget(limit=limit, covers=covers), rows)
    assert (found.actual, found.uncounted_most) == (Decimal(240), Decimal(50))
    assert (budget_resource(found, thresholds).look("budget.bill_complete") is True) is whole


def test_what_nobody_can_tell_the_most_of_always_matters(tmp_path: Path) -> None:
    rows = [*days("2026-11-01", "2026-11-24", "10"), row("2026-11-02T00:00", "5", BillingCurrency="CHF")]
    found = status(tmp_path, budget(), rows)
    assert found.uncounted_most is None
    assert budget_resource(found, {80.0}).look("budget.bill_complete") is not True


def test_thresholds_are_those_of_the_rules_in_force(tmp_path: Path) -> None:
    path = tmp_path / "finops-guard.yaml"
    path.write_text("policy: a\nowner: a@b.example\npacks: [{use: budgets, with: {warn-at: 75%}}]\n")
    assert thresholds_of(load_policy(path, date(2026, 11, 25))) == {75.0, 100.0}
