"""Typed rules, bindings and resources for property tests: few names and values, so that tests meet what they test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from finops_guard.fields import FIELDS
from finops_guard.model import (
    All,
    AnyOf,
    Binding,
    Compare,
    Condition,
    Money,
    Not,
    Pack,
    Ref,
    Resource,
    Rule,
    Series,
    Tags,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 14, 9, 30, tzinfo=UTC)
FX = {("USD", "EUR"): (Decimal("0.8"), date(2026, 11, 1))}
TEXTS = (
    "a",
    "vision",
    "prod",
    "İ",
    "é\u200b",
    "x" * 257,
    "2026-11-14",
    "2026-11-13",
    "2027-01-31T10:00:00+01:00",
    "soon",
)
PATTERNS = ("a|vision", "[a-z]+", ".*", "(?:[a-z]+-?)+", "é.?", r"\d{4}-\d{2}-\d{2}")
STATES = ("running", "stopped")
KINDS = ("vm", "notebook", "log-store", "licence")
MONEY = tuple(Money(Decimal(n), c) for n in ("10", "8", "12.5") for c in ("EUR", "USD", "GBP"))
DATES = (NOW - timedelta(days=1), NOW, NOW + timedelta(days=1))
SERIES = tuple(
    Series(NOW, 3600, points)
    for points in (
        (1.0, 5.0, 9.0),
        (5.0,) * 30,
        (None,) * 3 + (1.0, 2.0) * 15,
        (1.0,) * 20 + (None,) * 2 + (9.0,) * 2,
        (float("nan"), 1.0, 1.0, 1.0),
        (),
    )
)
FIELD_VALUES: dict[str, tuple[object, ...]] = {
    "region": TEXTS,
    "data.region": TEXTS,
    "kind": KINDS,
    "state": STATES,
    "ai": (True, False),
    "accelerators.count": (0, 1, 8, 2.5),
    "budget.used_percent": (0.0, 80.0, 120),
    "age": (0, 3600, 86_400),
    "cost.month": MONEY,
    "licence.unit_cost": MONEY,
    "accelerators.memory": (0, 80_000_000_000),
    "created": DATES,
    "log.retention": (86_400, 2_592_000),
    "usage.cpu_percent": (*SERIES, 5.0, 1),
}
"""Catalogue names of every type, some of which only one kind has."""
TEXT_FIELDS = ("region", "data.region")
TAG_KEYS = ("team", "environment", "expires-on")
RAW_KEYS = ("team", "Team", "TEAM ", "environment", "expires_on", "Expires On")


@dataclass(frozen=True)
class Case:
    """Some bindings and some resources."""

    bindings: tuple[Binding, ...]
    resources: tuple[Resource, ...]

    def __repr__(self) -> str:
        rules = [(b.name, b.where, [(r.match, r.require) for r in b.rules]) for b in self.bindings]
        shown = [(r.fields, r.tags.raw, r.tags.open_because, r.account_tags.raw) for r in self.resources]
        return f"Case(bindings={rules}, resources={shown})"


def _several(values: tuple[object, ...]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3).map(tuple)


_REFS = st.sampled_from(
    [Ref("field", name) for name in (*TEXT_FIELDS, "state")]
    + [Ref("tag", key) for key in TAG_KEYS]
    + [Ref("account_tag", "team")]
)


@st.composite
def text_tests(draw: st.DrawFn) -> Compare:
    """A test on text: a field's, a tag's or an account tag's."""
    ref = draw(
        st.sampled_from([*(Ref("tag", k) for k in TAG_KEYS), Ref("account_tag", "team"), Ref("field", "region")])
    )
    op = draw(st.sampled_from(("eq", "in", "not_in", "matches", "exists", "after_now", "same_as")))
    value: Any = {
        "eq": st.sampled_from(TEXTS),
        "in": st.just(()) | _several(TEXTS),
        "not_in": st.just(()) | _several(TEXTS),
        "matches": st.sampled_from(PATTERNS),
        "exists": st.booleans(),
        "after_now": st.booleans(),
        "same_as": _REFS | st.just(Ref("field", "licence.vendor")),
    }[op]
    return Compare(ref, op, draw(value))


@st.composite
def field_tests(draw: st.DrawFn) -> Compare:
    """A test on a catalogue field, typed by it."""
    name = draw(st.sampled_from(tuple(FIELD_VALUES)))
    ref, values = Ref("field", name), FIELD_VALUES[name]
    if name == "usage.cpu_percent":
        op = draw(st.sampled_from(("lt", "lte", "gt", "gte", "exists")))
        value = draw(st.booleans()) if op == "exists" else draw(st.sampled_from((1.0, 5.0, 90)))
        over = draw(st.sampled_from((3600, 7200, 86_400, 90_000)))
        return Compare(ref, op, value, over, draw(st.sampled_from(("mean", "max", "min", "p50", "p95", "sum"))))
    if name == "ai":
        return Compare(ref, draw(st.sampled_from(("eq", "exists"))), draw(st.booleans()))
    among = isinstance(values[0], str) or name == "accelerators.count"
    ordered = not isinstance(values[0], str)
    ops = ["eq", "exists", *(("in", "not_in") if among else ()), *(("lt", "lte", "gt", "gte") if ordered else ())]
    if name == "created":
        ops.append("after_now")
    op = draw(st.sampled_from(ops))
    if op in ("exists", "after_now"):
        return Compare(ref, op, draw(st.booleans()))
    if op in ("in", "not_in"):
        return Compare(ref, op, draw(st.just(()) | _several(values)))
    return Compare(ref, op, draw(st.sampled_from(values)))


TESTS = text_tests() | field_tests()
CONDITIONS: st.SearchStrategy[Condition] = st.just(All(())) | st.recursive(
    TESTS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: All(tuple(items))),
        st.lists(inner, min_size=1, max_size=3).map(lambda items: AnyOf(tuple(items))),
        inner.map(Not),
    ),
    max_leaves=6,
)


@st.composite
def tags(draw: st.DrawFn) -> Tags:
    """Tags: complete, open, unreadable, conflicting; with empty and blank values."""
    if draw(st.integers(0, 9)) == 0:
        return Tags.unreadable("denied")
    values = st.sampled_from((*TEXTS, "", "  ", "\t"))
    raw = draw(st.dictionaries(st.sampled_from(RAW_KEYS), values, max_size=4))
    return Tags.of(raw, open_because=draw(st.sampled_from((None, None, None, "known after apply"))))


@st.composite
def resources(draw: st.DrawFn, *, known: bool = False) -> Resource:
    """A resource whose fields are known, absent or (unless `known`) unknown; its kind too may be unknown."""
    fields: dict[str, Any] = {}
    for name, values in FIELD_VALUES.items():
        fate = draw(st.integers(0, 9))
        if fate > 1 or known:
            fields[name] = draw(st.sampled_from(values)) if fate > 0 else None
        elif fate == 0:
            fields[name] = None
    if known:
        fields["licence.vendor"] = draw(st.sampled_from((*TEXTS, None)))
        fields["usage.cpu_percent"] = draw(st.sampled_from((5.0, 1, None)))
        fields["cost.month"] = draw(st.sampled_from((Money(Decimal(9), "EUR"), None)))
        raw = draw(st.dictionaries(st.sampled_from(TAG_KEYS), st.sampled_from((*TEXTS, "")), max_size=3))
        return Resource(fields, Tags.of(raw), account_tags=Tags.of({"team": "a"}))
    unknown = {"region": "denied", "cost.month": "no price"} if draw(st.booleans()) else {}
    return Resource(fields, draw(tags()), unknown, draw(tags()))


@st.composite
def rules(draw: st.DrawFn, number: int = 0) -> Rule:
    """A rule with any match and require."""
    return Rule("pack", f"rule{number}", "title", "low", draw(CONDITIONS), draw(CONDITIONS))


def binding(name: str, rules_: tuple[Rule, ...], where: Condition = All(()), pack: str = "pack") -> Binding:  # noqa: B008
    """A binding that may only notify."""
    made = Pack(pack, "1.0.0", "", {}, {rule.name: rule for rule in rules_}, f"{pack}.yaml", "")
    return Binding(name, made, rules_, where, "dry-run", frozenset({"notify"}))


@st.composite
def bindings(draw: st.DrawFn) -> tuple[Binding, ...]:
    """One to three bindings of one or two packs, the last of a pack often for everything."""
    made = []
    for number in range(draw(st.integers(1, 3))):
        pack = draw(st.sampled_from(("pack", "pack", "other")))
        where = draw(st.just(All(())) | CONDITIONS)
        rules_ = tuple(draw(rules(i)) for i in range(draw(st.integers(1, 3))))
        made.append(binding(f"use{number}", rules_, where, pack))
    return tuple(made)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Bindings × resources."""
    return Case(draw(bindings()), tuple(draw(st.lists(resources(), min_size=1, max_size=6))))


def without(resource: Resource) -> Iterator[Resource]:
    """The resource with one value after another replaced by unknown, then all its tags."""
    for name in resource.fields:
        fields = {key: value for key, value in resource.fields.items() if key != name}
        if name == "kind":  # of a thing whose kind we cannot tell we know nothing that only one kind has
            fields = {key: value for key, value in fields.items() if FIELDS[key].kinds is None}
        yield Resource(fields, resource.tags, resource.unknown, resource.account_tags)
    yield Resource(resource.fields, Tags.unreadable("denied"), resource.unknown, resource.account_tags)
    yield Resource(resource.fields, resource.tags, resource.unknown, Tags.unreadable("denied"))
