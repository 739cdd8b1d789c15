"""Reasons as sentences. The engine writes the message: a rule has no template for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from finops_guard.fields import FIELDS
from finops_guard.language.near import suggest
from finops_guard.model import Reason, Ref, Unknown
from finops_guard.outputs._conditions import said
from finops_guard.outputs._units import bare as plain
from finops_guard.outputs._units import duration, quoted, type_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from finops_guard.model import Condition

_BEYOND = {"lt": "not under", "lte": "over", "gt": "not over", "gte": "not at least"}
_FINEST = 2


def because(bare: Reason | tuple[str, str, object, object]) -> str:
    """One reason as a sentence without its full stop.

    `tags.workload-type is 'trainning', not one of training, inference (did you mean 'training'?)` ·
    `tags.team is absent` · `usage.accelerator_percent (mean over 3d) is 2.1 %, not at least 5 %` ·
    `age is 12d, over 7d`.
    """
    reason = Reason(*bare)  # compiled rules make bare tuples, nested ones included: most are never read
    if reason.op == "any":
        return _none_of(cast("Iterable[Iterable[Reason]]", reason.expected))
    if reason.op == "not":
        return _excluded(cast("Condition", reason.expected), reason.actual)
    subject, expected = _subject(reason)
    actual = reason.actual
    if isinstance(actual, Unknown):
        verb = "has" if actual.reason.startswith("conflicting") else "is unknown:"
        return f"{subject} {verb} {actual.reason}"
    if actual is None:
        return f"{subject} is absent"
    return f"{subject} is {_contrast(type_of(reason.field), reason.op, expected, actual)}"


def _subject(reason: Reason) -> tuple[str, object]:
    """What was looked at and what it should be; a metric's expectation comes as (value, over in seconds, by)."""
    known = FIELDS.get(reason.field)
    if known and known.metric and isinstance(reason.expected, tuple):
        value, over, by = reason.expected
        return f"{reason.field} ({by} over {duration(over)})", value
    return reason.field, reason.expected


def _contrast(type_: str, op: str, expected: object, actual: object) -> str:
    """What it is and what it should be instead."""
    if op in ("eq", *_BEYOND):
        is_, should = _apart(type_, actual, expected)
        return f"{is_}, {_BEYOND.get(op, 'not')} {should}"
    match op:
        case "in":
            choices = list(cast("Iterable[object]", expected))
            one_of = f"one of {plain(expected, type_)}" if len(choices) != 1 else quoted(choices[0], type_)
            instead = f"not {one_of}{_near(actual, choices)}"
        case "not_in":
            instead = f"must not be one of {plain(expected, type_)}"
        case "matches":
            instead = f"not of the form {expected}"
        case "same_as":
            instead = f"not the same as {_other(expected, type_)}"
        case "after_now":
            date = "a date " if isinstance(actual, str) else ""
            instead = f"not {date}in the {'future' if expected else 'past'}"
        case _:
            instead = "should be absent"
    return f"{quoted(actual, type_)}, {instead}"


def _apart(type_: str, actual: object, expected: object) -> tuple[str, str]:
    """Both as text, finer until two values that differ also read differently: never *7d, over 7d*."""
    for finer in range(_FINEST):
        pair = quoted(actual, type_, finer), quoted(expected, type_, finer)
        if pair[0] != pair[1] or actual == expected:
            return pair
    return quoted(actual, type_, _FINEST), quoted(expected, type_, _FINEST)


def _near(actual: object, choices: list[object]) -> str:
    """The choice a misspelt text was meant to be, whatever order a set of choices comes in."""
    words = sorted(choice for choice in choices if isinstance(choice, str))
    nearest = suggest(actual, words) if isinstance(actual, str) else None
    return f" (did you mean '{nearest}'?)" if nearest else ""


def _other(expected: object, type_: str) -> str:
    """The other side of `same_as`: its name, with its value where the reason carries both."""
    match expected:
        case (Ref() as ref, value):
            return f"{ref} ({quoted(value, type_)})"
        case _:
            return str(expected) if isinstance(expected, Ref) else quoted(expected, type_)


def _none_of(alternatives: Iterable[Iterable[Reason]]) -> str:
    said_ = [" and ".join(because(reason) for reason in reasons) for reasons in alternatives]
    if len(said_) == 1:
        return said_[0]
    return "no alternative holds: " + "; ".join(f"({place}) {text}" for place, text in enumerate(said_, 1))


def _excluded(condition: Condition, actual: object) -> str:
    if isinstance(actual, Unknown):
        return f"cannot tell whether {said(condition)}: {actual.reason}"
    return f"must not hold, but does: {said(condition)}"
