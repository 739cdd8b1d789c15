"""Operators: arithmetic that is exact or unknown, comparison as Terraform compares, and the type of a condition."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import TYPE_CHECKING, Any, TypeAlias

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.types import convert, type_of, unify
from finops_guard.sources.iac._hcl.values import Lazy, OpenMap, Val, WrongError, boolean, number, typed, whole

if TYPE_CHECKING:
    from finops_guard.sources.iac._hcl.scope import Scope

Run: TypeAlias = "Callable[[Scope], Val]"
NEGATIVE_ZERO = Unknown("a zero that may be written as -0")
"""Terraform's numbers have one, and write it so (measured); Python's whole numbers do not."""
_EXACT = Context(prec=60, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])


def equal(one: Val, other: Val) -> bool | Unknown:  # noqa: PLR0911 - one line a kind of value
    """Whether two values are equal: values of two types never are."""
    for value in (one, other):
        if isinstance(value, Unknown):
            return value
        if isinstance(value, (Lazy, OpenMap)):
            return Unknown(value.reason)
    if one is None or other is None:
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        if type(one) is not type(other) or one.keys() != other.keys():
            return False
        return _all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        if type(one) is not type(other) or len(one) != len(other):
            return False
        return _all(equal(left, right) for left, right in zip(one, other, strict=True))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, str) or isinstance(other, str):
        return isinstance(one, str) and isinstance(other, str) and one == other
    return bool(one == other)


def _all(answers: object) -> bool | Unknown:
    doubt = None
    for answer in answers:  # type: ignore[attr-defined] # a generator of ours
        if answer is False:
            return False
        doubt = answer if isinstance(answer, Unknown) else doubt
    return True if doubt is None else doubt


def chosen(value: Val, other: Val) -> Val:
    """The branch that is taken, as the one type of both branches."""
    if value is None or other is None:
        return value
    mine, theirs = type_of(value), type_of(other)
    if mine == theirs or "any" in (mine, theirs):
        return value
    both = unify([mine, theirs])
    if both is None:
        if isinstance(mine, str) or isinstance(theirs, str):
            raise WrongError("the two results of a condition have no type in common")
        return Unknown("the two results of a condition have no type in common that we know")
    return convert(value, both)


def opposite(value: Val) -> Val:
    """`!value`."""
    holds = boolean(value)
    return holds if isinstance(holds, Unknown) else not holds


def negated(value: Val) -> Val:
    """`-value`."""
    plain = number(value)
    return plain if isinstance(plain, Unknown) else -plain or NEGATIVE_ZERO


def _arithmetic(of: Callable[[Decimal, Decimal], Decimal | int]) -> Callable[[Run, Run], Run]:
    def operator(left: Run, right: Run) -> Run:
        def result(scope: Scope) -> Val:
            one, other = number(left(scope)), number(right(scope))
            if isinstance(one, Unknown):
                return one
            return other if isinstance(other, Unknown) else exactly(of, one, other)

        return result

    return operator


def exactly(of: Callable[[Decimal, Decimal], Decimal | int], one: int | Decimal, other: int | Decimal) -> Val:
    """An operation whose result is exact; one that is not is unknown, as Terraform rounds binary numbers."""
    try:
        result = of(_EXACT.create_decimal(one), _EXACT.create_decimal(other))
        return NEGATIVE_ZERO if result == 0 and min(one, other) < 0 else whole(_EXACT.create_decimal(result))
    except (DivisionByZero, ZeroDivisionError):
        raise WrongError("division by zero") from None
    except ArithmeticError:
        return Unknown("a number that is not exact")


def _modulo(one: Decimal, other: Decimal) -> Decimal:
    if other == 0:
        raise WrongError("division by zero")
    return _EXACT.remainder(one, other)


def _compare(of: Callable[[Any, Any], bool]) -> Callable[[Run, Run], Run]:
    def operator(left: Run, right: Run) -> Run:
        def result(scope: Scope) -> Val:
            one, other = number(left(scope)), number(right(scope))
            for side in (one, other):
                if isinstance(side, Unknown):
                    return typed(side, "bool")
            return of(one, other)

        return result

    return operator


def _equality(*, wanted: bool) -> Callable[[Run, Run], Run]:
    def operator(left: Run, right: Run) -> Run:
        def result(scope: Scope) -> Val:
            answer = equal(left(scope), right(scope))
            return typed(answer, "bool") if isinstance(answer, Unknown) else answer is wanted

        return result

    return operator


def _logic(*, decides: bool) -> Callable[[Run, Run], Run]:
    """`&&` is decided by a false, `||` by a true; a side that cannot be told does not matter then."""

    def operator(left: Run, right: Run) -> Run:
        def result(scope: Scope) -> Val:
            one = boolean(left(scope))
            if one is decides:
                return decides
            other = boolean(right(scope))
            if other is decides:
                return decides
            return one if isinstance(one, Unknown) else other

        return result

    return operator


BINARY: dict[str, Callable[[Run, Run], Run]] = {
    "+": _arithmetic(_EXACT.add),
    "-": _arithmetic(_EXACT.subtract),
    "*": _arithmetic(_EXACT.multiply),
    "/": _arithmetic(_EXACT.divide),
    "%": _arithmetic(_modulo),
    "==": _equality(wanted=True),
    "!=": _equality(wanted=False),
    "<": _compare(lambda one, other: bool(one < other)),
    "<=": _compare(lambda one, other: bool(one <= other)),
    ">": _compare(lambda one, other: bool(one > other)),
    ">=": _compare(lambda one, other: bool(one >= other)),
    "&&": _logic(decides=False),
    "||": _logic(decides=True),
}
