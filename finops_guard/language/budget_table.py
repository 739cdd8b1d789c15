"""Budgets from a CSV file: one a row, as a spreadsheet saves them.

The first row names the columns: those of a budget (`name limit currency every owner timezone fiscal_start rollover
metric`), and what a budget covers by field (`account`, `region`, …) or tag (`team`, `project`, `tags.cost-center`, …).
A row covers what has every one of its cells; an empty cell asks nothing. The table is read as the `budgets` section
that it stands for, so that every mistake is found by the same checks, and is shown where it stands in the file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from finops_guard.errors import InputError
from finops_guard.fields import FIELDS, MAPS
from finops_guard.language import money
from finops_guard.language.check import check
from finops_guard.language.conditions import Reader
from finops_guard.language.diagnostics import Diagnostic, LanguageError
from finops_guard.language.document import Document, read_text
from finops_guard.language.item import Item
from finops_guard.language.library import shown
from finops_guard.language.literals import CURRENCIES
from finops_guard.language.near import one_edit, suggest
from finops_guard.language.policy_schema import policy_schema
from finops_guard.language.schema import Schema, ref
from finops_guard.language.validator import schema_of
from finops_guard.language.words import SHAPES, did_you_mean
from finops_guard.model import ACCELERATOR_HOURS, Budget

REQUIRED = ("name", "limit", "every")
COLUMNS = (*REQUIRED, "currency", "owner", "timezone", "fiscal_start", "rollover", "metric")
"""What a budget says of itself; any other column says what it covers."""
_TYPED = ("number", "bool")
_AMOUNT = re.compile(r"[0-9.,]+")


def table(part: Item, home: Path, taken: Collection[str]) -> dict[str, Budget]:
    """The budgets of the table that a `budgets` section names (`from`), none without one.

    Mistakes of the table are noted beside those of the section. `home`: the folder that a relative path starts from.
    `taken`: names of budgets that stand elsewhere.
    """
    named, problems = part.below("from"), part.reader.problems
    if not isinstance(named.data, str):
        return {}
    name = shown(home / named.data)
    try:
        document = Table(name, read_text(home / named.data, name))
    except LanguageError as wrong:
        problems.extend(wrong.diagnostics)
        return {}
    except (InputError, ValueError) as wrong:  # a name with a null byte is no name of a file
        named.problem(str(wrong))
        return {}
    checked = check(document, _schema)
    problems.extend((*document.mistakes, *checked.problems))
    section = Item(Reader(document, problems=problems, faulty=checked.faulty), ("budgets",), document.data["budgets"])
    for budget, entry in section.entries():
        if budget in taken:
            entry.problem(f"there is a budget '{budget}' already", "give one another name", key=True)
    return money.budgets([section])


@dataclass(frozen=True, slots=True)
class _Cell:
    """One cell, trimmed; `start` to `end` in the text, without its quotes."""

    text: str
    start: int
    end: int


class Table(Document):
    """A CSV file as the document that it stands for: `budgets`, and below it each row by its name.

    `mistakes`: what only the table can get wrong, its columns and currencies.
    """

    def __init__(self, file: str, text: str) -> None:
        self.mistakes: list[Diagnostic] = []
        super().__init__(file, text)

    def _compose(self) -> Any:
        rows = list(_rows(self.text, self._wrong))
        columns = self._columns(rows[0] if rows else [])
        entries = [pair for row in rows[1:] if (pair := self._row(columns, row)) is not None]
        whole = _Cell("budgets", 0, 0)
        return self._map(whole, [(self._text(whole), self._map(whole, entries))])

    def _wrong(self, cell: _Cell, message: str, hint: str | None = None) -> Diagnostic:
        return self._at_mark(self._mark(cell.start), message, hint, max(1, cell.end - cell.start))

    def _columns(self, header: Sequence[_Cell]) -> list[tuple[tuple[str, ...], _Cell]]:
        """Where each column stands in a budget; LanguageError where one is unknown, twice there or missing."""
        columns = [(self._place_of(cell), cell) for cell in header]
        problems: list[Diagnostic] = []
        seen: set[tuple[str, ...]] = set()
        for place, cell in columns:
            near = _misspelt(cell.text)
            if near is not None:
                hint = f"did you mean '{near}'? for a tag write tags.{cell.text}"
                problems.append(self._wrong(cell, f"unknown column '{cell.text}'", hint))
                seen.add((near,))
            elif not cell.text:
                problems.append(self._wrong(cell, "a column without a name"))
            elif place in seen:
                problems.append(self._wrong(cell, f"column '{cell.text}' stands there twice"))
            seen.add(place)
        first = header[0] if header else _Cell("", 0, 0)
        problems += [self._wrong(first, f"no column '{name}'") for name in REQUIRED if (name,) not in seen]
        if problems:
            raise LanguageError(problems)
        return columns

    @staticmethod
    def _place_of(cell: _Cell) -> tuple[str, ...]:
        name, (space, _, rest) = cell.text, cell.text.partition(".")
        if name in COLUMNS:
            return ("rollover", "unused") if name == "rollover" else (name,)
        if name in FIELDS:
            return ("for", *name.split("."))
        return ("for", space, rest) if space in MAPS and rest else ("for", "tags", name)

    def _row(self, columns: Sequence[tuple[tuple[str, ...], _Cell]], row: Sequence[_Cell]) -> tuple[Any, Any] | None:
        if len(row) != len(columns):
            at = row[min(len(row), len(columns)) - 1]
            self.mistakes.append(self._wrong(at, f"{len(row)} cells under {len(columns)} columns"))
            return None
        cells = {place: (head, cell) for (place, head), cell in zip(columns, row, strict=True) if cell.text}
        name = cells.pop(("name",), None)
        if name is None:
            self.mistakes.append(self._wrong(row[0], "a budget without a name"))
            return None
        currency = cells.pop(("currency",), None)
        if ("limit",) in cells:
            head, limit = cells["limit",]
            cells["limit",] = (head, self._limit(limit, None if currency is None else currency[1]))
        return self._text(name[1]), self._nested(name[1], cells)

    def _limit(self, limit: _Cell, currency: _Cell | None) -> _Cell:
        """The limit with its unit, from two cells or from one; a currency that is none is noted and read as another."""
        amount, _, unit = limit.text.partition(" ")
        if currency is None:
            if not unit and _AMOUNT.fullmatch(amount):
                self.mistakes.append(self._wrong(limit, f"'{amount}' of what?", "add a column currency"))
                return _Cell(f"{amount} EUR", limit.start, limit.end)
            return limit
        if unit and unit != currency.text:
            self.mistakes.append(self._wrong(currency, f"the limit is in {unit}, this is {currency.text}"))
            return limit
        known = sorted({*CURRENCIES, ACCELERATOR_HOURS})
        if currency.text not in known:
            hint = did_you_mean(suggest(currency.text.upper(), known)) or SHAPES["currency"]
            self.mistakes.append(self._wrong(currency, f"unknown currency '{currency.text}'", hint))
            return _Cell(f"{amount} EUR", limit.start, limit.end)
        return _Cell(f"{amount} {currency.text}", limit.start, limit.end)

    def _nested(self, at: _Cell, cells: dict[tuple[str, ...], tuple[_Cell, _Cell]]) -> Any:
        """A map of cells, by the places of their columns below this one."""
        groups: dict[str, dict[tuple[str, ...], tuple[_Cell, _Cell]]] = {}
        for place, pair in cells.items():
            groups.setdefault(place[0], {})[place[1:]] = pair
        entries = []
        for key, below in groups.items():
            head, cell = next(iter(below.values()))
            value = self._value(head, cell) if () in below else self._nested(cell, below)
            entries.append((self._text(_Cell(key, head.start, head.end)), value))
        return self._map(at, entries)

    def _value(self, head: _Cell, cell: _Cell) -> Any:
        field = FIELDS.get(head.text)
        return self._text(cell, plain=field is not None and field.type in _TYPED)

    def _map(self, at: _Cell, entries: list[tuple[Any, Any]]) -> Any:
        return yaml.MappingNode("tag:yaml.org,2002:map", entries, self._mark(at.start), self._mark(at.end))

    def _text(self, cell: _Cell, *, plain: bool = False) -> Any:
        style = None if plain else '"'
        marks = (self._mark(cell.start), self._mark(cell.end))
        return yaml.ScalarNode("tag:yaml.org,2002:str", cell.text, *marks, style=style)

    def _mark(self, index: int) -> Any:
        line = self.text.count("\n", 0, index)
        column = index - (self.text.rfind("\n", 0, index) + 1)
        return yaml.Mark(self.file, index, line, column, None, 0)


def _schema() -> Schema:
    budgets = {"type": "object", "additionalProperties": ref("budget")}
    return {"type": "object", "properties": {"budgets": budgets}, "$defs": schema_of(policy_schema)["$defs"]}


def _misspelt(name: str) -> str | None:
    """The column or field that a name is one edit away from; else it is a tag, whatever it is called."""
    if name in COLUMNS or name in FIELDS or "." in name:
        return None
    folded = name.casefold().replace(" ", "_").replace("-", "_")
    pool = (*COLUMNS, *(field for field in FIELDS if "." not in field))
    return next((known for known in pool if folded == known or one_edit(folded, known)), None)


def _rows(text: str, wrong: Any) -> Iterator[list[_Cell]]:
    """Rows that are not blank, cut at commas or semicolons; LanguageError where a quote stands in the wrong place."""
    head = text.partition("\n")[0]
    cut = ";" if head.count(";") > head.count(",") else ","
    pattern = re.compile(rf'[ \t]*(?:"((?:[^"]|"")*)"|([^"{cut}\r\n]*))[ \t]*({cut}|\r\n|\n|\r|\Z)')
    row: list[_Cell] = []
    place = 0
    while place <= len(text):
        match = pattern.match(text, place)
        if match is None:
            raise LanguageError([wrong(_Cell("", place, place), "a quote in the middle of a cell")])
        group = 1 if match[1] is not None else 2
        raw = match[group]
        content = raw.strip()
        start = match.start(group) + (len(raw) - len(raw.lstrip()))
        row.append(_Cell(content.replace('""', '"'), start, start + len(content)))
        place = match.end()
        if match[3] != cut:
            if any(cell.text for cell in row):
                yield row
            row = []
        if match[3] == "":
            return
