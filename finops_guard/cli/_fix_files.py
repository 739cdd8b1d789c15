"""Edited files as a unified diff, or written: all or none is checked first, each replaced at once."""

from __future__ import annotations

import os
import tempfile
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from finops_guard.errors import ActError
from finops_guard.sources.iac._hcl.edits import Edit, applied

_AROUND = 3
"""Lines that a patch shows before and after a change."""
_NO_NEWLINE = b"\n\\ No newline at end of file\n"


@dataclass(slots=True)
class _Change:
    """Lines `first` to `last` (excluded) become others."""

    first: int
    last: int
    edits: list[Edit]


def diff(texts: Mapping[Path, tuple[bytes, bytes]], made: Mapping[Path, Collection[Edit]]) -> bytes:
    """What `git apply` and `patch -p1` take, made of the edits: a search for differences is slow where lines repeat."""
    found: list[bytes] = []
    for path, (before, _) in sorted(texts.items()):
        name = path.as_posix().lstrip("/").encode()
        found += [b"--- a/" + name + b"\n", b"+++ b/" + name + b"\n", *_hunks(before, made[path])]
    return b"".join(line if line.endswith(b"\n") else line + _NO_NEWLINE for line in found)


def _hunks(before: bytes, made: Collection[Edit]) -> Iterator[bytes]:
    lines = _lines(before)
    starts = [0, *accumulate(map(len, lines))]
    groups: list[list[_Change]] = []
    for change in _changes(starts, made):
        if groups and change.first - groups[-1][-1].last <= 2 * _AROUND:
            groups[-1].append(change)
        else:
            groups.append([change])
    moved = 0
    for group in groups:
        first, last = max(0, group[0].first - _AROUND), min(len(lines), group[-1].last + _AROUND)
        body: list[bytes] = []
        at, more = first, 0
        for change in group:
            new = _lines(_text(before, starts, change))
            body += [b" " + line for line in lines[at : change.first]]
            body += [b"-" + line for line in lines[change.first : change.last]]
            body += [b"+" + line for line in new]
            at, more = change.last, more + len(new) - (change.last - change.first)
        body += [b" " + line for line in lines[at:last]]
        old, new_count = last - first, last - first + more
        yield b"@@ -%d,%d +%d,%d @@\n" % (first + (old > 0), old, first + moved + (new_count > 0), new_count)
        yield from body
        moved += more


def _changes(starts: list[int], made: Collection[Edit]) -> list[_Change]:
    """The lines that edits touch; what puts whole lines before a line leaves that as it is."""
    found: list[_Change] = []
    for edit in sorted(made):
        first = bisect_right(starts, edit.start) - 1
        whole = edit.start == edit.end == starts[first] and edit.text.endswith(b"\n")
        last = first if whole else bisect_right(starts, edit.end)
        if found and first < found[-1].last:
            found[-1].last = max(found[-1].last, last)
            found[-1].edits.append(edit)
        elif found and first == found[-1].first == found[-1].last:
            found[-1].last = last
            found[-1].edits.append(edit)
        else:
            found.append(_Change(first, last, [edit]))
    return found


def _text(before: bytes, starts: list[int], change: _Change) -> bytes:
    """The lines of a change as they will be."""
    begin, end = starts[change.first], starts[min(change.last, len(starts) - 1)]
    moved = [Edit(edit.start - begin, edit.end - begin, edit.text) for edit in change.edits]
    return applied(before[begin:end], moved)


def write(texts: Mapping[Path, tuple[bytes, bytes]], top: Path) -> None:
    """Replace the files; ActError, before anything is written, where one is no longer what was judged."""
    for path, (before, _) in texts.items():
        if not path.resolve().is_relative_to(top.resolve()):
            raise ActError(f"{path} leads outside {top}: nothing was written")
        try:
            now = path.read_bytes()
        except OSError as wrong:
            raise ActError(f"{path}: {wrong.strerror}: nothing was written") from None
        if now != before:
            raise ActError(f"{path} changed since it was judged: nothing was written", help="run it again")
    for path, (_, after) in texts.items():
        try:
            _replace(path.resolve(), after)
        except OSError as wrong:
            raise ActError(f"{path}: cannot be written: {wrong.strerror}") from None


def _replace(path: Path, text: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(path.stat().st_mode & 0o7777)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _lines(text: bytes) -> list[bytes]:
    parts = text.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
