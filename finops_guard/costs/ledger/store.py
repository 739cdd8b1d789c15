"""The local columnar store: one Parquet file for each file of cost rows, named by its content.

What shapes the table (this version, the tag aliases, the currency of rows without one) is in the name too, so a file is
read once, whoever asks, and again only where it would come out differently. Beside each table stands what reading it
came to; it is written last, and without it a table does not count.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from finops_guard.costs.ledger.read import FileRead

VERSION = 3
"""Of the tables: what changes how rows are read raises it."""


@dataclass(frozen=True, slots=True)
class Table:
    """A file of cost rows in the store. `path` None: refused, or empty.

    `lacks`: columns of ours that the file cannot tell. `tagged`: whether it can tell tags. `promoted`: canonical keys
    with a column of their own; `conflicting`: those with conflicts in some row; `spellings`: canonical key -> raw
    spelling -> rows.
    """

    read: FileRead
    path: Path | None = None
    lacks: tuple[str, ...] = ()
    tagged: bool = True
    promoted: tuple[str, ...] = ()
    conflicting: tuple[str, ...] = ()
    spellings: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


class Store:
    """Tables in a folder that may be lost."""

    def __init__(self, folder: Path, aliases: Mapping[str, str], currency: str | None) -> None:
        self.folder = folder
        self.aliases = aliases
        self.currency = currency
        shape = json.dumps([VERSION, sorted(aliases.items()), currency])
        self._shape = hashlib.sha256(shape.encode()).hexdigest()[:12]
        folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def work(self) -> Iterator[Path]:
        """A folder for what is half done; nothing of it stays."""
        made = Path(tempfile.mkdtemp(prefix="work-", dir=self.folder))
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def find(self, sha256: str, path: str, keys: Collection[str]) -> Table | None:
        """The table of a file's content, if it was read before, with a column for each asked key that it has."""
        place = self._place(sha256)
        try:
            said = json.loads(place.with_suffix(".json").read_text("utf-8"))
            whole = said["size"] is None or place.stat().st_size == said["size"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not whole or any(key in said["spellings"] and key not in said["promoted"] for key in keys):
            return None
        return _table(said, sha256, path, place)

    def keep(self, table: Table, made: Path | None) -> Table:
        """A table put in its place, whole or not at all; what it came to after it."""
        place = self._place(table.read.sha256)
        size = None
        if made is not None:
            size = made.stat().st_size
            _settle(made)
            made.replace(place)
        said = json.dumps(_said(table, size), indent=1).encode()
        handle, name = tempfile.mkstemp(prefix="said-", dir=self.folder)
        with os.fdopen(handle, "wb") as file:
            file.write(said)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(place.with_suffix(".json"))
        return _table(json.loads(said), table.read.sha256, table.read.path, place)

    def _place(self, sha256: str) -> Path:
        return self.folder / f"{sha256[:40]}-{self._shape}.parquet"


def sha256_of(path: Path) -> str:
    """Of a file's bytes, as they are."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _settle(path: Path) -> None:
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _said(table: Table, size: int | None) -> dict[str, Any]:
    read = table.read
    return {
        "format": read.format,
        "rows": read.rows,
        "refused": read.refused,
        "total": {metric: {code: str(sum_) for code, sum_ in by.items()} for metric, by in read.total.items()},
        "notes": read.notes,
        "size": size,
        "lacks": table.lacks,
        "tagged": table.tagged,
        "promoted": table.promoted,
        "conflicting": table.conflicting,
        "spellings": table.spellings,
    }


def _table(said: Mapping[str, Any], sha256: str, path: str, place: Path) -> Table:
    total = {metric: {code: Decimal(sum_) for code, sum_ in by.items()} for metric, by in said["total"].items()}
    refused = tuple(f"{path}:{reason}" for reason in said["refused"])
    return Table(
        FileRead(path, said["format"], sha256, said["rows"], refused, total, tuple(said["notes"])),
        place if said["size"] is not None else None,
        tuple(said["lacks"]),
        said["tagged"],
        tuple(said["promoted"]),
        tuple(said["conflicting"]),
        said["spellings"],
    )
