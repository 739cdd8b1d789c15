"""`units` for people: a block a unit, the dearest first, with its parts, what it counts and what is missing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from finops_guard.cli._again import again
from finops_guard.cli._estate import SANDBOX
from finops_guard.cli._options import counted
from finops_guard.costs.units_judged import target_percent
from finops_guard.model import UnitCost
from finops_guard.outputs._screen import screen
from finops_guard.outputs._units import amount, money, number, when

if TYPE_CHECKING:
    from datetime import datetime

    from finops_guard.cli._units_open import Answer
    from finops_guard.outputs._screen import Screen

_COLUMNS = ("cost", "count", "each", "of target", "change")
_NONE = "–"
_GOOD, _BAD = "green", "red"
_WHOLE = 1000
_ENOUGH = 0.8
"""Coverage below which parts say little: so much of the cost could be of any of them."""
Cells: TypeAlias = list[tuple[str, str]]
"""Text and style of each column."""


@dataclass(frozen=True, slots=True)
class Given:
    """What was typed."""

    targets: tuple[str, ...]
    policy: Path | None
    costs: tuple[str, ...]


def show(answer: Answer, at: datetime, given: Given) -> None:
    """Write it to stdout, as wide as the terminal; then commands that go on from what was `given`."""
    to = screen(sys.stdout)
    to.say((f"unit costs of {answer.policy.name}", "bold"), f" · {when(at)}")
    for (source, target), (rate, as_of) in sorted(answer.policy.fx.items()):
        to.say((f"{rate} {target} for one {source}, of {as_of}", "dim"))
    for _, of_unit in groupby(answer.costs, key=lambda cost: cost.unit.name):
        _unit(list(of_unit), to)
    _next(list(_steps(answer, given)), to)


def _unit(rows: list[UnitCost], to: Screen) -> None:
    whole = rows[0]
    to.title(whole.unit.name, _about(whole))
    table: list[tuple[str, Cells]] = [(f"per {whole.unit.of}", [(column, "dim") for column in _COLUMNS])]
    table += [(_name(row) if not row.key else f"  {_name(row)}", _cells(row)) for row in rows]
    widths = [2 + max(to.length(cells[at][0]) for _, cells in table) for at in range(len(_COLUMNS))]
    for name, cells in table:
        shown = [(to.cell(text, width, right=True), style) for (text, style), width in zip(cells, widths, strict=True)]
        to.say((to.cell(name, to.width - sum(widths)), "dim" if cells is table[0][1] else ""), *shown)
    for text in [*dict.fromkeys(f"{_name(row)}: {row.because}" for row in rows if row.because), *whole.unknown]:
        to.indented(text, 2, "yellow")
    to.indented(f"counts: {whole.definition}", 2)
    to.indented(f"from: {', '.join(whole.sources) or _NONE}; {_quality(whole)}", 2)


def _about(whole: UnitCost) -> str:
    if not whole.days:
        return ""
    return f"{whole.first} to {whole.last}, {counted(whole.days, 'day')}"


def _cells(row: UnitCost) -> Cells:
    percent = target_percent(row)
    of_target = f"{number(percent, 1)} %" if isinstance(percent, float) else _NONE
    above = isinstance(percent, float) and percent > 100  # noqa: PLR2004 # a target is met up to all of it
    change = _NONE if row.change is None else f"{row.change * 100:+,.1f} %"
    return [
        (_NONE if row.cost is None else money(row.cost), ""),
        (_NONE if row.count is None else number(row.count, 0 if row.count >= _WHOLE else 2), ""),
        ("n/a" if row.each is None else amount(row.each.amount), "bold"),
        (of_target, _BAD if above else _GOOD if isinstance(percent, float) else "dim"),
        (change, "dim" if row.change is None else _BAD if row.change > 0 else _GOOD),
    ]


def _name(row: UnitCost) -> str:
    """`all`, or the value of each key."""
    if not row.key:
        return "all"
    return ", ".join(f"without {key}" if value is None else value for key, value in row.key.items())


def _quality(whole: UnitCost) -> str:
    words: list[str] = [whole.quality]
    if whole.shared and whole.cost:
        words.append(f"{amount(whole.shared)} {whole.cost.currency} of it shared cost")
    if whole.unit.by and whole.coverage is not None:
        words.append(f"{number(whole.coverage * 100, 1)} % of the cost carries {' and '.join(whole.unit.by)}")
    if whole.unit.target:
        words.append(f"target {money(whole.unit.target)}")
    return ", ".join(words)


def _next(steps: list[tuple[str, str]], to: Screen) -> None:
    to.title("Next")
    for command, good_for in steps:
        to.say(("$ ", "dim"), (command, "bold cyan"))
        to.indented(good_for, len("$ "))


def _steps(answer: Answer, given: Given) -> Iterator[tuple[str, str]]:
    """What would help most: names for what is nobody's, counts for what has none; then to be told of what is dear."""
    wholes = [row for row in answer.costs if not row.key]
    bare = next((row for row in wholes if row.unit.by and row.coverage is not None and row.coverage < _ENOUGH), None)
    if bare is not None:
        keys = ",".join(bare.unit.by)
        there = (SANDBOX,) if SANDBOX in given.targets else given.costs
        command = again("costs", *there, "--by", f"service,{keys}", policy=given.policy)
        yield command, f"shows whose cost of {bare.unit.name} carries no {keys}"
    if any(row.each is None for row in wholes):
        yield again("explain", "unit-economics/counted", policy=given.policy), "what a unit without a cost lacks"
    if all(binding.pack.name != "unit-economics" for binding in answer.policy.bindings):
        good_for = "use: unit-economics in the policy lets a scan judge them"
        yield again("explain", "unit-economics/above-target", policy=given.policy), good_for
    else:
        command = again("scan", *given.targets, policy=given.policy, costs=given.costs)
        yield command, "judges them against targets and baselines"
