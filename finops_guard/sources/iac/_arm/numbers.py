"""ARM's functions of numbers and of truth (Microsoft Learn, "Numeric functions", "Comparison functions")."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from finops_guard.sources.iac._arm.operands import CannotTell, Function, as_int, number, text_of


def _int_of(value: object) -> int:
    try:
        return number(int(str(value)))
    except ValueError:
        raise CannotTell("an int() of what is no number") from None


def _float_of(value: object) -> float:
    try:
        found = float(str(value))
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise CannotTell("a float() of what is no number")
    return found


def _bool_of(value: object) -> bool:
    folded = text_of(value).casefold()
    if folded in {"true", "1"}:
        return True
    if folded in {"false", "0"}:
        return False
    raise CannotTell("a bool() of what is neither true nor false")


def _equals(one: object, other: object) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other


def _divided(one: object, other: object) -> int:
    top, bottom = as_int(one), as_int(other)
    if not bottom:
        raise CannotTell("a division by 0")
    whole = abs(top) // abs(bottom)
    return whole if (top < 0) == (bottom < 0) else -whole


def _numbers(parts: tuple[object, ...]) -> list[int]:
    listed = parts[0] if len(parts) == 1 and isinstance(parts[0], list) else parts
    if not listed:
        raise CannotTell("the least or the most of nothing")
    return [as_int(part) for part in listed]


def _ordered(compare: Callable[[int], bool]) -> Callable[[object, object], bool]:
    def ordered(one: object, other: object) -> bool:
        if isinstance(one, str) and isinstance(other, str):
            return compare((one > other) - (one < other))
        return compare(as_int(one) - as_int(other))

    return ordered


NUMBERS: Mapping[str, Function] = {
    "add": lambda one, other: number(as_int(one) + as_int(other)),
    "bool": _bool_of,
    "div": _divided,
    "equals": _equals,
    "float": _float_of,
    "greater": _ordered(lambda sign: sign > 0),
    "greaterorequals": _ordered(lambda sign: sign >= 0),
    "int": _int_of,
    "less": _ordered(lambda sign: sign < 0),
    "lessorequals": _ordered(lambda sign: sign <= 0),
    "max": lambda *parts: max(_numbers(parts)),
    "min": lambda *parts: min(_numbers(parts)),
    "mod": lambda one, other: as_int(one) - as_int(other) * _divided(one, other),
    "mul": lambda one, other: number(as_int(one) * as_int(other)),
    "not": lambda value: not _bool_of(value),
    "sub": lambda one, other: number(as_int(one) - as_int(other)),
}
