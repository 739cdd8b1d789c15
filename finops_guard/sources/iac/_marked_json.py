"""JSON with the place of each key; comments, commas before a closing bracket and texts over several lines are allowed.

Azure's tools read those (Microsoft Learn, "Understand the structure and syntax of ARM templates": comments and
multi-line strings), and CloudFormation's YAML reader takes some of them in JSON too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from json import JSONDecodeError, decoder

from finops_guard.sources.iac._marked import MAX_DEPTH, Map, Text

_BLANK = re.compile(r"(?:[ \t\r\n\ufeff]+|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)*+")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,30})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?(?![0-9.])")
_scanned: Callable[[str, int, bool], tuple[str, int]] = vars(decoder)["scanstring"]
"""The standard library's own reader of a string: in C, and without it there is no JSON."""
_WORDS = {"t": ("true", True), "f": ("false", False), "n": ("null", None)}


def document(text: Text) -> object:
    """The one value of a text."""
    value, end = _value(text, _skip(text, 0), 0)
    if (end := _skip(text, end)) < len(text.text):
        text.refuse(end, "not JSON: something stands after the end")
    return value


def _value(text: Text, at: int, depth: int) -> tuple[object, int]:
    if depth > MAX_DEPTH:
        text.refuse(at, f"nested deeper than {MAX_DEPTH} levels")
    char = text.text[at : at + 1]
    if char == '"':
        return _string(text, at)
    if char == "{":
        return _map(text, at, depth)
    if char == "[":
        return _list(text, at, depth)
    word, value = _WORDS.get(char, ("", None))
    if word and text.text.startswith(word, at):
        return value, at + len(word)
    if match := _NUMBER.match(text.text, at):
        whole = match[1] is None and match[2] is None
        return (int(match[0]) if whole else float(match[0])), match.end()
    return text.refuse(at, "not JSON: a value is missing" if char else "not JSON: it ends in the middle")


def _map(text: Text, at: int, depth: int) -> tuple[Map, int]:
    found = Map(at)
    at = _skip(text, at + 1)
    while text.text[at : at + 1] != "}":
        if text.text[at : at + 1] != '"':
            text.refuse(at, "not JSON: a key in quotes is missing")
        key, end = _string(text, at)
        if key in found:
            text.refuse(at, f"duplicate key {key!r}")
        found.keys_at[key] = at
        end = _skip(text, end)
        if text.text[end : end + 1] != ":":
            text.refuse(end, "not JSON: ':' is missing")
        found[key], at = _value(text, _skip(text, end + 1), depth + 1)
        at = _after(text, at, "}")
    return found, at + 1


def _list(text: Text, at: int, depth: int) -> tuple[list[object], int]:
    found = []
    at = _skip(text, at + 1)
    while text.text[at : at + 1] != "]":
        value, at = _value(text, at, depth + 1)
        found.append(value)
        at = _after(text, at, "]")
    return found, at + 1


def _after(text: Text, at: int, closing: str) -> int:
    at = _skip(text, at)
    char = text.text[at : at + 1]
    if char == ",":
        return _skip(text, at + 1)
    if char != closing:
        text.refuse(at, f"not JSON: ',' or '{closing}' is missing" if char else "not JSON: it ends in the middle")
    return at


def _string(text: Text, at: int) -> tuple[str, int]:
    try:
        value, end = _scanned(text.text, at + 1, False)  # noqa: FBT003 - not strict: texts over several lines
    except JSONDecodeError as wrong:
        text.refuse(wrong.pos, f"not JSON: {wrong.msg[:1].lower()}{wrong.msg[1:]}")

    return value, end


def _skip(text: Text, at: int) -> int:
    match = _BLANK.match(text.text, at)
    return at if match is None else match.end()
