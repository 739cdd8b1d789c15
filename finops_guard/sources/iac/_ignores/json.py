"""Marks in the comments of JSON, between its strings, and as the value of a key of ours: `"//"`, `"finops-guard"`."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import itemgetter

from finops_guard.model import Location
from finops_guard.sources.iac._ignores.marks import SIGN, Ignore, Source, above, marks_in, parsed

_JSON = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|//[^\n]*|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)|[{}\[]', re.DOTALL)
_COLON = re.compile(r"\s*:")
_KEYS = ("//", "finops-guard")


def source(text: str, file: str) -> Source:
    """Marks in comments between strings, and as the value of a key of ours."""
    found: list[Ignore] = []
    objects = _Objects([0, *(each.end() for each in re.finditer("\n", text))])
    key, at = "", -1  # of the member whose value comes next
    for token in _JSON.finditer(text):
        said, place = token[0], token.start()
        if said == "{":
            objects.begin(at, place)
            at = -1
        elif said == "}":
            objects.end(token.end())
            at = -1
        elif said == "[":
            at = -1
        elif said.startswith("/"):
            found.extend(marks_in(said, file, *objects.place(place)))
        elif _COLON.match(text, token.end()):
            key, at = said[1:-1], place
            objects.member(key)
        else:
            if at >= 0 and key in _KEYS and SIGN in said:
                found.extend(_value(said, Location(file, *objects.place(place))))
            at = -1
    objects.typed.sort()
    lines = text.split("\n")

    def span(at: Location) -> tuple[int, int] | None:
        end = objects.spans.get(objects.offset(at))
        return None if end is None else (above(lines, at.line, ("//", "/*")), objects.place(end)[0])

    def covers(ignore: Ignore, at: Location) -> bool:
        below = ignore.at.line
        while below <= len(lines) and lines[below - 1].lstrip().startswith(("//", "/*")):
            below += 1
        if below > ignore.at.line and (below == at.line or below in objects.heads):
            return below == at.line
        return objects.holds(at, ignore.at)

    return Source(tuple(found), span, covers)


@dataclass(slots=True)
class _Objects:
    """Where the objects of a text of JSON begin (their key, or themselves below the outermost one) and end.

    `typed`: those with a type of their own, as resources of templates have, which may stand within another's.
    """

    starts: list[int]
    spans: dict[int, int] = field(default_factory=dict)
    typed: list[tuple[int, int]] = field(default_factory=list)
    heads: set[int] = field(default_factory=set)
    _open: list[tuple[int, int, list[bool]]] = field(default_factory=list)

    def begin(self, key: int, brace: int) -> None:
        """An object begins, as the value of a key or, -1, of none."""
        self._open.append((key, brace if self._open else -1, [False]))

    def member(self, key: str) -> None:
        """A key of the object that was begun last."""
        if self._open and key.casefold() == "type":
            self._open[-1][2][0] = True

    def end(self, place: int) -> None:
        """The object that was begun last ends."""
        if not self._open:
            return
        key, brace, (typed,) = self._open.pop()
        begins = [each for each in (key, brace) if each >= 0]
        self.spans |= dict.fromkeys(begins, place)
        if typed and begins:
            self.typed.append((begins[0], place))
            self.heads.update(self.place(each)[0] for each in begins)

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def offset(self, at: Location) -> int:
        """The offset of a place; -1 where the text has none."""
        return self.starts[at.line - 1] + at.column - 1 if 0 < at.line <= len(self.starts) else -1

    def holds(self, at: Location, inner: Location) -> bool:
        """Whether the object that begins at a place holds another, and no resource within it does."""
        begins, place = self.offset(at), self.offset(inner)
        end = self.spans.get(begins, -1)
        if not begins <= place < end:
            return False
        first, last = (bisect_right(self.typed, each, key=itemgetter(0)) for each in (begins, place))
        return not any(place < inner_end for _, inner_end in self.typed[first:last])


def _value(said: str, at: Location) -> Iterator[Ignore]:
    """A mark that is the value of a key."""
    try:
        value = json.loads(said, strict=False)
    except ValueError:
        return
    if isinstance(value, str) and value.strip().startswith(SIGN):
        yield parsed(value.strip().removeprefix(SIGN), at)
