"""Text of strangers as YAML that reads back as the same text, whatever is in it."""

from __future__ import annotations

import re
import unicodedata

LONGEST_KEY = 1024
"""YAML's own limit of a key that stands on one line with its value."""
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?:[./@][A-Za-z0-9_-]+)*")
_WORDS = frozenset("true false null yes no on off y n nan inf".split())
"""Words that some reader of YAML takes for something else than text."""


def quote(text: str) -> str:
    """A scalar on one line: bare where nobody can misread it, else in quotes. ValueError for half a surrogate pair."""
    text.encode()
    if _PLAIN.fullmatch(text) and text.casefold() not in _WORDS:
        return text
    if all(char == " " or unicodedata.category(char)[0] not in "CZ" for char in text):
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if char == " " or unicodedata.category(char)[0] not in "CZ":
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004 - what two and four digits can say
