"""Suggestions that `fix --suggestions` wrote, as the section of a comment: blocks that nothing in them can end.

What GitHub shows of the lines is what stands in the file: `fix` leaves out lines that hold what cannot be seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from finops_guard.errors import InputError
from finops_guard.model import SEVERITIES
from finops_guard.outputs._markdown import text
from finops_guard.state import documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

SCHEMA = "finops-guard/suggestions/1"
LARGEST = 32 * 2**20
TITLE = "### Fixes\n\n"
_TICKS = re.compile("`+")
_NAMED, _SAID = 3, 5
_NOTE = 200
"""Room for the line that counts what is not shown."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Lines `first` to `last` of a file (from 1, both included), which is `blob` for git, become `new`.

    `of`: rule, severity and resource of each finding it is for; `also`: the other places that change with it.
    """

    file: str
    blob: str
    first: int
    last: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    severity: str
    of: tuple[tuple[str, str, str], ...]
    also: tuple[str, ...]

    @property
    def mark(self) -> str:
        """The same for the same lines and findings of a file, wherever in it they stand.

        Without the findings, one of two machines with the same mistake would never be told.
        """
        of = (part for rule, _, resource in self.of for part in ("", rule, resource))
        parts = (self.file, *self.old, "", *self.new, *of)
        return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]

    @property
    def place(self) -> str:
        """file:line, or lines."""
        return f"{self.file}:{self.first}" + (f"-{self.last}" if self.last > self.first else "")


@dataclass(frozen=True, slots=True)
class Fixes:
    """Suggestions, the most severe first, and what whoever takes them should know."""

    found: tuple[Suggestion, ...] = ()
    said: tuple[str, ...] = ()

    def and_(self, other: Fixes) -> Fixes:
        """Both, each once."""
        found = {(each.file, each.first, each.mark): each for each in (*self.found, *other.found)}
        said = tuple(dict.fromkeys((*self.said, *other.said)))
        return Fixes(tuple(sorted(found.values(), key=lambda each: -SEVERITIES.index(each.severity))), said)


def read(path: Path) -> Fixes:
    """What a file of suggestions holds. InputError for one that is none."""
    told = documents.read(path, SCHEMA, partial(_none, path), LARGEST)
    try:
        fixes = Fixes(tuple(_suggestion(row) for row in told["suggestions"]), _texts(told.get("said", [])))
    except (KeyError, TypeError, ValueError):
        raise _none(path, "holds what is no suggestion") from None
    return fixes.and_(Fixes())


def notes(fixes: Fixes) -> str:
    """What whoever takes them should know, a line each; of many the first."""
    more = len(fixes.said) - _SAID
    lines = [f"- {text(each)}\n" for each in fixes.said[:_SAID]]
    return "".join([*lines, *([f"- and {more:,} more\n"] if more > 0 else []), *(["\n"] if lines else [])])


def section(fixes: Fixes, room: int) -> str:
    """The blocks as far as there is room (some 2,000 characters at least), the rest counted; empty without any."""
    found = fixes.found
    if not found:
        return ""
    findings = len({of for each in found for of in each.of})
    some = "1 finding can" if findings == 1 else f"{findings:,} findings can"
    how = "by these edits, which were judged. `finops-guard fix PATH --write` makes them."
    head = f"{TITLE}{some} be put right {how}\n\n{notes(fixes)}"
    left = room - len(head) - _NOTE
    shown: list[str] = []
    for each in found:
        part = f"{block(each)}\n"
        if len(part) > left:
            continue
        left -= len(part)
        shown.append(part)
    hidden = len(found) - len(shown)
    more = f"**Left out for want of room:** {hidden:,} more edits. `finops-guard fix PATH --diff` has every one.\n"
    return head + "".join(shown) + (more if hidden else "")


def block(one: Suggestion) -> str:
    """What it is for, and the lines as a suggestion block."""
    return f"**{text(one.place)}** · {'; '.join(_for(one))}\n\n{fenced(one.new)}"


def fenced(lines: Sequence[str]) -> str:
    """Lines in a fence that is longer than any row of backticks in them."""
    ticks = max((len(found) for line in lines for found in _TICKS.findall(line)), default=0)
    fence = "`" * max(3, ticks + 1)
    return "\n".join([f"{fence}suggestion", *(line.removesuffix("\r") for line in lines), f"{fence}\n"])


def _for(one: Suggestion) -> Iterator[str]:
    for rule, severity, resource in one.of[:_NAMED]:
        yield f"{severity} · {text(rule)} on {text(resource)}"
    if len(one.of) > _NAMED:
        yield f"and {len(one.of) - _NAMED:,} more"
    if one.also:
        yield f"goes together with {text(', '.join(one.also))}"


def _suggestion(row: Any) -> Suggestion:  # noqa: ANN401 - a parsing border
    """KeyError, TypeError or ValueError for what is none."""
    first, last = int(row["first"]), int(row["last"])
    old, new = _texts(row["old"]), _texts(row["new"])
    if not 0 < first <= last or len(old) != last - first + 1 or any("\n" in line for line in (*old, *new)):
        raise ValueError
    of = tuple((str(each["rule"]), str(each["severity"]), str(each["resource"])) for each in row["findings"])
    also = tuple(dict.fromkeys(place for each in row["findings"] for place in _texts(each["also"])))
    SEVERITIES.index(row["severity"])
    return Suggestion(str(row["file"]), str(row["blob"]), first, last, old, new, row["severity"], of, also)


def _texts(value: Iterable[object]) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise TypeError
    return tuple(map(str, value))


def _none(path: Path, why: str) -> InputError:
    return InputError(f"{path}: no suggestions: it {why}", help="finops-guard fix PATH --suggestions FILE writes them")
