"""Conditions as sentences: what a `not` forbids, what a rule asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.model import All, AnyOf, Not, Param
from finops_guard.outputs._units import bare, duration, quoted, type_of

if TYPE_CHECKING:
    from finops_guard.model import Compare, Condition

_IS = {
    "eq": "is",
    "in": "is one of",
    "not_in": "is not one of",
    "matches": "is of the form",
    "lt": "is under",
    "lte": "is at most",
    "gt": "is over",
    "gte": "is at least",
    "same_as": "is the same as",
}


def said(condition: Condition) -> str:
    """A condition in words: `region is one of eu-west-1, westeurope and age is at least 7d`."""
    match condition:
        case All(items=()):
            return "anything"
        case All(items=items):
            return " and ".join(_inner(item) for item in items)
        case AnyOf(items=items):
            return " or ".join(_inner(item) for item in items)
        case Not(item=item):
            return f"not {_inner(item)}"
        case _:
            return _compare(condition)


def _inner(condition: Condition) -> str:
    many = isinstance(condition, All | AnyOf) and len(condition.items) > 1
    return f"({said(condition)})" if many else said(condition)


def _compare(test: Compare) -> str:
    subject = str(test.ref)
    if test.over is not None:
        over = f"${test.over.name}" if isinstance(test.over, Param) else duration(test.over)
        subject = f"{subject} ({test.by} over {over})"
    type_ = type_of(subject if test.over is None else test.ref.name)
    if test.op == "in" and test.value == ():  # an empty list parameter: any value
        return f"{subject} is there"
    if test.op == "exists":
        return f"{subject} {'is there' if test.value else 'is absent'}"
    if test.op == "after_now":
        return f"{subject} is in the {'future' if test.value else 'past'}"
    if isinstance(test.value, Param):
        return f"{subject} {_IS[test.op]} ${test.value.name}"
    written = bare(test.value, type_) if test.op == "matches" else quoted(test.value, type_)
    return f"{subject} {_IS[test.op]} {written}"
