"""Edited files as a unified diff."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import accumulate
from pathlib import Path

from finops_guard.fixing.edit import Edit
from finops_guard.fixing.hunks import Change, changed, changes, split

_AROUND = 3
"""Lines that a patch shows before and after a change."""
_NO_NEWLINE = b"\n\\ No newline at end of file\n"


def diff(texts: Mapping[Path, tuple[bytes, bytes]], made: Mapping[Path, Collection[Edit]]) -> bytes:
    """What `git apply` and `patch -p1` take, made of the edits: a search for differences is slow where lines repeat."""
    found: list[bytes] = []
    for path, (before, _) in sorted(texts.items()):
        name = path.as_posix().lstrip("/").encode()
        found += [b"--- a/" + name + b"\n", b"+++ b/" + name + b"\n", *_hunks(before, made[path])]
    return b"".join(line if line.endswith(b"\n") else line + _NO_NEWLINE for line in found)


def _hunks(before: bytes, made: Collection[Edit]) -> Iterator[bytes]:
    lines = split(before)
    starts = [0, *accumulate(map(len, lines))]
    groups: list[list[Change]] = []
    for change in changes(lines, starts, made):
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
            new = split(changed(before, starts, change))
            body += [b" " + line for line in lines[at : change.first]]
            body += [b"-" + line for line in lines[change.first : change.last]]
            body += [b"+" + line for line in new]
            at, more = change.last, more + len(new) - (min(change.last, len(lines)) - change.first)
        body += [b" " + line for line in lines[at:last]]
        old, new_count = last - first, last - first + more
        yield b"@@ -%d,%d +%d,%d @@\n" % (first + (old > 0), old, first + moved + (new_count > 0), new_count)
        yield from body
        moved += more
