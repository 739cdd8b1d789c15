"""Equals signs of a map in one column, as `terraform fmt` has them: what was formatted stays so with more lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from finops_guard.fixing.edit import Edit

if TYPE_CHECKING:
    from tree_sitter import Node


def aligned(elements: Sequence[Node], data: bytes, at: int, keys: Sequence[bytes]) -> tuple[int, list[Edit]]:
    """How wide the keys of more lines at `at` are with their blanks, and the blanks that those right above them need.

    Lines above that are not in one column are left as they are, and the new ones then follow the last of them.
    """
    above = _above(elements, data, at)
    widest = max(map(len, keys))
    widths = {_sign(each) - each.start_byte - 1 for each in above}
    if not above:
        return widest, []
    longest = max(len(each.children[0].text or b"") for each in above)
    plain = all((each.children[0].text or b"").isascii() for each in above) and all(key.isascii() for key in keys)
    if widths != {longest} or not plain:
        return max(0, _sign(above[0]) - above[0].start_byte - 1), []
    more = b" " * max(0, widest - longest)
    return max(longest, widest), [Edit(_sign(each), _sign(each), more) for each in above if more]


def _above(elements: Sequence[Node], data: bytes, at: int) -> list[Node]:
    """The elements on the lines that end at `at`, from the last one: one on each, without a break between them."""
    found: list[Node] = []
    for each in reversed(elements):
        start = data.rfind(b"\n", 0, each.start_byte) + 1
        end = data.find(b"\n", each.start_byte) + 1
        if end != at or each.end_byte > end or data[start : each.start_byte].strip():
            break
        found.append(each)
        at = start
    return found


def _sign(element: Node) -> int:
    return int(element.children[1].start_byte)
