"""Operators: comparison as Terraform compares, logic of three values, and the type of a condition."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl import arithmetic
from finops_guard.sources.iac._hcl.types import convert, type_of
from finops_guard.sources.iac._hcl.unification import ANY, HIDDEN, loosened, unify
from finops_guard.sources.iac._hcl.values import (
    Lazy,
    List,
    Map,
    OpenMap,
    Val,
    WrongError,
    boolean,
    negative,
    number,
    typed,
)

if TYPE_CHECKING:
    from finops_guard.sources.iac._hcl.scope import Scope

Run: TypeAlias = "Callable[[Scope], Val]"


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
        return _of_types(one, other, _all(equal(one[key], other[key]) for key in one))
    if isinstance(one, list) and isinstance(other, list):
        if type(one) is not type(other) or len(one) != len(other):
            return False
        same = _all(equal(left, right) for left, right in zip(one, other, strict=True))
        return _of_types(one, other, same)
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, str) or isinstance(other, str):
        return isinstance(one, str) and isinstance(other, str) and one == other
    return bool(one == other)


def _of_types(one: Val, other: Val, same: bool | Unknown) -> bool | Unknown:  # noqa: FBT001 - an answer so far
    """Lists and maps of elements of two types are not equal, though they be empty; `any` may be ours alone."""
    if same is False or not isinstance(one, (List, Map)) or one.of == other.of:
        return same
    return Unknown("lists of which the type cannot be told") if "any" in (one.of, other.of) else False


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
    if mine in (theirs, HIDDEN) or ANY in (mine, theirs):
        return value
    if theirs == HIDDEN:
        return convert(value, loosened(mine))
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
    return plain if isinstance(plain, Unknown) else negative(plain) or arithmetic.NEGATIVE_ZERO


def _arithmetic(of: Callable[[Any, Any], Val]) -> Callable[[Run, Run], Run]:
    def operator(left: Run, right: Run) -> Run:
        def result(scope: Scope) -> Val:
            one, other = number(left(scope)), number(right(scope))
            if isinstance(one, Unknown):
                return one
            return other if isinstance(other, Unknown) else of(one, other)

        return result

    return operator


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
    "+": _arithmetic(arithmetic.add),
    "-": _arithmetic(arithmetic.subtract),
    "*": _arithmetic(arithmetic.multiply),
    "/": _arithmetic(arithmetic.divide),
    "%": _arithmetic(arithmetic.modulo),
    "==": _equality(wanted=True),
    "!=": _equality(wanted=False),
    "<": _compare(lambda one, other: bool(one < other)),
    "<=": _compare(lambda one, other: bool(one <= other)),
    ">": _compare(lambda one, other: bool(one > other)),
    ">=": _compare(lambda one, other: bool(one >= other)),
    "&&": _logic(decides=False),
    "||": _logic(decides=True),
}
