"""`units` for people: a block a unit, the dearest first, with its parts, what it counts and what is missing."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from finops_guard.cli._options import counted
from finops_guard.costs.units_judged import target_percent
from finops_guard.model import UnitCost
from finops_guard.outputs._screen import screen
from finops_guard.outputs._units import amount, money, number

if TYPE_CHECKING:
    from finops_guard.cli._units_open import Answer
    from finops_guard.outputs._screen import Screen

_COLUMNS = (("cost", 14), ("count", 14), ("each", 12), ("of target", 10), ("change", 9))
_NONE = "–"
_GOOD, _BAD = "green", "red"


def show(answer: Answer) -> None:
    """Write it to stdout, as wide as the terminal."""
    to = screen(sys.stdout)
    rows = list(answer.costs)
    for _, of_unit in groupby(rows, key=lambda cost: cost.unit.name):
        _unit(list(of_unit), to)
    _next(rows, answer, to)


def _unit(rows: list[UnitCost], to: Screen) -> None:
    whole = rows[0]
    to.title(whole.unit.name, _about(whole))
    name = to.width - sum(width for _, width in _COLUMNS)
    to.say((to.cell(f"per {whole.unit.of}", name), "dim"), *((to.cell(n, w, right=True), "dim") for n, w in _COLUMNS))
    for row in rows:
        _row(row, to, name)
    because = [*dict.fromkeys(f"{_name(row)}: {row.because}" for row in rows if row.because)]
    for text in because:
        to.indented(text, 2, "yellow")
    for text in whole.unknown:
        to.indented(text, 2, "yellow")
    to.indented(f"counts: {whole.definition}", 2)
    to.indented(f"from: {', '.join(whole.sources) or _NONE}; {_quality(whole)}", 2)


def _about(whole: UnitCost) -> str:
    if not whole.days:
        return ""
    return f"{whole.first} to {whole.last}, {counted(whole.days, 'day')}"


def _row(row: UnitCost, to: Screen, name: int) -> None:
    percent = target_percent(row)
    of_target = f"{number(percent, 1)} %" if isinstance(percent, float) else _NONE
    above = isinstance(percent, float) and percent > 100  # noqa: PLR2004 # a target is met up to all of it
    change = _NONE if row.change is None else f"{row.change * 100:+,.1f} %"
    cells = (
        (_NONE if row.cost is None else money(row.cost), ""),
        (_NONE if row.count is None else number(row.count, 2), ""),
        ("n/a" if row.each is None else amount(row.each.amount), "bold"),
        (of_target, _BAD if above else _GOOD if isinstance(percent, float) else "dim"),
        (change, "dim" if row.change is None else _BAD if row.change > 0 else _GOOD),
    )
    label = to.cell(_name(row) if not row.key else f"  {_name(row)}", name - 1)
    shown = (
        (to.cell(text, width, right=True), style) for (text, style), (_, width) in zip(cells, _COLUMNS, strict=True)
    )
    to.say(label, " ", *shown)


def _name(row: UnitCost) -> str:
    """`all`, or the value of each key."""
    if not row.key:
        return "all"
    return ", ".join(f"without {key}" if value is None else value for key, value in row.key.items())


def _quality(whole: UnitCost) -> str:
    words = [whole.quality]
    if whole.shared and whole.cost:
        words.append(f"{amount(whole.shared)} {whole.cost.currency} of it shared cost")
    if whole.unit.by and whole.coverage is not None:
        words.append(f"{number(whole.coverage * 100, 1)} % of the cost carries {' and '.join(whole.unit.by)}")
    if whole.unit.target:
        words.append(f"target {money(whole.unit.target)}")
    return ", ".join(words)


def _next(rows: list[UnitCost], answer: Answer, to: Screen) -> None:
    steps = list(_steps(rows, answer))
    if steps:
        to.title("Next")
    wide = max((to.length(command) for command, _ in steps), default=0)
    for command, good_for in steps:
        to.say(("$ ", "dim"), (to.cell(command, wide), "bold cyan"), (f"  {good_for}", "dim"))


def _steps(rows: Iterable[UnitCost], answer: Answer) -> Iterator[tuple[str, str]]:
    """What would help most: names for what is nobody's, then where the money of the dearest unit goes."""
    wholes = [row for row in rows if not row.key]
    bare = next((row for row in wholes if row.unit.by and (row.coverage or 0) < 0.8), None)  # noqa: PLR2004 # costs.md §7
    if bare is not None and bare.cost:
        yield f"finops-guard costs --by {','.join(bare.unit.by)},service", "cost that carries no key"
    if any(row.each is None for row in wholes):
        yield "finops-guard explain unit-economics/counted", "what a unit without a cost lacks"
    used = {binding.pack.name for binding in answer.policy.bindings}
    if "unit-economics" in used:
        yield "finops-guard scan", "judge units against targets and baselines"
    else:
        yield "finops-guard explain unit-economics/above-target", "use: unit-economics judges them at each scan"
