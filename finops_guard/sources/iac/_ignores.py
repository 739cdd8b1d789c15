"""Comments in sources that waive a rule: `# finops-guard:ignore RULE until=2027-01-31 reason="…"`.

Where comments are known for certain: those of HCL by its parser, of YAML by its tokens, of JSON between its strings.
JSON without comments says it by a key, `"//"` or `"finops-guard"`. A comment is about the resource in whose block it
stands, or right below it. Whether it is obeyed is for the policy to say.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from operator import itemgetter

import yaml

from finops_guard.model import Location
from finops_guard.sources import standard_input

MARK = b"finops-guard:ignore"
LARGEST = 4 * 2**20
"""Bytes of a source; one beyond that is none that people wrote."""
_SIGN = MARK.decode()
_SAID = re.compile(rf"(?:#|//|/\*\*?)[ \t]*{_SIGN}(?![\w-])(?P<rest>[^\r\n]*)")
_PART = re.compile(r"""[ \t]*(?:(?P<key>[\w-]+)=(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<plain>[^\s"']+))|"""
    r"""(?P<rule>[^\s="']+))(?=[ \t]|$)""")  # fmt: skip
_RULE = re.compile(r"[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*")
_JSON = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|//[^\n]*|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)|[{}\[]', re.DOTALL)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_COLON = re.compile(r"\s*:")
_KEYS = ("//", "finops-guard")
_HOW = f'{_SIGN} PACK/RULE until=2027-01-31 reason="…"'


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


def read(file: str) -> Source:
    """The comments of a file, or of standard input by its name; none where it cannot be read.

    InputError where the parser of its language is missing.
    """
    path = standard_input.file(file)
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return NOTHING
        data = path.read_bytes()
        if MARK not in data:
            return NOTHING
        text = data.decode()
    except (OSError, ValueError):
        return NOTHING
    name = path.name.casefold()
    if name.endswith((".tf", ".tofu")):
        return _hcl(data, text, file)
    if text.lstrip("\ufeff \t\r\n").startswith(("{", "[", "//", "/*")):
        return _json(text, file)
    may = file == standard_input.NAME or name.endswith((".yaml", ".yml", ".template", ".json"))
    return _yaml(text, file) if may else NOTHING


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


def _comments(text: str, file: str, first: int = 1, column: int = 1) -> Iterator[Ignore]:
    """The marks in the text of a comment (of one line or several) that begins at a line and column."""
    for number, line in enumerate(text.split("\n")):
        said = _SAID.search(line)
        if said is not None:
            rest = said["rest"].removesuffix("*/") if said[0].startswith("/*") else said["rest"]
            yield parsed(rest, Location(file, first + number, said.start() + (1 if number else column)))


def _hcl(data: bytes, text: str, file: str) -> Source:
    """Marks in comments, as the parser has them. A resource is its block."""
    from finops_guard.sources.iac._hcl.syntax import parser

    root = parser().parse(data).root_node
    found: dict[int, list[Ignore]] = {}
    at = data.find(MARK)
    while at >= 0:
        node = root.descendant_for_byte_range(at, at)
        if node is not None and node.type == "comment" and node.start_byte not in found:
            line, before = node.start_point
            column = len(data[node.start_byte - before : node.start_byte].decode(errors="replace")) + 1
            said = data[node.start_byte : node.end_byte].decode(errors="replace")
            found[node.start_byte] = list(_comments(said, file, line + 1, column))
        at = data.find(MARK, at + 1)
    bodies = [child for child in root.children if child.type == "body"]
    blocks = {
        block.start_point[0] + 1: block.end_point[0] + 1
        for body in bodies
        for block in body.children
        if block.type == "block"
    }
    lines = text.split("\n")

    def span(at: Location) -> tuple[int, int] | None:
        last = blocks.get(at.line)
        return None if last is None else (_above(lines, at.line, ("#", "//", "/*")), last)

    return Source(tuple(chain.from_iterable(found.values())), span, lambda _ignore, _at: True)


def _yaml(text: str, file: str) -> Source:
    """Marks outside of every scalar. A resource is its key with all that is indented below it, or a whole document."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        scalars = [
            (token.start_mark.index, token.end_mark.index)
            for token in yaml.scan(text, Loader=loader)
            if isinstance(token, yaml.ScalarToken)
        ]
    except yaml.YAMLError:
        return NOTHING
    found: list[Ignore] = []
    at, scalar = 0, 0
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        sign = line.find("#")
        if sign >= 0 and _SIGN in line:
            said = _SAID.search(line)
            place = at + (said.start() if said else sign)
            while scalar < len(scalars) and scalars[scalar][1] <= place:
                scalar += 1
            within = scalar < len(scalars) and scalars[scalar][0] <= place
            if said is not None and said[0].startswith("#") and not within:
                found.append(parsed(said["rest"], Location(file, number, said.start() + 1)))
        at += len(line) + 1

    def covers(ignore: Ignore, at: Location) -> bool:
        return at.line <= ignore.at.line or ignore.at.column <= at.column

    def span(at: Location) -> tuple[int, int] | None:
        return (_above(lines, at.line, ("#",)), _last(lines, at)) if at.line <= len(lines) else None

    return Source(tuple(found), span, covers)


def _last(lines: list[str], at: Location) -> int:
    """The last line of what a key of YAML holds; of the first key of a document, of the document."""
    before = at.line - 1
    while before > 0 and (not lines[before - 1].strip() or lines[before - 1].startswith("#")):
        before -= 1
    whole = at.column == 1 and (before == 0 or lines[before - 1].startswith(("---", "%")))
    for number in range(at.line, len(lines)):
        line = lines[number]
        indent = len(line) - len(line.lstrip())
        if line.startswith("---") or (not whole and line.strip() and indent < at.column):
            return number
    return len(lines)


def _json(text: str, file: str) -> Source:
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
            found.extend(_comments(said, file, *objects.place(place)))
        elif _COLON.match(text, token.end()):
            key, at = said[1:-1], place
            objects.member(key)
        else:
            if at >= 0 and key in _KEYS and _SIGN in said:
                found.extend(_value(said, Location(file, *objects.place(place))))
            at = -1
    objects.typed.sort()
    lines = text.split("\n")

    def span(at: Location) -> tuple[int, int] | None:
        end = objects.spans.get(objects.offset(at))
        return None if end is None else (_above(lines, at.line, ("//", "/*")), objects.place(end)[0])

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
    if isinstance(value, str) and value.strip().startswith(_SIGN):
        yield parsed(value.strip().removeprefix(_SIGN), at)


def _above(lines: list[str], line: int, signs: tuple[str, ...]) -> int:
    """The first of the lines of comments that stand right above a line."""
    while line > 1 and lines[line - 2].lstrip().startswith(signs):
        line -= 1
    return line
