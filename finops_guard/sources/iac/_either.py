"""Values of which a part cannot be told: maps that may hold more, and what two alternatives agree on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeGuard

from finops_guard.model import Unknown

if TYPE_CHECKING:
    from finops_guard.sources.iac._types import Path


MOST = 300
"""Texts that are kept of those that a value may be."""


class Open(dict[str, object]):
    """A map that may hold more keys than it says; `because`."""

    __slots__ = ("because",)

    def __init__(self, values: Mapping[str, object], because: str) -> None:
        super().__init__(values)
        self.because = because


@dataclass(frozen=True, slots=True)
class Choice(Unknown):
    """One of these, and which cannot be told: what a parameter without a value allows, or two texts of a condition."""

    of: tuple[str, ...] = ()


class _NoValue:
    """Nothing at all: what `AWS::NoValue` puts in a value's place."""


NO_VALUE: Final = _NoValue()


def looked_up(values: object, path: Path) -> object:
    """The value at a path of evaluated values: None where it is absent, Unknown where it cannot be told."""
    value = values
    for step in path:
        if isinstance(value, Unknown):
            return value
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step, Unknown(value.because) if isinstance(value, Open) else None)
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step] if step < len(value) else None
        else:
            return None
    return None if value is NO_VALUE else value


def measured(value: object, limit: int) -> int:
    """How many characters and parts a value has, to a limit: what is shared by many is counted each time."""
    waiting, seen = [value], 0
    while waiting and seen <= limit:
        part = waiting.pop()
        seen += 1
        if isinstance(part, dict):
            waiting.extend(part)
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
        elif isinstance(part, str):
            seen += len(part)
    return seen


def both(one: object, other: object, reason: str) -> object:
    """What two alternatives agree on."""
    if one is NO_VALUE and other is NO_VALUE:
        return NO_VALUE
    if type(one) is type(other) and one == other:
        return one
    if isinstance(one, str | Choice) and isinstance(other, str | Choice):
        return one_of(reason, (*_choices(one), *_choices(other)))
    if isinstance(one, dict) and isinstance(other, dict):
        return _both_maps(one, other, reason)
    if are_pairs(one) and are_pairs(other):
        return _both_pairs(one, other, reason)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [both(left, right, reason) for left, right in zip(one, other, strict=True)]
    if one is NO_VALUE or other is NO_VALUE:
        there = other if one is NO_VALUE else one
        if isinstance(there, dict):
            return _both_maps(there, {}, reason)
        if are_pairs(there):
            return _both_pairs(there, [], reason)
    return Unknown(reason)


def one_of(reason: str, values: Sequence[str]) -> Unknown:
    """One of some texts; of too many just that it cannot be told."""
    return Choice(reason, tuple(dict.fromkeys(values))) if len(values) <= MOST else Unknown(reason)


def _choices(one: str | Choice) -> tuple[str, ...]:
    return (one,) if isinstance(one, str) else one.of


def _both_maps(one: Mapping[str, object], other: Mapping[str, object], reason: str) -> dict[str, object]:
    keys = dict.fromkeys([*one, *other])
    merged = {key: both(one.get(key, NO_VALUE), other.get(key, NO_VALUE), reason) for key in keys}
    because = getattr(one, "because", None) or getattr(other, "because", None)
    return merged if because is None else Open(merged, because)


def _both_pairs(
    one: Sequence[Mapping[str, object]], other: Sequence[Mapping[str, object]], reason: str
) -> list[object]:
    left, right = ({key_of(pair): pair for pair in each} for each in (one, other))
    found = []
    for key in dict.fromkeys([*left, *right]):
        if key in left and key in right:
            found.append(both(left[key], right[key], reason))
        else:
            pair = left.get(key) or right.get(key) or {}
            found.append({**pair, "Value": Unknown(reason)})
    return found


def key_of(pair: object) -> str | None:
    key = pair.get("Key") if isinstance(pair, dict) else None
    return key if isinstance(key, str) else None


def are_pairs(value: object) -> TypeGuard[list[dict[str, object]]]:
    return isinstance(value, list) and all(key_of(pair) is not None for pair in value)
