"""The spool: every resource of a run, written as it arrives and read back as often as needed, in flat memory.

The same file is the run's snapshot (`--snapshot-out`) and a scan's target. It is JSON lines, gzipped: a head
(format, time, policy, gaps, identities, what was looked for, how many resources follow), then one resource a
line. The head is known last and stands first: it is a gzip member of its own before that of the resources.
Equal input gives equal bytes. Plain, unzipped JSON lines are read as well.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import tempfile
import zlib
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

from finops_guard.errors import InputError
from finops_guard.model import Gap, Identity, Need
from finops_guard.state.rows import from_row, to_row
from finops_guard.state.values import moment, time_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from finops_guard.model import Resource

FORMAT = "finops-guard/snapshot/1"
_FAMILY = b'{"format":"finops-guard/snapshot/'
_GZIP = b"\x1f\x8b"
_LEVEL = 3  # of 9: nearly as small as 6 on rows that repeat their keys, at half the time


@dataclass(frozen=True, slots=True)
class Head:
    """What a snapshot says of itself; `policy`: sha256 of the run's policy, `need`: what was looked for."""

    now: datetime
    policy: str
    gaps: tuple[Gap, ...] = ()
    identities: tuple[Identity, ...] = ()
    need: Need | None = None
    remarks: tuple[str, ...] = ()


def write(resources: Iterable[Resource], path: Path, head: Callable[[], Head]) -> int:
    """Write `resources` to `path` as they come; returns how many. Until all is written, `path` is as it was.

    `head` is asked after the last resource: only then are the gaps known. InputError if `path` cannot be
    written.
    """
    with _replacing(path) as whole, tempfile.TemporaryFile(dir=path.parent) as body:
        count = 0
        with _zip(body) as rows:
            for resource in resources:
                rows.write(_line(to_row(resource)))
                count += 1
        with _zip(whole) as first:
            first.write(_line(_from_head(head(), count)))
        body.seek(0)
        shutil.copyfileobj(body, whole)
    return count


def read_head(path: Path) -> Head:
    """The head of a snapshot. InputError if `path` is none, or of another version."""
    with _lines(path) as lines:
        return _to_head(path, next(lines, b""))[0]


def read(path: Path, aliases: Mapping[str, str] | None = None) -> Iterator[Resource]:
    """Each resource of a snapshot, in the order written; `aliases` as in `Tags.of`.

    InputError with file and line for a line that is not a resource, and for a file that does not end where
    its head says.
    """
    with opened(path) as (_, _, lines):
        for number, line in enumerate(lines, 2):
            try:
                resource = from_row(json.loads(line), aliases)
            except (ValueError, RecursionError) as wrong:
                raise InputError(f"{path}:{number}: not a resource: {_why(wrong)}") from None
            yield resource


@contextmanager
def opened(path: Path) -> Iterator[tuple[bytes, Head, Iterator[bytes]]]:
    """The line of a snapshot's head, the head, and the lines of its resources, unread. InputError as `read`."""
    with _lines(path) as lines:
        first = next(lines, b"")
        head, promised = _to_head(path, first)
        yield first, head, _promised(path, lines, promised)


def _promised(path: Path, lines: Iterator[bytes], promised: int) -> Iterator[bytes]:
    count = 0
    for count, line in enumerate(lines, 1):
        if count > promised:
            raise InputError(f"{path}:{count + 1}: holds more than the {promised} resources its head says")
        yield line
    if count < promised:
        raise _cut_short(path, f"{count} of {promised} resources are there")


def is_snapshot(first_bytes: bytes) -> bool:
    """Whether a file that begins with `first_bytes` (a hundred will do) is a snapshot, of any version."""
    if first_bytes.startswith(_GZIP):
        with suppress(zlib.error):
            return zlib.decompressobj(wbits=31).decompress(first_bytes, len(_FAMILY)).startswith(_FAMILY)
        return False
    return first_bytes.startswith(_FAMILY)


def _zip(out: IO[bytes]) -> gzip.GzipFile:
    return gzip.GzipFile(filename="", mode="wb", fileobj=out, compresslevel=_LEVEL, mtime=0)


def _line(row: object) -> bytes:
    return json.dumps(row, separators=(",", ":"), sort_keys=True, allow_nan=False).encode() + b"\n"


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A new file beside `path` that takes its place if all goes well, and else is gone."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as wrong:
        raise InputError(f"{path}: cannot be written: {wrong.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise


@contextmanager
def _lines(path: Path) -> Iterator[Iterator[bytes]]:
    """The lines of a file, unzipped where it is zipped, with what can be wrong with it as InputError."""
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == _GZIP
            raw.seek(0)
            with gzip.GzipFile(fileobj=raw) if zipped else raw as unzipped:
                yield iter(unzipped)
    except EOFError:
        raise _cut_short(path, "the file ends in the middle") from None
    except (gzip.BadGzipFile, zlib.error):
        raise InputError(f"{path}: damaged: its checksum is wrong", help="Take the snapshot again.") from None
    except OSError as wrong:
        raise InputError(f"{path}: cannot be read: {wrong.strerror or wrong}") from None


def _cut_short(path: Path, what: str) -> InputError:
    return InputError(f"{path}: cut short: {what}", help="Take the snapshot again: part of an estate is not judged.")


def _from_head(head: Head, count: int) -> dict[str, object]:
    need = head.need
    told: dict[str, object] = {
        "now": moment(head.now),
        "policy": head.policy,
        "resources": count,
        "gaps": [asdict(gap) for gap in head.gaps],
        "identities": [asdict(identity) for identity in head.identities],
        "remarks": head.remarks,
        "need": need
        and {
            "kinds": None if need.kinds is None else sorted(need.kinds),
            "fields": sorted(need.fields),
            "metrics": sorted(need.metrics),
        },
    }
    return {"format": FORMAT, "of": told}


def _to_head(path: Path, line: bytes) -> tuple[Head, int]:
    where = f"{path}:1"
    try:
        raw = json.loads(line)
        version = raw["format"]
    except (ValueError, TypeError, KeyError):
        raise InputError(f"{where}: not a snapshot: its first line is not the head of one") from None
    if version != FORMAT:
        raise InputError(f"{where}: a snapshot of format {version!r}; this version reads {FORMAT!r}")
    try:
        told = raw["of"]
        need = told["need"]
        head = Head(
            now=time_of(told["now"]),
            policy=told["policy"],
            gaps=tuple(Gap(**gap) for gap in told["gaps"]),
            identities=tuple(Identity(**identity) for identity in told["identities"]),
            remarks=tuple(told["remarks"]),
            need=need
            and Need(
                kinds=None if need["kinds"] is None else frozenset(need["kinds"]),
                fields=frozenset(need["fields"]),
                metrics=frozenset((field, over) for field, over in need["metrics"]),
            ),
        )
        return head, int(told["resources"])
    except (ValueError, TypeError, KeyError) as wrong:
        raise InputError(f"{where}: the head of the snapshot is not complete: {_why(wrong)}") from None


def _why(wrong: Exception) -> str:
    return f"{wrong.args[0]!r} is missing" if isinstance(wrong, KeyError) else str(wrong)
