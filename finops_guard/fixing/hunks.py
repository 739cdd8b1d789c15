"""Edits as lines: which lines of a file become which, and the findings that they are for."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.fixing.edit import Edit, applied

if TYPE_CHECKING:
    from finops_guard.fixing import Fixed
    from finops_guard.model import Finding


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines `first` to `last` of a file, from 1 and both included, become `lines`, their ends as in the file.

    There is always a line that becomes others: what is put between two lines comes with the one before it, or after it
    at the top of a file. `findings` are those that some edit among these lines is for: all of them are gone only when
    every hunk that names one of them is taken.
    """

    file: Path
    first: int
    last: int
    lines: tuple[bytes, ...]
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class Change:
    """Lines `first` to `last` (from 0, `last` excluded) become others by these edits; `first == last`: more lines."""

    first: int
    last: int
    edits: list[Edit] = field(default_factory=list)


def hunks(fixed: Fixed) -> Iterator[Hunk]:
    """Everything that is edited, by file and line; hunks neither touch nor overlap."""
    for file, (before, _) in sorted(fixed.texts.items()):
        lines = split(before)
        starts = [0, *accumulate(map(len, lines))]
        made = fixed.edits[file]
        for change in _apart(changes(lines, starts, made), len(lines)):
            findings = {each.id: each for edit in change.edits for each in made[edit]}
            new = tuple(split(changed(before, starts, change)))
            yield Hunk(file, change.first + 1, change.last, new, tuple(findings.values()))


def _apart(changes: Sequence[Change], count: int) -> list[Change]:
    """Changes that each replace a line, and have one between them."""
    found: list[Change] = []
    for change in changes:
        first, last = change.first, min(change.last, count)
        if first >= last:
            first, last = (first - 1, first) if first else (0, 1)
        if found and first <= found[-1].last:
            found[-1].last = max(found[-1].last, last)
            found[-1].edits += change.edits
        else:
            found.append(Change(first, last, [*change.edits]))
    return found


def changes(lines: Sequence[bytes], starts: list[int], made: Collection[Edit]) -> list[Change]:
    """The lines that edits touch; what puts whole lines before a line leaves that as it is.

    `starts`: where each line begins, and where the text ends: that is a line of its own only after a line that ended.
    """
    found: list[Change] = []
    most = len(lines) - 1 if lines and not lines[-1].endswith(b"\n") else len(lines)
    for edit in sorted(made):
        first = min(bisect_right(starts, edit.start) - 1, most)
        whole = edit.start == edit.end == starts[first] and edit.text.endswith(b"\n")
        last = first if whole else min(bisect_right(starts, edit.end), most + 1)
        if found and first <= found[-1].last:
            found[-1].last = max(found[-1].last, last)
            found[-1].edits.append(edit)
        else:
            found.append(Change(first, last, [edit]))
    return found


def changed(before: bytes, starts: list[int], change: Change) -> bytes:
    """The lines of a change as they will be."""
    begin, end = starts[change.first], starts[min(change.last, len(starts) - 1)]
    moved = [Edit(edit.start - begin, edit.end - begin, edit.text) for edit in change.edits]
    return applied(before[begin:end], moved)


def split(text: bytes) -> list[bytes]:
    """Lines with their ends."""
    parts = text.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
