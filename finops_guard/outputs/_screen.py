"""The terminal: what it can show, and one way of writing a line to it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from finops_guard.outputs._escape import encoding_of, terminal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

    from rich.console import Console

PIPE_WIDTH = 100
NARROWEST, WIDE, WIDEST = 60, 130, 180
"""From WIDE on, what explains a line stands beside it, not under it."""
_SIGNS = {"█": "#", "░": ".", "─": "-", "·": "-", "…": "...", "▲": "!", "✗": "x", "×": "x", "–": "-", "│": "|"}
_ASCII = str.maketrans(_SIGNS)

Part: TypeAlias = str | tuple[str, str]
"""Text, or text and its style."""


@dataclass(frozen=True, slots=True)
class Screen:
    """A console of a known width. All text that goes through it is escaped, ours and that of strangers alike."""

    console: Console
    width: int
    encoding: str
    plain_signs: bool

    def text(self, text: str) -> str:
        """Text as it may be shown; where the encoding has no block signs, ours become ASCII."""
        return terminal(text.translate(_ASCII) if self.plain_signs else text, self.encoding)

    def cell(self, text: str, width: int, *, right: bool = False) -> str:
        """Text padded to a width in columns; too long, its middle is left out, for names differ at both ends."""
        from rich.cells import cell_len

        shown = self.text(text)
        if cell_len(shown) > width:
            shown = self._shorten(shown, width)
        padding = " " * (width - cell_len(shown))
        return padding + shown if right else shown + padding

    def length(self, text: str) -> int:
        """Columns that text takes."""
        from rich.cells import cell_len

        return cell_len(self.text(text))

    def say(self, *parts: Part) -> None:
        """A line without trailing blanks; several where it is too long."""
        from rich.text import Text

        line = Text()
        for part in parts:
            text, style = (part, "") if isinstance(part, str) else part
            line.append(self.text(text), style)
        for piece in line.wrap(self.console, self.width) if line.cell_len > self.width else [line]:
            piece.rstrip()
            self.console.print(piece, no_wrap=True, overflow="ignore", crop=False)

    def wrapped(self, text: str, width: int, lines: int | None = None) -> list[str]:
        """Text in lines of at most `width` columns; beyond `lines` of them it ends in an ellipsis."""
        from rich.text import Text

        found = [line.plain.rstrip() for line in Text(self.text(text)).wrap(self.console, width)]
        if lines is None or len(found) <= lines:
            return found
        rest = self.text("…")
        last = self.cell(found[lines - 1], width).rstrip()[: width - len(rest)].rstrip(" ,;")
        return [*found[: lines - 1], last + rest]

    def indented(self, text: str, indent: int, style: str = "dim", lines: int | None = None) -> None:
        """A paragraph under something."""
        for line in self.wrapped(text, self.width - indent, lines):
            self.say(" " * indent, (line, style))

    def title(self, word: str, note: str = "") -> None:
        """A heading between two parts of the report."""
        self.say()
        tail = f" {note} ──" if note else ""
        left = self.width - self.length(f"── {word} {tail}")
        self.say(("── ", "dim"), (word, "bold"), (f" {'─' * left}{tail}", "dim"))

    def _shorten(self, shown: str, width: int) -> str:
        from rich.cells import chop_cells, set_cell_size

        gap = self.text("…")
        head = (width - len(gap) + 1) // 2
        tail = width - len(gap) - head
        start = set_cell_size(shown, head)
        end = chop_cells(shown[::-1], tail)[0][::-1] if tail else ""
        return start + gap + end


def screen(out: TextIO, environ: Mapping[str, str] | None = None) -> Screen:
    """A screen on that stream. Colour only on a terminal; NO_COLOR, FORCE_COLOR, TERM=dumb and COLUMNS are honoured."""
    from rich.console import Console

    env = os.environ if environ is None else environ
    colour = coloured(out, env)
    width = _width(out, env)
    encoding = encoding_of(out)
    console = Console(
        file=out,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        legacy_windows=None if colour else False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    return Screen(console, width, encoding, not _carries(encoding))


def coloured(out: TextIO, env: Mapping[str, str]) -> bool:
    """Whether colour is wanted there."""
    if env.get("NO_COLOR"):
        return False
    if env.get("FORCE_COLOR", "0").lower() not in ("", "0", "false"):
        return True
    return env.get("TERM") not in ("dumb", "unknown") and out.isatty()


def _width(out: TextIO, env: Mapping[str, str]) -> int:
    asked = env.get("COLUMNS", "")
    width = int(asked) if asked.isdecimal() else 0
    if not width and out.isatty():
        try:
            width = os.get_terminal_size(out.fileno()).columns
        except OSError:  # a terminal that does not know
            width = 0
    return min(max(width or PIPE_WIDTH, NARROWEST), WIDEST)


def _carries(encoding: str) -> bool:
    try:
        "".join(_SIGNS).encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return False
    return True
