"""Terraform's functions: each module here has `FUNCTIONS`, by name; `PARTIAL` are those that take what is not known.

Every other one is unknown as soon as a part of an argument is. A function that is not here is unknown, not an error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.functions import conversions, encoding, lists, maps, networks, numbers, sets, strings
from finops_guard.sources.iac._hcl.graphemes import composed
from finops_guard.sources.iac._hcl.values import Typed, Val, WrongError, bounded, typed, unknown_in

Function: TypeAlias = Callable[..., Val]

_MODULES = (strings, lists, maps, sets, conversions, numbers, encoding, networks)
_FUNCTIONS: dict[str, Function] = {name: made for module in _MODULES for name, made in module.FUNCTIONS.items()}
_PARTIAL: frozenset[str] = lists.PARTIAL | maps.PARTIAL | conversions.PARTIAL
_TEXTS = ("list", "string")
_GIVES: dict[str, object] = {
    **dict.fromkeys(strings.FUNCTIONS, "string"),
    **dict.fromkeys(numbers.FUNCTIONS, "number"),
    **dict.fromkeys(encoding.FUNCTIONS, "string"),
    **dict.fromkeys(("startswith", "endswith", "strcontains", "alltrue", "anytrue"), "bool"),
    **dict.fromkeys(("split", "formatlist", "sort", "compact"), _TEXTS),
    **dict.fromkeys(("regex", "regexall", "jsondecode", "yamldecode", "csvdecode"), "any"),
    "range": ("list", "number"),
    "index": "number",
}
"""What they give, where that is one type."""
_LATER = {
    "timestamp": "the time of a run",
    "plantimestamp": "the time of a plan",
    "uuid": "a new identifier in every run",
    "bcrypt": "another hash in every run",
}


def call(name: str, values: list[Val]) -> Val:
    """What a function gives; WrongError where it takes no such arguments."""
    plain = name.removeprefix("core::")
    found = _call(plain, values)
    if isinstance(found, Unknown) and not isinstance(found, Typed) and plain in _GIVES:
        return typed(found, _GIVES[plain])
    return found


def _call(plain: str, values: list[Val]) -> Val:
    function = _FUNCTIONS.get(plain)
    if function is None:
        why = _LATER.get(plain)
        return Unknown(f"{plain}() is {why}" if why else f"the function {plain}() is not one that we evaluate")
    if plain not in _PARTIAL:
        for value in values:
            if (found := unknown_in(value)) is not None:
                return Unknown(found.reason)
    try:
        found = function(*values)
        return (
            bounded(composed(found) if isinstance(found, str) else found) if isinstance(found, (str, list)) else found
        )
    except TypeError:
        raise WrongError(f"{plain}() takes no such arguments") from None
    except (ArithmeticError, ValueError, LookupError, MemoryError) as wrong:
        return Unknown(f"{plain}(): {wrong}")
