"""What comes in on standard input, read as a file, and told of as `<stdin>` wherever something is said of it.

The file is private and alone in its folder: what lies beside it (the sources of a plan) is nobody else's, and an
inventory is nobody else's to find later.
"""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.errors import InputError

if TYPE_CHECKING:
    from finops_guard.model import Notes, Resource

NAME = "<stdin>"
_KEPT: dict[str, Path] = {}


def file(name: str) -> Path:
    """The file that a location names: what came in where that is standard input's, else the path itself."""
    return _KEPT.get(name) or Path(name)


def read(collect: Callable[[Path], Iterator[Resource]], notes: Notes) -> Iterator[Resource]:
    """What `collect` makes of standard input, with its name in places, notes and errors instead of the file's.

    InputError as `collect` raises it, and where nothing can be kept.
    """
    path, before = _kept(), (len(notes.gaps), len(notes.remarks))
    try:
        found = collect(path)
    except InputError as wrong:
        raise InputError(_named(wrong.what, path), help=wrong.help) from None
    return _told(found, path, notes, before)


def _told(found: Iterator[Resource], path: Path, notes: Notes, before: tuple[int, int]) -> Iterator[Resource]:
    try:
        for each in found:
            at = each.at
            yield replace(each, at=replace(at, file=NAME)) if at is not None and at.file == str(path) else each
    except InputError as wrong:
        raise InputError(_named(wrong.what, path), help=wrong.help) from None
    gaps, remarks = before
    notes.gaps[gaps:] = [replace(gap, reason=_named(gap.reason, path)) for gap in notes.gaps[gaps:]]
    notes.remarks[remarks:] = [_named(each, path) for each in notes.remarks[remarks:]]


def _named(text: str, path: Path) -> str:
    return text.replace(str(path), NAME)


def _kept() -> Path:
    """What comes in, for as long as this process."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="finops-guard-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        _KEPT[NAME] = folder / "stdin"
        with _KEPT[NAME].open("wb") as kept:
            shutil.copyfileobj(sys.stdin.buffer, kept)
    except OSError as wrong:
        raise InputError(f"{NAME}: cannot be kept: {wrong.strerror or wrong}") from None
    return _KEPT[NAME]
