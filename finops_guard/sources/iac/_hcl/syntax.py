"""A file as blocks and attributes, with the bytes, lines and columns at which they stand.

The parser is tree-sitter with its HCL grammar; expressions stay nodes until somebody evaluates them. Columns count
characters from 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops_guard.errors import InputError
from finops_guard.sources.iac._instead import bytes_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node, Parser

_BOM = b"\xef\xbb\xbf"
_EXPONENT = re.compile(rb"(?<![\w.])\d+[eE][+-]?\d+")
"""A number that the grammar does not have (`1e3`, while it has `1.0e3`): it is shown a name of the same length."""


@dataclass(slots=True)
class Attribute:
    """`name = expression`. `node` is the expression: of the grammar, or a value of JSON. `run` is it compiled."""

    name: str
    node: Any
    start: int
    end: int
    line: int
    column: int = 1
    run: Callable[[Any], Any] | None = None


@dataclass(slots=True)
class Body:
    """What stands between two braces, or in a whole file."""

    attributes: dict[str, Attribute] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)

    def named(self, type_: str) -> Iterator[Block]:
        """The blocks of a type."""
        return (block for block in self.blocks if block.type == type_)


@dataclass(slots=True)
class Block:
    """`type "label" { body }` at bytes `start` to `end` of `file`."""

    type: str
    labels: tuple[str, ...]
    body: Body
    file: str
    start: int
    end: int
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Mistake:
    """Where a file is not HCL."""

    file: str
    line: int
    column: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.what}"


@dataclass(slots=True)
class Source:
    """One file; `body` is empty where it has a mistake, as then nothing in it is certain."""

    file: str
    data: bytes
    body: Body
    mistake: Mistake | None = None


def read(path: Path, shown: str) -> Source:
    """A file of HCL; `shown` is its name for people. A mistake for what cannot be read or is not HCL."""
    try:
        data = bytes_of(path)
    except OSError as wrong:
        return _bad(shown, b"", 1, 1, f"cannot be read: {wrong.strerror or wrong}")
    try:
        data.decode()
    except UnicodeDecodeError as wrong:
        before = data[: wrong.start]
        return _bad(shown, data, before.count(b"\n") + 1, 1, "is not text in UTF-8")
    return parse(data, shown)


def parse(data: bytes, shown: str) -> Source:
    """The text of a file as blocks and attributes."""
    plain = b"   " + data[3:] if data.startswith(_BOM) else data
    root = parser().parse(plain).root_node
    if root.has_error and _EXPONENT.search(plain):
        root = parser().parse(_EXPONENT.sub(lambda found: b"e" * len(found[0]), plain)).root_node
    if root.has_error:
        node = _first_error(root)
        line, column = node.start_point
        what = f"{node.type!r} is missing" if node.is_missing else "is not HCL"
        return _bad(shown, plain, line + 1, _column(plain, node.start_byte, column), what)
    found = next((child for child in root.children if child.type == "body"), None)
    try:
        return Source(shown, plain, Body() if found is None else _body(found, plain, shown))
    except RecursionError:
        return _bad(shown, plain, 1, 1, "nests too deeply")


@cache
def parser() -> Parser:
    """The parser. InputError without the extra."""
    try:
        import tree_sitter_hcl
        from tree_sitter import Language, Parser
    except ImportError as error:
        what = f"Terraform sources need the package {error.name}"
        raise InputError(what, help="pip install 'finops-guard-engine[iac]', or scan a plan as JSON") from None
    return Parser(Language(tree_sitter_hcl.language()))


def _bad(shown: str, data: bytes, line: int, column: int, what: str) -> Source:
    return Source(shown, data, Body(), Mistake(shown, line, column, what))


def _first_error(root: Node) -> Node:
    """The first node that is wrong, in the order of the file; looked for without recursion, files may nest deeply."""
    found = root
    stack = [root]
    while stack:
        node = stack.pop()
        if node.is_error or node.is_missing:
            if found is root or node.start_byte < found.start_byte:
                found = node
            continue
        stack.extend(child for child in node.children if child.has_error or child.is_missing)
    return found


def _column(data: bytes, at: int, column: int) -> int:
    return len(data[at - column : at].decode(errors="replace")) + 1


def _body(node: Node, data: bytes, shown: str) -> Body:
    body = Body()
    for child in node.children:
        if child.type == "attribute":
            name = child.children[0]
            key = data[name.start_byte : name.end_byte].decode()
            line, column = child.start_point
            at = _column(data, child.start_byte, column)
            body.attributes[key] = Attribute(
                key, (child.children[2], data), child.start_byte, child.end_byte, line + 1, at
            )
        elif child.type == "block":
            body.blocks.append(_block(child, data, shown))
    return body


def _block(node: Node, data: bytes, shown: str) -> Block:
    labels: list[str] = []
    body = Body()
    for child in node.children:
        if child.type == "identifier":
            labels.append(data[child.start_byte : child.end_byte].decode())
        elif child.type == "string_lit":
            labels.append(data[child.start_byte + 1 : child.end_byte - 1].decode())
        elif child.type == "body":
            body = _body(child, data, shown)
    line, column = node.start_point
    at = _column(data, node.start_byte, column)
    return Block(labels[0], tuple(labels[1:]), body, shown, node.start_byte, node.end_byte, line + 1, at)
