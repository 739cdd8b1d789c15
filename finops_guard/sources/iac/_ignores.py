"""Comments in sources that waive a rule: `# finops-guard:ignore RULE until=2027-01-31 reason="…"`.

Where comments are known for certain: those of HCL by its parser, of YAML by its tokens, of JSON between its strings.
JSON without comments says it by a key, `"//"` or `"finops-guard"`. A comment is about the resource in whose block it
stands, or right below it. Whether it is obeyed is for the policy to say.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeAlias

import yaml

from finops_guard.model import Location

MARK = b"finops-guard:ignore"
LARGEST = 4 * 2**20
"""Bytes of a source; one beyond that is none that people wrote."""
_SIGN = MARK.decode()
_SAID = re.compile(rf"(?:#+|//+|/\*+)[ \t]*{_SIGN}(?![\w-])(?P<rest>[^\r\n]*)")
_PART = re.compile(r"""[ \t]*(?:(?P<key>[\w-]+)=(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<plain>[^\s"']+))|"""
    r"""(?P<rule>[^\s="']+))(?=[ \t]|$)""")  # fmt: skip
_RULE = re.compile(r"[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*")
_JSON = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/|[{}]', re.DOTALL)
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


Covers: TypeAlias = Callable[[Ignore, Location], bool]
"""Whether a comment is about the resource whose block begins at a place."""


@dataclass(frozen=True, slots=True)
class Source:
    """The comments of one file, in its order."""

    ignores: tuple[Ignore, ...]
    covers: Covers

    def about(self, at: Location) -> Iterator[Ignore]:
        """Those about the resource that begins at a place."""
        return (each for each in self.ignores if self.covers(each, at))


NOTHING = Source((), lambda _ignore, _at: False)
"""Of a file that has none."""


def read(file: str) -> Source:
    """The comments of a file; none where it cannot be read. InputError where the parser of its language is missing."""
    path = Path(file)
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
    return _yaml(text, file) if name.endswith((".yaml", ".yml", ".template", ".json")) else NOTHING


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
        until = date.fromisoformat(said.get("until", ""))
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
    from finops_guard.sources.iac._hcl.syntax import parser

    found: list[Ignore] = []
    blocks: dict[int, int] = {}
    waiting = [parser().parse(data).root_node]
    while waiting:
        node = waiting.pop()
        line, before = node.start_point
        if node.type == "comment":
            said = data[node.start_byte : node.end_byte].decode(errors="replace")
            column = len(data[node.start_byte - before : node.start_byte].decode(errors="replace")) + 1
            found.extend(_comments(said, file, line + 1, column))
        elif node.type == "block":
            blocks[line + 1] = max(node.end_point[0] + 1, blocks.get(line + 1, 0))
        waiting.extend(reversed(node.children))
    lines = text.split("\n")

    def covers(ignore: Ignore, at: Location) -> bool:
        last = blocks.get(at.line)
        return last is not None and _above(lines, at.line, ("#", "//", "/*")) <= ignore.at.line <= last

    return Source(tuple(found), covers)


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
        if at.line <= ignore.at.line:
            return ignore.at.line <= _last(lines, at)
        before = lines[ignore.at.line - 1]
        own = len(before) - len(before.lstrip())
        return _above(lines, at.line, ("#",)) <= ignore.at.line and own < at.column

    return Source(tuple(found), covers)


def _last(lines: list[str], at: Location) -> int:
    """The last line of what a key of YAML holds; of the first key of a document, of the document."""
    before = next((line for line in reversed(lines[: at.line - 1]) if line.strip() and not line.startswith("#")), "---")
    whole = at.column == 1 and before.startswith(("---", "%"))
    for number in range(at.line, len(lines)):
        line = lines[number]
        indent = len(line) - len(line.lstrip())
        if line.startswith("---") or (not whole and line.strip() and indent < at.column):
            return number
    return len(lines)


def _json(text: str, file: str) -> Source:
    """Marks in comments between strings, and as the value of a key of ours.

    A resource is the object of its key, or one that begins at its place below the outermost.
    """
    found: list[Ignore] = []
    spans: dict[int, int] = {}
    opened: list[tuple[int, int]] = []
    starts = [0, *(each.end() for each in re.finditer("\n", text))]
    key, at = "", -1  # of the member whose value comes next
    for token in _JSON.finditer(text):
        said, place = token[0], token.start()
        if said == "{":
            opened.append((at, place if opened else -1))
            at = -1
        elif said == "}":
            spans |= dict.fromkeys(opened.pop() if opened else (), token.end())
            at = -1
        elif said.startswith("/"):
            found.extend(_comments(said, file, *_line(starts, place)))
        elif _COLON.match(text, token.end()):
            key, at = said[1:-1], place
        else:
            if at >= 0 and key in _KEYS and _SIGN in said:
                found.extend(_value(said, Location(file, *_line(starts, place))))
            at = -1
    lines = text.split("\n")

    def covers(ignore: Ignore, at: Location) -> bool:
        if at.line > len(starts):
            return False
        begins, place = (starts[each.line - 1] + each.column - 1 for each in (at, ignore.at))
        if begins not in spans:
            return False
        return begins <= place < spans[begins] or _above(lines, at.line, ("//", "/*")) <= ignore.at.line < at.line

    return Source(tuple(found), covers)


def _value(said: str, at: Location) -> Iterator[Ignore]:
    """A mark that is the value of a key."""
    try:
        value = json.loads(said, strict=False)
    except ValueError:
        return
    if isinstance(value, str) and value.strip().startswith(_SIGN):
        yield parsed(value.strip().removeprefix(_SIGN), at)


def _line(starts: list[int], place: int) -> tuple[int, int]:
    """Line and column of an offset."""
    line = bisect_right(starts, place)
    return line, place - starts[line - 1] + 1


def _above(lines: list[str], line: int, signs: tuple[str, ...]) -> int:
    """The first of the lines of comments that stand right above a line."""
    while line > 1 and lines[line - 2].lstrip().startswith(signs):
        line -= 1
    return line
