"""Rules held to what they are expected to say, and which of their tests were seen true and false doing so. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from finops_guard.evaluate.derive import Setting, derive
from finops_guard.evaluate.fold import fold
from finops_guard.evaluate.judge import Evaluator, Judgement, predicate
from finops_guard.language.bind import bind_rule
from finops_guard.language.examples import resource_of
from finops_guard.model import (
    All,
    AnyOf,
    Binding,
    Compare,
    Condition,
    Location,
    Not,
    Pack,
    Param,
    Reason,
    Resource,
    Rule,
)

Part = Literal["match", "require"]


@dataclass(frozen=True, slots=True)
class Check:
    """What one rule was expected to say of one resource, and what it said and why."""

    rule: str
    expected: str
    got: str
    reasons: tuple[Reason, ...]
    at: Location | None
    resource: Resource

    @property
    def held(self) -> bool:
        """Whether it said so."""
        return self.got == self.expected


@dataclass(slots=True)
class Branch:
    """One test of a rule, and whether it was seen to hold and not to hold."""

    rule: str
    part: Part
    test: Compare
    seen: set[bool] = field(default_factory=set)


class Branches:
    """Every test of some rules. One of `require` counts only for resources that the rule is about."""

    def __init__(self, rules: Iterable[Rule], now: datetime) -> None:
        self.all: list[Branch] = []
        self._by_rule: dict[str, tuple[Rule, list[Branch]]] = {}
        self._now = now
        self._compiled: dict[Condition, Callable[[Resource], bool | None]] = {}
        for rule in rules:
            mine = [Branch(rule.id, "match", test) for test in tests_of(rule.match)]
            mine += [Branch(rule.id, "require", test) for test in tests_of(rule.require)]
            self._by_rule[rule.id] = rule, mine
            self.all += mine

    def see(self, rule: str, resource: Resource) -> None:
        """Look at a resource that this rule judged."""
        judged, mine = self._by_rule[rule]
        about = self._holds(judged.match, resource) is not False
        for branch in mine:
            if (about or branch.part == "match") and (held := self._holds(branch.test, resource)) is not None:
                branch.seen.add(held)

    def _holds(self, condition: Condition, resource: Resource) -> bool | None:
        folded = fold(condition, resource.kind)
        if isinstance(folded, bool):
            return folded
        if folded not in self._compiled:
            self._compiled[folded] = predicate(folded, self._now)
        return self._compiled[folded](resource)


def tests_of(condition: Condition) -> Iterator[Compare]:
    """The tests a condition is made of."""
    match condition:
        case All(items) | AnyOf(items):
            for item in items:
                yield from tests_of(item)
        case Not(item):
            yield from tests_of(item)
        case Compare():
            yield condition


def parameters(rule: Rule) -> tuple[str, ...]:
    """The parameters a rule reads, in the order of its tests and its ladder."""
    found: list[object] = [part for rung in rule.otherwise for part in (rung.after, *rung.warn, *rung.set.values())]
    return tuple(dict.fromkeys((*_tested(rule), *(part.name for part in found if isinstance(part, Param)))))


def _tested(rule: Rule) -> Iterator[str]:
    for test in (*tests_of(rule.match), *tests_of(rule.require)):
        parts = test.value if isinstance(test.value, tuple) else (test.value,)
        yield from (part.name for part in (*parts, test.over) if isinstance(part, Param))


def lacking(rule: Rule, values: Mapping[str, object]) -> tuple[str, ...]:
    """Parameters that the rule's tests read and that have no value, in alphabetical order."""
    return tuple(sorted({name for name in _tested(rule) if values.get(name) is None}))


def with_defaults(pack: Pack, rule: Rule) -> Rule | tuple[str, ...]:
    """The rule with the defaults of its pack's parameters, or the names of those it needs that have none."""
    values = {name: param.default for name, param in pack.params.items()}
    return lacking(rule, values) or bind_rule(rule, values)


def examples(pack: Pack, bound: Rule, now: datetime) -> Iterator[Check]:
    """Each example of a bound rule as judged by it alone."""
    judge = Evaluator([alone(pack, (bound,))], now, include_pass=True)
    setting = Setting(now, omitted_adds_nothing=True)
    for example in bound.examples:
        (resource,) = derive([resource_of(example.resource, example.at)], setting)
        found = next(judge.judge([resource]), None)
        yield checked(bound.id, example.verdict, found, resource, example.at)


def alone(pack: Pack, rules: tuple[Rule, ...]) -> Binding:
    """A binding of a pack's rules for every resource, which may do nothing."""
    return Binding(pack.name, pack, rules, All(()), "dry-run", frozenset())


def checked(rule: str, expected: str, found: Judgement | None, resource: Resource, at: Location | None) -> Check:
    """What a rule said of a resource, beside what is expected; it said nothing where the resource is outside."""
    reasons = tuple(map(Reason._make, found.reasons)) if found else ()
    return Check(rule, expected, found.verdict if found else "outside", reasons, at, resource)
