"""Parameters: values of their type, and what they meet in the rules that use them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from finops_guard.fields import FIELDS
from finops_guard.language.conditions import Place, Reader
from finops_guard.language.literals import PATTERNS, parse
from finops_guard.language.near import suggest
from finops_guard.language.schema import TAG
from finops_guard.language.words import SHAPES, a, did_you_mean, few, literal_like, truth_like, wrong_literal
from finops_guard.model import All, AnyOf, Compare, Condition, Not, Param, Rule


def param_value(reader: Reader, kind: str, data: Any, place: Place) -> object | None:
    """A parameter's value from a default or a policy's `with`, in the type's unit; None when wrong (noted)."""
    if kind == "list":
        return _list(reader, data, place)
    if kind == "bool" and isinstance(data, bool):
        return data
    if kind == "number" and isinstance(data, (int, float)) and not isinstance(data, bool):
        return data
    if kind not in ("bool", "number") and isinstance(data, str):
        try:
            return parse(kind, data)
        except ValueError:
            if re.fullmatch(PATTERNS[kind], data):
                reader.problem(place, *wrong_literal(kind, data))
                return None
    spelt = "a list" if isinstance(data, list) else reader.document.spelt(place)
    near = truth_like(spelt) if kind == "bool" else literal_like(kind, spelt)
    shape = f"quote it: '{spelt}'" if kind == "text" and not isinstance(data, list) else SHAPES[kind]
    hint = f"write it without quotes: {near}" if near == spelt else did_you_mean(near) or shape
    reader.problem(place, f"'{spelt}' is not {a(kind)}, and '{_named(place)}' is one", hint)
    return None


def _list(reader: Reader, data: Any, place: Place) -> tuple[str, ...] | None:
    if not isinstance(data, list):
        message = f"'{_named(place)}' is a list, not '{reader.document.spelt(place)}'"
        reader.problem(place, message, SHAPES["list"])
        return None
    for i, item in enumerate(data):
        if not isinstance(item, str):
            spelt = reader.document.spelt((*place, i))
            kind = "true or false" if isinstance(item, bool) else "a number"
            message = f"{spelt} is {kind}, and '{_named(place)}' is a list of text"
            reader.problem((*place, i), message, f"quote it: '{spelt}'")
    return tuple(item for item in data if isinstance(item, str))


def _named(place: Place) -> str:
    return str(place[-2] if place[-1] == "default" else place[-1])


def uses_of_params(rule: Rule) -> Iterator[tuple[Compare, str]]:
    """Each test of a rule that compares with a parameter, and that parameter's name."""
    for test in (*tests(rule.match), *tests(rule.require)):
        for value in test.value if isinstance(test.value, tuple) else (test.value,):
            if isinstance(value, Param):
                yield test, value.name


def tests(condition: Condition) -> Iterator[Compare]:
    """Every comparison in a condition."""
    match condition:
        case All(items) | AnyOf(items):
            for part in items:
                yield from tests(part)
        case Not(part):
            yield from tests(part)
        case Compare():
            yield condition


def check_value(test: Compare, reader: Reader, data: Any, place: Place) -> None:
    """Note a value, of the parameter's type, that the field it is compared with cannot have: a choice, a pattern."""
    spec = FIELDS[test.ref.name] if test.ref.space == "field" else TAG
    if test.op == "matches" and isinstance(data, str):
        reader.pattern(data, place)
    if spec.choices:
        single = not isinstance(data, list)
        for i, value in enumerate([data] if single else data):
            if value not in spec.choices:
                hint = did_you_mean(suggest(str(value), spec.choices)) or few(spec.choices, "one of {}")
                reader.problem(place if single else (*place, i), f"unknown {test.ref} '{value}'", hint)
