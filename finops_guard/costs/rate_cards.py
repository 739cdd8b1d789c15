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
from finops_guard.language.diagnostics import Diagnostic, LanguageError
from finops_guard.language.literals import CURRENCIES
from finops_guard.language.near import suggest
from finops_guard.model import Money, Resource

UNITS = ("hour", "month", "GB-month")
PURCHASES = ("on-demand", "spot", "reserved", "committed")
CLOUDS = ("aws", "azure", "gcp")
_NEEDED = ("cloud", "price", "currency", "from")
_COLUMNS = ("cloud", "machine", "type", "region", "purchase", "price", "currency", "unit", "from", "to")
_PRICE = re.compile(r"\d+(\.\d+)?")
_SAYS = f"columns: {', '.join(_COLUMNS)}"
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
    """The rate cards of these files, relative to a folder. LanguageError with every mistake, where it stands."""
    found: dict[Key, list[Card]] = defaultdict(list)
    problems: list[Diagnostic] = []
    for path in paths:
        for key, card in _read(path, folder / path, problems):
            found[key].append(card)
    if problems:
        raise LanguageError(problems)
    return Cards({key: tuple(cards) for key, cards in found.items()})


def _read(name: str, path: Path, problems: list[Diagnostic]) -> Iterator[tuple[Key, Card]]:
    try:
        lines = path.read_text("utf-8-sig").splitlines() or [""]
    except OSError as error:
        problems.append(Diagnostic(name, 1, 1, f"cannot be read: {error.strerror or error}"))
        return
    except UnicodeDecodeError:
        problems.append(Diagnostic(name, 1, 1, "not a file in UTF-8"))
        return
    before = len(problems)
    delimiter = ";" if lines[0].count(";") > lines[0].count(",") else ","
    rows = [_Line(name, number, line, delimiter, problems) for number, line in enumerate(lines, 1) if line.strip()]
    head, *rest = rows or [_Line(name, 1, "", delimiter, problems)]
    if len(problems) == before:
        _check(head)
    for row in rest if len(problems) == before else ():
        if any(cell for cell, _ in row.cells) and (read := row.read(head)):
            yield read


def _check(head: _Line) -> None:
    """Note what is wrong with the names of columns."""
    names = head.texts
    for number, name in enumerate(names):
        if name not in _COLUMNS:
            near = suggest(name, _COLUMNS)
            head.wrong(number, f"unknown column '{name}'", f"did you mean '{near}'?" if near else _SAYS)
        elif names.index(name) != number:
            head.wrong(number, f"column '{name}' stands there twice")
    for name in _NEEDED:
        if name not in names:
            head.wrong(0, f"no column '{name}'", _SAYS)
    if not {"machine", "type"} & set(names):
        head.wrong(0, "no column 'machine' or 'type'", _SAYS)


class _Line:
    """One line of a card; what is wrong with it is noted, with its place."""

    def __init__(self, name: str, number: int, text: str, delimiter: str, problems: list[Diagnostic]) -> None:
        self._name, self._number, self._text, self._problems = name, number, text, problems
        self._columns: list[str] = []
        try:
            cells = next(csv.reader([text], delimiter=delimiter, strict=True), [])
        except csv.Error as error:
            cells = []
            problems.append(Diagnostic(name, number, 1, f"not a line of CSV: {error}", source=text))
        self.cells = list(_placed(cells, text))

    @property
    def texts(self) -> list[str]:
        """The cells, trimmed."""
        return [cell for cell, _ in self.cells]

    def read(self, head: _Line) -> tuple[Key, Card] | None:
        """What the row prices, and the price; None where something is wrong with it."""
        before = len(self._problems)
        self._columns = head.texts
        if len(self.cells) != len(self._columns):
            self.wrong(0, f"{len(self.cells)} cells under {len(self._columns)} columns")
            return None
        cloud = self._among("cloud", CLOUDS)
        what, name = self._named()
        purchase = self._among("purchase", PURCHASES) if self._cell("purchase") else ""
        unit = self._among("unit", UNITS) if self._cell("unit") else UNITS[0]
        price, currency = self._price(), self._among("currency", sorted(CURRENCIES))
        first = self._day("from")
        last = self._day("to") if self._cell("to") else None
        if first and last and last < first:
            self._mistaken("to", f"{last} lies before {first}")
        if len(self._problems) > before or price is None or first is None:
            return None
        where = f"{self._name}:{self._number}"
        card = Card(Money(price, currency), unit, self._cell("region"), purchase, first, last, where)
        return (cloud, what, name), card

    def wrong(self, number: int, message: str, hint: str | None = None) -> None:
        """Note what is wrong with a cell."""
        text, start = self.cells[number] if number < len(self.cells) else ("", 0)
        place = Diagnostic(self._name, self._number, start + 1, message, hint, max(1, len(text)), self._text)
        self._problems.append(place)

    def _mistaken(self, column: str, message: str, hint: str | None = None) -> None:
        self.wrong(self._columns.index(column) if column in self._columns else 0, message, hint)

    def _cell(self, column: str) -> str:
        return self.cells[self._columns.index(column)][0] if column in self._columns else ""

    def _among(self, column: str, choices: Iterable[str]) -> str:
        text = self._cell(column)
        if text not in choices:
            known = "an ISO 4217 currency" if column == "currency" else f"one of {', '.join(choices)}"
            near = suggest(text, choices)
            self._mistaken(column, f"'{text}' is not {known}", f"did you mean '{near}'?" if near else None)
        return text

    def _named(self) -> tuple[str, str]:
        machine, kind = self._cell("machine"), self._cell("type")
        if bool(machine) == bool(kind):
            self._mistaken("machine", "either 'machine' or 'type' says what is priced")
        return ("machine", folded(machine)) if machine else ("type", kind.casefold())

    def _price(self) -> Decimal | None:
        text = self._cell("price")
        price = Decimal(text) if _PRICE.fullmatch(text) and text.isascii() else None
        if not price:
            self._mistaken("price", f"'{text}' is not a price above 0", "write 12.50")
        return price

    def _day(self, column: str) -> date | None:
        text = self._cell(column)
        try:
            return date.fromisoformat(text)
        except ValueError:
            self._mistaken(column, f"'{text}' is not a day", "write 2026-01-31")
            return None


def _placed(cells: list[str], text: str) -> Iterator[tuple[str, int]]:
    """Each cell, trimmed, and where it begins in the line."""
    at = 0
    for cell in cells:
        quoted = text[at : at + 1] == '"'
        yield cell.strip(), at + quoted + len(cell) - len(cell.lstrip())
        at += len(cell) + (2 + cell.count('"') if quoted else 0) + 1
