"""Arithmetic: Terraform keeps numbers as binary fractions of 512 bits; a result is the same as there, or unknown."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from fractions import Fraction
from math import trunc
from typing import TypeAlias

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.values import Typed, WrongError, negative, whole

Number: TypeAlias = "int | Decimal"
Exact: TypeAlias = Callable[[Fraction, Fraction], Fraction]
_BITS = 512
_SMALL = 1 << 256
"""Whole numbers up to here stay exact in sums and products."""
_DECIMAL = Context(prec=60, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
NEGATIVE_ZERO = Typed("a zero that may be written as -0", "number")
"""Terraform's numbers have one, and write it so (measured); Python's whole numbers do not."""
INFINITE = Typed("an infinite number", "number")
NOT_EXACT = Typed("a number that is not exact", "number")


class Quotient(Decimal):
    """What a division gave that has no end in binary, of 512 bits or, as numbers of functions have, fewer (measured).

    All are written alike, so it is known; what is worked out from it is not.
    """


def rounded(value: Fraction) -> Fraction:
    """The nearest number of 512 binary digits, halves to even."""
    if value == 0:
        return value
    top, bottom = abs(value.numerator), value.denominator
    shift = _BITS - (top.bit_length() - bottom.bit_length())
    scaled = Fraction(top, bottom) * (Fraction(2) ** shift)
    if scaled >= 1 << _BITS:
        shift, scaled = shift - 1, scaled / 2
    result = Fraction(round(scaled)) / (Fraction(2) ** shift)
    return result if value > 0 else -result


def exactly(of: Exact, one: Number, other: Number) -> Number | Unknown:
    """An operation whose binary result is what its decimal one is; any other is unknown."""
    if isinstance(one, Quotient) or isinstance(other, Quotient):
        return NOT_EXACT
    left, right = Fraction(one), Fraction(other)
    exact, binary = of(left, right), rounded(of(rounded(left), rounded(right)))
    if exact == 0 and min(left, right) < 0:
        return NEGATIVE_ZERO
    if rounded(exact) != binary:
        return NOT_EXACT
    try:
        return whole(_DECIMAL.divide(Decimal(exact.numerator), Decimal(exact.denominator)))
    except ArithmeticError:
        return NOT_EXACT


def add(one: Number, other: Number) -> Number | Unknown:
    """The sum."""
    if isinstance(one, int) and isinstance(other, int) and max(abs(one), abs(other)) < _SMALL:
        return one + other
    return exactly(lambda left, right: left + right, one, other)


def subtract(one: Number, other: Number) -> Number | Unknown:
    """The difference."""
    return add(one, negative(other))


def multiply(one: Number, other: Number) -> Number | Unknown:
    """The product."""
    return exactly(lambda left, right: left * right, one, other)


def divide(one: Number, other: Number) -> Number | Unknown:
    """The quotient; what is divided by zero is infinite there, and only 0 / 0 is refused (measured)."""
    if other == 0:
        if one == 0:
            raise WrongError("division by zero")
        return INFINITE
    found = exactly(lambda left, right: left / right, one, other)
    return Quotient(found) if isinstance(found, Decimal) and not _ends_in_binary(found) else found


def _ends_in_binary(value: Decimal) -> bool:
    bottom = Fraction(value).denominator
    return bottom & (bottom - 1) == 0


def modulo(one: Number, other: Number) -> Number | Unknown:
    """What remains, with the sign of the first: of a division by zero all of it (measured)."""
    if other == 0:
        return one
    return exactly(lambda left, right: left - rounded(rounded(Fraction(trunc(left / right))) * right), one, other)
