"""Budgets as things that are judged, and what they say of the resources that they cover."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from finops_guard.costs.budgets_billed import Fx
from finops_guard.costs.computed import computed_resource
from finops_guard.evaluate import predicate
from finops_guard.fields import FIELDS
from finops_guard.model import (
    ACCELERATOR_HOURS,
    BUDGET_TYPE,
    All,
    AnyOf,
    BudgetStatus,
    Compare,
    Condition,
    Money,
    Not,
    Policy,
    Ref,
    Resource,
    Unknown,
    Value,
)

Test: TypeAlias = Callable[[Resource], bool | None]
_FIELDS = tuple(name for name in FIELDS if name.startswith("budget."))
_CENT = Decimal("0.01")


def budget_id(status: BudgetStatus) -> str:
    """The id of a budget in its period: each period is a thing of its own, with findings of its own."""
    return f"budget/{status.budget.name}/{status.period}"


def thresholds_of(policy: Policy) -> frozenset[float]:
    """The percentages that rules hold `budget.used_percent` against."""
    conditions = [binding.where for binding in policy.bindings]
    conditions += [part for each in policy.bindings for rule in each.rules for part in (rule.match, rule.require)]
    conditions += [exemption.where for exemption in policy.exempt]
    return frozenset(float(value) for condition in conditions for value in _compared(condition))


def _compared(condition: Condition) -> Iterator[float]:
    match condition:
        case Compare(Ref("field", "budget.used_percent"), _, int() | float() as value):
            yield value
        case All(items) | AnyOf(items):
            for item in items:
                yield from _compared(item)
        case Not(item):
            yield from _compared(item)


def budget_resource(status: BudgetStatus, thresholds: Collection[float] | None = None) -> Resource:
    """A budget as a resource, with the tags and the place that its `for` pins. `thresholds`: see `Covers`."""
    budget = status.budget
    resource = computed_resource(
        kind="budget",
        type_=BUDGET_TYPE,
        id_=budget_id(status),
        name=budget.name,
        covers=budget.covers,
        owner=budget.owner,
        at=budget.at,
    )
    _say(resource, _said(status, thresholds))
    return resource


class Covers:
    """Joins `budget.*` onto resources: of several budgets the one with the highest forecast, whole.

    `thresholds`: what `budget.used_percent` is held against. What is not counted of a bill does not matter where none
    of them lies between what is counted and what may be at most; None: they are not known, and it always matters.
    """

    def __init__(
        self, statuses: Iterable[BudgetStatus], at: datetime, fx: Fx, thresholds: Collection[float] | None = None
    ) -> None:
        ranked = sorted(statuses, key=_rank)
        self._budgets: list[tuple[BudgetStatus, dict[str, Value | Unknown], Callable[[Resource], bool | None] | None]]
        self._budgets = [
            (
                each,
                _said(each, thresholds),
                None if each.budget.covers is None else predicate(each.budget.covers, at, fx),
            )
            for each in ranked
        ]

    def join(self, resource: Resource, name: str = "") -> None:
        """Set `budget.*`: absent where no budget covers the resource, unknown where the first that may is unknown.

        `name`: it is that budget's, whatever it says itself.
        """
        for status, said, covers in self._budgets:
            covered = status.budget.name == name if name else True if covers is None else covers(resource)
            if covered is None:
                why = f"whether budget '{status.budget.name}' covers it is unknown"
                _say(resource, dict.fromkeys(_FIELDS, Unknown(why)))
                return
            if covered:
                _say(resource, said)
                resource.facts["budget"] = _facts(status)
                return
        _say(resource, dict.fromkeys(_FIELDS))


def percent(part: Decimal, limit: Decimal) -> float:
    """Percent of a limit. A limit of nothing counts as a cent: all that is spent is far beyond it."""
    return float(round(100 * part / (limit if limit > 0 else _CENT), 4))


def _rank(status: BudgetStatus) -> tuple[float, str]:
    amount = status.forecast.amount
    if amount is None:  # what was spent is the least that it will be
        amount = (status.actual or Decimal(0)) + (status.accrued or Decimal(0))
    return -percent(amount, status.limit), status.budget.name


def _said(status: BudgetStatus, thresholds: Collection[float] | None) -> dict[str, Value | Unknown]:
    limit, actual, accrued = status.limit, status.actual, status.accrued
    no_bills, no_inventory = Unknown("there is no cost data"), Unknown("no inventory was read")
    no_forecast = Unknown(status.forecast.because or "not forecastable")
    remaining: Value | Unknown = None
    if status.budget.unit != ACCELERATOR_HOURS:
        left = status.remaining
        remaining = (no_bills if actual is None else no_inventory) if left is None else Money(left, status.budget.unit)
    amount = status.forecast.amount
    no_bill = ["there is no cost data"] if actual is None else []
    # What runs now is known without a bill: a breach by that alone is one, and less than that says nothing.
    spent = None if accrued is None else (actual or Decimal(0)) + accrued
    return {
        "budget.name": status.budget.name,
        "budget.used_percent": no_bills if actual is None else percent(actual, limit),
        "budget.accrued_percent": no_inventory if spent is None else percent(spent, limit),
        "budget.forecast_percent": no_forecast if amount is None else percent(amount, limit),
        "budget.burn_rate": no_bills if actual is None else _number(status.burn_rate),
        "budget.remaining": remaining,
        "budget.complete": _whole([*no_bill, *status.unknown]),
        "budget.bill_complete": _whole([*no_bill, *([] if _no_matter(status, thresholds) else status.uncounted)]),
    }


def _no_matter(status: BudgetStatus, thresholds: Collection[float] | None) -> bool:
    """Whether no threshold lies between what is billed and counted, and what is billed at most."""
    actual, most, limit = status.actual, status.uncounted_most, status.limit
    if thresholds is None or actual is None or most is None:
        return False
    least, highest = percent(actual - most, limit), percent(actual + most, limit)
    return not any(least <= each <= highest for each in thresholds)


def _whole(lacks: Sequence[str]) -> Value | Unknown:
    return Unknown("; ".join(lacks)) if lacks else True


def _facts(status: BudgetStatus) -> dict[str, object]:
    """What stopping `enough` asks: by how much the period will be over its limit, and when it ends."""
    amount = status.forecast.amount
    spent = (status.actual or Decimal(0)) + (status.accrued or Decimal(0))
    if amount is None and spent > status.limit:
        amount = spent
    over = None if amount is None else amount - status.limit
    if status.budget.unit == ACCELERATOR_HOURS:
        return {"name": status.budget.name, "over_hours": over, "until": status.end}
    return {
        "name": status.budget.name,
        "over": None if over is None else Money(over, status.budget.unit),
        "until": status.end,
    }


def _say(resource: Resource, said: dict[str, Value | Unknown] | dict[str, Unknown] | dict[str, None]) -> None:
    for name, value in said.items():
        if isinstance(value, Unknown):
            resource.fields.pop(name, None)
            resource.unknown[name] = value.reason
        else:
            resource.fields[name] = value


def _number(rate: Decimal | None) -> float | None:
    return None if rate is None else float(rate)
