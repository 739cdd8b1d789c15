"""Functions of maps. Those in `PARTIAL` say what they can of what is known in part."""

from __future__ import annotations

from collections.abc import Callable

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.functions.arguments import a_list, a_map, hidden
from finops_guard.sources.iac._hcl.types import convert, type_of
from finops_guard.sources.iac._hcl.values import List, Map, OpenMap, Val, WrongError, in_order, text, typed, unknown_in


def _merge(*values: Val) -> Val:
    """What later maps say wins; a map that cannot be told may hold any key, and so change all that came before it."""
    found: dict[str, Val] = {}
    why: str | None = None
    kinds = []
    for value in values:
        if value is None:
            continue
        unknown = hidden(value)
        if unknown is not None or isinstance(value, OpenMap):
            why = unknown.reason if unknown is not None else value.reason
            found = {key: Unknown(why) for key in found}
        if unknown is None:
            kinds.append(type_of(value))
            found.update(a_map(value))
    if why is not None:
        return OpenMap(found.items(), why)
    if kinds and all(kind == kinds[0] for kind in kinds) and kinds[0][0] == "map":
        return Map(in_order(found), kinds[0][1])
    return dict(in_order(found))


def _lookup(value: Val, key: Val, *default: Val) -> Val:
    if (unknown := hidden(value) or hidden(key)) is not None:
        return unknown
    found, name = a_map(value), text(key)
    if isinstance(name, Unknown):
        return name
    if name in found:
        return found[name]
    if isinstance(value, OpenMap):
        return Unknown(value.reason)
    if not default:
        raise WrongError(f"there is no key {name!r}")
    return convert(default[0], value.of) if isinstance(value, Map) else default[0]


def _keys(value: Val) -> Val:
    if (unknown := hidden(value)) is not None:
        return typed(unknown, ("list", "string"))
    if isinstance(value, OpenMap):
        return typed(Unknown(value.reason), ("list", "string"))
    names = [key for key, _ in in_order(a_map(value))]
    return List(names, "string") if isinstance(value, Map) else list(names)


def _values(value: Val) -> Val:
    if (unknown := hidden(value)) is not None:
        return unknown
    if isinstance(value, OpenMap):
        return Unknown(value.reason)
    items = [item for _, item in in_order(a_map(value))]
    return List(items, value.of) if isinstance(value, Map) else items


def _zipmap(keys: Val, values: Val) -> Val:
    for value in (keys, values):
        if (unknown := unknown_in(value) if value is keys else hidden(value)) is not None:
            return unknown
    if len(a_list(keys)) != len(a_list(values)):
        raise WrongError("as many keys as values are needed")
    pairs = dict(zip([str(text(key)) for key in keys], values, strict=True))
    return Map(in_order(pairs), values.of) if isinstance(values, List) else dict(in_order(pairs))


def _transpose(value: Val) -> Val:
    out: dict[str, list[Val]] = {}
    for key, items in in_order(a_map(value)):
        for item in a_list(items):
            out.setdefault(str(text(item)), []).append(key)
    return Map(((key, List(sorted(out[key]), "string")) for key in sorted(out)), ("list", "string"))


_KNOWN_IN_PART: dict[str, Callable[..., Val]] = {
    "keys": _keys,
    "lookup": _lookup,
    "merge": _merge,
    "values": _values,
    "zipmap": _zipmap,
}
PARTIAL = frozenset(_KNOWN_IN_PART)
FUNCTIONS: dict[str, Callable[..., Val]] = {**_KNOWN_IN_PART, "transpose": _transpose}
