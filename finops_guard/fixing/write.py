"""Edited files, written: all or none is checked first, each is replaced at once."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from finops_guard.errors import ActError


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
