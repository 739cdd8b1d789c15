"""Folding snapshots of runs into versions of resources, and dropping what was folded.

Two steps, so that a run that is cut short anywhere loses nothing and the next one finishes. First folds are written:
the newest goes on with the runs that came since, as a new object, until it is full. Then what the state holds is read
back: only where a stored fold tells of each of its runs exactly what the run's snapshot, or the fold before, still
says, are those dropped.

Memory is flat: each snapshot is sorted by resource on disk, then all are read side by side, a resource at a time.
"""

from __future__ import annotations

import gzip
import heapq
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from importlib.util import find_spec
from itertools import chain, groupby, islice
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TextIO, TypeAlias

from finops_guard.errors import ActError, InputError
from finops_guard.state import parquet, spool
from finops_guard.state.cells import read_whole
from finops_guard.state.inventories import (
    FOLDS,
    SNAPSHOTS,
    Fold,
    FoldedRun,
    folds,
    heads_key,
    number_in,
    rows_key,
    to_heads,
)
from finops_guard.state.lease import Lease
from finops_guard.state.lines import began_at
from finops_guard.state.store import Store, write_once
from finops_guard.state.versions import Cell, Control, Unread, Version, controls, fields_of, follow

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

RUNS = 128
"""So many runs are in a full fold, which is left alone: four months of daily ones."""
_OLD = timedelta(days=1)  # a run that began earlier may still be at work, and its place is before
_SORTED_AT_ONCE = 50_000  # lines
_Item: TypeAlias = tuple[str, int, Version | str]


@dataclass(slots=True)
class Tally:
    """What a compaction did: how many runs it folded, how many objects it dropped, what was left and why."""

    folded: int = 0
    dropped: int = 0
    left: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Sorted:
    """A snapshot whose lines, each behind the id of its resource, are sorted in a file."""

    told: FoldedRun
    head: spool.Head
    path: Path


def compact(store: Store, lease: Lease, clock: Callable[[], datetime]) -> Tally:
    """Fold the snapshots of runs that began a day ago or earlier, and drop what is folded. The lease is renewed.

    ActError without the lease, or where what is stored is not what it should be: then nothing of that is dropped.
    """
    tally = Tally()
    waiting = _old_runs(store, clock())
    if find_spec("duckdb") is None:
        if waiting:
            tally.left.append("snapshots are folded with DuckDB: install finops-guard-engine[costs]")
        return tally

    def hold() -> None:
        now = clock()
        if now > lease.expires - lease.ttl / 2:
            lease.renew(now)
        lease.check(now)

    unreadable: set[str] = set()
    while True:
        there = folds(store)
        folded = {each.run for fold in there for each in fold.runs} | unreadable
        new = [run for run in waiting if run not in folded]
        if not new:
            break
        base = there[-1] if there and _goes_on(there[-1], new[0]) else None
        with TemporaryDirectory(prefix="finops-guard-") as folder:
            room = RUNS - (len(base.runs) if base else 0)
            sorts = [*_sorts(store, new[:room], Path(folder), hold, tally, unreadable)]
            if sorts:
                _write(store, base, sorts, Path(folder), hold)
                tally.folded += len(sorts)
    tally.dropped = _drop(store, hold)
    return tally


def _old_runs(store: Store, now: datetime) -> list[str]:
    names = (key.rpartition("/")[2] for key in store.list(SNAPSHOTS))
    return [run for run in names if (began := began_at(run)) is not None and began <= now - _OLD]


def _goes_on(fold: Fold, run: str) -> bool:
    return len(fold.runs) < RUNS and fold.runs[-1].run < run


def _sorts(
    store: Store, runs: Iterable[str], folder: Path, hold: Callable[[], None], tally: Tally, unreadable: set[str]
) -> Iterator[_Sorted]:
    """The snapshots of runs, sorted; one that cannot be read stays as it is."""
    for run in runs:
        hold()
        path = folder / "snapshot"
        path.write_bytes(store.get(f"{SNAPSHOTS}/{run}") or b"")
        try:
            yield _sort(run, path, folder)
        except InputError as wrong:
            unreadable.add(run)
            tally.left.append(str(wrong).replace(str(path), f"{SNAPSHOTS}/{run}"))


def _sort(run: str, path: Path, folder: Path) -> _Sorted:
    control = Control()
    parts: list[Path] = []
    with spool.opened(path) as (first, head, lines):
        behind = _behind_ids(path, lines, control)
        while some := sorted(islice(behind, _SORTED_AT_ONCE)):
            parts.append(_keep(some, folder / f"{run}.{len(parts)}"))
        told = FoldedRun(run, head.now, first.rstrip(b"\n").decode(), control)
    if len(parts) == 1:
        return _Sorted(told, head, parts[0])
    with ExitStack() as stack:
        streams = [stack.enter_context(_reading(part)) for part in parts]
        whole = _keep(heapq.merge(*streams), folder / f"{run}.sorted")
    for part in parts:
        part.unlink()
    return _Sorted(told, head, whole)


def _behind_ids(path: Path, lines: Iterable[bytes], control: Control) -> Iterator[str]:
    for number, raw in enumerate(lines, 2):
        try:
            line = raw.rstrip(b"\n").decode()
            yield f"{_key(line)}\t{line}\n"
        except (ValueError, RecursionError) as wrong:
            raise InputError(f"{path}:{number}: not a resource: {wrong}") from None
        control.add(line)


def _key(line: str) -> str:
    """The id of a resource without tabs and ends of lines; no key begins another, so lines sort as their keys do."""
    return json.dumps(fields_of(line)["id"])


def _keep(lines: Iterable[str], path: Path) -> Path:
    with gzip.open(path, "wt", compresslevel=1, encoding="utf-8", newline="\n") as out:
        out.writelines(lines)
    return path


def _reading(path: Path) -> TextIO:
    return gzip.open(path, "rt", encoding="utf-8", newline="\n")


def _write(store: Store, base: Fold | None, sorts: list[_Sorted], folder: Path, hold: Callable[[], None]) -> None:
    """Make the fold that goes on from `base` with more runs. Its rows come last: with them it is there."""
    runs = (*(base.runs if base else ()), *(each.told for each in sorts))
    path = folder / "new.parquet"
    with parquet.database(folder) as database:
        old = iter(()) if base is None else parquet.versions(database, _local(store, base, folder))
        merged = _merged(old, sorts, len(runs) - len(sorts))
        parquet.write(database, merged, [each.at for each in runs], path)
        _prove(database, path, runs)
    number = max((number_in(key) for key in store.list(FOLDS)), default=0) + 1
    for key, data in ((heads_key(number), to_heads(runs)), (rows_key(number), path.read_bytes())):
        hold()
        if not write_once(store, key, data):
            raise ActError("another folded the snapshots", help="One run acts at a time; run again.")


def _merged(old: Iterator[Version], sorts: list[_Sorted], first: int) -> Iterator[Version]:
    """All versions, sorted by resource and time. `first`: the number of the first run that is new."""
    heads = {first + number: each.head for number, each in enumerate(sorts)}
    unread = _unread(heads)
    with ExitStack() as stack:
        streams: list[Iterator[_Item]] = [((_key(version.line), -1, version) for version in old)]
        for run, each in zip(heads, sorts, strict=True):
            streams.append(_items(stack.enter_context(_reading(each.path)), run))
        for _, items in groupby(heapq.merge(*streams, key=itemgetter(0, 1)), itemgetter(0)):
            versions: list[Version] = []
            seen: dict[int, list[str]] = {}
            for _, run, what in items:
                if isinstance(what, Version):
                    versions.append(what)
                else:
                    seen.setdefault(run, []).append(what)
            follow(versions, seen, heads, unread)
            yield from versions


def _items(lines: Iterable[str], run: int) -> Iterator[_Item]:
    for each in lines:
        key, _, line = each.rstrip("\n").partition("\t")
        yield key, run, line


def _unread(heads: Mapping[int, spool.Head]) -> Unread:
    """Whether a run did not look for what is in a cell, or could not."""

    @cache
    def unread(run: int, cell: Cell) -> bool:
        head = heads[run]
        kinds = None if head.need is None else head.need.kinds
        looked_for = kinds is None or cell.kind in kinds
        return not (looked_for and read_whole(cell, head.gaps, head.identities))

    return unread


def _local(store: Store, fold: Fold, folder: Path) -> Path:
    data = store.get(rows_key(fold.number))
    if data is None:
        raise ActError(f"the state is damaged: {rows_key(fold.number)} was listed and is not there")
    path = folder / "stored.parquet"
    path.write_bytes(data)
    return path


def _prove(database: DuckDBPyConnection, path: Path, runs: tuple[FoldedRun, ...]) -> None:
    found = controls(parquet.versions(database, path), len(runs))
    wrong = [each.run for each, control in zip(runs, found, strict=True) if each.control != control]
    if wrong:
        raise ActError(f"folded snapshots are not what they were made from: run {wrong[0]}", help="Nothing is dropped.")


def _drop(store: Store, hold: Callable[[], None]) -> int:
    """Drop what a stored fold holds, once that is read back and proven; how many objects."""
    there = folds(store)
    left = {key.rpartition("/")[2] for key in store.list(SNAPSHOTS)}
    complete = {fold.number for fold in there}
    stale = [key for key in store.list(FOLDS) if number_in(key) not in complete]
    for place, fold in enumerate(there):
        runs = {each.run: each for each in fold.runs}
        over = [old for old in there[:place] if all(runs.get(each.run) == each for each in old.runs)]
        again = [run for run in runs if run in left]
        if over or again:
            with TemporaryDirectory(prefix="finops-guard-") as folder:
                _read_back(store, fold, Path(folder), again)
            left.difference_update(again)
            stale += (f"{SNAPSHOTS}/{run}" for run in again)
            stale += chain.from_iterable((rows_key(old.number), heads_key(old.number)) for old in over)
    stale = [*dict.fromkeys(stale)]
    if stale:
        hold()
        store.drop(stale)
    return len(stale)


def _read_back(store: Store, fold: Fold, folder: Path, again: Iterable[str]) -> None:
    """Pass if a fold, as it is stored, holds what the snapshots of its runs say. ActError."""
    with parquet.database(folder) as database:
        _prove(database, _local(store, fold, folder), fold.runs)
    runs = {each.run: each for each in fold.runs}
    path = folder / "snapshot"
    for run in again:
        path.write_bytes(store.get(f"{SNAPSHOTS}/{run}") or b"")
        control = Control()
        with spool.opened(path) as (first, _, lines):
            for line in lines:
                control.add(line.rstrip(b"\n").decode())
        if (first.rstrip(b"\n").decode(), control) != (runs[run].head, runs[run].control):
            raise ActError(
                f"the state is damaged: {SNAPSHOTS}/{run} is not what was folded", help="Nothing is dropped."
            )
