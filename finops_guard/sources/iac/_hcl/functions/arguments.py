"""What functions of collections take: lists and maps, known or not."""

from __future__ import annotations

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.types import as_list
from finops_guard.sources.iac._hcl.values import Lazy, Set, Val, WrongError


def a_list(value: Val) -> list[Val]:
    """A list, a tuple or a set."""
    if not isinstance(value, list):
        raise WrongError("not a list")
    return value


def in_sequence(value: Val) -> list[Val]:
    """A list or a tuple: what has a first element."""
    if isinstance(value, Set):
        raise WrongError("a set has no order")
    return a_list(value)


def of_one_type(value: Val) -> Val:
    """A list whose elements are made to be of one type, as most functions of lists do; Unknown where that fails."""
    return as_list(a_list(value), ("list", "any"))


def a_map(value: Val) -> dict[str, Val]:
    """A map or an object."""
    if not isinstance(value, dict):
        raise WrongError("not a map")
    return value


def hidden(value: Val) -> Unknown | None:
    """Why a value as a whole cannot be told."""
    return Unknown(value.reason) if isinstance(value, (Lazy, Unknown)) else None
