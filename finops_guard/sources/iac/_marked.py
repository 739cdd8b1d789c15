"""YAML and JSON of others with positions: templates and manifests, not our own documents (those are stricter).

Maps are dicts that know where each key stands, as an offset into the text. Tags become functions (`!Ref x`), several
documents and anchors are read. Numbers that a reading could change (`010`, `1.10`) stay text. Depth is
limited, and an alias counts as what it repeats, so no document is dear to read.
"""

from __future__ import annotations

from bisect import bisect_right
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops_guard.errors import InputError
from finops_guard.language.document import collector_paused
from finops_guard.model import Location
from finops_guard.sources.iac._instead import bytes_of

if TYPE_CHECKING:
    from typing import NoReturn

MAX_BYTES = 50_000_000
MAX_DEPTH = 200
MAX_NODES = 1_000_000


class Map(dict[str, Any]):
    """A map with the offset of itself (`at`) and of each of its keys."""

    __slots__ = ("at", "keys_at")

    def __init__(self, at: int = 0) -> None:
        super().__init__()
        self.at = at
        self.keys_at: dict[str, int] = {}


class Text:
    """One file's text, and where an offset stands in it."""

    def __init__(self, path: Path) -> None:
        self.file = str(path)
        try:
            raw = bytes_of(path)
        except OSError as wrong:
            raise InputError(f"{path}: cannot be read: {wrong.strerror or wrong}") from None
        if len(raw) > MAX_BYTES:
            raise InputError(f"{path}: larger than {MAX_BYTES // 1_000_000} MB")
        self.text = self._decoded(raw)
        self._starts: list[int] = []

    def at(self, offset: int) -> Location:
        """Line and column of an offset, from 1."""
        if not self._starts:
            self._starts = [0]
            position = self.text.find("\n")
            while position >= 0:
                self._starts.append(position + 1)
                position = self.text.find("\n", position + 1)
        line = bisect_right(self._starts, offset)
        return Location(self.file, line, offset - self._starts[line - 1] + 1)

    def refuse(self, offset: int, what: str) -> NoReturn:
        """InputError at an offset, in one line."""
        place = self.at(min(offset, len(self.text)))
        raise InputError(f"{place.file}:{place.line}:{place.column}: {what}")

    def _decoded(self, raw: bytes) -> str:
        utf16 = raw[:2] in {b"\xff\xfe", b"\xfe\xff"}
        try:
            return raw.decode("utf-16" if utf16 else "utf-8-sig")
        except UnicodeDecodeError as wrong:
            line = raw[: wrong.start].count(b"\n") + 1
            raise InputError(f"{self.file}:{line}:1: not UTF-8 text") from None


def read(path: Path) -> tuple[Text, list[object]]:
    """A file's documents: one of JSON, any number of YAML. InputError with the place of what is wrong."""
    text = Text(path)
    if text.text.lstrip()[:1] in {"{", "["}:
        try:
            return text, [_json(text)]
        except InputError:  # YAML in its flow style begins in the same way
            if path.suffix.casefold() == ".json":
                raise
    with collector_paused():
        from finops_guard.sources.iac._marked_yaml import documents

        return text, documents(text)


def read_json(path: Path) -> tuple[Text, object]:
    """A file's one document of JSON."""
    text = Text(path)
    return text, _json(text)


def _json(text: Text) -> object:
    with collector_paused():
        from finops_guard.sources.iac._marked_json import document

        return document(text)
