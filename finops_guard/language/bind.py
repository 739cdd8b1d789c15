"""Binding: a pack's rules with a policy's values in the place of `$parameters`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from finops_guard.model import All, AnyOf, Compare, Condition, Not, Param, Rule, Rung


def bind_rule(rule: Rule, values: Mapping[str, object]) -> Rule:
    """The rule with every parameter replaced."""
    return replace(
        rule,
        match=bind_condition(rule.match, values),
        require=bind_condition(rule.require, values),
        otherwise=tuple(_bind_rung(rung, values) for rung in rule.otherwise),
    )


def bind_condition(condition: Condition, values: Mapping[str, object]) -> Condition:
    """The condition with every parameter replaced; a list parameter inside a list of values is spliced in."""
    match condition:
        case All(items):
            return All(tuple(bind_condition(item, values) for item in items))
        case AnyOf(items):
            return AnyOf(tuple(bind_condition(item, values) for item in items))
        case Not(item):
            return Not(bind_condition(item, values))
        case Compare(value=value, over=over):
            if isinstance(value, tuple):
                value = tuple(_bound(item, values) for item in value)
            return replace(condition, value=_bound(value, values), over=_bound(over, values))
    raise AssertionError(condition)


def _bound(value: object, values: Mapping[str, object]) -> Any:
    return values[value.name] if isinstance(value, Param) else value


def _bind_rung(rung: Rung, values: Mapping[str, object]) -> Rung:
    return replace(
        rung,
        after=_bound(rung.after, values),
        warn=tuple(_bound(item, values) for item in rung.warn),
        set={key: _bound(value, values) for key, value in rung.set.items()},
    )
