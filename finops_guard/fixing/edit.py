"""Edits of a file: which bytes become which, and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias


class CannotError(Exception):
    """Why there is no sure edit."""


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Bytes `start` to `end` become `text`."""

    start: int
    end: int
    text: bytes


Edits: TypeAlias = Mapping[Path, Collection[Edit]]
"""Edits by the file that they are of."""


def applied(data: bytes, edits: Collection[Edit]) -> bytes:
    """The bytes after the edits; CannotError where two of them want the same place."""
    parts, last = [], 0
    for edit in sorted(edits):
        if edit.start < last:
            raise CannotError("two edits want the same place")
        parts += [data[last : edit.start], edit.text]
        last = edit.end
    return b"".join((*parts, data[last:]))


def newline(data: bytes) -> bytes:
    """How the lines of a file end, by its first one."""
    first = data.find(b"\n")
    return b"\r\n" if first > 0 and data[first - 1 : first] == b"\r" else b"\n"
