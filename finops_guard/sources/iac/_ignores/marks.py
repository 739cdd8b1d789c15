"""A comment that would waive a rule, and those of one file."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

from finops_guard.model import Location

MARK = b"finops-guard:ignore"
LARGEST = 4 * 2**20
"""Bytes of a source; one beyond that is none that people wrote."""
SIGN = MARK.decode()
SAID = re.compile(rf"(?:#|//|/\*\*?)[ \t]*{SIGN}(?![\w-])(?P<rest>[^\r\n]*)")
_PART = re.compile(r"""[ \t]*(?:(?P<key>[\w-]+)=(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<plain>[^\s"']+))|"""
    r"""(?P<rule>[^\s="']+))(?=[ \t]|$)""")  # fmt: skip
_RULE = re.compile(r"[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_HOW = f'{SIGN} PACK/RULE until=2027-01-31 reason="…"'


@dataclass(frozen=True, slots=True)
class Ignore:
    """A comment that would waive a rule. `wrong` says what is not right with how it is written; then it waives none."""

    at: Location
    rule: str = ""
    until: date = date.min
    reason: str = ""
    wrong: str | None = None


@dataclass(slots=True)
class Source:
    """The comments of one file, in its order.

    `lines`: between which lines a comment can be about the resource that begins at a place, None where none can;
    `covers`: whether one between them is.
    """

    ignores: tuple[Ignore, ...]
    lines: Callable[[Location], tuple[int, int] | None]
    covers: Callable[[Ignore, Location], bool]
    _known: dict[tuple[int, int], tuple[Ignore, ...]] = field(default_factory=dict)

    def about(self, at: Location) -> tuple[Ignore, ...]:
        """Those about the resource that begins at a place."""
        place = (at.line, at.column)
        if place not in self._known:
            span = self.lines(at) if self.ignores else None
            near = () if span is None else self.ignores[self._first(span[0]) : self._first(span[1] + 1)]
            self._known[place] = tuple(each for each in near if self.covers(each, at))
        return self._known[place]

    def _first(self, line: int) -> int:
        return bisect_left(self.ignores, line, key=lambda each: each.at.line)


NOTHING = Source((), lambda _at: None, lambda _ignore, _at: False)
"""Of a file that has none."""


def parsed(rest: str, at: Location) -> Ignore:
    """What stands behind the mark."""
    said: dict[str, str] = {}
    rules: list[str] = []
    place, rest = 0, rest.strip()
    while place < len(rest):
        part = _PART.match(rest, place)
        if part is None:
            return Ignore(at, wrong=f"cannot be understood from {rest[place:].strip()[:40]!r} on; write {_HOW}")
        if part["rule"]:
            rules.append(part["rule"])
        elif part["key"] in said or part["key"] not in {"until", "reason"}:
            return Ignore(
                at, wrong=f"{part['key'][:40]!r} is {'given twice' if part['key'] in said else 'no part of it'}"
            )
        else:
            said[part["key"]] = part["double"] or part["single"] or part["plain"] or ""
        place = part.end()
    if len(rules) != 1 or not _RULE.fullmatch(rules[0]):
        return Ignore(
            at, wrong=f"names no rule; write {_HOW}" if not rules else f"names no one rule: {' '.join(rules)[:80]!r}"
        )
    if not said.get("reason", "").strip():
        return Ignore(at, rules[0], wrong=f'gives no reason="…" for {rules[0]}')
    try:
        until = date.fromisoformat(said["until"] if _DAY.fullmatch(said.get("until", "")) else "")
    except ValueError:
        return Ignore(at, rules[0], wrong=f"gives no day for {rules[0]}; write until=2027-01-31")
    return Ignore(at, rules[0], until, said["reason"].strip())


def marks_in(text: str, file: str, first: int = 1, column: int = 1) -> Iterator[Ignore]:
    """The marks in the text of a comment (of one line or several) that begins at a line and column."""
    for number, line in enumerate(text.split("\n")):
        said = SAID.search(line)
        if said is not None:
            rest = said["rest"].removesuffix("*/") if said[0].startswith("/*") else said["rest"]
            yield parsed(rest, Location(file, first + number, said.start() + (1 if number else column)))


def above(lines: list[str], line: int, signs: tuple[str, ...]) -> int:
    """The first of the lines of comments that stand right above a line."""
    while line > 1 and lines[line - 2].lstrip().startswith(signs):
        line -= 1
    return line
