"""Rate cards: what a customer pays by agreement, from CSV files that the policy names (`rates.cards`).

The first row names the columns: `cloud`; `machine` (its type) or `type` (the provider's own resource type); `price` of
one `unit` in a `currency`; the days `from` and `to` (inclusive; empty: still). An empty `region` is every region, an
empty `purchase` every one but spot, whose price an agreement rarely covers: a spot price says spot.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

from finops_guard.costs.accelerators import folded
from finops_guard.errors import InputError
from finops_guard.language.literals import CURRENCIES
from finops_guard.language.near import suggest
from finops_guard.model import Money, Resource

UNITS = ("hour", "month", "GB-month")
PURCHASES = ("on-demand", "spot", "reserved", "committed")
CLOUDS = ("aws", "azure", "gcp")
_NEEDED = ("cloud", "price", "currency", "from")
_COLUMNS = ("cloud", "machine", "type", "region", "purchase", "price", "currency", "unit", "from", "to")
_PRICE = re.compile(r"\d+(\.\d+)?")
_SHOWN = 20
Key: TypeAlias = tuple[str, str, str]
"""Cloud, `machine` or `type`, and its folded name."""


@dataclass(frozen=True, slots=True)
class Card:
    """One row: the price of a unit, from a day to a day (inclusive, None: still). `where` is its file:line."""

    price: Money
    unit: str
    region: str
    purchase: str
    first: date
    last: date | None
    where: str


@dataclass(frozen=True, slots=True)
class Cards:
    """Rows by what they price."""

    by: Mapping[Key, tuple[Card, ...]] = field(default_factory=dict)

    def of(self, resource: Resource, day: date, machine: str) -> Card | None:
        """The row that prices a resource on a day: the one that says most (region, then purchase), then the newest.

        `machine` is its type where its price is that of machines, else empty.
        """
        cloud = resource.text("cloud")
        key = (cloud, "machine", folded(machine)) if machine else (cloud, "type", resource.text("type").casefold())
        purchase, region = resource.text("purchase"), resource.text("region")
        fitting = (
            card
            for card in self.by.get(key, ())
            if card.region in {"", region}
            and (card.purchase == purchase or (not card.purchase and purchase != "spot"))
            and card.first <= day <= (card.last or day)
        )
        return max(fitting, key=lambda card: (card.region != "", card.purchase != "", card.first), default=None)


def load(paths: Iterable[str], folder: Path) -> Cards:
    """The rate cards of these files, relative to a folder. InputError names every mistake as file:line:column."""
    found: dict[Key, list[Card]] = defaultdict(list)
    mistakes: list[str] = []
    for path in paths:
        for key, card in _read(path, folder / path, mistakes):
            found[key].append(card)
    if mistakes:
        more = [f"… and {len(mistakes) - _SHOWN} more"] if len(mistakes) > _SHOWN else []
        raise InputError("\n".join(mistakes[:_SHOWN] + more), help=f"columns of a rate card: {', '.join(_COLUMNS)}")
    return Cards({key: tuple(cards) for key, cards in found.items()})


def _read(name: str, path: Path, mistakes: list[str]) -> Iterator[tuple[Key, Card]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            file.seek(0)
            rows = csv.reader(file, delimiter=";" if header.count(";") > header.count(",") else ",", strict=True)
            columns = [cell.strip() for cell in next(rows, [])]
            wrong = list(_header(name, columns))
            mistakes += wrong
            for cells in rows if not wrong else ():
                line = _Line(name, rows.line_num, columns, cells, mistakes)
                if any(cell.strip() for cell in cells) and (read := line.read()):
                    yield read
    except OSError as error:
        mistakes.append(f"{name}: cannot be read: {error.strerror or error}")
    except (csv.Error, UnicodeDecodeError) as error:
        mistakes.append(f"{name}: not a CSV file in UTF-8: {error}")


def _header(name: str, columns: list[str]) -> Iterator[str]:
    for number, column in enumerate(columns, 1):
        if column not in _COLUMNS:
            yield f"{name}:1:{number}: unknown column '{column}'{_hint(column, _COLUMNS)}"
        elif columns.index(column) + 1 != number:
            yield f"{name}:1:{number}: column '{column}' stands there twice"
    yield from (f"{name}:1:1: no column '{column}'" for column in _NEEDED if column not in columns)
    if not {"machine", "type"} & set(columns):
        yield f"{name}:1:1: no column 'machine' or 'type'"


def _hint(word: str, choices: Iterable[str]) -> str:
    near = suggest(word, choices)
    return f" (did you mean '{near}'?)" if near else ""


class _Line:
    """One row being read; what is wrong with a cell is noted, and None read for it."""

    def __init__(self, name: str, number: int, columns: list[str], cells: list[str], mistakes: list[str]) -> None:
        self._where, self._columns, self._mistakes = f"{name}:{number}", columns, mistakes
        self._cells = {column: cell.strip() for column, cell in zip(columns, cells, strict=False)}
        self._whole = len(cells) == len(columns)
        self._count = len(cells)

    def read(self) -> tuple[Key, Card] | None:
        """What the row prices, and the price."""
        before = len(self._mistakes)
        if not self._whole:
            self._mistakes.append(f"{self._where}:1: {self._count} cells under {len(self._columns)} columns")
            return None
        cloud = self._among("cloud", CLOUDS)
        what, name = self._named()
        purchase = self._among("purchase", PURCHASES) if self._cells.get("purchase") else ""
        unit = self._among("unit", UNITS) if self._cells.get("unit") else UNITS[0]
        price, currency = self._price(), self._among("currency", sorted(CURRENCIES))
        first = self._day("from")
        last = self._day("to") if self._cells.get("to") else None
        if first and last and last < first:
            self._wrong("to", f"{last} lies before {first}")
        if len(self._mistakes) > before or price is None or first is None:
            return None
        region = self._cells.get("region", "")
        return (cloud, what, name), Card(Money(price, currency), unit, region, purchase, first, last, self._where)

    def _wrong(self, column: str, what: str) -> None:
        number = self._columns.index(column) + 1 if column in self._columns else 1
        self._mistakes.append(f"{self._where}:{number}: {what}")

    def _among(self, column: str, choices: Iterable[str]) -> str:
        text = self._cells.get(column, "")
        if text not in choices:
            known = "an ISO 4217 currency" if column == "currency" else f"one of {', '.join(choices)}"
            self._wrong(column, f"'{text}' is not {known}{_hint(text, choices)}")
        return text

    def _named(self) -> tuple[str, str]:
        machine, kind = self._cells.get("machine", ""), self._cells.get("type", "")
        if bool(machine) == bool(kind):
            self._wrong("machine" if machine else "type", "either 'machine' or 'type' says what is priced")
        return ("machine", folded(machine)) if machine else ("type", kind.casefold())

    def _price(self) -> Decimal | None:
        text = self._cells.get("price", "")
        price = Decimal(text) if _PRICE.fullmatch(text) and text.isascii() else None
        if not price:
            self._wrong("price", f"'{text}' is not a price above 0, like 12.50")
        return price

    def _day(self, column: str) -> date | None:
        text = self._cells.get(column, "")
        try:
            return date.fromisoformat(text)
        except ValueError:
            self._wrong(column, f"'{text}' is not a day, like 2026-01-31")
            return None
