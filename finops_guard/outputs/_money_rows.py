"""Budgets and unit costs as JSON rows: money as text with every cent, what is not known null, and why beside it."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from finops_guard.costs.units_judged import target_percent
from finops_guard.outputs._units import cents, utc

if TYPE_CHECKING:
    from decimal import Decimal

    from finops_guard.model import BudgetStatus, UnitCost

SMALLEST = 12
"""Decimals of the cost of one unit at most: a thousand tokens cost thousandths of a cent."""


def budget_row(status: BudgetStatus) -> dict[str, object]:
    """One budget in its period; amounts in `unit`, percentages of the limit."""
    forecast = status.forecast
    return {
        "name": status.budget.name,
        "owner": status.budget.owner,
        "period": status.period,
        "start": utc(status.start.astimezone(UTC)),
        "end": utc(status.end.astimezone(UTC)),
        "unit": status.budget.unit,
        "metric": status.budget.metric,
        "limit": cents(status.limit),
        "rolled_over": cents(status.rolled_over),
        "actual": _cents(status.actual),
        "accrued": _cents(status.accrued),
        "remaining": _cents(status.remaining),
        "used_percent": _percent(status.actual, status.limit),
        "accrued_percent": _percent(status.spent, status.limit),
        "forecast": {
            "amount": _cents(forecast.amount),
            "low": _cents(forecast.low),
            "high": _cents(forecast.high),
            "percent": _percent(forecast.amount, status.limit),
            "error_percent": None if forecast.error is None else round(forecast.error * 100, 1),
            "method": forecast.method or None,
            "because": forecast.because,
        },
        "burn_rate": None if status.burn_rate is None else float(round(status.burn_rate, 2)),
        "billed_until": utc(status.billed_until) if status.billed_until else None,
        "unknown": list(status.unknown),
        "daily": [[day.isoformat(), cents(amount)] for day, amount in status.daily],
    }


def unit_row(cost: UnitCost) -> dict[str, object]:
    """One unit cost; `key` is empty for the unit as a whole."""
    percent = target_percent(cost)
    return {
        "name": cost.unit.name,
        "of": cost.unit.of,
        "key": dict(cost.key),
        "first": cost.first.isoformat(),
        "last": cost.last.isoformat(),
        "days": cost.days,
        "cost": _cents(cost.cost.amount) if cost.cost else None,
        "shared": cents(cost.shared),
        "currency": cost.cost.currency if cost.cost else None,
        "count": None if cost.count is None else _plain(cost.count),
        "unit_cost": None if cost.each is None else _plain(cost.each.amount),
        "target": {"amount": _plain(cost.unit.target.amount), "currency": cost.unit.target.currency}
        if cost.unit.target
        else None,
        "target_percent": percent if isinstance(percent, float) else None,
        "change_percent": None if cost.change is None else round(cost.change * 100, 1),
        "coverage_percent": None if cost.coverage is None else round(cost.coverage * 100, 1),
        "quality": cost.quality,
        "definition": cost.definition,
        "sources": list(cost.sources),
        "because": cost.because,
        "unknown": list(cost.unknown),
    }


def _cents(amount: Decimal | None) -> str | None:
    return None if amount is None else cents(amount)


def _percent(part: Decimal | None, whole: Decimal) -> float | None:
    return None if part is None or not whole else float(round(part / whole * 100, 1))


def _plain(amount: Decimal) -> str:
    text = format(round(amount, SMALLEST), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
