from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops_guard.costs.units_inventory import needs_inventory
from finops_guard.model import Money, Resource, Split, Tags, UnitCost
from tests.costs.budgeting import NOW, days, row
from tests.costs.unit_costing import BOT, UNIT, bills, changed, costs, policy, usage

FX = "currency: EUR\nfx: {USD: {EUR: 0.5, as_of: 2026-11-01}}\n"
SPLIT = UNIT + "    by: [model-version]\n"


def one(folder: Path, rows: Any, of: Any = None, **more: Any) -> UnitCost:
    (found,) = costs(folder, rows, of, **more)
    return found


def by_key(found: list[UnitCost]) -> dict[Any, UnitCost]:
    return {tuple(cost.key.values()): cost for cost in found}


def test_the_last_28_complete_days_against_the_28_before(tmp_path: Path) -> None:
    usage(tmp_path)
    rows = bills("2026-09-01", "2026-10-25") + bills("2026-10-26", "2026-11-24", "12")
    found = one(tmp_path, rows)
    assert (found.first, found.last, found.days) == (date(2026, 10, 26), date(2026, 11, 22), 28)
    assert found.cost == Money(Decimal(336), "USD")
    assert found.count == 2800
    assert found.each == Money(Decimal("0.12"), "USD")
    assert found.change == pytest.approx(0.2)
    assert (found.coverage, found.quality, found.because, found.unknown) == (1.0, "complete", None, ())
    assert found.sources == (str(tmp_path / "focus.csv"), "usage.csv")


def test_failed_runs_and_every_charge_stay_in_the_money(tmp_path: Path) -> None:
    usage(tmp_path)
    extra = [
        row("2026-11-02", "100", tags={**BOT, "state": "failed"}),
        row("2026-11-03", "50", tags=BOT, ChargeCategory="Tax"),
        row("2026-11-04", "-30", tags=BOT, ChargeClass="Correction"),
        row("2026-11-05", "999", tags={"project": "other"}),
    ]
    found = one(tmp_path, bills() + extra)
    assert found.cost == Money(Decimal(400), "USD")


def test_a_day_that_was_not_counted_is_in_neither_side(tmp_path: Path) -> None:
    usage(tmp_path, "2026-09-01", "2026-11-09")
    with (tmp_path / "usage.csv").open("a") as file:
        file.writelines(f"2026-11-{day},100\n" for day in range(12, 25))
    rows = [*bills(), row("2026-11-10", "1000", tags=BOT), row("2026-11-11", "1000", tags=BOT)]
    found = one(tmp_path, rows)
    assert (found.days, found.quality) == (26, "partial")
    assert (found.first, found.last) == (date(2026, 10, 26), date(2026, 11, 22))
    assert found.cost == Money(Decimal(260), "USD")
    assert found.count == 2600


def test_a_count_that_ends_early_moves_both_sides(tmp_path: Path) -> None:
    usage(tmp_path, "2026-09-01", "2026-11-15")
    found = one(tmp_path, [*bills(), row("2026-11-16", "1000", tags=BOT)])
    assert (found.first, found.last, found.days) == (date(2026, 10, 19), date(2026, 11, 15), 28)
    assert (found.cost, found.quality) == (Money(Decimal(280), "USD"), "complete")
    assert found.change == pytest.approx(0)


def test_a_bill_that_ends_early_moves_both_sides(tmp_path: Path) -> None:
    usage(tmp_path)
    found = one(tmp_path, bills(last="2026-11-12"))
    assert (found.last, found.days, found.count) == (date(2026, 11, 10), 28, Decimal(2800))


def test_days_that_are_not_of_this_time_are_told_and_which_side_is_late(tmp_path: Path) -> None:
    usage(tmp_path, last="2026-11-10")
    assert one(tmp_path, bills()).unknown == ("counts stand only to 2026-11-10: this is not how it is today",)
    usage(tmp_path)
    assert one(tmp_path, bills(last="2026-11-12")).unknown == (
        "bills are complete only to 2026-11-10: this is not how it is today",
    )
    usage(tmp_path, last="2026-11-11")
    assert one(tmp_path, bills()).unknown == ()


def test_without_a_day_of_both_there_is_none(tmp_path: Path) -> None:
    usage(tmp_path, "2026-11-23", "2026-11-24")
    found = one(tmp_path, bills("2026-11-01"))
    assert (found.each, found.cost, found.count, found.days) == (None, None, None, 0)
    assert found.because == "nothing was counted near the complete days of the bills, which end on 2026-11-22"
    usage(tmp_path, "2026-10-01", "2026-10-31")
    found = one(tmp_path, bills("2026-11-01"))
    assert found.because == (
        "no day has both: bills are complete from 2026-11-01 to 2026-11-22, counts stand from 2026-10-01 to 2026-10-31"
    )


@pytest.mark.parametrize(
    ("count", "minimum", "because"),
    [
        ("0", 0, "nothing was counted"),
        ("0", 5, "nothing was counted"),
        ("100", 2801, "2,800 counted, below the minimum of 2,801"),
        ("100", 2800, None),
        ("0.5", 14, None),
    ],
)
def test_below_the_minimum_there_is_no_unit_cost(tmp_path: Path, count: str, minimum: int, because: str | None) -> None:
    usage(tmp_path, count=count)
    found = one(tmp_path, bills(), policy(tmp_path, f"{UNIT}    minimum: {minimum}\n"))
    assert found.because == because
    assert (found.each is None) is (because is not None)
    assert found.cost == Money(Decimal(280), "USD")  # money is known all the same
    if because:
        assert found.change is None


def test_the_minimum_counts_things_and_not_units(tmp_path: Path) -> None:
    usage(tmp_path)
    unit = UNIT.replace("usage.csv", "usage.csv, scale: 1000") + "    minimum: 2800\n"
    found = one(tmp_path, bills(), policy(tmp_path, unit))
    assert found.count == Decimal("2.8")
    assert found.each == Money(Decimal(100), "USD")
    assert found.definition.endswith("; 1,000 of them make one prediction")


def test_a_baseline_needs_half_of_the_days_and_its_own_minimum(tmp_path: Path) -> None:
    usage(tmp_path)
    assert one(tmp_path, bills("2026-10-12")).change == pytest.approx(0)
    assert one(tmp_path, bills("2026-10-13")).change is None
    usage(tmp_path, "2026-10-26")
    assert one(tmp_path, bills()).change is None


def test_without_cost_data_nothing_is_known(tmp_path: Path) -> None:
    found = one(tmp_path, None)
    assert (found.each, found.cost, found.because) == (None, None, "no cost data")


def test_what_nobody_spends_has_no_cost(tmp_path: Path) -> None:
    usage(tmp_path)
    found = one(tmp_path, days("2026-09-01", "2026-11-24", "1"))
    assert (found.each, found.cost, found.because) == (None, None, "no cost row belongs to it")


def test_parts_and_what_is_in_none_add_up_to_the_whole(tmp_path: Path) -> None:
    usage(tmp_path, count="100,v1")
    text = (tmp_path / "usage.csv").read_text().replace("date,count", "date,count,model-version")
    (tmp_path / "usage.csv").write_text(text + "2026-11-20,50,v3\n")
    rows = (
        bills()
        + bills(cost="4", tags={**BOT, "model-version": "v2"})
        + bills(cost="6", tags={"project": "bot", "team": "nlp"})
    )
    found = costs(tmp_path, rows, policy(tmp_path, SPLIT))
    assert [tuple(cost.key.values()) for cost in found] == [(), ("v1",), ("v2",), ("v3",), (None,)]
    parts = by_key(found)
    assert parts[()].cost == Money(Decimal(560), "USD")
    assert parts["v1",].each == Money(Decimal("0.1"), "USD")
    assert (parts["v2",].cost, parts["v2",].because) == (Money(Decimal(112), "USD"), "nothing was counted")
    assert (parts["v3",].cost, parts["v3",].because) == (None, "no cost carries it")
    assert parts[None,].cost == Money(Decimal(168), "USD")
    assert parts[()].coverage == pytest.approx(0.7)


def test_a_source_that_does_not_tell_a_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "usage.csv").write_text("date,count,model-version\n" + "2026-11-20,5,\n2026-11-21,5,\n")
    parts = by_key(costs(tmp_path, bills(), policy(tmp_path, SPLIT)))
    assert parts["v1",].because == "usage.csv does not tell model-version"


def test_amounts_are_in_the_currency_of_the_target_then_of_the_policy(tmp_path: Path) -> None:
    usage(tmp_path)
    assert one(tmp_path, bills(), policy(tmp_path, UNIT, FX)).cost == Money(Decimal(140), "EUR")
    dollars = policy(tmp_path, UNIT + "    target: 0.09 USD\n", FX)
    assert one(tmp_path, bills(), dollars).each == Money(Decimal("0.1"), "USD")


def test_two_currencies_without_a_rate_are_not_added_up(tmp_path: Path) -> None:
    usage(tmp_path)
    rows = bills() + bills("2026-11-20", cost="1", BillingCurrency="EUR")
    found = one(tmp_path, rows)
    assert (found.cost, found.each) == (None, None)
    assert found.because == "its cost is in EUR and USD, and the policy has no rate between them"
    assert one(tmp_path, rows, policy(tmp_path, UNIT, FX)).cost == Money(Decimal(143), "EUR")


def test_rows_the_bill_cannot_decide_on_are_told_and_not_added(tmp_path: Path) -> None:
    usage(tmp_path)
    unit = UNIT.replace("{tags: {project: bot}}", "{any: [{tags: {project: bot}}, {state: running}]}")
    found = one(tmp_path, bills() + days("2026-11-01", "2026-11-24", "5"), policy(tmp_path, unit))
    assert found.cost == Money(Decimal(280), "USD")
    assert found.quality == "partial"
    assert found.unknown == ("of 22 cost rows the bill cannot tell whether they belong to it: they are not in it",)


def test_the_slowest_account_decides_and_one_that_ended_does_not(tmp_path: Path) -> None:
    usage(tmp_path)
    late = bills(last="2026-11-20", SubAccountId="444444444444")
    assert one(tmp_path, bills() + late).last == date(2026, 11, 18)
    ended = bills(last="2026-11-10", SubAccountId="555555555555")
    found = one(tmp_path, bills() + ended)
    assert found.last == date(2026, 11, 22)
    assert found.unknown == ("account 555555555555 has no cost since 2026-11-09: taken as ended",)
    elsewhere = days("2026-09-01", "2026-11-15", "9", SubAccountId="666666666666")
    assert one(tmp_path, bills() + elsewhere).last == date(2026, 11, 22)


def test_a_count_that_cannot_be_used_is_refused_and_the_others_count(tmp_path: Path) -> None:
    usage(tmp_path)
    (tmp_path / "bad.csv").write_text("date,count\nyesterday,1\n")
    units = UNIT + UNIT.replace("bot:", "other:", 1).replace("usage.csv", "bad.csv")
    good, bad = costs(tmp_path, bills(), policy(tmp_path, units))
    assert good.each is not None
    assert bad.refused == "bad.csv:2:1: 'yesterday' is not a day; write 2026-11-25"
    assert bad.because == f"its count cannot be used: {bad.refused}"
    assert bad.each is None


def test_a_source_that_does_not_answer_is_a_gap_and_no_zero(tmp_path: Path) -> None:
    count = 'count: {from: prometheus, url: "http://127.0.0.1:9", query: "sum(increase(x[1d]))"}'
    unit = UNIT.replace("count: {from: csv, path: usage.csv}", count)
    from finops_guard.costs.reach import Reach
    from finops_guard.costs.units import unit_costs
    from tests.costs.budgeting import ledger

    reach = Reach(NOW, tmp_path, tmp_path / "cache")
    with pytest.MonkeyPatch.context() as patch, ledger(tmp_path, bills()) as opened:
        patch.setattr("finops_guard.costs.web._TRIES", 1)
        (found,) = unit_costs(policy(tmp_path, unit), opened, reach)
    assert found.because == "its count could not be read: 127.0.0.1 did not answer: ConnectionRefusedError"
    assert (found.each, found.count, found.refused) == (None, None, None)
    (gap,) = reach.notes.gaps
    assert (gap.type, gap.reason) == ("count of bot", "127.0.0.1 did not answer: ConnectionRefusedError")


def test_levels_are_averaged_and_compared_over_as_many_days(tmp_path: Path) -> None:
    unit = UNIT.replace("from: csv, path: usage.csv", "from: inventory, match: {kind: firewall}")
    devices = [Resource({"kind": "firewall", "id": str(n)}, Tags.of({})) for n in range(4)]
    rows = bills("2026-10-08", "2026-10-25") + bills("2026-10-26")
    found = one(tmp_path, rows, policy(tmp_path, unit), inventory=devices)
    assert found.count == 4
    assert found.each == Money(Decimal(70), "USD")
    assert found.change == pytest.approx(0)  # 18 days of baseline cost as much a day
    assert found.quality == "estimated"


def test_what_the_inventory_cannot_tell_is_told(tmp_path: Path) -> None:
    unit = UNIT.replace("from: csv, path: usage.csv", "from: inventory, match: {kind: firewall, state: running}")
    devices = [Resource({"kind": "firewall", "id": "1", "state": "running"}, Tags.of({}))]
    devices.append(Resource({"kind": "firewall", "id": "2"}, Tags.of({})))
    found = one(tmp_path, bills(), policy(tmp_path, unit), inventory=devices)
    assert found.count == 1
    assert found.unknown == ("of 1 resources it is not known whether they are counted: they are not",)


def test_an_inventory_that_no_unit_counts_is_not_read(tmp_path: Path) -> None:
    def inventory() -> Iterator[Resource]:
        yield from [pytest.fail("it was read")]

    usage(tmp_path)
    assert not needs_inventory(policy(tmp_path))
    assert one(tmp_path, bills(), inventory=inventory()).each is not None


SHARED = "shared: [{charge: {service: Amazon EKS}, split_by: %s}]\nteams: {nlp: {}, vision: {}}\n"
EKS = {"ServiceName": "Amazon EKS"}


def test_a_unit_carries_its_part_of_what_its_team_carries(tmp_path: Path) -> None:
    usage(tmp_path)
    rows = (
        bills()  # nlp, the bot
        + bills(cost="30", tags={"project": "other", "team": "nlp"})
        + bills(cost="60", tags={"project": "other", "team": "vision"})
        + bills(cost="8", tags={}, **EKS)
    )
    found = one(tmp_path, rows, policy(tmp_path, UNIT, SHARED % "cost"))
    assert found.shared == pytest.approx(Decimal(28) * 8 * 40 / 100 * 10 / 40)
    assert found.cost == Money(280 + found.shared, "USD")
    even = one(tmp_path, rows, policy(tmp_path, UNIT, SHARED % "even"))
    assert even.shared == 28  # half of it is of nlp, and a quarter of what nlp spends is the bot's


def test_shared_rows_that_the_unit_selects_are_split_and_not_counted_twice(tmp_path: Path) -> None:
    usage(tmp_path)
    rows = bills() + bills(cost="8", **EKS) + bills(cost="10", tags={"team": "vision"})
    found = one(tmp_path, rows, policy(tmp_path, UNIT, SHARED % "even"))
    assert found.cost == Money(Decimal(280 + 4 * 28), "USD")


def test_a_unit_that_is_about_what_is_shared_costs_what_that_costs(tmp_path: Path) -> None:
    usage(tmp_path)
    unit = UNIT.replace("{tags: {project: bot}}", "{service: Amazon EKS}")
    for tags in ({}, {"team": "nlp"}):
        rows = bills() + bills(cost="8", tags=tags, **EKS)
        found = one(tmp_path, rows, policy(tmp_path, unit, SHARED % "even"))
        assert (found.cost, found.shared) == (Money(Decimal(224), "USD"), Decimal(0))


def test_shares_by_accelerator_hours_go_by_the_hours_billed_on_the_same_days(tmp_path: Path) -> None:
    usage(tmp_path)
    rows = bills() + bills(cost="8", tags={}, **EKS)
    by_hours = policy(tmp_path, UNIT, SHARED % "accelerator_hours")
    assert not needs_inventory(by_hours)
    machine = {"SkuMeter": "EU-BoxUsage:p5.48xlarge", "ConsumedUnit": "Hours"}
    nlp = bills(cost="0", ConsumedQuantity="1", **machine)
    vision = bills(cost="0", ConsumedQuantity="3", tags={"team": "vision"}, **machine)
    earlier = bills("2026-09-01", "2026-09-02", "0", ConsumedQuantity="24", tags={"team": "vision"}, **machine)
    assert one(tmp_path, rows + nlp + vision + earlier, by_hours).shared == 56
    assert one(tmp_path, rows + nlp, by_hours).shared == 224
    found = one(tmp_path, rows, by_hours)
    assert found.shared == 0
    assert found.unknown == ("what is shared by accelerator hours is not in it: the bill has no such hours",)


def test_shared_cost_in_a_currency_without_a_rate_is_told(tmp_path: Path) -> None:
    usage(tmp_path)
    rows = bills() + bills(cost="8", tags={}, BillingCurrency="JPY", **EKS)
    found = one(tmp_path, rows, policy(tmp_path, UNIT, SHARED % "even"))
    assert (found.cost, found.shared) == (Money(Decimal(280), "USD"), Decimal(0))
    assert found.unknown == ("shared cost is not in it: the policy has no rate from JPY to USD",)


amounts = st.decimals("-1000", "1000", places=18)
versions = st.sampled_from(["v1", "v2", None])
rows_of_bot = st.lists(
    st.tuples(st.integers(0, 60), amounts, versions, st.sampled_from(["nlp", "vision", None])), max_size=12
)


@settings(max_examples=25)
@given(
    rows_of_bot,
    st.sets(st.integers(0, 70)),
    st.integers(0, 70),
    st.integers(1, 40),
    st.sampled_from(["", SHARED % "even", SHARED % "cost"]),
)
def test_both_sides_are_of_the_same_days_and_parts_add_up(
    rows: list[tuple[int, Decimal, str | None, str | None]], counted: set[int], last: int, over: int, shared: str
) -> None:
    """Whatever is billed and counted when: the money is that of the counted days, and of no others."""
    start = date(2026, 9, 16)
    with TemporaryDirectory() as name:
        folder = Path(name)
        lines = [f"{start + timedelta(days=day)},1,v1" for day in sorted(counted)]
        (folder / "usage.csv").write_text("\n".join(["date,count,model-version", *lines]) + "\n")
        billed = days("2026-09-16", f"{start + timedelta(days=last)}", "0", tags={"project": "bot"})
        for day, amount, version, team in rows:
            if day <= last:
                tags = {
                    "project": "bot",
                    **({"model-version": version} if version else {}),
                    **({"team": team} if team else {}),
                }
                billed.append(row(f"{start + timedelta(days=day)}", f"{amount:f}", tags=tags))
        billed += days("2026-09-16", f"{start + timedelta(days=last)}", "3", **EKS)
        found = costs(folder, billed, policy(folder, SPLIT, shared), over=over)
    whole, *parts = found
    if whole.cost is None:
        assert whole.days == 0
        return
    both = [day for day in sorted(counted) if day <= min(last - 2, 68)]
    window = [day for day in both if day > both[-1] - over]
    used = {day: Decimal(0) for day in window}
    for day, amount, _, _ in rows:
        if day in used:
            used[day] += amount
    assert whole.days == len(window)
    assert whole.count == len(window)
    assert whole.cost.amount - whole.shared == sum(used.values(), Decimal(0))
    assert sum((part.cost.amount for part in parts if part.cost), Decimal(0)) == whole.cost.amount
    assert sum((part.shared for part in parts), Decimal(0)) == whole.shared
    assert sum((part.count or 0 for part in parts), Decimal(0)) == whole.count


def test_splits_of_a_policy_can_be_left_out(tmp_path: Path) -> None:
    usage(tmp_path)
    of = changed(policy(tmp_path), shared=(Split(policy(tmp_path).units["bot"].covers, "even"),))
    assert one(tmp_path, bills(), of).cost == Money(Decimal(280), "USD")
