"""A document of YAML, or of JSON, as nodes that know where they stand: for edits, where values are not enough.

Made of the C parser's events. Positions are characters of the text without its byte order mark, as libyaml counts them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any, Literal

import yaml

from finops_guard.fixing.edit import CannotError, Edit
from finops_guard.sources.iac._marked import MAX_DEPTH

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
STEP = "  "
"""The indentation of a document that shows none."""
_BOM = b"\xef\xbb\xbf"
_BLANK = re.compile(r"[ \t\r]*(?:(?<![^ \t])#[^\n]*)?")
"""What may stand after the last thing on a line."""
_LONE_RETURN = re.compile(r"\r(?!\n)")


@dataclass(slots=True, eq=False)
class Node:
    """One node. `pairs` of a map, `items` of a list, `text` and `style` of a scalar (plain: ""), `to` of an alias.

    `start` is where its anchor or tag stands, if it has one; of a block collection `end` is only where the next thing
    begins, so ask `Document.end_of`.
    """

    kind: Literal["map", "list", "scalar", "alias"]
    start: int
    end: int
    tag: str | None = None
    anchor: str | None = None
    flow: bool = False
    text: str = ""
    style: str = ""
    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)
    to: Node | None = None

    @property
    def target(self) -> Node:
        """Itself, or what it is an alias of."""
        return self if self.to is None else self.to

    @property
    def children(self) -> list[Node]:
        """What it holds, in the order of the text."""
        return [each for pair in self.pairs for each in pair] if self.pairs else self.items

    @property
    def literal(self) -> bool:
        """Whether it is what it looks like: no function by its tag (`!Sub`), and nothing that others repeat."""
        return self.tag is None and self.anchor is None

    @property
    def word(self) -> str | None:
        """The text of a scalar that is written out on its own lines."""
        return self.text if self.kind == "scalar" and self.literal and self.style in {"", '"', "'"} else None

    def get(self, key: str) -> Node | None:
        """The value of a key that is written in this map, aliases followed."""
        return next((value.target for name, value in self.pairs if name.kind == "scalar" and name.text == key), None)


class Document:
    """A file with its one document; CannotError where that cannot be read in this way."""

    def __init__(self, data: bytes) -> None:
        self._skip = len(_BOM) if data.startswith(_BOM) else 0
        try:
            self.text = data[self._skip :].decode()
        except UnicodeDecodeError:
            raise CannotError("only UTF-8 is edited") from None
        if _LONE_RETURN.search(self.text):
            raise CannotError("its lines end in several ways")
        self.newline = "\r\n" if "\r\n" in self.text else "\n"
        self.json = self.text.lstrip()[:1] in {"{", "["}
        self.root = _root(self.text)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *accumulate(len(line) + 1 for line in self.text.split("\n"))]

    @cached_property
    def _byte_starts(self) -> list[int]:
        return [
            self._skip,
            *accumulate((len(line.encode()) + 1 for line in self.text.split("\n")), initial=self._skip),
        ][1:]

    @cached_property
    def _pairs(self) -> dict[int, tuple[Node, Node]]:
        return {key.start: (key, value) for node in walked(self.root) for key, value in node.pairs}

    @cached_property
    def step(self) -> str:
        """How much deeper a map stands than the key that has it: of the first one that there is."""
        for node in walked(self.root):
            for key, value in node.pairs:
                if value.kind == "map" and value.pairs:
                    outer, inner = self.before(key.start), self.before(value.pairs[0][0].start)
                    if not inner.strip() and inner.startswith(outer) and len(inner) > len(outer):
                        return inner[len(outer) :]
        return STEP

    @cached_property
    def list_indent(self) -> str:
        """How much deeper lists stand than their key, as the first one does that there is."""
        for node in walked(self.root):
            for key, value in node.pairs:
                if value.kind == "list" and not value.flow and value.literal:
                    return " " * max(0, self.column(value.start) - self.column(key.start))
        return STEP

    def pair_at(self, line: int, column: int) -> tuple[Node, Node] | None:
        """The key that stands there (from 1), and its value."""
        if not 0 < line <= len(self._starts):
            return None
        return self._pairs.get(self._starts[line - 1] + column - 1)

    def line_start(self, at: int) -> int:
        """Where the line begins that a position is on."""
        return self._starts[bisect_right(self._starts, at) - 1]

    def column(self, at: int) -> int:
        """How many characters stand before a position on its line."""
        return at - self.line_start(at)

    def before(self, at: int) -> str:
        """What stands before a position on its line."""
        return self.text[self.line_start(at) : at]

    def edit(self, start: int, end: int, text: str) -> Edit:
        """Characters become others, as bytes of the file."""
        try:
            return Edit(self._byte(start), self._byte(end), text.encode())
        except UnicodeEncodeError:
            raise CannotError("a value with half a character in it cannot be written") from None

    def _byte(self, at: int) -> int:
        line = bisect_right(self._starts, at) - 1
        return self._byte_starts[line] + len(self.text[self._starts[line] : at].encode())

    def end_of(self, node: Node) -> int:
        """Where the last thing of a node ends; CannotError where that is not sure (a block text that keeps blanks)."""
        while node.kind in {"map", "list"} and not node.flow and node.children:
            node = node.children[-1]
        if node.style not in {"|", ">"}:
            return node.end
        head = self.text[node.start : self.text.find("\n", node.start)]
        if "+" in head.partition("#")[0]:
            raise CannotError("it ends with a text that keeps its blank lines")
        return node.start + len(self.text[node.start : node.end].rstrip())

    def after(self, node: Node) -> int:
        """The start of the line after a node of a block, or the end of the text; CannotError with more on its line."""
        end = self.end_of(node)
        stop = self.text.find("\n", end)
        stop = len(self.text) if stop < 0 else stop
        match = _BLANK.match(self.text, end, stop)
        if match is None or match.end() != stop:
            raise CannotError("more stands on the line on which it ends")
        if stop == len(self.text) and self._ends_open(node):
            raise CannotError("it ends with a text, and the file without a line end")
        return min(stop + 1, len(self.text))

    def _ends_open(self, node: Node) -> bool:
        """Whether a line end after it would be a part of its last text."""
        while node.kind in {"map", "list"} and not node.flow and node.children:
            node = node.children[-1]
        head = self.text[node.start :].partition("\n")[0].partition("#")[0]
        return node.style in {"|", ">"} and "-" not in head

    def lines(self, at: int, lines: list[str]) -> Edit:
        """Whole lines put before a line, or after the last one."""
        text = "".join(line + self.newline for line in lines)
        if at == len(self.text) and not self.text.endswith("\n"):
            text = self.newline + text.removesuffix(self.newline)
        return self.edit(at, at, text)


def walked(node: Node) -> Iterator[Node]:
    """A node and everything in it as it is written; aliases are not followed."""
    stack = [node]
    while stack:
        each = stack.pop()
        yield each
        stack.extend(reversed(each.children))


def _root(text: str) -> Node:
    try:
        roots = list(_built(text))
    except yaml.YAMLError:
        raise CannotError("its text is not YAML that can be edited") from None
    if len(roots) != 1:
        raise CannotError("it holds several documents")
    return roots[0]


def _built(text: str) -> Iterator[Node]:
    anchors: dict[str, Node] = {}
    stack: list[tuple[Node, list[Node]]] = []
    for event in yaml.parse(text, Loader=_Loader):
        node = _node(event, anchors)
        if node is not None and node.anchor is not None:
            anchors[node.anchor] = node
        if isinstance(event, yaml.CollectionStartEvent) and node is not None:
            if len(stack) >= MAX_DEPTH:
                raise CannotError(f"nested deeper than {MAX_DEPTH} levels")
            stack.append((node, []))
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            node, held = stack.pop()
            node.end = _mark(event.end_mark)
            if node.kind == "list":
                node.items = held
            else:
                node.pairs = list(zip(held[::2], held[1::2], strict=True))
        if node is not None and stack:
            stack[-1][1].append(node)
        elif node is not None:
            yield node


def _node(event: Any, anchors: dict[str, Node]) -> Node | None:  # noqa: ANN401 - which event has which is not in the stubs
    start, end = _mark(event.start_mark), _mark(event.end_mark)
    if isinstance(event, yaml.AliasEvent):
        if event.anchor not in anchors:
            raise CannotError(f"*{event.anchor} names no anchor above it")
        return Node("alias", start, end, to=anchors[event.anchor])
    if isinstance(event, yaml.ScalarEvent):
        return Node("scalar", start, end, event.tag, event.anchor, text=event.value, style=event.style or "")
    if isinstance(event, yaml.CollectionStartEvent):
        kind: Literal["map", "list"] = "map" if isinstance(event, yaml.MappingStartEvent) else "list"
        return Node(kind, start, end, event.tag, event.anchor, flow=bool(event.flow_style))
    return None


def _mark(mark: Any) -> int:  # noqa: ANN401 - every event of a text has one, the stubs are not sure
    return int(mark.index)
