"""Marks in the comments of HCL, as its parser has them."""

from __future__ import annotations

from itertools import chain

from finops_guard.model import Location
from finops_guard.sources.iac._ignores.marks import MARK, Ignore, Source, above, marks_in


def source(data: bytes, text: str, file: str) -> Source:
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
            found[node.start_byte] = list(marks_in(said, file, line + 1, column))
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
        return None if last is None else (above(lines, at.line, ("#", "//", "/*")), last)

    return Source(tuple(chain.from_iterable(found.values())), span, lambda _ignore, _at: True)
