"""A plan as a thing that is judged: what it adds to the bill, and what it takes of a budget's rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from finops_guard.costs.computed import computed_resource
from finops_guard.model import ACCELERATOR_HOURS, BudgetStatus, Money, PlanDelta, Resource, Unknown, Value, money_in

PLAN_TYPE = "FinOpsGuard::Plan"
Fx: TypeAlias = Mapping[tuple[str, str], tuple[Decimal, date]]
_TEAM = "team"
_CENT = Decimal("0.01")
_WHOLE = 100


def plan_resource(delta: PlanDelta) -> Resource:
    """A plan, or a team's or a budget's part of it, as a thing that is judged; its team is its tag."""
    team = {_TEAM: delta.name} if delta.name and not delta.budget else {}
    resource = computed_resource(
        kind="plan",
        type_=PLAN_TYPE,
        id_=f"plan/budget/{delta.budget}" if delta.budget else f"plan/{delta.name}" if delta.name else "plan",
        name=delta.name or "plan",
        covers=None,
        tags=team,
    )
    resource.fields["state"] = "planned"
    why = "; ".join(delta.hidden) or "not everything has a price"
    exact = delta.low if delta.low == delta.high else None
    before = delta.before
    share: Value | Unknown = Unknown(why)
    if before is not None and before <= 0:
        share = None
    elif before is not None and exact is not None:
        share = float(round(100 * exact / before, 4))
    told: dict[str, Value | Unknown] = {
        "plan.delta_month": Unknown(why) if exact is None else Money(exact, delta.currency),
        "plan.delta_low": Unknown(why) if delta.low is None else Money(delta.low, delta.currency),
        "plan.delta_high": Unknown(why) if delta.high is None else Money(delta.high, delta.currency),
        "plan.delta_percent": share,
        "plan.accelerators": Unknown(delta.uncounted) if delta.accelerators is None else delta.accelerators,
        "plan.of_remaining_percent": None,
    }
    for name, value in told.items():
        _put(resource, name, value)
    return resource


def put_remaining(resource: Resource, delta: PlanDelta, statuses: Iterable[BudgetStatus], fx: Fx) -> None:
    """What the plan takes of what is left of the budget that covers it (`budget.name`); absent without one.

    Where no inventory is read, as in a pull request, what is left is told by the bill: less what is not billed yet.
    """
    name = resource.look("budget.name")
    status = next((each for each in statuses if each.budget.name == name), None)
    if isinstance(name, Unknown):
        share: Value | Unknown = name
    elif status is None or status.budget.unit == ACCELERATOR_HOURS:
        share = None
    elif status.actual is None:
        share = Unknown("there is no cost data")
    else:
        left = Money(status.limit - status.actual - (status.accrued or 0), status.budget.unit)
        share = _of(delta, left, status.uncounted, fx)
    _put(resource, "plan.of_remaining_percent", share)


def _of(delta: PlanDelta, left: Money, uncounted: tuple[str, ...], fx: Fx) -> float | Unknown:
    """The share of what is left. Beyond all of it at the least is beyond it, whatever else is not known."""
    if delta.low is None or delta.high is None or uncounted or delta.low != delta.high > 0:
        least = None if delta.low is None else _share(delta.low, delta.currency, left, fx)
        if isinstance(least, float) and least > _WHOLE:
            return least
        return Unknown("; ".join((*delta.hidden, *uncounted)) or "not everything has a price")
    return _share(delta.high, delta.currency, left, fx)


def _share(amount: Decimal, currency: str, left: Money, fx: Fx) -> float | Unknown:
    told = money_in(Money(amount, currency), left.currency, fx)
    if told is None:
        return Unknown(f"no exchange rate from {currency} to {left.currency}")
    return float(round(100 * told.amount / (left.amount if left.amount > 0 else _CENT), 4)) if told.amount > 0 else 0.0


def _put(resource: Resource, name: str, value: Value | Unknown) -> None:
    if isinstance(value, Unknown):
        resource.fields.pop(name, None)
        resource.unknown[name] = value.reason
    else:
        resource.fields[name] = value
