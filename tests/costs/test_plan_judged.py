"""A plan as it is judged: money it adds, and the share of a budget's rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from finops_guard.costs.plan_judged import plan_resource, put_remaining
from finops_guard.model import Budget, BudgetStatus, Forecast, Money, PlanDelta, Resource, Unknown


def delta(low: str | None = "100", high: str | None = "100", before: str | None = "400") -> PlanDelta:
    low_, high_, before_ = (None if each is None else Decimal(each) for each in (low, high, before))
    return PlanDelta("vision", "EUR", low_, high_, before_, Decimal(8), hidden=() if low == high else ("x: no price",))


def covered() -> Resource:
    found = plan_resource(delta())
    found.fields["budget.name"] = "vision"
    return found


def status(left: str) -> BudgetStatus:
    budget = Budget(name="vision", limit=Decimal(1000), unit="EUR", every="month", covers=None)
    start, end = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    actual, nothing = budget.limit - Decimal(left), Decimal(0)
    return BudgetStatus(budget, "2026-11", start, end, budget.limit, nothing, actual, None, Forecast(None), None)


def test_a_team_s_part_carries_its_team() -> None:
    found = plan_resource(delta())
    assert (found.id, found.kind, found.look("state"), found.tags.look("team")) == (
        "plan/vision", "plan", "planned", "vision",
    )  # fmt: skip
    assert found.look("plan.delta_month") == Money(Decimal(100), "EUR")
    assert (found.look("plan.delta_percent"), found.look("plan.accelerators")) == (25.0, 8)
    assert plan_resource(PlanDelta("", "EUR", Decimal(1), Decimal(1), Decimal(0), Decimal(0))).id == "plan"


def test_between_bounds_it_is_not_one_amount() -> None:
    found = plan_resource(delta(high=None))
    assert found.look("plan.delta_low") == Money(Decimal(100), "EUR")
    for name in ("delta_month", "delta_high", "delta_percent"):
        assert found.look(f"plan.{name}") == Unknown("x: no price")


def test_of_nothing_there_is_no_share() -> None:
    assert plan_resource(delta(before="0")).look("plan.delta_percent") is None
    assert plan_resource(delta(high=None, before="0")).look("plan.delta_percent") is None
    assert isinstance(plan_resource(delta(before=None)).look("plan.delta_percent"), Unknown)


@pytest.mark.parametrize(
    ("low", "high", "left", "wanted"),
    [
        ("100", "100", "400", 25.0),
        ("-100", "-100", "400", 0.0),
        ("100", "100", "-5", 1_000_000.0),  # nothing is left: a cent counts as all there is
        ("-1", "0", "-5", 0.0),
        ("100", None, "400", None),
        ("500", None, "400", 125.0),  # too much already, whatever the rest costs
        (None, "100", "400", None),
        ("0", "100", "400", None),  # what scales may take it, or not
        ("500", "900", "400", 125.0),
        ("-9", "-1", "400", 0.0),
    ],
)
def test_it_takes_a_share_of_what_is_left(low: str | None, high: str | None, left: str, wanted: float | None) -> None:
    found = covered()
    put_remaining(found, delta(low, high), [status(left)], {})
    share = found.look("plan.of_remaining_percent")
    assert share == wanted if wanted is not None else share == Unknown("x: no price")


def test_without_a_budget_there_is_no_share_and_without_its_rest_none_is_known() -> None:
    found = plan_resource(delta())
    found.fields["budget.name"] = None
    put_remaining(found, delta(), [status("400")], {})
    assert found.look("plan.of_remaining_percent") is None
    put_remaining(found := covered(), delta(), [replace(status("400"), actual=None)], {})
    assert found.look("plan.of_remaining_percent") == Unknown("there is no cost data")
    put_remaining(found := plan_resource(delta()), delta(), [status("400")], {})
    found.fields.pop("budget.name")
    found.unknown["budget.name"] = "whether a budget covers it is unknown"
    put_remaining(found, delta(), [status("400")], {})
    assert found.look("plan.of_remaining_percent") == Unknown("whether a budget covers it is unknown")


def test_what_runs_and_is_not_billed_yet_is_not_left_and_what_a_bill_lacks_may_be_gone() -> None:
    found = covered()
    put_remaining(found, delta(), [replace(status("400"), accrued=Decimal(200))], {})
    assert found.look("plan.of_remaining_percent") == 50.0
    put_remaining(found, delta(), [replace(status("400"), uncounted=("bill.csv: refused",))], {})
    assert found.look("plan.of_remaining_percent") == Unknown("bill.csv: refused")
    put_remaining(found, delta("500", "500"), [replace(status("400"), uncounted=("bill.csv: refused",))], {})
    assert found.look("plan.of_remaining_percent") == 125.0


def test_currencies_meet_through_a_rate_or_not_at_all() -> None:
    dollars = replace(status("400"), budget=replace(status("400").budget, unit="USD"))
    found = covered()
    put_remaining(found, delta(), [dollars], {("EUR", "USD"): (Decimal(2), date(2026, 11, 1))})
    assert found.look("plan.of_remaining_percent") == 50.0
    put_remaining(found, delta(), [dollars], {})
    assert found.look("plan.of_remaining_percent") == Unknown("no exchange rate from EUR to USD")
