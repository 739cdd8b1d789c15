"""Types of values, and how one becomes another: Terraform converts in conditions, maps, lists and variables."""

from __future__ import annotations

from decimal import Decimal

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.unification import ANY, HIDDEN, LOOSE, Type, parts, unify
from finops_guard.sources.iac._hcl.values import (
    Lazy,
    List,
    Loose,
    Map,
    OpenMap,
    Set,
    Typed,
    Val,
    WrongError,
    boolean,
    called,
    in_order,
    number,
    text,
    typed,
    unknown_in,
)


def type_of(value: Val) -> Type:  # noqa: PLR0911 - one line a type
    """The type of a value; `any` for null, `hidden` for what cannot be told."""
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, Decimal)):
        return "number"
    if isinstance(value, Set):
        return ("set", value.of)
    if isinstance(value, List):
        return ("list", value.of)
    if isinstance(value, Map):
        return ("map", value.of)
    if isinstance(value, list):
        return ("tuple", tuple(map(type_of, value)))
    if isinstance(value, OpenMap):
        return HIDDEN
    if isinstance(value, dict):
        return ("object", {key: type_of(item) for key, item in value.items()}, {})
    if value is None:
        return ANY
    return value.of if isinstance(value, Typed) and value.of != ANY else HIDDEN


_PLAIN = {"string": text, "number": number, "bool": boolean}


def convert(value: Val, to: Type) -> Val:
    """A value as another type; WrongError where Terraform would refuse it."""
    if to == ANY or value is None:
        return value
    if isinstance(value, Unknown):
        return typed(value, to)
    if isinstance(value, Lazy):
        return value if not isinstance(to, str) else Unknown(value.reason)
    if isinstance(to, str):
        return _PLAIN[to](value)
    kind = to[0]
    if kind == LOOSE:
        found = convert(value, to[1])
        return found if isinstance(found, Unknown) else Loose(f"whether it is a {to[1]} or a string", to, found)
    if kind in {"list", "set"}:
        return as_list(value, to) if kind == "list" else as_set(value, to[1])
    if kind == "tuple":
        if not isinstance(value, list) or isinstance(value, List) or len(value) != len(to[1]):
            raise WrongError(f"{called(value)} is not a tuple of {len(to[1])}")
        return [convert(item, of) for item, of in zip(value, to[1], strict=True)]
    if not isinstance(value, dict):
        raise WrongError(f"{called(value)} is not a map")
    return as_map(value, to[1]) if kind == "map" else _as_object(value, to)


def _inner(value: Val, of: Type) -> Type:
    """The type of elements; `any` in a constraint means the one type that they can all become."""
    if of != ANY:
        return of
    if isinstance(value, (List, Map)) and value.of != ANY:
        return value.of
    found = unify(list(map(type_of, value.values() if isinstance(value, dict) else value)))
    if found is None:
        raise WrongError("its elements have no type in common")
    return found


def _uniform(value: list[Val], of: Type) -> tuple[list[Val], Type]:
    """Elements as a type, and that type: an `any` within it stands for the same type in all of them."""
    items = [convert(item, of) for item in value]
    if of == ANY or not _holds_any(of):
        return items, of
    together = unify(list(map(type_of, items)))
    if together is None:
        raise WrongError("its elements have no type in common")
    return ([convert(item, together) for item in items], together) if together != ANY else (items, of)


def _holds_any(of: Type) -> bool:
    return of == ANY or (not isinstance(of, str) and any(map(_holds_any, parts(of))))


def as_list(value: Val, to: Type) -> Val:
    """A list of one type."""
    if not isinstance(value, list):
        raise WrongError(f"{called(value)} is not a list")
    items, of = _uniform(value, _inner(value, to[1]))
    return List(items, of)


def as_set(value: Val, of: Type = ANY) -> Val:
    """A set of one type; unknown where an element is, as it may equal another."""
    if not isinstance(value, list):
        raise WrongError(f"{called(value)} is not a set")
    items, of = _uniform(value, _inner(value, of))
    if (found := unknown_in(items)) is not None:
        return found
    if of in tuple(_PLAIN):
        return Set([*sorted({item for item in items if item is not None}), *[None] * (None in items)], of)
    distinct: list[Val] = []
    for item in items:
        if item not in distinct:
            distinct.append(item)
    if len(distinct) > 1:
        return Unknown("the order of a set of other than strings and numbers")
    return Set(distinct, of)


def as_map(value: dict[str, Val], of: Type = ANY) -> Val:
    """A map of one type; an open map stays open."""
    if isinstance(value, OpenMap):
        of = unify([HIDDEN, *map(type_of, value.values())]) if of == ANY else of
        if of is None:
            raise WrongError("its elements have no type in common")
        return OpenMap(((key, convert(item, of)) for key, item in value.items()), value.reason)
    pairs = in_order(value)
    items, of = _uniform([item for _, item in pairs], _inner(value, of))
    return Map(zip([key for key, _ in pairs], items, strict=True), of)


def _as_object(value: dict[str, Val], to: Type) -> Val:
    """The attributes that the type names, an optional one by its default; others are dropped."""
    found = {}
    for name, of in to[1].items():
        if name in value and not (value[name] is None and to[2].get(name) is not None):
            found[name] = convert(value[name], of)
        elif isinstance(value, OpenMap):
            found[name] = Unknown(value.reason)
        elif name in to[2]:
            found[name] = convert(to[2][name], of)
        else:
            raise WrongError(f"attribute {name!r} is required")
    return found
