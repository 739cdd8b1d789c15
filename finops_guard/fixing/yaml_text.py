"""Entries put into maps and lists of YAML and JSON, in the style and with the indentation of what is there.

Every text is quoted so that it reads back as that text. What is written beside it keeps its bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from finops_guard.fixing.edit import CannotError, Edit
from finops_guard.fixing.yaml_flow import in_flow
from finops_guard.fixing.yaml_tree import Document, Node
from finops_guard.language.quote import quote

Value: TypeAlias = str | bool | Mapping[str, "Value"] | Sequence["Value"]
_COMMENT = re.compile(r"#[^\n]*")
_DASH = re.compile(r"-[ \t\r\n]+\Z")


class Quotes(NamedTuple):
    """The quotes of a map's keys and of its values: `"`, `'` or none."""

    key: str = ""
    value: str = ""


_BARE = Quotes()


def scalar(value: str | bool, style: str, document: Document) -> str:  # noqa: FBT001 - a value, not a flag
    """A value as it is written, in quotes of a style where they hold it; booleans bare."""
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        plain = quote(value)
    except UnicodeEncodeError:
        raise CannotError("a value with half a character in it cannot be written") from None
    if document.json:
        return json.dumps(value, ensure_ascii=False)
    if style == '"' and plain[0] != '"' and not re.search(r'["\\]', value):
        return f'"{value}"'
    return f"'{plain}'" if style == "'" and plain[0] not in {"'", '"'} else plain


def replaced(node: Node, value: str, document: Document) -> Edit:
    """Another text for a scalar, in its style; CannotError where it is not one that is written out."""
    if node.word is None:
        raise CannotError("it is an expression")
    return document.edit(node.start, node.end, scalar(value, node.style, document))


def listed(node: Node, entries: Sequence[Mapping[str, Value]], model: Node | None, document: Document) -> list[Edit]:
    """More items for a list that has some, or of one in brackets; written as `model`, an item that has such keys."""
    texts = [None if model is None else _copied(model, each, document) for each in entries]
    if node.flow:
        blocks = [[_flow(e, document)] if t is None else _split(t) for t, e in zip(texts, entries, strict=True)]
        return in_flow(node, blocks, document)
    last = node.items[-1]
    lines: list[str] = []
    for entry, text in zip(entries, texts, strict=True):
        head, indent = _dash(last if model is None or text is None else model, document)
        block = _block_list([entry], document) if text is None else _split(head + text)
        lines += [indent + block[0], *(line if text is not None else indent + line for line in block[1:])]
    return [document.lines(document.after(last), lines)]


def mapped(node: Node, entries: Mapping[str, Value], document: Document) -> list[Edit]:
    """More keys for a map that has some, or of one in braces."""
    quotes = _quotes(node)
    if node.flow:
        if document.json:
            blocks = [_printed({key: value}, document) for key, value in entries.items()]
        else:
            blocks = [[_pair(key, value, document, quotes)] for key, value in entries.items()]
        return in_flow(
            node, blocks, document, alone=[_flow({key: value}, document)[1:-1] for key, value in entries.items()]
        )
    first = node.pairs[0][0]
    indent = document.before(first.start)
    if indent.strip():
        raise CannotError("its keys do not stand on lines of their own")
    return [document.lines(document.after(node), [indent + line for line in _block_map(entries, document, quotes)])]


def filled(key: Node, value: Node, held: Mapping[str, Value] | Sequence[Value], document: Document) -> list[Edit]:
    """Something for a key that has nothing yet: `Tags:` or `Tags: null`."""
    if value.word in {"null", "~"} and value.style == "":
        return [document.edit(value.start, value.end, _flow(held, document))]
    if value.word != "" or value.style or document.json:
        raise CannotError("it has a value that is none")
    indent = document.before(key.start)
    if indent.strip():
        raise CannotError("its key does not stand on a line of its own")
    return [document.lines(document.after(value), [indent + line for line in _below(held, document)])]


def _quotes(node: Node) -> Quotes:
    """Those of a map's last entry."""
    styles = ["", ""]
    for number, each in enumerate(node.pairs[-1] if node.pairs else ()):
        styles[number] = each.style if each.kind == "scalar" and each.style in {'"', "'"} else ""
    return Quotes(*styles)


def _block_map(entries: Mapping[str, Value], document: Document, quotes: Quotes = _BARE) -> list[str]:
    lines: list[str] = []
    for key, value in entries.items():
        name = scalar(key, quotes.key, document) + ":"
        if isinstance(value, str | bool):
            lines.append(f"{name} {scalar(value, quotes.value, document)}")
        else:
            lines += [name, *_below(value, document)]
    return lines


def _below(held: Mapping[str, Value] | Sequence[Value], document: Document) -> list[str]:
    """What stands below a key, seen from that key's column."""
    if isinstance(held, Mapping):
        return [document.step + line for line in _block_map(held, document)]
    return [document.list_indent + line for line in _block_list(held, document)]


def _block_list(items: Sequence[Value], document: Document) -> list[str]:
    lines: list[str] = []
    for item in items:
        inner = _block_map(item, document) if isinstance(item, Mapping) else [_flow(item, document)]
        lines += ["- " + inner[0], *("  " + line for line in inner[1:])]
    return lines


def _flow(value: Value, document: Document) -> str:
    """A value on one line."""
    if isinstance(value, str | bool):
        return scalar(value, "", document)
    if isinstance(value, Mapping):
        return "{" + ", ".join(_pair(key, each, document) for key, each in value.items()) + "}"
    return "[" + ", ".join(_flow(each, document) for each in value) + "]"


def _pair(key: str, value: Value, document: Document, quotes: Quotes = _BARE) -> str:
    shown = scalar(value, quotes.value, document) if isinstance(value, str | bool) else _flow(value, document)
    return f"{scalar(key, quotes.key, document)}: {shown}"


def _printed(value: Mapping[str, Value], document: Document) -> list[str]:
    """The inside of a map as JSON is printed over several lines, seen from its keys' column."""
    deeper = document.step
    lines = json.dumps(value, ensure_ascii=False, indent=deeper).split("\n")[1:-1]
    return [line.removeprefix(deeper) for line in lines]


def _copied(model: Node, entry: Mapping[str, Value], document: Document) -> str | None:
    """The text of an item with the values of another; None where it has other keys, comments or what is repeated."""
    values = {name.text: value for name, value in model.pairs if name.word is not None}
    if values.keys() != entry.keys() or any(each.word is None for each in values.values()):
        return None
    text, at = "", model.start
    for key, node in sorted(values.items(), key=lambda pair: pair[1].start):
        value = entry[key]
        if not isinstance(value, str | bool) or _COMMENT.search(document.text, at, node.start):
            return None
        text += document.text[at : node.start] + scalar(value, node.style, document)
        at = node.end
    end = document.end_of(model)
    return None if _COMMENT.search(document.text, at, end) else text + document.text[at:end]


def _dash(item: Node, document: Document) -> tuple[str, str]:
    """What stands from the dash of an item to the item, and before the dash on its line."""
    match = _DASH.search(document.text, max(0, item.start - 200), item.start)
    indent = document.before(item.start if match is None else match.start())
    if match is None or indent.strip():
        raise CannotError("its items do not stand on lines of their own")
    return document.text[match.start() : item.start], indent


def _split(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n")
