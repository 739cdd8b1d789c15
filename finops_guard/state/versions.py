"""The versions of a resource: from which run on it was as it is, and until which.

A run that could not read a resource's place closes none of its versions: absence needs a listing that succeeded. Such
a run stands among `unseen` of the versions that it did not see, so that its inventory is told exactly.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple, TypeAlias

_MODULUS = 1 << 256


class Cell(NamedTuple):
    """Where a resource is, and of which kind; empty where it does not say."""

    cloud: str
    account: str
    region: str
    type: str
    kind: str


@dataclass(slots=True)
class Version:
    """A resource as one line of JSON. Runs are numbers: it was so from `since` on, and no longer in `until`."""

    line: str
    since: int
    until: int | None = None
    unseen: list[int] = field(default_factory=list)


Unread: TypeAlias = Callable[[int, Cell], bool]


def fields_of(line: str) -> dict[str, object]:
    """The fields of the resource in a line; ValueError if it holds none with an id."""
    row = json.loads(line)
    fields = row.get("fields") if isinstance(row, dict) else None
    if not isinstance(fields, dict) or not isinstance(fields.get("id"), str) or not _is_map(row.get("tags", {})):
        raise ValueError("a resource is an object with fields, an id among them, and tags")
    return fields


@lru_cache(1000)  # what is missing is asked for once a run
def cell_of(line: str) -> Cell:
    """Where the resource in a line is."""
    fields = fields_of(line)
    return Cell(*(value if isinstance(value := fields.get(name), str) else "" for name in Cell._fields))


def _is_map(value: object) -> bool:
    return isinstance(value, dict)


def follow(versions: list[Version], seen: Mapping[int, list[str]], runs: Iterable[int], unread: Unread) -> None:
    """Let the versions of one resource go on through runs, in order. `seen`: its lines by run, where it has any.

    An id may have several lines, also equal ones: each has versions of its own.
    """
    going = [version for version in versions if version.until is None]
    for run in runs:
        new = list(seen.get(run, ()))
        if len(new) == len(going) == 1 and new[0] == going[0].line:
            continue
        left: list[Version] = []
        missing: list[Version] = []
        for version in going:
            if version.line in new:
                new.remove(version.line)
                left.append(version)
            else:
                missing.append(version)
        for number, version in enumerate(missing):
            if number >= len(new) and unread(run, cell_of(version.line)):
                version.unseen.append(run)
                left.append(version)
            else:
                version.until = run
        begun = [Version(line, run) for line in new]
        versions += begun
        going = left + begun


@dataclass(slots=True)
class Control:
    """A control total of lines in any order: their number, and the sum of their sha256."""

    count: int = 0
    total: int = 0

    def add(self, line: str) -> None:
        """Count a line."""
        self.put(hash_of(line))

    def put(self, hashed: int) -> None:
        """Count a line by its hash."""
        self.count += 1
        self.total = (self.total + hashed) % _MODULUS


def hash_of(line: str) -> int:
    """The sha256 of a line, as a number."""
    return int.from_bytes(sha256(line.encode()).digest())


def controls(versions: Iterable[Version], runs: int) -> list[Control]:
    """What versions say that each of so many runs saw."""
    found = [Control() for _ in range(runs)]
    for version in versions:
        hashed = hash_of(version.line)
        for run in _seen_by(version, runs):
            found[run].put(hashed)
    return found


def _seen_by(version: Version, runs: int) -> Iterator[int]:
    missed = frozenset(version.unseen)
    until = runs if version.until is None else version.until
    return (run for run in range(version.since, until) if run not in missed)
