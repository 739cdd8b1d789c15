"""The report for a terminal: by rule and owner, sorted by money, with what could not be seen above all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.outputs._hints import hints
from finops_guard.outputs._screen import screen
from finops_guard.outputs._table_findings import findings
from finops_guard.outputs._table_money import money
from finops_guard.outputs._table_steps import steps
from finops_guard.outputs._table_top import coverage, gaps, header, headline
from finops_guard.outputs._view import by_rule

if TYPE_CHECKING:
    from typing import TextIO

    from finops_guard.model import Report
    from finops_guard.outputs._screen import Screen

ROWS = 10


def render(report: Report, out: TextIO, *, rows: int | None = ROWS) -> None:
    """Write the report as wide as the terminal, 100 columns into a file; of each rule `rows` findings, None for all."""
    to = screen(out)
    groups = by_rule(report, rows)
    header(report, to)
    gaps(report, to)
    headline(report, to)
    coverage(report, to)
    money(report, to)
    findings([group for group in groups if group.count], to)
    steps(report, to)
    _end(report, to, hints(report, groups))


def _end(report: Report, to: Screen, next_: list[tuple[str, str]]) -> None:
    if report.remarks:
        to.say()
    for remark in report.remarks:
        to.indented(f"note: {remark}", 0)
    if next_:
        to.title("Next")
    wide = max((to.length(command) for command, _ in next_), default=0)
    for command, good_for in next_:
        if len("$ ") + wide + 2 + len(good_for) <= to.width:
            to.say(("$ ", "dim"), (to.cell(command, wide), "bold cyan"), (f"  {good_for}", "dim"))
        else:
            to.say(("$ ", "dim"), (command, "bold cyan"))
            to.indented(good_for, len("$ "))
