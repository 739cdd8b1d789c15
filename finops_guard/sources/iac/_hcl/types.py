"""Types of values, and how one becomes another: Terraform converts in conditions, maps, lists and variables.

A type is `any`, `string`, `number`, `bool`, or ("list" | "set" | "map", type), ("tuple", types),
("object", {name: type}, {optional name: default}).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeAlias

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.values import (
    Lazy,
    List,
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

Type: TypeAlias = Any
ANY = "any"
_PRIMITIVE = ("string", "number", "bool")


def type_of(value: Val) -> Type:  # noqa: PLR0911 - one line a type
    """The type of a value; `any` for null and for what cannot be told."""
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
        return ANY
    if isinstance(value, dict):
        return ("object", {key: type_of(item) for key, item in value.items()}, {})
    return value.of if isinstance(value, Typed) else ANY


def unify(types: list[Type]) -> Type | None:
    """The one type that all can become, as Terraform finds it; None where it finds none."""
    said = [each for each in types if each != ANY]
    if not said:
        return ANY
    if all(each == said[0] for each in said):
        return said[0]
    if all(isinstance(each, str) for each in said):
        return "string" if "string" in said else None
    if any(isinstance(each, str) for each in said):
        return None
    kinds = {each[0] for each in said}
    if kinds == {"object"}:
        return _objects(said)
    if kinds == {"tuple"}:
        return _tuples(said)
    if len(kinds) == 1 or kinds in ({"map", "object"}, {"list", "tuple"}):
        kind = "map" if "map" in kinds else "set" if "set" in kinds else "list"
        inner = unify([part for each in said for part in _parts(each)])
        return None if inner is None else (kind, inner)
    return None


def _parts(of: Type) -> list[Type]:
    return list(of[1].values()) if of[0] == "object" else list(of[1]) if of[0] == "tuple" else [of[1]]


def _objects(said: list[Type]) -> Type | None:
    if all(each[1].keys() == said[0][1].keys() for each in said):
        together = {name: unify([each[1][name] for each in said]) for name in said[0][1]}
        if None not in together.values():
            return ("object", together, {})
        return None
    inner = unify([part for each in said for part in each[1].values()])
    return None if inner is None else ("map", inner)


def _tuples(said: list[Type]) -> Type | None:
    if all(len(each[1]) == len(said[0][1]) for each in said):
        together = tuple(unify([each[1][index] for each in said]) for index in range(len(said[0][1])))
        if None not in together:
            return ("tuple", together)
        return None
    inner = unify([part for each in said for part in each[1]])
    return None if inner is None else ("list", inner)


def convert(value: Val, to: Type) -> Val:
    """A value as another type; WrongError where Terraform would refuse it."""
    if to == ANY or value is None:
        return value
    if isinstance(value, Unknown):
        return typed(value, to)
    if isinstance(value, Lazy):
        return value if not isinstance(to, str) else Unknown(value.reason)
    if to == "string":
        return text(value)
    if to == "number":
        return number(value)
    if to == "bool":
        return boolean(value)
    kind = to[0]
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


def as_list(value: Val, to: Type) -> Val:
    """A list of one type."""
    if not isinstance(value, list):
        raise WrongError(f"{called(value)} is not a list")
    of = _inner(value, to[1])
    return List([convert(item, of) for item in value], of)


def as_set(value: Val, of: Type = ANY) -> Val:
    """A set of one type; unknown where an element is, as it may equal another."""
    if not isinstance(value, list):
        raise WrongError(f"{called(value)} is not a set")
    of = _inner(value, of)
    items = [convert(item, of) for item in value]
    if (found := unknown_in(items)) is not None:
        return found
    if of in _PRIMITIVE:
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
        return OpenMap(((key, convert(item, of)) for key, item in value.items()), value.reason)
    of = _inner(value, of)
    return Map(((key, convert(item, of)) for key, item in in_order(value)), of)


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
