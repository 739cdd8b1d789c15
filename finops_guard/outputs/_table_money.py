"""Money in the terminal report: what a plan adds, how budgets stand, and what one of something costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.costs.units_judged import target_percent
from finops_guard.outputs import _budgets, _deltas
from finops_guard.outputs._units import amount, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from finops_guard.model import BudgetStatus, PlanDelta, Report, UnitCost
    from finops_guard.outputs._screen import Part, Screen

ROWS = 6
_NAME = 22
_BAR, _SHARE, _SHORTEST = 40, 11, 7
_SHARES = ("billed", "+ accrued", "forecast")


def money(report: Report, to: Screen) -> None:
    """What a plan adds; budgets, the worst first, and unit costs as a whole; nothing where there is none."""
    if report.deltas:
        _plan(report.deltas, to)
    if report.budgets:
        _statuses(report.budgets, to)
    if wholes := [cost for cost in report.units if not cost.key]:
        _units(wholes, to)


def _plan(deltas: Sequence[PlanDelta], to: Screen) -> None:
    to.title("Cost of the plan", "a month")
    for delta in deltas[:ROWS]:
        now, more = _deltas.before(delta), _deltas.change(delta)
        gpus = f", accelerators {_deltas.accelerators(delta)}" if delta.accelerators != 0 else ""
        to.say((to.cell(delta.name or "all", _NAME - 1), "bold"), " ", more, (f" · now {now}{gpus}", "dim"))
    if len(deltas) > ROWS:
        to.say((f"+{len(deltas) - ROWS} more", "dim"))
    if unsure := _deltas.doubts(deltas[0]):
        to.indented(f"not in it: {unsure}", 0, "yellow")


def _statuses(statuses: Sequence[BudgetStatus], to: Screen) -> None:
    to.title("Budgets", "█ billed  ░ accrued since  · forecast  │ limit")
    ranked = _budgets.worst_first(statuses)
    drawn = _BAR if to.width >= _BAR + _SHORTEST + len(_SHARES) * _SHARE else 0
    room = to.width - drawn - len(_SHARES) * _SHARE
    name = min(room, max(_NAME, *(to.length(status.budget.name) + 1 for status in ranked)))
    to.say(" " * (name + drawn), *((f"{word:>{_SHARE}}", "dim") for word in _SHARES))
    for status in ranked[:ROWS]:
        shares, style = _budgets.shares_of(status)
        told = "".join(f"{'unknown' if share is None else f'{share:.0f} %':>{_SHARE}}" for share in shares.values())
        bar = to.cell(_budgets.bar(status), drawn) if drawn else ""
        to.say((to.cell(status.budget.name, name - 1), "bold"), " ", (bar, style), (told, style))
    if len(ranked) > ROWS:
        to.say((f"+{len(ranked) - ROWS} more", "dim"))
    doubtful = sum(bool(status.unknown) for status in statuses)
    if doubtful:
        what = "the figures are" if doubtful == len(statuses) else f"the figures of {doubtful} are"
        to.indented(f"{what} at least: not everything could be counted; `finops-guard budgets` says what", 0, "yellow")


def _units(wholes: Sequence[UnitCost], to: Screen) -> None:
    to.title("Unit costs")
    for cost in wholes[:ROWS]:
        parts: list[Part] = [(to.cell(cost.unit.name, _NAME - 1), "bold"), " "]
        if cost.each is None:
            parts.append((f"n/a per {cost.unit.of}: {cost.because or 'not known'}", "yellow"))
        else:
            parts.append(f"{amount(cost.each.amount)} {cost.each.currency} per {cost.unit.of}")
            parts += _against(cost)
        to.say(*parts)
    if len(wholes) > ROWS:
        to.say((f"+{len(wholes) - ROWS} more", "dim"))


def _against(cost: UnitCost) -> list[Part]:
    """The target, and its own past."""
    parts: list[Part] = []
    share = target_percent(cost)
    if isinstance(share, float):
        style = "red" if share > 100 else "green"  # noqa: PLR2004 - a target is met up to all of it
        parts += [" · ", (f"{percent(share, 0)} of its target", style)]
    if cost.change is not None:
        word = "dearer" if cost.change > 0 else "cheaper"
        parts.append((f" · {percent(abs(cost.change) * 100)} {word} than before", "dim"))
    return parts
