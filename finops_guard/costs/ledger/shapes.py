"""Tables of the store that are asked alike, as one FROM clause each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from finops_guard.costs.ledger.store import Table


@dataclass(frozen=True, slots=True)
class Shape:
    """Tables that lack the same columns and have the same tag columns. `files`: file of the store -> as given."""

    table: Table
    files: Mapping[str, str]


def shapes(tables: Iterable[Table]) -> list[Shape]:
    """Tables that count, by shape. The first of each stands for all: what may differ is the spellings' counts."""
    by: dict[tuple[object, ...], list[Table]] = {}
    for table in tables:
        if table.path is not None:
            keys = frozenset(table.spellings) - frozenset(table.promoted)
            alike = (table.lacks, table.tagged, table.knows, table.promoted, table.conflicting, keys)
            by.setdefault(alike, []).append(table)
    return [
        Shape(group[0], {str(table.path): table.read.path for table in group if table.path is not None})
        for group in by.values()
    ]
