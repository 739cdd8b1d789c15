"""Sections of a policy about money that this version only validates: whatever is written there must still exist."""

from __future__ import annotations

from collections.abc import Mapping

from finops_guard.language import plain
from finops_guard.language.item import Item, Parts


def check(parts: Mapping[str, Parts]) -> None:
    """Note each currency, day, time zone and condition of budgets, units, costs and shared that is none."""
    for part in parts.get("budgets", ()):
        for _, budget in part.entries():
            _budget(budget)
    for part in parts.get("units", ()):
        for _, unit in part.entries():
            plain.amount(unit.below("target"))
            _condition(unit.below("cost", "for"))
            _condition(unit.below("count", "match"))
    for part in parts.get("costs", ()):
        for cost in part.items():
            plain.amount(cost.below("max_per_day"))
    for part in parts.get("shared", ()):
        for shared in part.items():
            charge = shared.below("charge")
            charge.reader.group("charge", charge.data, charge.place)


def _budget(budget: Item) -> None:
    plain.amount(budget.below("limit"))
    plain.day_of_year(budget.below("fiscal_start"))
    plain.timezone(budget.below("timezone"))
    _condition(budget.below("for"))
    plan = budget.below("plan")
    for period, limit in plan.entries():
        plain.amount(limit)
        plain.period(plan, period)


def _condition(item: Item) -> None:
    item.reader.condition(item.data, item.place)
