"""The inventories of past runs: `snapshots/<run>` as the run left it, or many in one fold.

A fold is `versions/<n>.parquet`, a row a version of a resource, and beside it `versions/<n>.heads`, what each run said
of itself, with a control total of what it saw. The first is written last: without it there is no fold. `doctor
--compact` makes them (`state.folding`); whoever reads does not see which it is.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops_guard.errors import ActError
from finops_guard.state import parquet
from finops_guard.state.lines import from_line, stamp, to_line
from finops_guard.state.numbered import key_of
from finops_guard.state.store import Store, read_all
from finops_guard.state.values import time_of
from finops_guard.state.versions import Control

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SNAPSHOTS = "snapshots"
FOLDS = "versions"
_TRIES = 5


@dataclass(frozen=True, slots=True)
class FoldedRun:
    """A run in a fold: the first line of its snapshot, and the control total of the others."""

    run: str
    at: datetime
    head: str
    control: Control


@dataclass(frozen=True, slots=True)
class Fold:
    """A fold and its runs, oldest first: versions count them from 0."""

    number: int
    runs: tuple[FoldedRun, ...]


def rows_key(number: int) -> str:
    """Where the versions of a fold are."""
    return f"{key_of(FOLDS, number)}.parquet"


def heads_key(number: int) -> str:
    """Where the heads of a fold are."""
    return f"{key_of(FOLDS, number)}.heads"


def number_in(key: str) -> int:
    """The number of the fold that a key belongs to."""
    return int(key.rpartition("/")[2].partition(".")[0])


def folds(store: Store) -> list[Fold]:
    """The folds, oldest first; the newest that holds a run is the one to read. ActError where one is damaged."""
    for _ in range(_TRIES):
        numbers = sorted(number_in(key) for key in store.list(FOLDS) if key.endswith(".parquet"))
        found = [*read_all(store, map(heads_key, numbers))]
        if all(data is not None for _, data in found):
            return [Fold(number_in(key), _from_heads(key, data or b"")) for key, data in found]
    raise ActError("the state is damaged: a fold of snapshots has no heads")


def runs(store: Store) -> list[str]:
    """Every run whose inventory is kept, oldest first."""
    left = {key.rpartition("/")[2] for key in store.list(SNAPSHOTS)}
    return sorted(left.union(each.run for fold in folds(store) for each in fold.runs))


def fetched(store: Store, wanted: Iterable[str], folder: Path) -> Iterator[Path]:
    """The snapshot of each run, as a file in `folder` that is there until the next is asked for.

    That of a folded run has the same lines, sorted by resource. InputError where DuckDB is needed and not installed,
    ActError where the state is damaged.
    """
    path = folder / "inventory.snapshot"
    with ExitStack() as stack:
        shelf = _Shelf(store, folder, stack)
        for run in wanted:
            data = store.get(f"{SNAPSHOTS}/{run}")
            if data is None:
                shelf.put(run, path)
            else:
                path.write_bytes(data)
            yield path


class _Shelf:
    """The fold that was read last, as a file."""

    def __init__(self, store: Store, folder: Path, stack: ExitStack) -> None:
        self._store = store
        self._folder = folder
        self._stack = stack
        self._folds: Sequence[Fold] = ()
        self._base: DuckDBPyConnection | None = None
        self._open = 0

    def put(self, run: str, path: Path) -> None:
        """Write the snapshot of a folded run to `path`."""
        fold, number = self._fetch(run)
        if self._base is None:
            self._base = self._stack.enter_context(parquet.database(self._folder))
        told = fold.runs[number]
        control = Control()
        with path.open("w", encoding="utf-8", newline="\n") as out:
            out.write(f"{told.head}\n")
            for line in parquet.lines(self._base, self._file, number):
                control.add(line)
                out.write(f"{line}\n")
        if control != told.control:
            raise ActError(f"the state is damaged: {rows_key(fold.number)} does not hold what run {run} saw")

    @property
    def _file(self) -> Path:
        return self._folder / f"fold-{self._open}.parquet"

    def _fetch(self, run: str) -> tuple[Fold, int]:
        """The fold of a run, which is in our file then, and the run's number in it. It may be folded while we read."""
        for _ in range(_TRIES):
            for fold in reversed(self._folds):
                for number, each in enumerate(fold.runs):
                    if each.run == run and self._have(fold.number):
                        return fold, number
            self._folds = folds(self._store)
        raise ActError(f"the state is damaged: the inventory of run {run} is not there")

    def _have(self, number: int) -> bool:
        if number != self._open:
            data = self._store.get(rows_key(number))
            if data is None:
                return False
            self._file.unlink(missing_ok=True)
            self._open = number
            self._file.write_bytes(data)
        return True


def to_heads(runs: Iterable[FoldedRun]) -> bytes:
    """The heads of a fold as an object; equal runs give equal bytes."""
    rows = [
        {
            "run": each.run,
            "at": stamp(each.at),
            "head": each.head,
            "resources": each.control.count,
            "sum": f"{each.control.total:064x}",
        }
        for each in runs
    ]
    return gzip.compress(to_line({"runs": rows}), mtime=0)


def _from_heads(key: str, data: bytes) -> tuple[FoldedRun, ...]:
    try:
        rows: Any = from_line(gzip.decompress(data))["runs"]
        return tuple(
            FoldedRun(
                str(row["run"]),
                time_of(row["at"]),
                str(row["head"]),
                Control(int(row["resources"]), int(row["sum"], 16)),
            )
            for row in rows
        )
    except (ValueError, TypeError, KeyError, OSError, EOFError, zlib.error, json.JSONDecodeError):
        raise ActError(f"the state is damaged: {key} cannot be read") from None
