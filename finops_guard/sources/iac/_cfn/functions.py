"""CloudFormation's functions of values alone (User Guide, "Intrinsic function reference" and LanguageExtensions)."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping

from finops_guard.model import Unknown
from finops_guard.sources.iac._cfn.scope import text_of

MAX_TEXT = 100_000
LONG = Unknown(f"a text of more than {MAX_TEXT} characters")
_INDEX = re.compile(r"[0-9]{1,9}")


def _join(found: object) -> object:
    match found:
        case [str(between), list(parts)]:
            return _unknown_in(parts) or _joined(between, [text_of(part) for part in parts])
        case [_, Unknown() as parts]:
            return Unknown(parts.reason)
    return Unknown("a Fn::Join that is not [text, list]")


def _split(found: object) -> object:
    match found:
        case [str(between), str(text)] if between:
            return text.split(between)
        case [_, Unknown() as text]:
            return Unknown(text.reason)
    return Unknown("a Fn::Split that is not [text, text]")


def _select(found: object) -> object:
    match found:
        case [_, Unknown() as items] | [Unknown() as items, _]:
            return Unknown(items.reason)
        case [int() | str() as index, list(items)] if _INDEX.fullmatch(str(index)) and int(index) < len(items):
            return items[int(index)]
    return Unknown("a Fn::Select that selects nothing")


def _base64(found: object) -> object:
    if isinstance(found, list | dict | Unknown):
        return Unknown("a Fn::Base64 of what is not a text")
    return _short(base64.b64encode(text_of(found)[: MAX_TEXT + 1].encode("utf-8", "replace")).decode())


def _length(found: object) -> object:
    return len(found) if isinstance(found, list) else Unknown("a Fn::Length of what is not a list")


def _json(found: object) -> object:
    try:
        return _short(json.dumps(found, separators=(",", ":")))
    except TypeError:
        return Unknown("a Fn::ToJsonString of what is known when it is deployed")


def _cidr(_found: object) -> object:
    return Unknown("address ranges are not worked out here")


def _joined(between: str, parts: list[str]) -> object:
    if sum(map(len, parts)) + len(between) * len(parts) > MAX_TEXT + len(between):
        return LONG
    return between.join(parts)


def _short(text: str) -> object:
    return text if len(text) <= MAX_TEXT else LONG


def _unknown_in(parts: list[object]) -> Unknown | None:
    """Why a list cannot be joined."""
    for part in parts:
        if isinstance(part, Unknown):
            return Unknown(part.reason)
        if isinstance(part, list | dict):
            return Unknown("a Fn::Join of what is not text")
    return None


PURE: Mapping[str, Callable[[object], object]] = {
    "Fn::Base64": _base64,
    "Fn::Cidr": _cidr,
    "Fn::Join": _join,
    "Fn::Length": _length,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::ToJsonString": _json,
}
"""Name -> function; its argument is evaluated, `Unknown` inside it where a part cannot be told."""
