"""Functions of lists, maps and sets. Those in `PARTIAL` say what they can of what is known in part."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import prod

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.operators import equal
from finops_guard.sources.iac._hcl.types import as_list, as_map, as_set, convert, type_of, unify
from finops_guard.sources.iac._hcl.values import (
    LARGEST,
    Lazy,
    List,
    Map,
    OpenMap,
    Set,
    Val,
    WrongError,
    boolean,
    in_order,
    number,
    text,
    typed,
    unknown_in,
)


def _list(value: Val) -> list[Val]:
    if not isinstance(value, list):
        raise WrongError("not a list")
    return value


def _map(value: Val) -> dict[str, Val]:
    if not isinstance(value, dict):
        raise WrongError("not a map")
    return value


def _unknown(value: Val) -> Unknown | None:
    """Why a value as a whole cannot be told."""
    return Unknown(value.reason) if isinstance(value, (Lazy, Unknown)) else None


def _merge(*values: Val) -> Val:
    """What later maps say wins; a map that cannot be told may hold any key, and so change all that came before it."""
    found: dict[str, Val] = {}
    why: str | None = None
    kinds = []
    for value in values:
        if value is None:
            continue
        unknown = _unknown(value)
        if unknown is not None or isinstance(value, OpenMap):
            why = unknown.reason if unknown is not None else value.reason
            found = {key: Unknown(why) for key in found}
        if unknown is None:
            kinds.append(type_of(value))
            found.update(_map(value))
    if why is not None:
        return OpenMap(found.items(), why)
    if not kinds:
        return {} if not values or None not in values else None
    if all(kind == kinds[0] for kind in kinds) and kinds[0][0] == "map":
        return Map(in_order(found), kinds[0][1])
    return dict(in_order(found))


def _lookup(value: Val, key: Val, *default: Val) -> Val:
    if (unknown := _unknown(value) or _unknown(key)) is not None:
        return unknown
    found, name = _map(value), text(key)
    if isinstance(name, Unknown):
        return name
    if name in found:
        return found[name]
    if isinstance(value, OpenMap):
        return Unknown(value.reason)
    if not default:
        raise WrongError(f"there is no key {name!r}")
    return convert(default[0], value.of) if isinstance(value, Map) else default[0]


def _concat(*values: Val) -> Val:
    for value in values:
        if (unknown := _unknown(value)) is not None:
            return unknown
    items = [item for value in values for item in _list(value)]
    kinds = {str(type_of(value)): type_of(value) for value in values}
    if len(kinds) == 1 and all(isinstance(value, List) for value in values):
        return List(items, next(iter(kinds.values()))[1])
    if all(isinstance(value, List) for value in values):
        of = unify([kind[1] for kind in kinds.values()])
        return Unknown("lists of different types") if of is None else as_list(items, ("list", of))
    return items


def _keys(value: Val) -> Val:
    if (unknown := _unknown(value)) is not None:
        return unknown
    if isinstance(value, OpenMap):
        return Unknown(value.reason)
    names = [key for key, _ in in_order(_map(value))]
    return List(names, "string") if isinstance(value, Map) else list(names)


def _values(value: Val) -> Val:
    if (unknown := _unknown(value)) is not None:
        return unknown
    if isinstance(value, OpenMap):
        return Unknown(value.reason)
    items = [item for _, item in in_order(_map(value))]
    return List(items, value.of) if isinstance(value, Map) else items


def _length(value: Val) -> Val:
    if (unknown := _unknown(value)) is not None:
        return unknown
    if isinstance(value, OpenMap):
        return Unknown(value.reason)
    if isinstance(value, str):
        return len(value) if value.isascii() else Unknown("graphemes of text that is not ASCII")
    if not isinstance(value, (list, dict)):
        raise WrongError("it has no length")
    return len(value)


def _element(value: Val, index: Val) -> Val:
    if (unknown := _unknown(value) or _unknown(index)) is not None:
        return unknown
    items, at = _list(value), number(index)
    if isinstance(at, Unknown):
        return at
    if not items or not isinstance(at, int) or at < 0:
        raise WrongError("there is no such element")
    return items[at % len(items)]


def _contains(value: Val, item: Val) -> Val:
    if (unknown := _unknown(value) or unknown_in(item)) is not None:
        return unknown
    doubt: Unknown | None = None
    wanted = convert(item, value.of) if isinstance(value, List) and isinstance(value.of, str) else item
    for each in _list(value):
        same = equal(each, wanted)
        if same is True:
            return True
        doubt = same if isinstance(same, Unknown) else doubt
    return False if doubt is None else doubt


def _flatten(value: Val) -> Val:
    if (unknown := _unknown(value)) is not None:
        return unknown
    out: list[Val] = []
    for item in _list(value):
        if (unknown := _unknown(item)) is not None:
            return unknown
        inner = _flatten(item) if isinstance(item, list) else [item]
        if isinstance(inner, Unknown):
            return inner
        out += inner
    return out


def _coalesce(*values: Val) -> Val:
    """The first that is neither null nor empty, as the one type of all; unknown from the first unknown on."""
    for value in values:
        if (unknown := _unknown(value)) is not None:
            return unknown
        if value is not None and value != "":
            of = unify([type_of(each) for each in values])
            if of is None:
                raise WrongError("no type in common")
            return convert(value, of)
    raise WrongError("all of it is empty")


def _coalescelist(*values: Val) -> Val:
    for value in values:
        if (unknown := _unknown(value)) is not None:
            return unknown
        if value:
            return value
    raise WrongError("all of it is empty")


def _converting(make: Callable[[Val], Val], of: object = "any") -> Callable[[Val], Val]:
    def converted(value: Val) -> Val:
        unknown = _unknown(value)
        if unknown is not None:
            return typed(unknown, of)
        return None if value is None else make(value)

    return converted


def _tomap(value: Val) -> Val:
    return as_map(_map(value))


def _zipmap(keys: Val, values: Val) -> Val:
    for value in (keys, values):
        if (unknown := unknown_in(value) if value is keys else _unknown(value)) is not None:
            return unknown
    if len(_list(keys)) != len(_list(values)):
        raise WrongError("as many keys as values are needed")
    pairs = dict(zip([str(text(key)) for key in keys], values, strict=True))
    return Map(in_order(pairs), values.of) if isinstance(values, List) else dict(in_order(pairs))


def _one(value: Val) -> Val:
    if (unknown := _unknown(value)) is not None:
        return unknown
    if value is None or len(_list(value)) > 1:
        raise WrongError("more than one")
    return value[0] if value else None


def _distinct(value: Val) -> Val:
    out: list[Val] = []
    for item in _list(value):
        if not any(equal(item, known) is True for known in out):
            out.append(item)
    return List(out, unify([type_of(item) for item in out]) or "any")


def _compact(value: Val) -> Val:
    return List([text(item) for item in _list(value) if item is not None and item != ""], "string")


def _sort(value: Val) -> Val:
    return List(sorted(str(text(item)) for item in _list(value)), "string")


def _slice(value: Val, start: Val, end: Val) -> Val:
    low, high = number(start), number(end)
    if not (isinstance(low, int) and isinstance(high, int) and 0 <= low <= high <= len(_list(value))):
        raise WrongError("no such part of the list")
    return List(value[low:high], value.of) if isinstance(value, List) else value[low:high]


def _reverse(value: Val) -> Val:
    items = list(reversed(_list(value)))
    return List(items, value.of) if isinstance(value, List) else items


def _index(value: Val, item: Val) -> Val:
    for at, each in enumerate(_list(value)):
        if equal(each, item) is True:
            return at
    raise WrongError("it is not in the list")


def _chunks(value: Val, size: Val) -> Val:
    items, step = _list(value), number(size)
    if not isinstance(step, int) or step < 1:
        raise WrongError("not a size")
    return List([items[at : at + step] for at in range(0, len(items), step)])


def _setproduct(*values: Val) -> Val:
    if any(isinstance(value, Set) for value in values):
        return Unknown("the order of a product of sets")
    lists = [as_list(_list(value), ("list", "any")) for value in values]
    if prod(map(len, lists)) > LARGEST:
        return Unknown("it grows beyond what we evaluate")
    return List([list(row) for row in product(*lists)])


def _setwise(combine: Callable[[set[Val], set[Val]], set[Val]]) -> Callable[..., Val]:
    def combined(*values: Val) -> Val:
        items = [{text(item) for item in _list(value)} for value in values]
        if not all(type_of(item) == "string" for value in values for item in value):
            return Unknown("a set of other than strings")
        out = items[0]
        for more in items[1:]:
            out = combine(out, more)
        return Set(sorted(out), "string")

    return combined


def _every(value: Val) -> Val:
    return all(boolean(item) is True for item in _list(value))


def _some(value: Val) -> Val:
    return any(item is not None and boolean(item) is True for item in _list(value))


def _matchkeys(values: Val, keys: Val, wanted: Val) -> Val:
    pairs = zip(_list(values), _list(keys), strict=True)
    return List([value for value, key in pairs if any(equal(key, each) is True for each in _list(wanted))])


def _transpose(value: Val) -> Val:
    out: dict[str, list[Val]] = {}
    for key, items in in_order(_map(value)):
        for item in items:
            out.setdefault(str(text(item)), []).append(key)
    return Map(((key, List(sorted(out[key]), "string")) for key in sorted(out)), ("list", "string"))


def _giving(of: object, make: Callable[..., Val]) -> Callable[..., Val]:
    """A function whose result has one type, whether it can be told or not."""

    def made(*values: Val) -> Val:
        found = make(*values)
        return typed(found, of) if isinstance(found, Unknown) else found

    return made


_KNOWN_IN_PART: dict[str, Callable[..., Val]] = {
    "coalesce": _coalesce,
    "coalescelist": _coalescelist,
    "concat": _concat,
    "contains": _giving("bool", _contains),
    "element": _element,
    "flatten": _flatten,
    "keys": _giving(("list", "string"), _keys),
    "length": _giving("number", _length),
    "lookup": _lookup,
    "merge": _merge,
    "nonsensitive": lambda value: value,
    "one": _one,
    "reverse": _converting(_reverse),
    "sensitive": lambda _value: Unknown("it is sensitive, so never shown"),
    "tobool": _converting(boolean, "bool"),
    "tolist": _converting(lambda value: as_list(value, ("list", "any"))),
    "tomap": _converting(_tomap),
    "tonumber": _converting(number, "number"),
    "toset": _converting(as_set),
    "tostring": _converting(text, "string"),
    "values": _values,
    "zipmap": _zipmap,
}
PARTIAL = frozenset(_KNOWN_IN_PART)
FUNCTIONS: dict[str, Callable[..., Val]] = {
    **_KNOWN_IN_PART,
    "alltrue": _every,
    "anytrue": _some,
    "chunklist": _chunks,
    "compact": _compact,
    "distinct": _distinct,
    "index": _index,
    "issensitive": lambda _value: Unknown("whether a value is sensitive"),
    "matchkeys": _matchkeys,
    "setintersection": _setwise(lambda one, other: one & other),
    "setproduct": _setproduct,
    "setsubtract": _setwise(lambda one, other: one - other),
    "setunion": _setwise(lambda one, other: one | other),
    "slice": _slice,
    "sort": _sort,
    "transpose": _transpose,
}
