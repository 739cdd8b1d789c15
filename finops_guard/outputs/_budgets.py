"""Budgets as people read them: a bar that burns down, the amounts under it, and a table for spreadsheets."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from finops_guard.costs.budgets_joined import percent
from finops_guard.model import ACCELERATOR_HOURS
from finops_guard.outputs._escape import cell, encoding_of, fitted
from finops_guard.outputs._money_rows import budget_row
from finops_guard.outputs._units import amount as written
from finops_guard.outputs._units import bare, when

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

    from finops_guard.model import BudgetStatus
    from finops_guard.outputs._screen import Part, Screen

CSV_COLUMNS = (
    "name owner period start end unit metric limit rolled_over actual accrued remaining forecast used_percent "
    "accrued_percent forecast_percent burn_rate billed_until unknown"
).split()
_LIMIT_AT, _BAR = 26, 33
"""Columns of the bar up to the limit, and in all: what goes beyond is cut off."""
_NAME = 20
_HIGH, _FULL = 80.0, 100.0


def worst_first(statuses: Sequence[BudgetStatus]) -> list[BudgetStatus]:
    """The budget that will be furthest beyond its limit first; what nobody can tell of comes last."""
    return sorted(statuses, key=lambda status: (-_worst(status), status.budget.name))


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
        whole = budget_row(status)
        foreseen = cast("Mapping[str, object]", whole["forecast"])
        flat = {"forecast": foreseen["amount"], "forecast_percent": foreseen["percent"]}
        cells = whole | flat | {"unknown": "; ".join(status.unknown)}
        texts = [bare("" if cells[name] is None else cells[name]) for name in CSV_COLUMNS]
        rows.writerow(fitted(cell(text), encoding) for text in texts)


def bar(status: BudgetStatus) -> str:
    """What is billed, accrued and forecast, up to and beyond the limit."""
    used = _cells(status.actual, status.limit)
    spent = max(used, _cells((status.actual or Decimal(0)) + (status.accrued or Decimal(0)), status.limit))
    ends = max(spent, _cells(status.forecast.amount, status.limit))
    signs = "█" * used + "░" * (spent - used) + "·" * (ends - spent)
    padded = signs.ljust(_LIMIT_AT)
    return (padded[:_LIMIT_AT] + "│" + padded[_LIMIT_AT:])[:_BAR].rstrip()


def said(amount: Decimal | None, unit: str = "") -> str:
    """An amount for people: 1,234.50 EUR."""
    text = "unknown" if amount is None else written(amount)
    return f"{text} {unit}" if unit and amount is not None else text


def _common(statuses: Sequence[BudgetStatus]) -> list[str]:
    """What could not be counted for any of several budgets."""
    first, rest = statuses[0].unknown if len(statuses) > 1 else (), statuses[1:]
    return [why for why in first if all(why in status.unknown for status in rest)]


def shares_of(status: BudgetStatus) -> tuple[dict[str, float | None], str]:
    """Percent of the limit that is billed, spent with what accrued, and forecast; and the colour of the worst."""
    shares = {
        "billed": _share(status.actual, status.limit),
        "accrued": _share(status.spent, status.limit),
        "forecast": _share(status.forecast.amount, status.limit),
    }
    worst = max((share for share in shares.values() if share is not None), default=0.0)
    return shares, "red" if worst >= _FULL else "yellow" if worst >= _HIGH else "green"


def _bar_line(status: BudgetStatus, to: Screen) -> None:
    shares, style = shares_of(status)
    parts: list[Part] = [(to.cell(status.budget.name, _NAME - 1), "bold"), " ", (to.cell(bar(status), _BAR), style)]
    told = [f"{word} {share:.0f} %" for word, share in shares.items() if share is not None]
    to.say(*parts, "  ", ("  ".join(told) or "nothing is known", style))


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
