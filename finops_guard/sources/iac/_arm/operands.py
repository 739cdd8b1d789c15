"""What ARM's functions take and give, within limits: they raise `CannotTell` with the reason."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TypeAlias

from finops_guard.model import Unknown
from finops_guard.sources.iac._either import Open, measured

MAX_ITEMS = 10_000
MAX_TEXT = 100_000
_MAX_NUMBER = 2**63
Function: TypeAlias = Callable[..., object]


class CannotTell(Exception):  # noqa: N818 - not an error: a value that nobody knows
    """Why a value cannot be told."""


def text_of(value: object) -> str:
    """A value as `string()` writes it."""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, dict | list):
        if measured(value, MAX_TEXT) > MAX_TEXT:
            raise _too_long()
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return "" if value is None else str(value)


def member(of: object, key: object) -> object:
    """A property in any case, or an item; KeyError where it is not there."""
    if isinstance(of, dict):
        if key in of:
            return of[key]
        folded = str(key).casefold()
        for name, value in of.items():
            if name.casefold() == folded:
                return value
        if isinstance(of, Open):
            return Unknown(of.because)
    elif isinstance(of, list) and isinstance(key, int) and -1 < key < len(of):
        return of[key]
    raise KeyError(key)


def joined(between: str, parts: Iterable[object]) -> str:
    """Texts put together."""
    texts = [text_of(part) for part in parts]
    if sum(map(len, texts)) + len(between) * (len(texts) - 1) > MAX_TEXT:
        raise _too_long()
    return between.join(texts)


def short(text: str) -> str:
    """A text that is not too long."""
    if len(text) > MAX_TEXT:
        raise _too_long()
    return text


def few(items: Iterable[object]) -> list[object]:
    """A list that is not too long."""
    found = []
    for item in items:
        found.append(item)
        if len(found) > MAX_ITEMS:
            raise CannotTell(f"a list of more than {MAX_ITEMS} items")
    return found


def number(value: int) -> int:
    """A number of 64 bits."""
    if not -_MAX_NUMBER <= value < _MAX_NUMBER:
        raise CannotTell("a number of more than 64 bits")
    return value


def as_text(value: object) -> str:
    """What has to be a text."""
    if isinstance(value, str):
        return value
    raise CannotTell("a function of texts that gets something else")


def as_int(value: object) -> int:
    """What has to be a whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise CannotTell("a function of numbers that gets something else")


def as_list(value: object) -> list[object]:
    """What has to be a list."""
    if isinstance(value, list):
        return value
    raise CannotTell("a function of lists that gets something else")


def _too_long() -> CannotTell:
    return CannotTell(f"a text of more than {MAX_TEXT} characters")
