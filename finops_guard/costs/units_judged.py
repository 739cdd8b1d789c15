"""Unit costs as things that are judged, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal, localcontext
from urllib.parse import quote

from finops_guard.costs.computed import computed_resource
from finops_guard.model import Money, Resource, UnitCost, Unknown, Value, money_in

UNIT_TYPE = "FinOpsGuard::Unit"
_HUNDRED = Decimal(100)
_DIGITS = 12
Fx = Mapping[tuple[str, str], tuple[Decimal, date]]


def unit_id(cost: UnitCost) -> str:
    """`unit/NAME` for the whole, `unit/NAME/<value of each key>` for a part; a value that holds a slash is quoted."""
    values = [quote(value, safe=" :.@+=-") for value in cost.key.values() if value is not None]
    return "/".join(["unit", cost.unit.name, *values])


def unit_resources(costs: Iterable[UnitCost], fx: Fx) -> Iterator[Resource]:
    """Each unit cost as a resource. What carries no value of a key is no unit of its own: it shows in the coverage."""
    return (unit_resource(cost, fx) for cost in costs if None not in cost.key.values())


def unit_resource(cost: UnitCost, fx: Fx) -> Resource:
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
    for name, value in _said(cost, fx).items():
        if isinstance(value, Unknown):
            del resource.fields[f"unit_cost.{name}"]
            resource.unknown[f"unit_cost.{name}"] = value.reason
        else:
            resource.fields[f"unit_cost.{name}"] = value
    return resource


def target_percent(cost: UnitCost, fx: Fx) -> float | Unknown | None:
    """Cost of one unit, of its target; None without a target."""
    target, because = cost.unit.target, Unknown(cost.because or "it has no cost")
    if target is None:
        return None
    if cost.each is None:
        return because
    there = money_in(cost.each, target.currency, fx)
    if there is None:
        return Unknown(f"the policy has no rate from {cost.each.currency} to {target.currency}")
    if target.amount <= 0:
        return Unknown("its target is nothing")
    return float(round(_HUNDRED * there.amount / target.amount, 4))


def record(cost: UnitCost, fx: Fx) -> dict[str, object]:
    """A unit cost as JSON: amounts as text with every digit, what is not known null with its reason."""
    target = target_percent(cost, fx)
    return {
        "unit": cost.unit.name,
        "id": unit_id(cost),
        "of": cost.unit.of,
        "key": dict(cost.key),
        "first": f"{cost.first}" if cost.days else None,
        "last": f"{cost.last}" if cost.days else None,
        "days": cost.days,
        "cost": None if cost.cost is None else plain(cost.cost.amount),
        "currency": next((money.currency for money in (cost.cost, cost.unit.target) if money), None),
        "shared": plain(cost.shared),
        "count": None if cost.count is None else plain(shortened(cost.count)),
        "each": None if cost.each is None else plain(shortened(cost.each.amount)),
        "target": None if cost.unit.target is None else _money(cost.unit.target),
        "target_percent": target if isinstance(target, float) else None,
        "change_percent": None if cost.change is None else round(cost.change * 100, 4),
        "coverage_percent": None if cost.coverage is None else round(cost.coverage * 100, 4),
        "quality": cost.quality,
        "definition": cost.definition,
        "sources": list(cost.sources),
        "because": cost.because,
        "unknown": list(cost.unknown),
    }


def plain(amount: Decimal) -> str:
    """An amount as text without an exponent and without zeros that say nothing: `12.5`, `1000`."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def shortened(amount: Decimal) -> Decimal:
    """A quotient at 12 significant digits: what comes behind is the division's, not the data's."""
    with localcontext(prec=_DIGITS):
        return +amount if amount != amount.to_integral_value() else amount


def _said(cost: UnitCost, fx: Fx) -> dict[str, Value | Unknown]:
    none = Unknown(cost.because or "it has no cost")
    no_change = none if cost.each is None else Unknown("it has no baseline yet: there are too few days before")
    coverage: Value | Unknown = Unknown("it has no cost") if cost.coverage is None else cost.coverage * 100
    return {
        "of": cost.unit.of,
        "cost": none if cost.each is None else cost.each,
        "change_percent": no_change if cost.change is None else round(cost.change * 100, 4),
        "target": cost.unit.target,
        "target_percent": target_percent(cost, fx),
        # Coverage is the unit's: its parts do not say it again.
        "coverage_percent": None if cost.key else coverage,
    }


def _money(money: Money) -> dict[str, str]:
    return {"amount": plain(money.amount), "currency": money.currency}
