"""What the rules of a policy can reach, so that sources collect no more."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from finops_guard.evaluate.fold import reads
from finops_guard.fields import ALL_KINDS
from finops_guard.model import All, AnyOf, Compare, Condition, Need, Not, Policy, Ref


def need_of(policy: Policy) -> Need:
    """The kinds, fields and metric windows that some rule, binding, exemption or `ai: also` looks at.

    The price of a month always: every finding carries its money. What budgets cover and units count too.
    """
    conditions = [*_conditions(policy)]
    kinds: set[str] = set()
    for binding in policy.bindings:
        where = kinds_of(binding.where)
        for rule in binding.rules:
            kinds |= where & kinds_of(rule.match)
    counted = [unit.count.match for unit in policy.units.values() if unit.count.source == "inventory"]
    counted += [budget.covers for budget in policy.budgets.values()]
    for match in counted:
        kinds |= kinds_of(match) if match is not None else frozenset(ALL_KINDS)
    fields = {ref.name for condition in conditions for ref in reads(condition) if ref.space == "field"}
    fields |= {"cost.month", *(("accelerators.count", "state", "created") if counted else ())}
    metrics = {window for condition in conditions for window in _windows(condition)}
    every = kinds >= set(ALL_KINDS)
    return Need(None if every else frozenset(kinds), frozenset(fields), frozenset(metrics))


def windows_of(policy: Policy, rules: Collection[str]) -> frozenset[tuple[str, int]]:
    """The metric windows that tell whether some rules, by id, hold: under which binding, and whether exempt."""
    return frozenset(window for condition in _conditions(policy, rules) for window in _windows(condition))


def _conditions(policy: Policy, rules: Collection[str] | None = None) -> Iterator[Condition]:
    """What is looked at to judge all rules, or some."""
    for binding in policy.bindings:
        yield binding.where
        for rule in binding.rules:
            if rules is None or rule.id in rules:
                yield rule.match
                yield rule.require
    yield from (exemption.where for exemption in policy.exempt if rules is None or exemption.rule in rules)
    yield from policy.also_ai
    if rules is None:
        yield from (unit.count.match for unit in policy.units.values() if unit.count.match is not None)
        yield from (budget.covers for budget in policy.budgets.values() if budget.covers is not None)


def kinds_of(condition: Condition) -> frozenset[str]:
    """The kinds for which a condition may hold."""
    match condition:
        case Compare(ref=Ref("field", "kind"), op="eq", value=str(kind)):
            return frozenset({kind})
        case Compare(ref=Ref("field", "kind"), op="in", value=tuple(among)) if among:
            return frozenset(str(kind) for kind in among)
        case All(items):
            return frozenset(ALL_KINDS).intersection(*(kinds_of(item) for item in items))
        case AnyOf(items):
            return frozenset().union(*(kinds_of(item) for item in items))
    return frozenset(ALL_KINDS)


def _windows(condition: Condition) -> Iterator[tuple[str, int]]:
    match condition:
        case Compare(ref=Ref("field", name), over=int(over)):
            yield name, over
        case All(items) | AnyOf(items):
            for item in items:
                yield from _windows(item)
        case Not(item):
            yield from _windows(item)
