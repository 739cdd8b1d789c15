"""Inventory outside the clouds from a CSV file: licences, appliances, whatever a purchase list knows.

The first row names the columns by field (`id`, `kind`, `licence.vendor`, …) and tag (`tags.team`). An empty cell
is absent, a fact; a field without a column is unknown. With any `tags.…` column the tags are complete. Cells are
literals as in a policy (`40000 EUR`, `2027-01-31`, `80%`); commas or semicolons separate them.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias, cast

from finops_guard.errors import InputError
from finops_guard.fields import FIELDS, MAPS, Field
from finops_guard.language.literals import parse
from finops_guard.language.near import suggest
from finops_guard.model import Location, Resource, Tags, Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from finops_guard.model import Notes

_REQUIRED = ("id", "kind")
_DERIVED = ("age", "running_for", "tag_keys.", "budget.")
_SHOWN = 20  # mistakes printed of one file; a list that is wrong everywhere is wrong for one reason
Column: TypeAlias = Field | tuple[str, str]
"""A field, or a map (`tags`, `account_tags`) and the key in it."""


@dataclass(slots=True)
class _Mistakes:
    path: Path
    found: list[str]

    def add(self, row: int, column: int, what: str) -> None:
        self.found.append(f"{self.path}:{row}:{column}: {what}")

    def check(self) -> None:
        if self.found:
            more = len(self.found) - _SHOWN
            rest = [f"… and {more} more"] if more > 0 else []
            raise InputError("\n".join(self.found[:_SHOWN] + rest), help="Columns are listed in docs/fields.md.")


def collect(path: Path, notes: Notes, aliases: Mapping[str, str] | None = None) -> Iterator[Resource]:
    """Each row as a resource, its place in `at`; `aliases` as in `Tags.of`.

    InputError names every mistake as file:row:column, the column counted from 1. Nothing is yielded after a
    mistake; a file that has one must not be judged in part, so take all before judging any.
    """
    mistakes = _Mistakes(path, [])
    ids: dict[str, int] = {}
    count = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, delimiter=_delimiter(file.readline()), strict=True)
            file.seek(0)
            columns = _columns(next(rows, []), mistakes)
            mistakes.check()
            for cells in rows:
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) != len(columns):
                    wrong = f"{len(cells)} cells under {len(columns)} columns"
                    mistakes.add(rows.line_num, min(len(cells), len(columns)) + 1, wrong)
                    continue
                resource = _resource(columns, cells, rows.line_num, mistakes, aliases)
                first = ids.setdefault(resource.id, rows.line_num) if resource.id else rows.line_num
                if first != rows.line_num:
                    mistakes.add(rows.line_num, 1, f"{resource.id!r} stands in row {first} already")
                if not mistakes.found:
                    count += 1
                    yield resource
    except OSError as wrong:
        raise InputError(f"{path}: cannot be read: {wrong.strerror or wrong}") from None
    except (csv.Error, UnicodeDecodeError) as wrong:
        raise InputError(f"{path}: not a CSV file in UTF-8: {wrong}") from None
    mistakes.check()
    notes.say(str(path), count, count)


def _delimiter(header: str) -> str:
    return ";" if header.count(";") > header.count(",") else ","


def _columns(header: list[str], mistakes: _Mistakes) -> list[Column]:
    names = [name.strip() for name in header]
    columns: list[Column] = []
    for number, name in enumerate(names, 1):
        space, _, key = name.partition(".")
        if names.index(name) + 1 != number:
            mistakes.add(1, number, f"column {name!r} stands there twice")
        elif space in MAPS and key:
            columns.append((space, key))
        elif name in FIELDS and _given(FIELDS[name]):
            columns.append(FIELDS[name])
        elif name in FIELDS:
            mistakes.add(1, number, f"{name!r} is not given, it follows from other fields or from a metric")
        else:
            near = suggest(name, [*FIELDS, *(f"{space}." for space in MAPS)])
            mistakes.add(1, number, f"unknown column {name!r}" + (f" (did you mean {near!r}?)" if near else ""))
    for name in _REQUIRED:
        if name not in names:
            mistakes.add(1, 1, f"no column {name!r}")
    return columns


def _given(field: Field) -> bool:
    return not field.metric and not field.name.startswith(_DERIVED)


def _resource(
    columns: list[Column],
    cells: list[str],
    row: int,
    mistakes: _Mistakes,
    aliases: Mapping[str, str] | None,
) -> Resource:
    fields: dict[str, Value] = {}
    maps: dict[str, dict[str, str]] = {}
    for number, (column, cell) in enumerate(zip(columns, cells, strict=True), 1):
        if isinstance(column, tuple):
            space, key = column
            kept = maps.setdefault(space, {})
            if cell.strip():
                kept[key] = cell.strip()
            continue
        try:
            fields[column.name] = _value(column, cell.strip())
        except ValueError as wrong:
            mistakes.add(row, number, f"{column.name}: {wrong}")
    kind = fields.get("kind")
    for number, column in enumerate(columns, 1):
        if isinstance(column, tuple) or column.kinds is None or fields.get(column.name) is None:
            continue
        if kind is not None and kind not in column.kinds:
            mistakes.add(row, number, f"{column.name}: not of kind {kind}, only {', '.join(column.kinds)}")
    _add_used_percent(fields)
    resource = Resource(
        fields,
        Tags.of(maps["tags"], aliases) if "tags" in maps else Tags.unreadable("the file has no tags column"),
        at=Location(str(mistakes.path), row),
    )
    if "account_tags" in maps:
        resource.account_tags = Tags.of(maps["account_tags"], aliases)
    return resource


def _value(field: Field, cell: str) -> Value:
    if not cell:
        if field.name in _REQUIRED:
            raise ValueError("must not be empty")
        return None
    if field.choices and cell not in field.choices:
        near = suggest(cell, field.choices)
        raise ValueError(f"no {field.name} is called {cell!r}" + (f" (did you mean {near!r}?)" if near else ""))
    return cast("Value", parse(field.type, cell))


def _add_used_percent(fields: dict[str, Value]) -> None:
    """Used of entitled, where the list gives both and not the share."""
    used, entitled = fields.get("licence.used"), fields.get("licence.entitled")
    if "licence.used_percent" not in fields and isinstance(used, int | float) and entitled:
        fields["licence.used_percent"] = float(100 * Decimal(str(used)) / Decimal(str(entitled)))
