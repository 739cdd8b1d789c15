"""Whether one condition can only hold where another does. Sound, not complete: true only if it is certain. Pure."""

from __future__ import annotations

from typing import Any

from finops_guard.model import All, AnyOf, Compare, Condition, Money, Not

_ORDERED = ("lt", "lte", "gt", "gte")


def entails(one: Condition, other: Condition) -> bool:
    """Whether `other` holds wherever `one` does."""
    if one == other:
        return True
    if isinstance(other, All):
        return all(entails(one, item) for item in other.items)
    if isinstance(one, AnyOf):
        return all(entails(item, other) for item in one.items)
    if isinstance(other, AnyOf) and any(entails(one, item) for item in other.items):
        return True
    if isinstance(one, All):
        return any(entails(item, other) for item in one.items)
    if isinstance(one, Not) and isinstance(other, Not):
        return entails(other.item, one.item)
    return isinstance(one, Compare) and isinstance(other, Compare) and _test_entails(one, other)


def _test_entails(one: Compare, other: Compare) -> bool:
    if (one.ref, one.over, one.by) != (other.ref, other.over, other.by):
        return False
    if _asks_for_a_value(other):
        return not (one.op == "exists" and one.value is False)  # every other test fails on an absent value
    mine, theirs = _choices(one), _choices(other)
    if mine is not None:
        if theirs is not None:
            return mine <= theirs
        if other.op == "not_in" and isinstance(other.value, tuple):
            return not mine & set(other.value)
        return other.op in _ORDERED and all(_holds(value, other) for value in mine)
    if one.op == other.op == "not_in":
        return isinstance(one.value, tuple) and isinstance(other.value, tuple) and set(other.value) <= set(one.value)
    return one.op in _ORDERED and other.op in _ORDERED and _bound_entails(one, other)


def _asks_for_a_value(test: Compare) -> bool:
    return (test.op == "exists" and test.value is True) or (test.op == "in" and test.value == ())


def _choices(test: Compare) -> set[Any] | None:
    """The values for which a test holds, where it lists them."""
    if test.op == "eq":
        return {test.value}
    return set(test.value) if test.op == "in" and isinstance(test.value, tuple) and test.value else None


def _bound_entails(one: Compare, other: Compare) -> bool:
    if one.op[0] != other.op[0] or _apart(one.value, other.value):
        return False
    if one.value == other.value:
        return other.op.endswith("e") or one.op == other.op
    try:
        below = bool(_plain(one.value) < _plain(other.value))
    except TypeError:  # a parameter without a value
        return False
    return below == (one.op[0] == "l")


def _holds(value: Any, test: Compare) -> bool:
    """Whether a comparison holds for a value."""
    if _apart(value, test.value):
        return False
    left, right = _plain(value), _plain(test.value)
    try:
        return bool({"lt": left < right, "lte": left <= right, "gt": left > right, "gte": left >= right}[test.op])
    except TypeError:
        return False


def _apart(one: object, other: object) -> bool:
    """Whether two amounts are in two currencies."""
    return isinstance(one, Money) and isinstance(other, Money) and one.currency != other.currency


def _plain(value: Any) -> Any:
    return value.amount if isinstance(value, Money) else value
