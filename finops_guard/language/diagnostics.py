"""Diagnostics: file:line:col, what is wrong, the line with a caret, and what was probably meant."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from finops_guard.errors import InputError

_WIDEST = 160
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake. Line and column count from 1; `length` is how much of the line to underline.

    `hint` is one line: a did-you-mean or what to write instead. A `warning` does not stop anything.
    """

    file: str
    line: int
    column: int
    message: str
    hint: str | None = None
    length: int = 1
    source: str = ""
    warning: bool = False

    def __str__(self) -> str:
        """At most six lines, free of control characters."""
        level = "warning" if self.warning else "error"
        head = f"{printable(self.file)}:{self.line}:{self.column}: {level}: {_clipped(self.message)}"
        if not self.source.strip():
            return f"{head}\n  {_clipped(self.hint)}" if self.hint else head
        text, column = _excerpt(self.source, self.column - 1)
        margin = f"{self.line:>3}"
        pad = "".join(" " * _width(c) for c in text[:column])
        caret = "^" * max(1, min(self.length, len(text) - column))
        hint = f" {_clipped(self.hint)}" if self.hint else ""
        return f"{head}\n{margin} | {text}\n{' ' * len(margin)} | {pad}{caret}{hint}"


def printable(text: str) -> str:
    """Text on one line without control, format or bidirectional characters: what strangers write, safe to print."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c == " " or unicodedata.category(c)[0] not in "CZ" else _shown(c) for c in text)


def _clipped(text: str) -> str:
    """Printable text; the middle of a very long one left out."""
    shown = printable(text)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST * 2 // 3]} … {shown[-_LONGEST // 3 :]}"


def _shown(char: str) -> str:
    return " " if char in "\t\u00a0" else f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}"  # noqa: PLR2004 - one byte


def _excerpt(line: str, column: int) -> tuple[str, int]:
    start = max(0, column - _WIDEST // 2) if len(line) > _WIDEST else 0
    before = printable(line[start:column])
    return before + printable(line[column : start + _WIDEST]), len(before)


def _width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


class LanguageError(InputError):
    """One or more documents do not load; `diagnostics` holds every mistake of every file, in file order."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = sorted(set(diagnostics), key=lambda d: (d.file, d.line, d.column, d.message))
        count = len(self.diagnostics)
        super().__init__("\n".join(str(d) for d in self.diagnostics), help=f"{count} error{'s' * (count != 1)}")
