"""Budgets as people and programs read them: a bar that burns down, and a record."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from finops_guard.costs.budgets_joined import percent
from finops_guard.model import ACCELERATOR_HOURS
from finops_guard.outputs._escape import cell, encoding_of, fitted
from finops_guard.outputs._units import bare, utc, when

if TYPE_CHECKING:
    from typing import TextIO

    from finops_guard.model import BudgetStatus
    from finops_guard.outputs._screen import Part, Screen

CSV_COLUMNS = (
    "name owner period start end unit metric limit rolled_over actual accrued spent remaining forecast used_percent "
    "accrued_percent forecast_percent burn_rate billed_until complete unknown"
).split()
_CENT = Decimal("0.01")
_LIMIT_AT, _BAR = 30, 38
"""Columns of the bar up to the limit, and in all: what goes beyond is cut off."""
_NAME = 22
_HIGH, _FULL = 80.0, 100.0


def worst_first(statuses: Sequence[BudgetStatus]) -> list[BudgetStatus]:
    """The budget that will be furthest beyond its limit first; what nobody can tell of comes last."""
    return sorted(statuses, key=lambda status: (-_worst(status), status.budget.name))


def record(status: BudgetStatus) -> dict[str, object]:
    """One budget for a program. Amounts are decimal strings with two decimals, null where they are unknown."""
    budget, forecast, limit = status.budget, status.forecast, status.limit
    return {
        "name": budget.name,
        "period": status.period,
        "start": utc(status.start),
        "end": utc(status.end),
        "owner": budget.owner,
        "unit": budget.unit,
        "metric": budget.metric,
        "limit": cents(limit),
        "rolled_over": cents(status.rolled_over),
        "actual": _maybe(status.actual),
        "accrued": _maybe(status.accrued),
        "spent": _maybe(status.spent),
        "remaining": _maybe(status.remaining),
        "used_percent": _share(status.actual, limit),
        "accrued_percent": _share(status.spent, limit),
        "forecast_percent": _share(forecast.amount, limit),
        "forecast": {
            "amount": _maybe(forecast.amount),
            "low": _maybe(forecast.low),
            "high": _maybe(forecast.high),
            "error_percent": None if forecast.error is None else round(100 * forecast.error, 2),
            "method": forecast.method or None,
            "because": forecast.because,
        },
        "burn_rate": None if status.burn_rate is None else str(status.burn_rate),
        "billed_until": None if status.billed_until is None else utc(status.billed_until),
        "complete": not status.unknown and status.actual is not None,
        "unknown": list(status.unknown),
        "daily": [{"day": day.isoformat(), "amount": cents(amount)} for day, amount in status.daily],
    }


def write(statuses: Sequence[BudgetStatus], to: Screen, at: datetime) -> None:
    """All budgets, the worst first: a bar each, and the amounts under it. What holds for all is said once."""
    for why in (common := _common(statuses)):
        to.say((f"▲ at least: {why}", "yellow"))
    scale = to.cell("0", _LIMIT_AT // 2) + to.cell("50", _LIMIT_AT - _LIMIT_AT // 2 - 1) + "100 %"
    to.say(to.cell("", _NAME), (scale, "dim"))
    for status in worst_first(statuses):
        _bar_line(status, to)
        for line in _amounts(status, at):
            to.indented(line, _NAME)
        for why in (why for why in status.unknown if why not in common):
            to.indented(f"▲ at least: {why}", _NAME, "yellow")
    to.say()
    legend = "█ billed   ░ accrued, not billed yet   · forecast   │ limit"
    to.say(to.cell("", _NAME), (legend, "dim"))


def write_csv(statuses: Sequence[BudgetStatus], out: TextIO) -> None:
    """One row a budget, the worst first; a cell is empty where its value is unknown."""
    rows, encoding = csv.writer(out, lineterminator="\n"), encoding_of(out)
    rows.writerow(CSV_COLUMNS)
    for status in worst_first(statuses):
        whole = record(status) | {"forecast": _maybe(status.forecast.amount), "unknown": "; ".join(status.unknown)}
        texts = [bare("" if whole[name] is None else whole[name]) for name in CSV_COLUMNS]
        rows.writerow(fitted(cell(text), encoding) for text in texts)


def bar(status: BudgetStatus) -> str:
    """What is billed, accrued and forecast, up to and beyond the limit."""
    used = _cells(status.actual, status.limit)
    spent = max(used, _cells((status.actual or Decimal(0)) + (status.accrued or Decimal(0)), status.limit))
    ends = max(spent, _cells(status.forecast.amount, status.limit))
    signs = "█" * used + "░" * (spent - used) + "·" * (ends - spent)
    padded = signs.ljust(_LIMIT_AT)
    return (padded[:_LIMIT_AT] + "│" + padded[_LIMIT_AT:])[:_BAR].rstrip()


def cents(amount: Decimal) -> str:
    """A decimal string with two decimals, halves to even."""
    return str(amount.quantize(_CENT, ROUND_HALF_EVEN))


def said(amount: Decimal | None, unit: str = "") -> str:
    """An amount for people: 1,234.50 EUR."""
    text = "unknown" if amount is None else f"{amount.quantize(_CENT, ROUND_HALF_EVEN):,}"
    return f"{text} {unit}" if unit and amount is not None else text


def _common(statuses: Sequence[BudgetStatus]) -> list[str]:
    """What could not be counted for any of several budgets."""
    first, rest = statuses[0].unknown if len(statuses) > 1 else (), statuses[1:]
    return [why for why in first if all(why in status.unknown for status in rest)]


def _bar_line(status: BudgetStatus, to: Screen) -> None:
    shares = (
        ("billed", _share(status.actual, status.limit)),
        ("with accrued", _share(status.spent, status.limit)),
        ("forecast", _share(status.forecast.amount, status.limit)),
    )
    worst = max((share for _, share in shares if share is not None), default=0.0)
    style = "red" if worst >= _FULL else "yellow" if worst >= _HIGH else "green"
    parts: list[Part] = [(to.cell(status.budget.name, _NAME - 1), "bold"), " ", (to.cell(bar(status), _BAR), style)]
    told = [f"{word} {share:.0f} %" for word, share in shares if share is not None]
    to.say(*parts, "  ", (" · ".join(told) or "nothing is known", style))


def _amounts(status: BudgetStatus, at: datetime) -> list[str]:
    unit = "" if status.budget.unit == ACCELERATOR_HOURS else status.budget.unit
    rolled = f" ({said(status.rolled_over)} rolled over)" if status.rolled_over else ""
    days = max((status.end - at).days, 0)
    spent = f"{said(status.actual)} billed + {said(status.accrued)} accrued of {said(status.limit, unit)}{rolled}"
    left = f"{status.period}, {days} day{'s' * (days != 1)} left"
    lines = [f"{spent} · {left}" if unit else f"{spent} accelerator-hours · {left}"]
    lines.append(f"forecast {_foreseen(status)}")
    if status.burn_rate is not None:
        lines[-1] += f" · burn rate {status.burn_rate.normalize():f}"
    if status.billed_until is not None:
        lines[-1] += f" · billed until {when(status.billed_until)}"
    return lines


def _foreseen(status: BudgetStatus) -> str:
    forecast = status.forecast
    if forecast.amount is None:
        return f"unknown: {forecast.because}"
    words = [said(forecast.amount)]
    if forecast.low is not None and forecast.high is not None:
        words.append(f"80 % band {said(forecast.low)} to {said(forecast.high)}")
    if forecast.error is not None:
        words.append(f"off by {100 * forecast.error:.1f} % before")
    return ", ".join((*words, *([forecast.because] if forecast.because else [])))


def _worst(status: BudgetStatus) -> float:
    known = (status.actual or Decimal(0)) + (status.accrued or Decimal(0))
    return percent(max(status.forecast.amount or known, known), status.limit)


def _cells(amount: Decimal | None, limit: Decimal) -> int:
    share = 0.0 if amount is None else max(percent(amount, limit), 0.0)
    return min(round(share * _LIMIT_AT / _FULL), _BAR - 1)


def _share(amount: Decimal | None, limit: Decimal) -> float | None:
    return None if amount is None else round(percent(amount, limit), 2)


def _maybe(amount: Decimal | None) -> str | None:
    return None if amount is None else cents(amount)
