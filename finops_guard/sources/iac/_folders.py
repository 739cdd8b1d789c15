"""The documents of one kind in a folder and below it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

LOOK = 4096
_SKIPPED = frozenset({"node_modules", "__pycache__"})


def files(folder: Path, suffixes: tuple[str, ...], recognises: Callable[[Path, bytes], bool]) -> Iterator[Path]:
    """Files by name, hidden folders and what package managers fill left out. Links to folders are not followed."""
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED)
        for name in sorted(names):
            path = Path(here, name)
            if name.casefold().endswith(suffixes) and path.is_file() and recognises(path, _head(path)):
                yield path


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LOOK)
    except OSError:
        return b""
