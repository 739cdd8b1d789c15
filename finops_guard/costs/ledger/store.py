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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from finops_guard.costs.ledger.read import FileRead

VERSION = 7
"""Of the tables: what changes how rows are read raises it."""


@dataclass(frozen=True, slots=True)
class Table:
    """A file of cost rows in the store. `path` None: refused, or without rows.

    `lacks`: columns of ours that the file cannot tell; `tagged`: whether it can tell tags; `knows`: the canonical keys
    that it can tell, None: any. `promoted`: keys with a column of their own; `conflicting`: those with conflicts in
    some row; `spellings`: canonical key -> raw spelling -> rows.
    """

    read: FileRead
    path: Path | None = None
    lacks: tuple[str, ...] = ()
    tagged: bool = True
    knows: tuple[str, ...] | None = None
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

    def find(self, sha256: str, path: str) -> Table | None:
        """The table of a file's content, if it was read before and all of it is still there."""
        try:
            said = json.loads(self._said_in(sha256).read_text("utf-8"))
            if said["file"] is not None and (self.folder / said["file"]).stat().st_size != said["size"]:
                return None
            return self._table(said, sha256, path)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, table: Table, made: Path | None) -> Table:
        """A table put in its place, whole or not at all; what it came to after it."""
        sha256, file, size = table.read.sha256, None, None
        if made is not None:
            # Another run may read the table with other columns: that one stays where it is.
            columns = hashlib.sha256(json.dumps(table.promoted).encode()).hexdigest()[:8]
            file = f"{self._said_in(sha256).stem}-{columns}.parquet"
            size = made.stat().st_size
            _settle(made)
            made.replace(self.folder / file)
        said = _said(table) | {"file": file, "size": size}
        handle, name = tempfile.mkstemp(prefix="said-", dir=self.folder)
        with os.fdopen(handle, "w", encoding="utf-8") as text:
            json.dump(said, text)
            text.flush()
            os.fsync(text.fileno())
        Path(name).replace(self._said_in(sha256))
        return self._table(json.loads(json.dumps(said)), sha256, table.read.path)

    def _said_in(self, sha256: str) -> Path:
        return self.folder / f"{sha256[:40]}-{self._shape}.json"

    def _table(self, said: Mapping[str, Any], sha256: str, path: str) -> Table:
        total = {metric: {code: Decimal(sum_) for code, sum_ in by.items()} for metric, by in said["total"].items()}
        refused = tuple(f"{path}:{reason}" for reason in said["refused"])
        return Table(
            FileRead(path, said["format"], sha256, said["rows"], refused, total, tuple(said["notes"])),
            self.folder / said["file"] if said["file"] is not None else None,
            tuple(said["lacks"]),
            said["tagged"],
            None if said["knows"] is None else tuple(said["knows"]),
            tuple(said["promoted"]),
            tuple(said["conflicting"]),
            said["spellings"],
        )


def _settle(path: Path) -> None:
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _said(table: Table) -> dict[str, Any]:
    read = table.read
    return {
        "format": read.format,
        "rows": read.rows,
        "refused": read.refused,
        "total": {metric: {code: str(sum_) for code, sum_ in by.items()} for metric, by in read.total.items()},
        "notes": read.notes,
        "lacks": table.lacks,
        "tagged": table.tagged,
        "knows": table.knows,
        "promoted": table.promoted,
        "conflicting": table.conflicting,
        "spellings": table.spellings,
    }
