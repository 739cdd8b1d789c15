"""Writes what `costs` says to stdout: for a terminal, a program, a spreadsheet or a page."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from finops_guard.cli._costs_sections import Section, headline, notes, sections

if TYPE_CHECKING:
    from finops_guard.cli._costs_told import Told
    from finops_guard.outputs._screen import Screen

_SHOWN = 12
_NARROWEST = 8
_GAP = "  "


def show(told: Told, shape: str, *, everything: bool) -> None:
    """Long tables of the terminal are cut short and counted, unless `everything` is wanted."""
    if shape == "json":
        from finops_guard.cli._costs_record import record
        from finops_guard.cli._paint import write_json

        write_json(record(told))
    elif shape == "csv":
        _csv(told)
    elif shape == "markdown":
        _markdown(told)
    else:
        _table(told, everything=everything)


def _csv(told: Told) -> None:
    """A row for each group and currency; amounts with every digit."""
    from finops_guard.costs.ledger.read import exact
    from finops_guard.outputs._escape import cell, encoding_of, fitted

    writer, encoding = csv.writer(sys.stdout), encoding_of(sys.stdout)
    found = told.spending
    writer.writerow(fitted(cell(name), encoding) for name in (*found.wanted.by, "cost", "currency", "rows"))
    for line in found.by:
        for currency, amount in sorted(line.cost.items()):
            key = [fitted(cell(part or ""), encoding) for part in line.key]
            writer.writerow([*key, f"{exact(amount):f}", currency, line.rows])


def _markdown(told: Told) -> None:
    from finops_guard.cli._paint import write
    from finops_guard.outputs._escape import markdown

    write("## Costs", "", markdown(headline(told)))
    for section in sections(told):
        write("", f"### {markdown(section.title)}", "")
        if section.note:
            write(markdown(section.note), "")
        words = len(section.heads) - section.numbers
        write(_row(markdown(head) for head in section.heads))
        write(_row("---" if place < words else "---:" for place in range(len(section.heads))))
        write(*(_row(markdown(part) for part in row) for row in section.rows))
    remarks = list(notes(told))
    if remarks:
        write("", "### Data quality", "", *(f"- {markdown(remark)}" for remark in remarks))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _table(told: Told, *, everything: bool) -> None:
    from finops_guard.outputs._screen import screen

    to = screen(sys.stdout)
    to.say((headline(told), "bold"))
    tables(sections(told), to, everything=everything)
    remarks = list(notes(told))
    if remarks:
        to.title("Data quality")
        for remark in remarks if everything else remarks[:_SHOWN]:
            to.say(remark)
        if not everything and len(remarks) > _SHOWN:
            to.say((f"+{len(remarks) - _SHOWN} more, -v for all", "dim"))


def tables(those: Iterable[Section], to: Screen, *, everything: bool = False) -> None:
    """Sections, each under its title, as wide as the terminal."""
    for section in those:
        to.title(section.title, section.note)
        shown = section.rows if everything else section.rows[:_SHOWN]
        widths = _widths(section, shown, to)
        words = len(section.heads) - section.numbers
        for style, row in (("dim", section.heads), *(("", row) for row in shown)):
            cells = (to.cell(part, widths[place], right=place >= words) for place, part in enumerate(row))
            to.say((_GAP.join(cells), style))
        if len(section.rows) > len(shown):
            to.say((f"+{len(section.rows) - len(shown)} more, -v for all", "dim"))


def _widths(section: Section, rows: Sequence[Sequence[str]], screen: Screen) -> list[int]:
    """As wide as what stands in each column; where that is too much, the widest words give way and numbers do not."""
    columns = [max(map(screen.length, cells)) for cells in zip(section.heads, *rows, strict=True)]
    words = len(columns) - section.numbers
    while words and sum(columns) + len(_GAP) * (len(columns) - 1) > screen.width:
        widest = max(range(words), key=lambda place: columns[place])
        if columns[widest] <= _NARROWEST:
            break
        columns[widest] -= 1
    return columns
