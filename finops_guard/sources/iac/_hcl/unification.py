"""The one type that values of several types can become, as Terraform finds it (zclconf/go-cty: cty/convert/unify.go).

A type is `any`, `string`, `number`, `bool`, or ("list" | "set" | "map", type), ("tuple", types),
("object", {name: type}, {optional name: default}). Ours alone are `hidden`, of a value of which not even the type can
be told, and ("loose", number or bool): beside a hidden one, which may turn out to be a string, and then all are.
"""

from __future__ import annotations

from typing import Any, TypeAlias

Type: TypeAlias = Any
ANY = "any"
HIDDEN = "hidden"
LOOSE = "loose"


def unify(types: list[Type]) -> Type | None:
    """The type that all can become; None where there is none. `any` is of null, and fits everything."""
    said = [each for each in types if each not in (ANY, HIDDEN)]
    found = _unified(said) if said else ANY
    return loosened(found) if HIDDEN in types and found is not None else found


def _unified(said: list[Type]) -> Type | None:
    if all(each == said[0] for each in said):
        return said[0]
    if all(is_primitive(each) for each in said):
        return _primitives(said)
    if any(is_primitive(each) for each in said):
        return None
    kinds = {each[0] for each in said}
    if kinds == {"object"}:
        return _objects(said)
    if kinds == {"tuple"}:
        return _tuples(said)
    if len(kinds) == 1 or kinds in ({"map", "object"}, {"list", "tuple"}):
        kind = "map" if "map" in kinds else "set" if "set" in kinds else "list"
        inner = unify([part for each in said for part in parts(each)])
        return None if inner is None else (kind, inner)
    return None


def is_primitive(of: Type) -> bool:
    """Whether values of a type have no parts."""
    return isinstance(of, str) or of[0] == LOOSE


def _primitives(said: list[Type]) -> Type | None:
    if "string" in said:
        return "string"
    plain = {each if isinstance(each, str) else each[1] for each in said}
    return (LOOSE, plain.pop()) if len(plain) == 1 else None


def loosened(of: Type) -> Type:
    """A type whose numbers and bools may be strings after all."""
    if isinstance(of, str):
        return (LOOSE, of) if of in {"number", "bool"} else of
    if of[0] == LOOSE:
        return of
    if of[0] == "tuple":
        return ("tuple", tuple(map(loosened, of[1])))
    if of[0] == "object":
        return ("object", {name: loosened(each) for name, each in of[1].items()}, of[2])
    return (of[0], loosened(of[1]))


def parts(of: Type) -> list[Type]:
    """The types of what a value of a type is made of."""
    return list(of[1].values()) if of[0] == "object" else list(of[1]) if of[0] == "tuple" else [of[1]]


def _objects(said: list[Type]) -> Type | None:
    if all(each[1].keys() == said[0][1].keys() for each in said):
        together = {name: unify([each[1][name] for each in said]) for name in said[0][1]}
        return None if None in together.values() else ("object", together, {})
    inner = unify([part for each in said for part in each[1].values()])
    return None if inner is None else ("map", inner)


def _tuples(said: list[Type]) -> Type | None:
    if all(len(each[1]) == len(said[0][1]) for each in said):
        together = tuple(unify([each[1][index] for each in said]) for index in range(len(said[0][1])))
        return None if None in together else ("tuple", together)
    inner = unify([part for each in said for part in each[1]])
    return None if inner is None else ("list", inner)
