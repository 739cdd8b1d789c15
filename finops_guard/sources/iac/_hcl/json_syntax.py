"""Files in JSON syntax (`.tf.json`): the same blocks and attributes, strings being templates."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined] # the standard library's own, without a stub
from pathlib import Path

from finops_guard.sources.iac._hcl.syntax import Attribute, Block, Body, Mistake, Source
from finops_guard.sources.iac._hcl.values import Val, parsed

_SPACE = re.compile(r"[ \t\r\n]*")
_SCALAR = re.compile(r"-?[0-9][0-9.eE+-]*|true|false|null")
_LABELS = {"resource": 2, "data": 2, "module": 1, "variable": 1, "output": 1, "provider": 1}
_META = {"lifecycle", "provisioner", "connection", "dynamic", "required_providers", "default_tags"}


class _Text(str):
    """A key and where it stands."""

    __slots__ = ("at",)
    at: int


def read(path: Path, shown: str) -> Source:
    """A file in JSON; a mistake for what cannot be read or is not JSON."""
    try:
        data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
        text = data.decode()
        json.loads(text)
        root, _ = _value(text, _SPACE.match(text, 0).end())  # type: ignore[union-attr] # it matches nothing too
    except OSError as wrong:
        return Source(shown, b"", Body(), Mistake(shown, 1, 1, f"cannot be read: {wrong.strerror or wrong}"))
    except json.JSONDecodeError as wrong:
        return Source(shown, b"", Body(), Mistake(shown, wrong.lineno, wrong.colno, f"is not JSON: {wrong.msg}"))
    except (UnicodeDecodeError, RecursionError, ValueError):
        return Source(shown, b"", Body(), Mistake(shown, 1, 1, "is not JSON in UTF-8"))
    if not isinstance(root, dict):
        return Source(shown, data, Body(), Mistake(shown, 1, 1, "is not a JSON object"))
    body = Body()
    reader = _Reader(shown, [0, *(found.end() for found in re.finditer("\n", text))])
    try:
        for type_, value in root.items():
            body.blocks += reader.blocks(type_, value, _LABELS.get(type_, 0))
    except RecursionError:
        return Source(shown, data, Body(), Mistake(shown, 1, 1, "nests too deeply"))
    return Source(shown, data, body)


def _value(text: str, at: int) -> tuple[Val, int]:
    """A value of JSON that is known to be valid, keys with their place; and where it ends."""
    sign = text[at]
    if sign == '"':
        return scanstring(text, at + 1)  # type: ignore[no-any-return] # a string and its end
    if sign not in "{[":
        found = _SCALAR.match(text, at)
        word = found[0] if found else ""
        plain = {"true": True, "false": False, "null": None}
        return (plain[word] if word in plain else parsed(word)), at + len(word)
    items: Val = {} if sign == "{" else []
    at = _skip(text, at + 1)
    while text[at] not in "}]":
        if sign == "{":
            key, end = scanstring(text, at + 1)
            named = _Text(key)
            named.at = at
            items[named], at = _value(text, _skip(text, _skip(text, end) + 1))
        else:
            item, at = _value(text, at)
            items.append(item)
        at = _skip(text, at)
        at = _skip(text, at + 1) if text[at] == "," else at
    return items, at + 1


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return at if found is None else found.end()


@dataclass(frozen=True, slots=True)
class _Reader:
    """Makes blocks of what a file says."""

    shown: str
    starts: list[int]
    """Where each line begins."""

    def place(self, key: str) -> tuple[int, int, int]:
        """Where a key stands: offset, line and column."""
        at = getattr(key, "at", 0)
        line = bisect_right(self.starts, at)
        return at, line, at - self.starts[line - 1] + 1

    def blocks(self, key: str, value: Val, labels: int, so_far: tuple[str, ...] = ()) -> Iterator[Block]:
        """The blocks below a key: a level for each label, and a list of them for each body. The type comes first."""
        if isinstance(value, list):
            for item in value:
                yield from self.blocks(key, item, labels, so_far)
        elif isinstance(value, dict) and labels:
            for label, below in value.items():
                yield from self.blocks(label, below, labels - 1, (*(so_far or (str(key),)), str(label)))
        elif isinstance(value, dict):
            at, line, column = self.place(key)
            type_, *names = so_far or (str(key),)
            blocks = _META | {"content"} if type_ == "dynamic" else _META
            yield Block(type_, tuple(names), self.body(value, blocks), self.shown, at, at, line, column)

    def body(self, value: dict[str, Val], blocks: set[str]) -> Body:
        """Every member as an attribute, but those that can only be blocks."""
        body = Body()
        for key, item in value.items():
            if key in blocks:
                body.blocks += self.blocks(key, item, 1 if key in {"dynamic", "provisioner"} else 0)
            elif key != "//":
                at, line, column = self.place(key)
                body.attributes[str(key)] = Attribute(str(key), item, at, at, line, column)
        return body
