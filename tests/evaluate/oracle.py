"""A plain three-valued interpreter of conditions, rules and bindings, written from the language page.

It knows nothing of the emitter, has no cache and no fast path, and is what the compiled rules are compared with.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from statistics import quantiles
from typing import TYPE_CHECKING, Any, NamedTuple

from finops_guard.fields import FIELDS
from finops_guard.model import All, AnyOf, Binding, Compare, Condition, Money, Not, Ref, Resource, Rule, Series, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Truth = bool | None
"""True, False or None: unknown."""
ReasonTuple = tuple[str, str, object, object]
Fx = dict[tuple[str, str], tuple[Decimal, date]]
LONGEST_VALUE = 256
NO = False


class Judged(NamedTuple):
    """What the oracle says of one rule on one resource; `binding` is the position among the bindings."""

    binding: int
    rule: str
    resource: int
    verdict: str
    reasons: tuple[ReasonTuple, ...]
    acts: bool


class Answer(NamedTuple):
    """True, False or None (unknown); why it is false, and why it is unknown."""

    holds: bool | None
    false: tuple[ReasonTuple, ...] = ()
    unknown: tuple[ReasonTuple, ...] = ()


@dataclass(frozen=True)
class Oracle:
    """Judges at a time, with exchange rates."""

    now: datetime
    fx: Fx

    def page(self, bindings: Iterable[Binding], resources: list[Resource]) -> list[Judged]:
        """Every judgement, passes and outsides included."""
        packs: dict[str, list[tuple[int, Binding]]] = {}
        for position, binding in enumerate(bindings):
            packs.setdefault(binding.pack.name, []).append((position, binding))
        found = []
        for number, resource in enumerate(resources):
            for uses in packs.values():
                for position, binding in uses:
                    where = self.condition(binding.where, resource).holds
                    if where is False:
                        continue
                    for rule in binding.rules:
                        verdict, reasons = self.rule(rule, resource)
                        found.append(Judged(position, rule.id, number, verdict, reasons, where is True))
                    break
        return found

    def rule(self, rule: Rule, resource: Resource) -> tuple[str, tuple[ReasonTuple, ...]]:
        """`match`, then `require`: the sentence of LANGUAGE §2."""
        match = self.condition(rule.match, resource)
        require = self.condition(rule.require, resource, conflict=False)
        if match.holds is False:
            return "outside", ()
        if match.holds is None:
            return ("outside", ()) if require.holds is True else ("unknown", match.unknown + require.unknown)
        if require.holds is None:
            return "unknown", require.unknown
        return ("pass", ()) if require.holds else ("fail", require.false)

    def condition(self, condition: Condition, resource: Resource, *, conflict: Truth = None) -> Answer:
        """Kleene logic. `conflict` is what a test of a conflicting tag key comes to."""
        match condition:
            case Compare():
                return self._compare(condition, resource, conflict)
            case Not(item):
                return self._not(item, resource, conflict)
            case All(items) | AnyOf(items):
                return self._several(condition, items, resource, conflict)

    def _several(
        self, condition: All | AnyOf, items: tuple[Condition, ...], resource: Resource, conflict: Truth
    ) -> Answer:
        answers = [self.condition(item, resource, conflict=conflict) for item in items]
        if isinstance(condition, All):
            holds = _least([answer.holds for answer in answers])
        else:
            holds = _negated(_least([_negated(answer.holds) for answer in answers]))
        if holds is None:
            return Answer(None, (), _joined(answer.unknown for answer in answers))
        if holds:
            return Answer(holds)
        if isinstance(condition, All):
            return Answer(NO, _joined(answer.false for answer in answers if answer.holds is False))
        return Answer(NO, (("", "any", tuple(answer.false for answer in answers), None),))

    def _not(self, item: Condition, resource: Resource, conflict: Truth) -> Answer:
        inner = self.condition(item, resource, conflict=_negated(conflict))
        holds = _negated(inner.holds)
        if holds is not False:
            return Answer(holds, (), inner.unknown)
        named = () if conflict is None else tuple(self._conflicts(item, resource))
        return Answer(NO, (("", "not", item, None), *named))

    def _conflicts(self, condition: Condition, resource: Resource) -> Iterable[ReasonTuple]:
        match condition:
            case Compare():
                if why := self._conflict(condition, resource):
                    yield _reason(condition, why)
            case Not(item):
                yield from self._conflicts(item, resource)
            case All(items) | AnyOf(items):
                for item in items:
                    yield from self._conflicts(item, resource)

    def _conflict(self, test: Compare, resource: Resource) -> Unknown | None:
        """The conflict a test meets, on its own side or, where that is known, on the other."""
        own = _value(test.ref, resource)
        if _conflicting(test.ref, resource):
            assert isinstance(own, Unknown)
            return own
        if isinstance(test.value, Ref) and own is not None and not isinstance(own, Unknown):
            other = _value(test.value, resource)
            if _conflicting(test.value, resource) and isinstance(other, Unknown):
                return Unknown(f"{test.value}: {other.reason}")
        return None

    def _compare(self, test: Compare, resource: Resource, conflict: Truth) -> Answer:
        if conflict is not None and (why := self._conflict(test, resource)):
            return Answer(conflict, () if conflict else (_reason(test, why),))
        value = _value(test.ref, resource)
        if isinstance(value, Unknown):
            return Answer(None, (), (_reason(test, value),))
        if isinstance(value, Series) and test.over is not None:
            assert isinstance(test.over, int)
            value = _window(value, test.over, test.by)
            if value is None:
                return Answer(None, (), (_reason(test, Unknown("fewer than 90 % of the points of the window")),))
        if value is None:
            holds: bool | None = test.op == "exists" and test.value is False
            return Answer(holds, () if holds else (_reason(test, None),))
        holds_or_why = self._holds(test, value, resource)
        if isinstance(holds_or_why, Unknown):
            return Answer(None, (), (_reason(test, holds_or_why),))
        return Answer(holds_or_why, () if holds_or_why else (_reason(test, value),))

    def _holds(self, test: Compare, value: Any, resource: Resource) -> bool | Unknown:
        """A test on a value that is known."""
        op, wanted = test.op, test.value
        if isinstance(wanted, Money):
            converted = self._converted(value, wanted.currency)
            if converted is None:
                return Unknown(f"no exchange rate to {wanted.currency}")
            return _ordered(op, converted, wanted.amount)
        if isinstance(wanted, Ref):
            other = _value(wanted, resource)
            return Unknown(f"{wanted}: {other.reason}") if isinstance(other, Unknown) else bool(value == other)
        if op == "after_now":
            return self._after(value) is wanted
        return _ordered(op, value, wanted)

    def _converted(self, money: Money, currency: str) -> Decimal | None:
        if money.currency == currency:
            return money.amount
        if rate := self.fx.get((money.currency, currency)):
            return money.amount * rate[0]
        if rate := self.fx.get((currency, money.currency)):
            return money.amount / rate[0]
        return None

    def _after(self, value: datetime | str) -> bool | None:
        if isinstance(value, datetime):
            return value > self.now
        text = value.strip()
        try:
            return date.fromisoformat(text) >= self.now.astimezone(UTC).date()
        except ValueError:
            pass
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            return None
        return (when if when.tzinfo else when.replace(tzinfo=UTC)) > self.now


def _ordered(op: str, value: Any, wanted: Any) -> bool:
    """A test that needs nothing but its two sides."""
    match op:
        case "exists":
            held = wanted
        case "in":
            held = wanted == () or value in wanted
        case "not_in":
            held = value not in wanted
        case "matches":
            held = len(value) <= LONGEST_VALUE and re.fullmatch(wanted, value, re.ASCII) is not None
        case "eq":
            held = value is wanted if isinstance(wanted, bool) else value == wanted
        case "lt":
            held = value < wanted
        case "lte":
            held = value <= wanted
        case "gt":
            held = value > wanted
        case "gte":
            held = value >= wanted
        case _:
            raise NotImplementedError(op)
    return bool(held)


def _least(values: list[bool | None]) -> bool | None:
    """Kleene and: the least of false < unknown < true."""
    if False in values:
        return False
    return None if None in values else True


def _negated(value: Truth) -> Truth:
    return None if value is None else not value


def _joined(parts: Iterable[tuple[ReasonTuple, ...]]) -> tuple[ReasonTuple, ...]:
    return tuple(reason for part in parts for reason in part)


def _reason(test: Compare, actual: object) -> ReasonTuple:
    expected = test.value if test.over is None else (test.value, test.over, test.by)
    return str(test.ref), test.op, expected, actual


def _conflicting(ref: Ref, resource: Resource) -> bool:
    if ref.space == "field":
        return False
    return ref.name in (resource.tags if ref.space == "tag" else resource.account_tags).conflicts


def _value(ref: Ref, resource: Resource) -> Any:
    """What a reference looks at: a value, None (absent) or Unknown."""
    if ref.space == "tag":
        return resource.tags.look(ref.name)
    if ref.space == "account_tag":
        return resource.account_tags.look(ref.name)
    kinds = FIELDS[ref.name].kinds
    if kinds is not None and resource.kind and resource.kind not in kinds:
        return None
    return resource.look(ref.name)


def _window(series: Series, over: int, by: str) -> float | None:
    """One number for the last `over` seconds; None with fewer than 90 % of the points."""
    wanted = max(1, -(-over // series.step))
    tail = series.points[max(0, len(series.points) - wanted) :]
    there = sorted(point for point in tail if point is not None and not math.isnan(point))
    if 10 * len(there) < 9 * wanted:
        return None
    match by:
        case "min":
            return there[0]
        case "max":
            return there[-1]
        case "sum":
            return sum(there)
        case "mean":
            return sum(there) / len(there)
    if len(there) == 1:
        return there[0]
    share = 50 if by == "p50" else 95
    return quantiles(there, n=100, method="inclusive")[share - 1]


def counts(found: Iterable[Judged], names: Mapping[int, str]) -> dict[tuple[str, str], int]:
    """Passes by (binding name, rule id)."""
    return dict(Counter((names[j.binding], j.rule) for j in found if j.verdict == "pass"))
