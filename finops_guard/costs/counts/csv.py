"""A CSV file: columns `date` and `count`, and a column for each key of `by`.

Commas or semicolons separate the cells. `date` is a UTC day (2026-11-25) or a time with its offset, which counts for
the UTC day it lies in. Rows of one day are added up; a day without any row was not counted. Columns of other keys are
added over.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.costs.counts._counted import Asked, Counted, Tally
from finops_guard.errors import InputError
from finops_guard.language.near import suggest
from finops_guard.language.secrets import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHOWN = 20  # mistakes printed of one file; a list that is wrong everywhere is wrong for one reason


def count(asked: Asked) -> Counted:
    """What the file says of each day. InputError with every mistake as file:line:column, columns counted from 1."""
    path = resolve(asked.text("path"), asked.reach.environ)
    reading = _Reading(asked, path)
    try:
        with (asked.reach.folder / Path(path).expanduser()).open(encoding="utf-8-sig", newline="") as file:
            reading.read(file)
    except OSError as wrong:
        raise InputError(f"{path}: cannot be read: {wrong.strerror or type(wrong).__name__}") from None
    except (csv.Error, UnicodeDecodeError) as wrong:
        raise InputError(f"{path}: not a CSV file in UTF-8: {wrong}") from None
    reading.check()
    return Counted(reading.tally.amounts, f"column count of {path}, added up by UTC day", path)


@dataclass(slots=True)
class _Reading:
    asked: Asked
    path: str
    tally: Tally = field(default_factory=Tally)
    mistakes: list[str] = field(default_factory=list)

    def read(self, lines: Iterator[str]) -> None:
        header = next(lines, "")
        delimiter = ";" if header.count(";") > header.count(",") else ","
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter, strict=True), [])]
        places = self._places(names)
        if self.mistakes:
            return
        rows = csv.reader(lines, delimiter=delimiter, strict=True)
        start = 2
        for cells in rows:
            if any(cell.strip() for cell in cells):
                self._row(start, names, cells, places)
            start = rows.line_num + 2  # a quoted cell may hold several lines: a record is named by its first

    def check(self) -> None:
        """InputError if there was a mistake."""
        if self.mistakes:
            more = len(self.mistakes) - _SHOWN
            rest = [f"… and {more} more"] if more > 0 else []
            raise InputError("\n".join(self.mistakes[:_SHOWN] + rest), help="columns: date, count, and those of `by`")

    def _wrong(self, line: int, column: int, what: str) -> None:
        self.mistakes.append(f"{self.path}:{line}:{column}: {what}")

    def _places(self, names: list[str]) -> list[int]:
        """Where date, count and each key stand."""
        for at, name in enumerate(names, 1):
            if names.index(name) + 1 != at:
                self._wrong(1, at, f"column {name!r} stands there twice")
        places = [self._place(names, wanted, wanted) for wanted in ("date", "count")]
        return places + [self._place(names, key, self.asked.label(key, names)) for key in self.asked.by]

    def _place(self, names: list[str], wanted: str, called: str | None) -> int:
        if called in names:
            return names.index(called)
        near = suggest(wanted, names)
        why = "" if wanted in ("date", "count") else ", and the unit is split by it"
        self._wrong(1, 1, f"no column {called or wanted!r}{why}" + (f" (did you mean {near!r}?)" if near else ""))
        return 0

    def _row(self, line: int, names: list[str], cells: list[str], places: list[int]) -> None:
        if len(cells) != len(names):
            self._wrong(line, min(len(cells), len(names)) + 1, f"{len(cells)} cells under {len(names)} columns")
            return
        when, what, *keys = [cells[place].strip() for place in places]
        day, amount = _day(when), _amount(what)
        if day is None:
            self._wrong(line, places[0] + 1, f"{when!r} is not a day; write 2026-11-25")
        if amount is None:
            self._wrong(line, places[1] + 1, f"{what!r} is not a count; write 1234 or 1234.5")
        if day is not None and amount is not None and self.asked.first <= day <= self.asked.last:
            self.tally.add(day, tuple(key or None for key in keys), amount)


def _day(text: str) -> date | None:
    try:
        if len(text) == len("2026-11-25"):
            return date.fromisoformat(text)
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when.astimezone(UTC).date() if when.tzinfo else None


def _amount(text: str) -> Decimal | None:
    try:
        found = Decimal(text) if text.isascii() and "_" not in text else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() and found >= 0 else None
