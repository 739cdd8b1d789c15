"""More of what stands between brackets or braces: in JSON, and in YAML's flow style."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from finops_guard.fixing.edit import CannotError
from finops_guard.fixing.yaml_tree import STEP

if TYPE_CHECKING:
    from finops_guard.fixing.edit import Edit
    from finops_guard.fixing.yaml_tree import Document, Node

_COMMENT = re.compile(r"#[^\n]*")


def in_flow(
    node: Node, blocks: Sequence[Sequence[str]], document: Document, alone: Sequence[str] | None = None
) -> list[Edit]:
    """Entries after the last one: each a block of lines, put on lines of their own where the closing bracket has one.

    `alone`: the same, each on one line, for where it has none. The first line of a block has no indentation yet; the
    others of an item have theirs, those of a key (with `alone`) are seen from its column.
    """
    text, close = document.text, node.end - 1
    spans = node.pairs or [(each, each) for each in node.items]
    inline = [" ".join(line.strip() for line in block) for block in blocks] if alone is None else list(alone)
    if not spans:
        opened = text.index("{" if node.kind == "map" else "[", node.start)
        if text[opened + 1 : close].strip():
            raise CannotError("there is a comment in it")
        return [document.edit(opened + 1, close, ", ".join(inline))]
    last = spans[-1][1].end
    comma = _COMMENT.sub(lambda found: " " * len(found[0]), text[last:close]).find(",")
    start = document.line_start(close)
    if start > last and not text[start:close].strip():
        lines = _lines(blocks, _indent(spans[-1][0], start, document), trailing=comma >= 0, keyed=alone is not None)
        added = document.lines(start, lines)
        return [added] if comma >= 0 else [document.edit(last, last, ","), added]
    if comma < 0:
        return [document.edit(last, last, "".join(f", {each}" for each in inline))]
    at = last + comma + 1
    return [document.edit(at, at, "".join(f" {each}," for each in inline))]


def _indent(last: Node, start: int, document: Document) -> str:
    """What stands before the last entry, or a step more than before the closing bracket."""
    before = document.before(last.start)
    outer = re.compile(r"[ \t]*").match(document.text, start)
    return (outer[0] if outer is not None else "") + STEP if before.strip() else before


def _lines(blocks: Sequence[Sequence[str]], indent: str, *, trailing: bool, keyed: bool) -> list[str]:
    lines: list[str] = []
    for number, block in enumerate(blocks):
        first, *rest = block
        some = [indent + first, *((indent if keyed else "") + line for line in rest)]
        some[-1] += "," if trailing or number < len(blocks) - 1 else ""
        lines += some
    return lines
