"""ARM's functions of texts (Microsoft Learn, "String functions"). They want to know all of what they get."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

from finops_guard.sources.iac._arm.operands import (
    MAX_TEXT,
    CannotTell,
    Function,
    as_int,
    as_list,
    as_text,
    few,
    joined,
    short,
    text_of,
)

_HOLE = re.compile(r"\{(\d{1,3})(?:,-?\d{1,3})?(?::([A-Za-z]?)(\d{0,2}))?\}|\{\{|\}\}")


def _concat(*parts: object) -> object:
    if parts and all(isinstance(part, list) for part in parts):
        return few(item for part in parts if isinstance(part, list) for item in part)
    return joined("", parts)


def _format(pattern: object, *parts: object) -> str:
    length = len(as_text(pattern))

    def fill(hole: re.Match[str]) -> str:
        nonlocal length
        if hole[1] is None:
            return hole[0][0]
        text = _filled(hole, parts)
        length += len(text)
        if length > MAX_TEXT:
            raise CannotTell(f"a text of more than {MAX_TEXT} characters")
        return text

    return short(_HOLE.sub(fill, as_text(pattern)))


def _filled(hole: re.Match[str], parts: tuple[object, ...]) -> str:
    if int(hole[1]) >= len(parts):
        raise CannotTell("a format() with too few values")
    value = parts[int(hole[1])]
    kind = (hole[2] or "").upper()
    if not kind:
        return text_of(value)
    if kind not in "DX" or not isinstance(value, int):
        raise CannotTell("a format() in a way we do not write")
    digits = f"{value:X}" if kind == "X" else str(value)
    return digits.zfill(int(hole[3] or 0))


def _split(text: object, by: object) -> list[str]:
    marks = [mark for mark in (by if isinstance(by, list) else [by]) if isinstance(mark, str) and mark]
    return re.split("|".join(map(re.escape, marks)), as_text(text)) if marks else [as_text(text)]


def _replaced(text: object, old: object, new: object) -> str:
    whole, part, put = as_text(text), as_text(old), as_text(new)
    if not part:
        return whole
    if len(whole) + whole.count(part) * (len(put) - len(part)) > MAX_TEXT:
        raise CannotTell(f"a text of more than {MAX_TEXT} characters")
    return whole.replace(part, put)


def _substring(text: object, start: object, length: object = None) -> str:
    begin = as_int(start)
    return as_text(text)[begin : None if length is None else begin + as_int(length)]


def _pad_left(text: object, width: object, char: object = " ") -> str:
    return text_of(text).rjust(min(as_int(width), MAX_TEXT), as_text(char)[:1] or " ")


def _json(text: object) -> object:
    try:
        return json.loads(short(as_text(text)))
    except (ValueError, RecursionError):
        raise CannotTell("a json() of what is not JSON") from None


def _from_base64(text: object) -> str:
    try:
        return base64.b64decode(as_text(text), validate=True).decode()
    except (binascii.Error, ValueError):
        raise CannotTell("a base64ToString() of what is not base64") from None


TEXTS: Mapping[str, Function] = {
    "base64": lambda text: base64.b64encode(as_text(text).encode("utf-8", "replace")).decode(),
    "base64tostring": _from_base64,
    "concat": _concat,
    "endswith": lambda text, end: as_text(text).casefold().endswith(as_text(end).casefold()),
    "format": _format,
    "join": lambda parts, by: joined(as_text(by), as_list(parts)),
    "json": _json,
    "padleft": _pad_left,
    "replace": _replaced,
    "split": _split,
    "startswith": lambda text, start: as_text(text).casefold().startswith(as_text(start).casefold()),
    "string": lambda value: short(text_of(value)),
    "substring": _substring,
    "tolower": lambda text: as_text(text).lower(),
    "toupper": lambda text: as_text(text).upper(),
    "trim": lambda text: as_text(text).strip(),
    "uricomponent": lambda text: quote(as_text(text), safe=""),
    "uricomponenttostring": lambda text: unquote(as_text(text)),
}
