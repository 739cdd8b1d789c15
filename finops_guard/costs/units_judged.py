"""Unit costs as things that are judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from urllib.parse import quote

from finops_guard.costs.computed import computed_resource
from finops_guard.model import Resource, UnitCost, Unknown, Value

UNIT_TYPE = "FinOpsGuard::Unit"
_HUNDRED = Decimal(100)


def unit_id(cost: UnitCost) -> str:
    """`unit/NAME` for the whole, `unit/NAME/<value of each key>` for a part; a value that holds a slash is quoted."""
    values = [quote(value, safe=" :.@+=-") for value in cost.key.values() if value is not None]
    return "/".join(["unit", cost.unit.name, *values])


def unit_resources(costs: Iterable[UnitCost]) -> Iterator[Resource]:
    """Each unit cost as a resource. What carries no value of a key is no unit of its own: it shows in the coverage."""
    return (unit_resource(cost) for cost in costs if None not in cost.key.values())


def unit_resource(cost: UnitCost) -> Resource:
    """A unit cost as a resource, with the tags that its selection pins and those it is split by."""
    unit = cost.unit
    own = {key: value for key, value in cost.key.items() if value is not None}
    parts = ", ".join(f"{key} {value}" for key, value in own.items())
    resource = computed_resource(
        kind="unit",
        type_=UNIT_TYPE,
        id_=unit_id(cost),
        name=f"{unit.name}, {parts}" if parts else unit.name,
        covers=unit.covers,
        tags=own,
        at=unit.at,
    )
    for name, value in _said(cost).items():
        if isinstance(value, Unknown):
            del resource.fields[f"unit_cost.{name}"]
            resource.unknown[f"unit_cost.{name}"] = value.reason
        else:
            resource.fields[f"unit_cost.{name}"] = value
    return resource


def target_percent(cost: UnitCost) -> float | Unknown | None:
    """Cost of one unit, of its target; None without a target."""
    target = cost.unit.target
    if target is None:
        return None
    if cost.each is None:
        return Unknown(cost.because or "it has no cost")
    if cost.each.currency != target.currency:  # it would be in the target's own, were there a rate
        return Unknown(f"the policy has no rate from {cost.each.currency} to {target.currency}")
    if target.amount <= 0:
        return Unknown("its target is nothing")
    return float(round(_HUNDRED * cost.each.amount / target.amount, 4))


def _said(cost: UnitCost) -> dict[str, Value | Unknown]:
    none = Unknown(cost.because or "it has no cost")
    no_change = none if cost.each is None else Unknown("it has no baseline yet: there are too few days before")
    coverage: Value | Unknown = Unknown("it has no cost") if cost.coverage is None else cost.coverage * 100
    return {
        "of": cost.unit.of,
        "cost": none if cost.each is None else cost.each,
        "change_percent": no_change if cost.change is None else round(cost.change * 100, 4),
        "target": cost.unit.target,
        "target_percent": target_percent(cost),
        # Coverage is the unit's: its parts do not say it again.
        "coverage_percent": None if cost.key else coverage,
    }
