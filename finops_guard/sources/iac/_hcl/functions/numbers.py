"""Functions of numbers; those whose result would not be exact are not here."""

from __future__ import annotations

from decimal import Decimal
from math import ceil, floor

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.arithmetic import NEGATIVE_ZERO, NOT_EXACT, add
from finops_guard.sources.iac._hcl.values import List, Val, WrongError, negative, number, text

_POWER = 100
_WHOLE = 2**53
"""Up to here whole numbers are exact where Terraform works with 64 bits."""


def _n(value: Val) -> int | Decimal:
    found = number(value)
    if isinstance(found, Unknown):
        raise TypeError
    return found


def _ints(values: tuple[Val, ...]) -> list[int]:
    found = [_n(value) for value in values]
    if not all(isinstance(each, int) for each in found):
        raise ValueError("numbers that are not whole")
    return [int(each) for each in found]


def _sum(values: Val) -> Val:
    if not isinstance(values, list) or not values:
        raise WrongError("nothing to add")
    total: Val = 0
    for value in values:
        total = add(total, _n(value))
        if isinstance(total, Unknown):
            return total
    return total


def _ceil(value: Val) -> Val:
    plain = _n(value)
    return NEGATIVE_ZERO if -1 < plain < 0 else ceil(plain)


def _pow(base: Val, power: Val) -> Val:
    one, other = _ints((base, power))
    if other < 0 or other > _POWER or abs(one) > 10**6:
        raise ValueError("a power that is not exact")
    result = one**other
    return result if abs(result) < _WHOLE else NOT_EXACT


def _parseint(value: Val, base: Val) -> Val:
    digits, (radix,) = text(value), _ints((base,))
    if radix > 36:  # noqa: PLR2004 - beyond it Python has no digits
        raise ValueError("a base that we do not read")
    if not isinstance(digits, str) or not (digits.isascii() and digits.lstrip("-").isalnum()) or radix < 2:  # noqa: PLR2004
        raise WrongError("not a number of that base")
    try:
        return int(digits, radix)
    except ValueError:
        raise WrongError("not a number of that base") from None


def _range(*limits: Val) -> Val:
    start, end, *step = map(_n, limits if len(limits) > 1 else (0, *limits))
    by = step[0] if step else (1 if end >= start else -1)
    if by == 0 or (end < start if by > 0 else end > start):
        raise WrongError("no such numbers")
    found: list[Val] = []
    at: Val = start
    while (at < end) if by > 0 else (at > end):
        found.append(at)
        at = add(at, by)
        if isinstance(at, Unknown):
            return at
        if len(found) > 1024:  # noqa: PLR2004 - Terraform's own limit
            raise WrongError("too many numbers")
    return List(found, "number")


def _signum(value: Val) -> int:
    plain = _n(value)
    if not isinstance(plain, int):
        raise WrongError("not a whole number")
    return (plain > 0) - (plain < 0)


FUNCTIONS = {
    "abs": lambda value: negative(_n(value)) if _n(value) < 0 else _n(value),
    "ceil": _ceil,
    "floor": lambda value: floor(_n(value)),
    "max": lambda *values: max(map(_n, values)),
    "min": lambda *values: min(map(_n, values)),
    "parseint": _parseint,
    "pow": _pow,
    "range": _range,
    "signum": _signum,
    "sum": _sum,
}
