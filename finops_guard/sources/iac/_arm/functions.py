"""ARM's functions of values alone (Microsoft Learn, "ARM template functions"). They raise `CannotTell` for the reason.

`WHOLE` want to know all of what they get; `PARTS` also work where a part of a map or list cannot be told.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote, unquote

from finops_guard.model import Unknown
from finops_guard.sources.iac._either import Open

MAX_ITEMS = 10_000
MAX_TEXT = 100_000
_HOLE = re.compile(r"\{(\d{1,3})(?:,-?\d{1,3})?(?::([A-Za-z]?)(\d{0,2}))?\}|\{\{|\}\}")


class CannotTell(Exception):  # noqa: N818 - not an error: a value that nobody knows
    """Why a value cannot be told."""


def text_of(value: object) -> str:
    """A value as `string()` writes it."""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, dict | list):
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


def _concat(*parts: object) -> object:
    if parts and all(isinstance(part, list) for part in parts):
        return _few([item for part in parts if isinstance(part, list) for item in part])
    return _short("".join(map(text_of, parts)))


def _format(pattern: object, *parts: object) -> str:
    def fill(hole: re.Match[str]) -> str:
        if hole[1] is None:
            return hole[0][0]
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

    return _short(_HOLE.sub(fill, _text(pattern)))


def _union(*parts: object) -> object:
    if all(isinstance(part, list) for part in parts):
        found: list[object] = []
        for part in parts:
            for item in part if isinstance(part, list) else ():
                if item not in found[:MAX_ITEMS]:
                    found.append(item)
        return found
    return _joined(parts, deep=True)


def _shallow_merge(parts: object) -> object:
    return _joined(parts if isinstance(parts, list) else [parts], deep=False)


def _joined(parts: Iterable[object], *, deep: bool) -> dict[str, object]:
    """Maps put together; what a map of which nothing is known comes after may be another."""
    found: dict[str, object] = {}
    because = None
    for part in parts:
        if isinstance(part, Unknown):
            because = part.reason
            found = dict.fromkeys(found, Unknown(part.reason))
            continue
        if not isinstance(part, dict):
            raise CannotTell("a union() of what is not all maps")
        if isinstance(part, Open):
            because = part.because
            found = dict.fromkeys(found, Unknown(because))
        for key, value in part.items():
            old = found.get(key)
            both = deep and isinstance(old, dict) and isinstance(value, dict)
            found[key] = _joined([old, value], deep=True) if both else value
    return found if because is None else Open(found, because)


def _intersection(*parts: object) -> object:
    first, *rest = parts
    if isinstance(first, list):
        return [item for item in first if all(isinstance(part, list) and item in part for part in rest)]
    maps = [part for part in rest if isinstance(part, dict)]
    if not isinstance(first, dict) or len(maps) != len(rest):
        raise CannotTell("an intersection() of what is neither lists nor maps")
    return {key: value for key, value in first.items() if all(key in part and part[key] == value for part in maps)}


def _contains(holder: object, what: object) -> bool:
    if isinstance(holder, str):
        return text_of(what) in holder
    if isinstance(holder, list):
        return what in holder
    try:
        found = member(holder, what)
    except KeyError:
        return False
    if isinstance(found, Unknown) and isinstance(holder, Open):
        raise CannotTell(found.reason)
    return True


def _length(of: object) -> int:
    if isinstance(of, Open):
        raise CannotTell(of.because)
    if isinstance(of, str | list | dict):
        return len(of)
    raise CannotTell("a length() of what has none")


def _empty(of: object) -> bool:
    if isinstance(of, Open) and not len(of):
        raise CannotTell(of.because)
    return of is None or (isinstance(of, str | list | dict) and not of)


def _first(of: object) -> object:
    if isinstance(of, str):
        return of[:1]
    return of[0] if isinstance(of, list) and of else None


def _last(of: object) -> object:
    if isinstance(of, str):
        return of[-1:]
    return of[-1] if isinstance(of, list) and of else None


def _take(of: object, number: object) -> object:
    return _sliced(of)[: max(0, _int(number))]


def _skip(of: object, number: object) -> object:
    return _sliced(of)[max(0, _int(number)) :]


def _sliced(of: object) -> str | list[object]:
    if isinstance(of, str | list):
        return of
    raise CannotTell("a part of what is neither a text nor a list")


def _split(text: object, by: object) -> list[str]:
    marks = [mark for mark in (by if isinstance(by, list) else [by]) if isinstance(mark, str) and mark]
    return re.split("|".join(map(re.escape, marks)), _text(text)) if marks else [_text(text)]


def _join(parts: object, by: object) -> str:
    return _short(_text(by).join(map(text_of, _list(parts))))


def _substring(text: object, start: object, length: object = None) -> str:
    begin = _int(start)
    return _text(text)[begin : None if length is None else begin + _int(length)]


def _pad_left(text: object, width: object, char: object = " ") -> str:
    return text_of(text).rjust(min(_int(width), MAX_TEXT), _text(char)[:1] or " ")


def _range(start: object, number: object) -> list[int]:
    begin, many = _int(start), _int(number)
    if many > MAX_ITEMS:
        raise CannotTell(f"a range() of more than {MAX_ITEMS}")
    return list(range(begin, begin + many))


def _flatten(parts: object) -> list[object]:
    return [item for part in _list(parts) for item in (part if isinstance(part, list) else [part])]


def _create_object(*pairs: object) -> dict[str, object]:
    keys, values = pairs[::2], pairs[1::2]
    if len(keys) != len(values):
        raise CannotTell("a createObject() without a value for each key")
    for key in keys:
        if isinstance(key, Unknown):
            named = {str(name): value for name, value in zip(keys, values, strict=True) if isinstance(name, str)}
            return Open(named, key.reason)
    return {str(key): value for key, value in zip(keys, values, strict=True)}


def _items(of: object) -> list[object]:
    if isinstance(of, Open):
        raise CannotTell(of.because)
    if not isinstance(of, dict):
        raise CannotTell("items() of what is not a map")
    return [{"key": key, "value": of[key]} for key in sorted(of)]


def _object_keys(of: object) -> list[object]:
    return [_key(item) for item in _items(of)]


def _key(item: object) -> object:
    return item["key"] if isinstance(item, dict) else None


def _json(text: object) -> object:
    try:
        return json.loads(_text(text))
    except (ValueError, RecursionError):
        raise CannotTell("a json() of what is not JSON") from None


def _int_of(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise CannotTell("an int() of what is no number") from None


def _bool_of(value: object) -> bool:
    folded = text_of(value).casefold()
    if folded in {"true", "1"}:
        return True
    if folded in {"false", "0"}:
        return False
    raise CannotTell("a bool() of what is neither true nor false")


def _equals(one: object, other: object) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other


def _from_base64(text: object) -> str:
    try:
        return base64.b64decode(_text(text), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise CannotTell("a base64ToString() of what is not base64") from None


def _divided(one: object, other: object) -> int:
    top, bottom = _int(one), _int(other)
    if not bottom:
        raise CannotTell("a division by 0")
    whole = abs(top) // abs(bottom)
    return whole if (top < 0) == (bottom < 0) else -whole


def _least(*parts: object) -> int:
    return min(_numbers(parts))


def _most(*parts: object) -> int:
    return max(_numbers(parts))


def _numbers(parts: tuple[object, ...]) -> list[int]:
    listed = parts[0] if len(parts) == 1 and isinstance(parts[0], list) else parts
    if not listed:
        raise CannotTell("the least or the most of nothing")
    return [_int(part) for part in listed]


def _index_of(of: object, what: object) -> int:
    if isinstance(of, list):
        return of.index(what) if what in of else -1
    return _text(of).casefold().find(text_of(what).casefold())


def _ordered(compare: Callable[[int], bool]) -> Callable[[object, object], bool]:
    def ordered(one: object, other: object) -> bool:
        if isinstance(one, str) and isinstance(other, str):
            return compare((one > other) - (one < other))
        return compare(_int(one) - _int(other))

    return ordered


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise CannotTell("a function of texts that gets something else")


def _int(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise CannotTell("a function of numbers that gets something else")


def _list(value: object) -> list[object]:
    if isinstance(value, list):
        return value
    raise CannotTell("a function of lists that gets something else")


def _short(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise CannotTell(f"a text of more than {MAX_TEXT} characters")
    return text


def _few(items: list[object]) -> list[object]:
    if len(items) > MAX_ITEMS:
        raise CannotTell(f"a list of more than {MAX_ITEMS} items")
    return items


Function = Callable[..., object]
WHOLE: Mapping[str, Function] = {
    "add": lambda one, other: _int(one) + _int(other),
    "base64": lambda text: base64.b64encode(_text(text).encode("utf-8", "replace")).decode(),
    "base64tostring": _from_base64,
    "bool": _bool_of,
    "concat": _concat,
    "div": _divided,
    "endswith": lambda text, end: _text(text).casefold().endswith(_text(end).casefold()),
    "equals": _equals,
    "float": lambda value: float(_int_of(value)),
    "format": _format,
    "greater": _ordered(lambda sign: sign > 0),
    "greaterorequals": _ordered(lambda sign: sign >= 0),
    "indexof": _index_of,
    "int": _int_of,
    "intersection": _intersection,
    "join": _join,
    "json": _json,
    "less": _ordered(lambda sign: sign < 0),
    "lessorequals": _ordered(lambda sign: sign <= 0),
    "max": _most,
    "min": _least,
    "mod": lambda one, other: _int(one) - _int(other) * _divided(one, other),
    "mul": lambda one, other: _int(one) * _int(other),
    "not": lambda value: not _bool_of(value),
    "padleft": _pad_left,
    "range": _range,
    "replace": lambda text, old, new: _short(_text(text).replace(_text(old), _text(new))),
    "split": _split,
    "startswith": lambda text, start: _text(text).casefold().startswith(_text(start).casefold()),
    "string": lambda value: _short(text_of(value)),
    "sub": lambda one, other: _int(one) - _int(other),
    "substring": _substring,
    "tolower": lambda text: _text(text).lower(),
    "toupper": lambda text: _text(text).upper(),
    "trim": lambda text: _text(text).strip(),
    "uricomponent": lambda text: quote(_text(text), safe=""),
    "uricomponenttostring": lambda text: unquote(_text(text)),
}
PARTS: Mapping[str, Function] = {
    "array": lambda value: value if isinstance(value, list) else [value],
    "contains": _contains,
    "createarray": lambda *items: list(items),
    "createobject": _create_object,
    "empty": _empty,
    "false": lambda: False,
    "first": _first,
    "flatten": _flatten,
    "items": _items,
    "last": _last,
    "length": _length,
    "null": lambda: None,
    "objectkeys": _object_keys,
    "shallowmerge": _shallow_merge,
    "skip": _skip,
    "take": _take,
    "true": lambda: True,
    "union": _union,
}
TAKE_UNKNOWN = frozenset({"createarray", "createobject", "union", "array"})
"""Those that make something of an argument of which nothing is known."""
