"""What a run has read so far, kept in its state, so that another invocation goes on from there.

`run/<key>/cell/<n>` holds some cells, as JSON lines, gzipped: for each a head (cell, gaps, remarks, how many resources)
and its resources. A cell is there whole or not at all; one that was cut short is read anew.

`run/<key>/begun/<cell>/<n>` says that an invocation has read a cell for a while. Where two did and none came to its
end, the cell does not fit an invocation: it is a gap, and the run goes on without it.
"""

from __future__ import annotations

import gzip
import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from io import BytesIO
from itertools import islice
from pathlib import Path
from threading import Timer
from typing import Any

from finops_guard.errors import GuardError
from finops_guard.model import Gap, Resource
from finops_guard.state import numbered
from finops_guard.state.rows import from_row, to_row
from finops_guard.state.store import Store, read_all, write_once

_AT_ONCE = 5.0
_LARGE = 4 * 1024 * 1024
_CUTS = 2
_A_WHILE = 10.0
_TOO_LARGE = f"{_CUTS} invocations were ended while they read it: give the function more time, or more memory"


class TimeUpError(Exception):
    """The invocation has no time left for another cell; what was read is kept."""


@dataclass(frozen=True, slots=True)
class _Known:
    path: Path
    gaps: list[Gap]
    remarks: list[str]


@dataclass(slots=True)
class Progress:
    """The memory of a run (`Notes.memory`). `left` is how many seconds there are before it has to stop.

    `run` is the folder of the run in the state. At least one cell is read in every invocation, whatever time it takes,
    so that each is nearer to the end.
    """

    store: Store
    run: str
    folder: Path
    left: Callable[[], float]
    clock: Callable[[], float] = time.monotonic
    fresh: int = 0
    _known: dict[str, _Known] = field(default_factory=dict)
    _begun: Counter[str] = field(default_factory=Counter)
    _waiting: BytesIO = field(default_factory=BytesIO)
    _since: float = 0
    _count: int = 0
    _slow: bool = False

    def load(self) -> None:
        """Fetch what earlier invocations kept."""
        self._begun = Counter(key.split("/")[-2] for key in self.store.list(f"{self.run}/begun"))
        for _, data in read_all(self.store, self.store.list(f"{self.run}/cell")):
            with gzip.GzipFile(fileobj=BytesIO(data or b"")) as lines:
                for line in lines:
                    self._restore(json.loads(line), lines)

    @property
    def cells(self) -> int:
        """How many cells have been read, by this invocation and those before it."""
        return len(self._known) + self.fresh

    def recall(self, cell: str) -> Iterator[Resource] | None:
        """See `Memory`."""
        known = self._known.get(cell)
        if known is None and self._begun[_short(cell)] >= _CUTS:
            return iter(())
        return None if known is None else _read(known.path)

    def said(self, cell: str) -> tuple[list[Gap], list[str]]:
        """See `Memory`."""
        known = self._known.get(cell)
        if known is None:
            cloud, account, region, kind = cell.split(" ")
            return [Gap(cloud, account, region, kind, _TOO_LARGE)], []
        return known.gaps, known.remarks

    def keep(self, cell: str, resources: Iterator[Resource]) -> Iterator[Resource]:
        """See `Memory`; raises TimeUpError where the time is up before the cell, or in it."""
        self._check()
        self._count, self._slow = 0, False
        saying = Timer(_A_WHILE, self._say, [cell])
        saying.daemon = True
        saying.start()
        try:
            with self._reading.open("wb") as rows:
                for resource in resources:
                    rows.write(_line(to_row(resource)))
                    self._count += 1
                    yield resource
                    self._check()
        finally:
            saying.cancel()

    def whole(self, cell: str, gaps: Sequence[Gap], remarks: Sequence[str]) -> None:
        """See `Memory`."""
        now, first = self.clock(), not self._waiting.tell()
        self._since = now if first else self._since
        told = {"cell": cell, "gaps": [asdict(gap) for gap in gaps], "remarks": list(remarks)}
        with (
            gzip.GzipFile(filename="", mode="wb", fileobj=self._waiting, compresslevel=3, mtime=0) as out,
            self._reading.open("rb") as rows,
        ):
            out.write(_line({**told, "resources": self._count}))
            shutil.copyfileobj(rows, out)
        self.fresh += 1
        if self._slow or now - self._since > _AT_ONCE or self._waiting.tell() > _LARGE:
            self.flush()

    def flush(self) -> None:
        """Keep what was read and is not kept yet. Where another invocation writes the same run, both are kept."""
        data = self._waiting.getvalue()
        if not data:
            return
        prefix = f"{self.run}/cell"
        number = numbered.highest(self.store, prefix) + 1
        while not write_once(self.store, numbered.key_of(prefix, number), data):
            number += 1
        self._waiting = BytesIO()

    def _say(self, cell: str) -> None:
        """Say, while it is read, that this is being tried: who is ended in it says nothing any more."""
        self._slow = True
        number, prefix = self._begun[_short(cell)] + 1, f"{self.run}/begun/{_short(cell)}"
        with suppress(GuardError):  # a state that is down is told of where something depends on it
            self.store.create(numbered.key_of(prefix, number), _line({"cell": cell}))

    @property
    def _reading(self) -> Path:
        return self.folder / "reading.jsonl"

    def _restore(self, head: dict[str, Any], lines: Iterator[bytes]) -> None:
        path = self.folder / f"{len(self._known)}.jsonl"
        with path.open("wb") as rows:
            rows.writelines(islice(lines, head["resources"]))
        gaps = [Gap(**gap) for gap in head["gaps"]]
        self._known.setdefault(head["cell"], _Known(path, gaps, head["remarks"]))

    def _check(self) -> None:
        if self.fresh and self.left() <= 0:
            raise TimeUpError


def _short(cell: str) -> str:
    return sha256(cell.encode()).hexdigest()[:16]


def _read(path: Path) -> Iterator[Resource]:
    with path.open("rb") as lines:
        for line in lines:
            yield from_row(json.loads(line))


def _line(row: object) -> bytes:
    return json.dumps(row, separators=(",", ":"), sort_keys=True, allow_nan=False).encode() + b"\n"
