"""How a format's columns become ours, as SQL templates over the columns it has.

A template is our own text. Where it says `{BilledCost}`, the ledger puts a column of its own naming: no text of a file
reaches SQL.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

AMOUNTS = ("effective", "billed", "list", "contracted", "quantity", "hours")
TIMES = ("start", "end")
BOOLS = ("marketplace", "correction")
TEXTS = (
    "currency cloud account account_name billing_account region service category charge_category charge_class "
    "description publisher usage sku id name type unit resource_group purchase allocated_by principal"
).split()
ONLY_TAG = "x_OnlyTag/"
"""How a column of one tag's values begins, before the key, in a FOCUS file that can tell no other tag.

Billing APIs group by one tag or two: of the others their answers say nothing, and they are unknown, not absent.
"""
NEEDED = ("effective", "billed", "currency", "start", "end", "charge_category")


class RefusedError(Exception):
    """A file that cannot be read as cost rows. `record`: from 1, behind the header; None: the file as a whole."""

    def __init__(self, reason: str, record: int | None = None, column: str = "") -> None:
        super().__init__(reason)
        where = "" if record is None else f"{record}:{column}" if column else str(record)
        self.said = f"{where}: {reason}" if where else f" {reason}"


@dataclass(frozen=True, slots=True)
class Cell:
    """One of our columns: `sql` over the columns in `names`; the first of them is named where a value is wrong."""

    sql: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All columns of ours that a file fills, by name; what is not here, the file cannot tell.

    `columns`: how the templates call the file's columns, in their order. `tags` and `allocated` give JSON text. Where
    `tag_names` are given, `tags` is a JSON array of the values of those keys, in that order. `only`: of
    other keys nothing is known then. `key_of`: the key people wrote, of one as the format spells it. `notes`: what is
    said about a file of this shape, whatever is in it.
    """

    columns: tuple[str, ...]
    cells: Mapping[str, Cell]
    tags: Cell | None = None
    allocated: Cell | None = None
    tag_names: tuple[str, ...] = ()
    only: bool = False
    key_of: Callable[[str], str] = str
    notes: tuple[str, ...] = ()


class Columns:
    """A file's columns, found whatever their case; of two with one name neither can be meant."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(name.strip() for name in names)
        self._folded = Counter(name.casefold() for name in self.names)

    def __contains__(self, name: str) -> bool:
        met = self._folded[name.casefold()]
        if met > 1:
            raise RefusedError(f"has the column {name} {met} times")
        return met == 1

    def any(self, *names: str) -> bool:
        """Whether one of these is there."""
        return any(name in self for name in names)

    def lacking(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those that are not there."""
        return tuple(name for name in names if name not in self)

    def first(self, *names: str) -> Cell | None:
        """The first of these that says something, as a cell; None where none is there."""
        there = tuple(name for name in names if name in self)
        if not there:
            return None
        return Cell(f"{{{there[0]}}}" if len(there) == 1 else f"coalesce({{{'}, {'.join(there)}}})", there)

    def cell(self, sql: str, *names: str) -> Cell | None:
        """A template over columns that all have to be there."""
        return Cell(sql, names) if all(name in self for name in names) else None


def filled(cells: Mapping[str, Cell | None]) -> dict[str, Cell]:
    """Those that a file can fill."""
    return {name: cell for name, cell in cells.items() if cell is not None}
