"""What is taken from a value: an attribute, an element, each of its elements."""

from __future__ import annotations

from decimal import Decimal

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.values import Lazy, OpenMap, Set, Val, WrongError, called, number, text


def attribute(value: Val, name: str) -> Val:
    """`value.name`; WrongError where it certainly has none."""
    if isinstance(value, dict):
        if name in value:
            return value[name]
        if isinstance(value, OpenMap):
            return Unknown(value.reason)
        raise WrongError(f"there is no {name!r}")
    if isinstance(value, Lazy):
        return value.get(name)
    if isinstance(value, Unknown):
        return value
    if isinstance(value, list) and name.isdecimal():
        return indexed(value, int(name))
    raise WrongError(f"{called(value)} has no {name!r}")


def indexed(value: Val, key: Val) -> Val:
    """`value[key]`; WrongError where there certainly is no such element."""
    for part in (value, key):
        if isinstance(part, Unknown):
            return part
    if isinstance(key, Lazy):
        return Unknown(key.reason)
    if isinstance(value, (dict, Lazy)):
        name = text(key)
        return name if isinstance(name, Unknown) else attribute(value, name)
    if isinstance(value, Set) or not isinstance(value, list):
        raise WrongError(f"{called(value)} has no elements")
    at = number(key)
    if isinstance(at, Unknown):
        return at
    if isinstance(at, Decimal) or not 0 <= at < len(value):
        raise WrongError(f"there is no element {at}")
    return value[at]


def each_of(value: Val) -> list[Val] | Unknown:
    """What `[*]` goes through: a list's elements, nothing of null, anything else as one."""
    if value is None:
        return []
    if isinstance(value, Unknown):
        return value
    return list(value) if isinstance(value, list) else [value]
