"""CloudFormation's functions of values alone (User Guide, "Intrinsic function reference" and LanguageExtensions)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping

from finops_guard.model import Unknown


def _join(found: object) -> object:
    match found:
        case [str(between), list(parts)]:
            return _unknown_in(parts) or between.join(map(_text, parts))
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
        case [int() | str() as index, list(items)] if str(index).isdecimal() and int(index) < len(items):
            return items[int(index)]
    return Unknown("a Fn::Select that selects nothing")


def _base64(found: object) -> object:
    return base64.b64encode(_text(found).encode("utf-8", "replace")).decode() if not _holds(found) else _not_text(found)


def _length(found: object) -> object:
    return len(found) if isinstance(found, list) else Unknown("a Fn::Length of what is not a list")


def _json(found: object) -> object:
    try:
        return json.dumps(found, separators=(",", ":"))
    except TypeError:
        return Unknown("a Fn::ToJsonString of what is known when it is deployed")


def _cidr(_found: object) -> object:
    return Unknown("address ranges are not worked out here")


def _holds(value: object) -> bool:
    return isinstance(value, list | dict | Unknown)


def _not_text(_value: object) -> Unknown:
    return Unknown("a Fn::Base64 of what is not a text")


def _unknown_in(parts: list[object]) -> Unknown | None:
    """Why a list cannot be joined."""
    for part in parts:
        if isinstance(part, Unknown):
            return Unknown(part.reason)
        if isinstance(part, list | dict):
            return Unknown("a Fn::Join of what is not text")
    return None


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


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
