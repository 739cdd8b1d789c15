"""ARM's functions of lists and maps (Microsoft Learn, "Array functions", "Object functions").

`ALL_OF` want to know all of what they get, the others work where a part of it cannot be told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from finops_guard.model import Unknown
from finops_guard.sources.iac._arm.operands import (
    MAX_ITEMS,
    CannotTell,
    Function,
    as_int,
    as_list,
    as_text,
    few,
    member,
    text_of,
)
from finops_guard.sources.iac._either import Open


def _union(*parts: object) -> object:
    if parts and all(isinstance(part, list) for part in parts):
        found: dict[str, object] = {}
        for item in few(item for part in parts if isinstance(part, list) for item in part):
            found.setdefault(_same(item), item)
        return list(found.values())
    return _joined(parts, deep=True)


def _same(item: object) -> str:
    """A text that is the same for what is equal; of what cannot be told nothing else is."""
    return json.dumps(item, sort_keys=True, default=id)


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
        others = [{_same(item) for item in part} if isinstance(part, list) else set() for part in rest]
        return [item for item in first if all(_same(item) in other for other in others)]
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
    return _sliced(of)[: max(0, as_int(number))]


def _skip(of: object, number: object) -> object:
    return _sliced(of)[max(0, as_int(number)) :]


def _sliced(of: object) -> str | list[object]:
    if isinstance(of, str | list):
        return of
    raise CannotTell("a part of what is neither a text nor a list")


def _range(start: object, number: object) -> list[int]:
    begin, many = as_int(start), as_int(number)
    if many > MAX_ITEMS:
        raise CannotTell(f"a range() of more than {MAX_ITEMS}")
    return list(range(begin, begin + many))


def _flatten(parts: object) -> list[object]:
    return few(item for part in as_list(parts) for item in (part if isinstance(part, list) else [part]))


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


def _index_of(of: object, what: object) -> int:
    if isinstance(of, list):
        return of.index(what) if what in of else -1
    return as_text(of).casefold().find(text_of(what).casefold())


def _last_index_of(of: object, what: object) -> int:
    if isinstance(of, list):
        return len(of) - 1 - of[::-1].index(what) if what in of else -1
    return as_text(of).casefold().rfind(text_of(what).casefold())


ALL_OF: Mapping[str, Function] = {
    "indexof": _index_of,
    "intersection": _intersection,
    "lastindexof": _last_index_of,
    "range": _range,
}
COLLECTIONS: Mapping[str, Function] = {
    "array": lambda value: value if isinstance(value, list) else [value],
    "contains": _contains,
    "createarray": lambda *items: list(items),
    "createobject": _create_object,
    "empty": _empty,
    "first": _first,
    "flatten": _flatten,
    "items": _items,
    "last": _last,
    "length": _length,
    "objectkeys": _object_keys,
    "shallowmerge": _shallow_merge,
    "skip": _skip,
    "take": _take,
    "union": _union,
}
