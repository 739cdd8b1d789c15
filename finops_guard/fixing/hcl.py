"""Tags as HCL has them: the edits that extend and correct maps, and a text as a string that holds nothing else.

Maps are extended and corrected where they are literal; another expression becomes an argument of `merge`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from finops_guard.fixing.aligned import aligned
from finops_guard.fixing.edit import CannotError, Edit, newline

if TYPE_CHECKING:
    from tree_sitter import Node

    from finops_guard.sources.iac._hcl.syntax import Attribute, Block

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_WORDS = frozenset({"for", "if", "in", "null", "true", "false"})
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_STEP = b"  "


def quoted(text: str) -> bytes:
    """A text as a string of HCL that holds nothing but that text."""
    if re.search(r"\$\$\{|%%\{", text):
        raise CannotError("a value with $${ or %%{ in it has no sure spelling")
    shown = "".join(_ESCAPES.get(c, c if c.isprintable() else _unicode(c)) for c in text)
    return b'"' + shown.replace("${", "$${").replace("%{", "%%{").encode() + b'"'


def _unicode(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004 - the planes of Unicode


def _key(key: str, *, quote: bool) -> bytes:
    bare = not quote and _BARE.fullmatch(key) is not None and key not in _WORDS
    return key.encode() if bare else quoted(key)


class Maps:
    """The literal maps of an expression: itself, or what is written out among the arguments of `merge`."""

    def __init__(self, attribute: Attribute) -> None:
        if not isinstance(attribute.node, tuple):
            raise CannotError("JSON is not edited")
        self._node, self._data = attribute.node
        written = self._data[self._node.start_byte : self._node.end_byte]
        if b"<<" in written and any(each.type == "heredoc_template" for each in _all(self._node)):
            raise CannotError("there is a heredoc in its tags")
        inner = _inner(self._node)
        parts = [inner]
        if inner.type == "function_call" and inner.children[0].text == b"merge":
            arguments = next((each for each in inner.children if each.type == "function_arguments"), None)
            given = [] if arguments is None else arguments.children
            if not any(each.type == "ellipsis" for each in given):
                parts = [_inner(each) for each in given if each.type == "expression"]
        if inner.type == "tuple":
            raise CannotError("its tags are a list")
        self._parts = parts
        self._maps = [each for each in parts if each.type == "object"]
        self._last = parts[-1] if parts and parts[-1].type == "object" else None

    @property
    def start(self) -> int:
        """Where the expression begins."""
        return int(self._node.start_byte)

    @property
    def literal(self) -> bool:
        """Whether it ends with a literal map, to which a key can be added."""
        return self._last is not None

    @property
    def terms(self) -> list[str]:
        """The expression as it is written, or each argument of its `merge`."""
        return [self._data[each.start_byte : each.end_byte].decode() for each in self._parts]

    def has(self, key: str) -> bool:
        """Whether a literal map has this raw key, written out."""
        return self._found(key) is not None

    def corrected(self, key: str, value: str) -> Edit:
        """Another value for a raw key."""
        node = self._element(key).children[2]
        if _plain(node, self._data) is None:
            raise CannotError(f"the value of tag '{key}' is an expression")
        return Edit(node.start_byte, node.end_byte, quoted(value))

    def renamed(self, key: str, name: str) -> Edit:
        """Another name for a raw key."""
        node = self._element(key).children[0]
        return Edit(node.start_byte, node.end_byte, _key(name, quote=_quoted(node, self._data)))

    def added(self, pairs: Mapping[str, str]) -> list[Edit]:
        """More keys: in the last literal map, else in one that is merged over the expression."""
        if self._last is not None:
            return _extended(self._last, self._data, pairs)
        head, tail = self._node.start_byte, self._node.end_byte
        if self.terms == ["null"]:
            return [Edit(head, tail, _line(pairs))]
        return [Edit(head, head, b"merge("), Edit(tail, tail, b", " + _line(pairs) + b")")]

    def _element(self, key: str) -> Node:
        found = self._found(key)
        if found is None:
            raise CannotError(f"tag '{key}' is not written out here")
        return found

    def _found(self, key: str) -> Node | None:
        same = [
            each
            for node in self._maps
            for each in node.children
            if each.type == "object_elem" and _name(each.children[0], self._data) == key
        ]
        if len(same) > 1:
            raise CannotError(f"tag '{key}' is written more than once")
        return same[0] if same else None


def _extended(node: Node, data: bytes, pairs: Mapping[str, str]) -> list[Edit]:
    elements = [each for each in node.children if each.type == "object_elem"]
    close = node.end_byte - 1
    start = data.rfind(b"\n", 0, close) + 1
    quote = bool(elements) and all(_quoted(each.children[0], data) for each in elements)
    sign = elements[-1].children[1].text if elements else b"="
    equals = b" = " if sign != b":" else b" : " if _spaced(elements[-1], data) else b": "
    written = [_key(k, quote=quote) + equals + quoted(v) for k, v in pairs.items()]
    commas = [each for each in node.children if each.type == ","]
    trailing = bool(elements and commas) and commas[-1].start_byte >= elements[-1].end_byte
    if start > node.start_byte and not data[start:close].strip():
        indent = _indent(data, elements[-1].start_byte) if elements else None
        indent = data[start:close] + _STEP if indent is None else indent
        keys = [_key(key, quote=quote) for key in pairs]
        width, blanks = aligned(elements, data, start, keys) if equals == b" = " else (0, [])
        written = [key.ljust(width) + equals + quoted(value) for key, value in zip(keys, pairs.values(), strict=True)]
        ends = [b"," if trailing or (commas and i < len(written) - 1) else b"" for i in range(len(written))]
        text = b"".join(indent + each + end + newline(data) for each, end in zip(written, ends, strict=True))
        comma = [Edit(elements[-1].end_byte, elements[-1].end_byte, b",")] if commas and not trailing else []
        return [*blanks, *comma, Edit(start, start, text)]
    if not elements:
        if data[node.start_byte + 1 : close].strip():
            raise CannotError("there is a comment in its map")
        return [Edit(node.start_byte, node.end_byte, b"{ " + b", ".join(written) + b" }")]
    if trailing:
        return [Edit(commas[-1].end_byte, commas[-1].end_byte, b"".join(b" " + each + b"," for each in written))]
    return [Edit(elements[-1].end_byte, elements[-1].end_byte, b"".join(b", " + each for each in written))]


def _spaced(element: Node, data: bytes) -> bool:
    """Whether there is a blank before the sign of an element."""
    sign = element.children[1].start_byte
    return data[sign - 1 : sign] == b" "


def argument(block: Block, data: bytes, name: str, pairs: Mapping[str, str]) -> list[Edit]:
    """An argument that a block does not have yet, as its last lines."""
    if any(each.type == name or each.labels[:1] == (name,) for each in block.body.blocks):
        raise CannotError(f"its {name} are nested blocks")
    width = max(len(_key(key, quote=False)) for key in pairs)
    lines = [_key(key, quote=False).ljust(width) + b" = " + quoted(value) for key, value in pairs.items()]
    return _ends_with(block, data, [name.encode() + b" = {", *(_STEP + line for line in lines), b"}"])


def blocks(block: Block, data: bytes, name: str, some: Sequence[Mapping[str, bytes]]) -> list[Edit]:
    """More nested blocks of a name, expressions by argument: after the last one, else as the block's last lines."""
    lines: list[bytes] = []
    for each in some:
        width = max(map(len, each))
        inner = [_STEP + key.encode().ljust(width) + b" = " + value for key, value in each.items()]
        lines += [name.encode() + b" {", *inner, b"}"]
    last = max((each.end for each in block.body.named(name)), default=None)
    if last is None:
        return _ends_with(block, data, lines)
    stop = data.find(b"\n", last) + 1
    indent = _indent(data, max(each.start for each in block.body.named(name)))
    if not stop or indent is None or data[last:stop].strip()[:1] not in {b"", b"#"}:
        raise CannotError(f"its {name} blocks do not stand on lines of their own")
    return [Edit(stop, stop, b"".join(indent + line + newline(data) for line in lines))]


def _ends_with(block: Block, data: bytes, lines: Sequence[bytes]) -> list[Edit]:
    """More lines before the closing brace."""
    close = block.end - 1
    start = data.rfind(b"\n", 0, close) + 1
    outer = re.match(rb"[ \t]*", data[data.rfind(b"\n", 0, block.start) + 1 : block.start])
    indent = (outer[0] if outer else b"") + _STEP
    inside = [*(each.start for each in block.body.attributes.values()), *(each.start for each in block.body.blocks)]
    first = min((each for each in inside if block.start < each < block.end), default=None)
    if first is not None:
        indent = _indent(data, first) or indent
    end = newline(data)
    text = b"".join(indent + line + end for line in lines)
    if start > block.start and not data[start:close].strip():
        return [Edit(start, start, text)]
    opened = data.rfind(b"{", block.start, close)
    if inside or opened < 0 or data[opened + 1 : close].strip():
        raise CannotError("its block is written on one line")
    return [Edit(opened + 1, close, end + text)]


def plain(attribute: Attribute) -> str | None:
    """The text of an argument that is a string in which nothing is escaped or put in."""
    return _plain(*attribute.node) if isinstance(attribute.node, tuple) else None


def replaced(attribute: Attribute, text: str) -> Edit:
    """Another text for an argument that is one."""
    if plain(attribute) is None:
        raise CannotError(f"its {attribute.name} is an expression")
    node, _ = attribute.node
    return Edit(node.start_byte, node.end_byte, quoted(text))


def _line(pairs: Mapping[str, str]) -> bytes:
    return b"{ " + b", ".join(_key(key, quote=False) + b" = " + quoted(value) for key, value in pairs.items()) + b" }"


def _indent(data: bytes, at: int) -> bytes | None:
    """What stands before something on its line, where that is white space only."""
    before = data[data.rfind(b"\n", 0, at) + 1 : at]
    return before if not before.strip() else None


def _all(node: Node) -> Iterable[Node]:
    stack = [node]
    while stack:
        each = stack.pop()
        yield each
        stack.extend(each.children)


def _inner(node: Node) -> Node:
    while node.type in {"expression", "collection_value", "literal_value"} and len(node.children) == 1:
        node = node.children[0]
    return node


def _name(node: Node, data: bytes) -> str | None:
    inner = _inner(node)
    if inner.type == "variable_expr" and len(node.children) == 1:
        return data[inner.start_byte : inner.end_byte].decode()
    return _plain(node, data)


def _quoted(node: Node, data: bytes) -> bool:
    return data[node.start_byte : node.start_byte + 1] == b'"'


def _plain(node: Node, data: bytes) -> str | None:
    """The text of a string in which nothing is escaped or put in."""
    inner = _inner(node)
    if inner.type != "string_lit":
        return None
    text = data[inner.start_byte + 1 : inner.end_byte - 1]
    return None if b"\\" in text or b"${" in text or b"%{" in text else text.decode()
