"""No text of a document reaches generated code, no size of it breaks the compiler, no rule ends a page."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops_guard.errors import InputError
from finops_guard.evaluate import Evaluator, predicate
from finops_guard.evaluate.emit import HELPERS
from finops_guard.evaluate.fold import MAX_DEPTH, MAX_NODES
from finops_guard.evaluate.source import Source, UnsafeSourceError
from finops_guard.model import All, AnyOf, Compare, Condition, Not, Ref, Resource, Rule, Tags, Unknown
from tests.evaluate.strategies import NOW, binding, bindings

if TYPE_CHECKING:
    from finops_guard.model import Binding

HOSTILE = (
    "'", '"', "\\", "\\'", "'''", '"""', "\n", "\r\n", "{", "}", "{0}", "%s", "#", ";", "__import__('os').system('id')",
    "'); __import__('os') #", "K0", "v", "\ud800", "\0", "\x1b[31m", "\u2028", "é", "", " ", "x" * 1_000_000,
)  # fmt: skip
TEAM = Ref("tag", "team")


def _evaluator(*rules: tuple[Condition, Condition]) -> Evaluator:
    made = tuple(Rule("pack", f"rule{i}", "t", "low", match, require) for i, (match, require) in enumerate(rules))
    return Evaluator([binding("use", made)], NOW)


def _with(condition: Condition, text: str) -> Condition:
    """The condition with every text and tag key in it replaced, the same by the same."""
    match condition:
        case All(items):
            return All(tuple(_with(item, text) for item in items))
        case AnyOf(items):
            return AnyOf(tuple(_with(item, text) for item in items))
        case Not(item):
            return Not(_with(item, text))
        case Compare(ref=ref, op=op, value=value):
            if ref.name == "kind":
                return condition  # what kinds decide is decided before anything is written
            value = (
                tuple(f"{text}{i}" if isinstance(v, str) else v for i, v in enumerate(value))
                if isinstance(value, tuple)
                else _other(value, text, op)
            )
            return replace(condition, ref=_renamed(ref, text), value=value)


def _other(value: object, text: str, op: str) -> object:
    if isinstance(value, Ref):
        return _renamed(value, text)
    if op == "matches":
        return re.escape(text[:100])
    return text if isinstance(value, str) else value


def _renamed(ref: Ref, text: str) -> Ref:
    return ref if ref.space == "field" else Ref(ref.space, f"{text}{ref.name}")


@given(bindings(), st.sampled_from(HOSTILE) | st.text())
def test_the_source_is_the_same_whatever_the_literals_and_keys_are(used: tuple[Binding, ...], text: str) -> None:
    changed = [
        replace(
            use,
            name=text,
            where=_with(use.where, text),
            rules=tuple(
                replace(rule, name=text, title=text, match=_with(rule.match, text), require=_with(rule.require, text))
                for rule in use.rules
            ),
        )
        for use in used
    ]
    for kind in ("vm", ""):
        assert Evaluator(changed, NOW).source_of(kind) == Evaluator(used, NOW).source_of(kind)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text)[:20])
def test_hostile_text_compares_like_any_other(text: str) -> None:
    for value, verdict in ((text, "pass"), (text + "x", "fail")):
        test = Compare(Ref("field", "region"), "eq", text)
        resource = Resource({"region": value}, Tags.of({text: value}))
        assert predicate(test, NOW)(resource) is (verdict == "pass")
    resource = Resource({"region": "x"}, Tags({text: "here"}, {}))
    assert predicate(Compare(Ref("tag", text), "in", ("here",)), NOW)(resource) is True


@pytest.mark.parametrize("number", [10**400, -(10**400), 2**53 + 1, float("inf"), 1e-300])
def test_any_number_compares(number: float) -> None:
    test = Compare(Ref("field", "capacity.used"), "lt", number)
    assert predicate(test, NOW)(Resource({"capacity.used": 5}, Tags.of({}))) is (number > 5)


def test_a_value_that_is_no_number_is_never_equal_nor_in_order() -> None:
    nan = Resource({"capacity.used": float("nan")}, Tags.of({}))
    for op in ("lt", "lte", "gt", "gte", "eq"):
        assert predicate(Compare(Ref("field", "capacity.used"), op, 5), NOW)(nan) is False


@pytest.mark.parametrize(
    "bad",
    [
        "import os",
        "__import__('os')",
        "r.__class__",
        "r.fields.pop('x')",
        "open('/etc/passwd')",
        "(lambda: 0)()",
        "[x1 for x1 in page]",
        "f'{r}'",
        "K99",
        "x = eval",
        "exec('1')",
        "del r",
        "while True: rest",
        "v('x')",
        "t(1)",
    ],
)
def test_source_that_we_would_never_write_is_refused(bad: str) -> None:
    source = Source(HELPERS)
    source.function("judge(r)")
    source.put(1, bad)
    with pytest.raises(UnsafeSourceError):
        source.functions("<bad>")


def test_what_we_write_is_accepted_and_builtins_are_out_of_reach() -> None:
    source = Source(HELPERS)
    source.function("judge(r)")
    source.put(1, f"return {source.constant('x')}")
    judge = source.functions("<good>")["judge"]
    assert judge(Resource({}, Tags.of({}))) == "x"
    assert judge.__globals__["__builtins__"] == {}


def _nested(depth: int) -> Condition:
    return reduce(lambda inner, _: Not(inner), range(depth), cast("Condition", Compare(TEAM, "exists", True)))


@pytest.mark.parametrize("wrap", [Not, lambda inner: All((inner, inner)), lambda inner: AnyOf((inner,))])
@pytest.mark.parametrize("depth", [MAX_DEPTH, 5_000])
def test_deep_nesting_is_refused_and_no_recursion_error(wrap: Any, depth: int) -> None:
    condition = reduce(lambda inner, _: wrap(inner), range(depth), cast("Condition", Compare(TEAM, "exists", True)))
    for make in (lambda: _evaluator((condition, All(()))), lambda: predicate(condition, NOW)):
        with pytest.raises(InputError, match=r"deeper than|over 10,000 conditions"):
            make()


@pytest.mark.parametrize("depth", range(1, MAX_DEPTH, 9))
def test_what_is_not_too_deep_compiles(depth: int) -> None:
    (judged,) = _evaluator((All(()), _nested(depth))).judge([Resource({}, Tags.unreadable("denied"))])
    assert judged.verdict == "unknown"


def test_very_many_alternatives_are_refused_and_many_compile() -> None:
    def any_of(count: int) -> Condition:
        return AnyOf(tuple(Compare(TEAM, "eq", f"team-{n}") for n in range(count)))

    with pytest.raises(InputError, match=f"over {MAX_NODES:,} conditions"):
        _evaluator((any_of(MAX_NODES), All(())))
    (judged,) = _evaluator((All(()), any_of(2_000))).judge([Resource({}, Tags.of({"team": "other"}))])
    assert len(cast("tuple[object, ...]", judged.reasons[0][2])) == 2_000


def test_a_rule_that_raises_is_unknown_and_the_page_goes_on() -> None:
    good = (All(()), Compare(TEAM, "eq", "vision"))
    bad = (All(()), Compare(Ref("field", "age"), "lt", 5))
    evaluator = _evaluator(good, bad)
    fine = [Resource({"age": age}, Tags.of({"team": team})) for age, team in ((1, "vision"), (9, "nlp"))]
    broken = Resource({"age": "a week"}, Tags.of({"team": "nlp"}))
    found = [*evaluator.judge([fine[0], broken, fine[1]])]
    verdicts = [(judged.rule.name, judged.resource.fields["age"], judged.verdict) for judged in found]
    assert len(verdicts) == 4
    assert set(verdicts) == {
        ("rule0", 9, "fail"),
        ("rule0", "a week", "fail"),
        ("rule1", 9, "fail"),
        ("rule1", "a week", "unknown"),
    }
    assert evaluator.passed == {("use", "pack/rule0"): 1, ("use", "pack/rule1"): 1}
    reason = next(judged.reasons[0] for judged in found if judged.verdict == "unknown")
    assert isinstance(reason[3], Unknown)
    assert reason[3].reason.startswith("internal error: TypeError")


def test_a_where_that_raises_leaves_its_rules_unknown_and_never_acts() -> None:
    rule = Rule("pack", "rule", "t", "low", All(()), Compare(TEAM, "eq", "vision"))
    uses = [binding("young", (rule,), Compare(Ref("field", "age"), "lt", 5)), binding("rest", (rule,))]
    found = list(Evaluator(uses, NOW).judge([Resource({"age": "a week"}, Tags.of({}))]))
    assert [(judged.binding.name, judged.verdict, judged.acts) for judged in found] == [("young", "unknown", False)]
