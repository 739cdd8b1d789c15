"""What to read instead of files: how an edit of a document is judged before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_TEXTS: ContextVar[Mapping[Path, bytes] | None] = ContextVar("_TEXTS", default=None)


@contextmanager
def instead(texts: Mapping[Path, bytes]) -> Iterator[None]:
    """These bytes in the place of these files, for as long as the context."""
    token = _TEXTS.set({path.resolve(): text for path, text in texts.items()})
    try:
        yield
    finally:
        _TEXTS.reset(token)


def bytes_of(path: Path) -> bytes:
    """A file of a document. OSError as of the file."""
    texts = _TEXTS.get()
    found = None if texts is None else texts.get(path.resolve())
    return path.read_bytes() if found is None else found
