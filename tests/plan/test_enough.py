"""`enough`: a budget's stops go as far as the budget needs, those that hurt least first."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops_guard.model import Finding, Money, Resource, Rung, Step
from finops_guard.plan import plan
from finops_guard.state.shelf import ordered
from tests.plan.build import NOTIFY, NOW, binding, finding, machine, only, planned, policy, rule

if TYPE_CHECKING:
    from collections.abc import Mapping

LADDER = rule(NOTIFY, Rung("stop", 0, enough=True))
UNTIL = NOW + timedelta(hours=10)
"""Ten hours are left of the period: what costs 7 EUR an hour saves 70."""


def covered(
    name: str, hour: str | None, over: object = "100", *, tags: Mapping[str, str] | None = None, **more: Any
) -> Resource:
    """A machine under a budget that is projected to be over its limit by so much."""
    facts: dict[str, object] = {"name": "vision", "over": over, "until": UNTIL, **more.pop("budget", {})}
    if isinstance(over, str):
        facts["over"] = Money(Decimal(over), "EUR")
    price = {} if hour is None else {"cost.hour": Money(Decimal(hour), more.pop("currency", "EUR"))}
    return machine(name, tags=tags, facts={"budget": facts}, **price, **more)


def stops(*resources: Resource, **more: Any) -> dict[str, Step]:
    """The stops by resource, in an enforcing run."""
    found = [finding(each, LADDER) for each in resources]
    return {step.resource.id: step for step in planned(*found, mode="enforce", **more) if step.do == "stop"}


def done(*resources: Resource, **more: Any) -> list[str]:
    return sorted(name for name, step in stops(*resources, **more).items() if step.state == "due")


def test_it_stops_until_the_projected_spend_is_back_under_the_limit() -> None:
    machines = [covered("a", "4"), covered("b", "7"), covered("c", "5")]
    assert done(*machines) == ["b", "c"]  # 70 + 50 of 100 that are too much
    left = stops(*machines)["a"]
    shelf = ordered((finding(each, LADDER) for each in machines), held=1)
    later = plan(shelf, policy(), NOW, mode="enforce", can=lambda _type, _verb: True)
    assert list(later) == planned(*(finding(each, LADDER) for each in machines), mode="enforce")
    assert (left.state, left.because) == (
        "skipped",
        "budget 'vision' is projected to stay under its limit without this",
    )
    assert left.saves_month is None


def test_nothing_is_stopped_for_a_budget_that_will_hold() -> None:
    assert done(covered("a", "4", "0"), covered("b", "7", "0")) == []
    assert done(covered("a", "4", "-5")) == []
    assert done(covered("a", "4", "0.01")) == ["a"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"interruptible": True, "tags": {"environment": "prod"}}, {"tags": {"environment": "dev"}}),
        ({"tags": {"interruptible": "yes"}}, {"tags": {"environment": "dev"}}),
        ({"tags": {"environment": "dev"}}, {"tags": {"environment": "prod"}}),
        ({"tags": {"environment": "dev"}}, {"tags": {"environment": "Production"}}),
        ({"tags": {"environment": "dev"}}, {}),  # what does not say so may be production
    ],
)
def test_what_may_be_interrupted_goes_first_then_what_is_not_production(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    """However dear the other one is."""
    assert done(covered("dear", "50", "10", **second), covered("cheap", "2", "10", **first)) == ["cheap"]


def test_what_would_not_be_stopped_anyway_helps_no_budget() -> None:
    protected = covered("a", "90", protected=True)
    assert done(protected, covered("b", "20")) == ["b"]
    dry = finding(covered("a", "90"), LADDER, binding="dry")
    under = policy(binding(), binding("dry", mode="dry-run"))
    steps = planned(dry, finding(covered("b", "20"), LADDER), under=under, mode="enforce")
    assert [step.resource.id for step in steps if step.do == "stop" and step.state == "due"] == ["b"]


def test_unknown_never_acts() -> None:
    step = stops(covered("a", "4", None))["a"]
    assert (step.state, step.because) == ("refused", "what budget 'vision' is projected to spend is unknown")
    assert stops(machine("a"))["a"].state == "refused"
    found = stops(covered("a", None), covered("b", "1"))
    assert (found["a"].state, found["b"].state) == ("skipped", "due")
    assert found["a"].because == "what stopping it saves budget 'vision' is unknown"
    assert stops(covered("a", "4", currency="USD"))["a"].state == "skipped"  # no rate from USD to EUR


def test_savings_count_in_the_currency_of_the_budget() -> None:
    fx = {("USD", "EUR"): (Decimal("0.5"), NOW.date())}
    machines = [covered("a", "20", currency="USD"), covered("b", "1")]
    assert done(*machines, under=policy(fx=fx)) == ["a"]  # 20 USD x 10 h = 100 EUR


def test_quotas_count_hours_of_accelerators() -> None:
    machines = []
    for name, count in (("a", 4), ("b", 8)):
        quota: dict[str, Any] = {"budget": {"name": "gpus", "over_hours": Decimal(60), "until": UNTIL}}
        fields: dict[str, Any] = {"accelerators.count": count}
        machines.append(machine(name, facts=quota, **fields))
    assert done(*machines) == ["b"]


def test_each_budget_is_looked_at_by_itself() -> None:
    other = covered("c", "9", budget={"name": "nlp"})
    assert done(covered("a", "10"), covered("b", "9"), other) == ["a", "c"]


def test_one_resource_counts_once_for_its_budget() -> None:
    again = rule(NOTIFY, Rung("scale_to_zero", 0, enough=True), name="other")
    both, single = covered("a", "6"), covered("b", "5")
    steps = planned(finding(both, LADDER), finding(both, again), finding(single, LADDER), mode="enforce")
    due = sorted((step.resource.id, step.do) for step in steps if step.do != "notify" and step.state == "due")
    assert due == [("a", "stop"), ("b", "stop")]


def test_a_stop_without_enough_goes_all_the_way() -> None:
    plain = rule(NOTIFY, Rung("stop", 0))
    steps = planned(finding(covered("a", "4", "0"), plain), mode="enforce")
    assert only("stop", steps).state == "due"


hours = st.lists(st.integers(1, 50), min_size=1, max_size=12)


@given(hours, st.integers(0, 3000), st.randoms(use_true_random=False))
def test_it_is_enough_and_no_more(prices: list[int], over: int, order: Any) -> None:
    """What is stopped brings the budget under its limit where anything can, and without the last one it would not."""
    machines = [covered(f"m{number}", str(price), str(over)) for number, price in enumerate(prices)]
    chosen = done(*machines)
    order.shuffle(machines)
    assert done(*machines) == chosen
    saved = sorted(10 * prices[int(name[1:])] for name in chosen)
    if sum(prices) * 10 >= over:
        assert sum(saved) >= over
    else:
        assert len(chosen) == len(prices)
    assert not chosen or sum(saved[1:]) < over


def test_findings_of_other_rules_are_untouched() -> None:
    other: Finding = finding(machine("z"), rule(NOTIFY))
    assert only("notify", planned(other)).state == "due"
