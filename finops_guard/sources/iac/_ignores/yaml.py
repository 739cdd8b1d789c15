"""Marks in the comments of YAML: outside of every scalar, as its tokens say."""

from __future__ import annotations

import yaml

from finops_guard.model import Location
from finops_guard.sources.iac._ignores.marks import NOTHING, SAID, SIGN, Ignore, Source, above, parsed


def source(text: str, file: str) -> Source:
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
        if sign >= 0 and SIGN in line:
            said = SAID.search(line)
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
        return (above(lines, at.line, ("#",)), _last(lines, at)) if at.line <= len(lines) else None

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
