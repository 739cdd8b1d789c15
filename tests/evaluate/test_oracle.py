"""Compiled rules against the plain interpreter: the same verdicts, reasons, acts and pass counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops_guard.evaluate import Evaluator, Judgement, predicate
from finops_guard.evaluate.page import Page
from finops_guard.model import Resource
from tests.evaluate.oracle import Judged, Oracle, counts
from tests.evaluate.strategies import CONDITIONS, FX, NOW, Case, binding, bindings, cases, resources, rules, without

if TYPE_CHECKING:
    from collections.abc import Sequence

    from finops_guard.model import Binding, Rule

ORACLE = Oracle(NOW, FX)


def _compiled(
    bindings: Sequence[Binding], resources: Sequence[Resource], *, include_pass: bool = True
) -> tuple[list[Judged], dict[tuple[str, str], int]]:
    evaluator = Evaluator(bindings, NOW, FX, include_pass=include_pass)
    evaluator._alone = _broken  # type: ignore[assignment,method-assign] # a page that falls back would hide what broke it
    places = {id(resource): number for number, resource in enumerate(resources)}
    used = {id(binding): number for number, binding in enumerate(bindings)}
    found = [
        Judged(used[id(j.binding)], j.rule.id, places[id(j.resource)], j.verdict, j.reasons, j.acts)
        for j in evaluator.judge(resources)
    ]
    passed = {key: count for key, count in evaluator.passed.items() if count}
    return sorted(found, key=_place), passed


def _broken(*_: object) -> None:
    pytest.fail("generated code raised")


class _Sink:
    """What generated code gives its judgements to."""

    def __init__(self) -> None:
        self.judgements: list[Judgement] = []
        self.laters: list[object] = []
        self.found, self.later = self.judgements.append, self.laters.append


def _place(judged: Judged) -> tuple[int, int, str]:
    return judged.resource, judged.binding, judged.rule


@given(cases())
def test_compiled_rules_agree_with_the_interpreter(case: Case) -> None:
    everything = ORACLE.page(case.bindings, list(case.resources))
    inside = sorted((j for j in everything if j.verdict != "outside"), key=_place)
    found, passed = _compiled(case.bindings, case.resources)
    assert found == inside
    names = {number: one.name for number, one in enumerate(case.bindings)}
    assert passed == counts(everything, names)


@given(cases())
def test_passes_are_counted_alike_whether_they_are_shown_or_not(case: Case) -> None:
    shown, passed = _compiled(case.bindings, case.resources)
    quiet, counted = _compiled(case.bindings, case.resources, include_pass=False)
    assert quiet == [judged for judged in shown if judged.verdict != "pass"]
    assert counted == passed


@given(bindings(), st.lists(resources(known=True), min_size=1, max_size=6))
def test_on_known_resources_the_fast_path_is_the_slow_path(used: tuple[Binding, ...], known: list[Resource]) -> None:
    plan = Evaluator(used, NOW, FX)._plan
    for kind in {resource.kind for resource in known}:
        page = Page(plan, kind)
        group = [resource for resource in known if resource.kind == kind]
        fast, slow = _Sink(), _Sink()
        assert page.judge(group, fast.found, fast.later)[0] == page.judge_rest(group, slow.found, slow.later)[0]
        assert fast.judgements == slow.judgements
        assert fast.laters == slow.laters
        twins = {slot.rule: page.twins[place] for place, slot in enumerate(plan.slots) if place in page.twins}
        for judged in fast.judgements:
            assert twins[judged.rule](judged.resource) == (judged.verdict, judged.reasons)


@given(rules(), resources())
def test_an_unknown_value_never_turns_a_pass_into_a_fail_or_back(rule: Rule, resource: Resource) -> None:
    allowed = {
        "pass": {"pass", "unknown", "outside"},
        "fail": {"fail", "unknown"},
        "unknown": {"unknown"},
        "outside": {"outside", "unknown"},
    }
    variants = [resource, *without(resource)]
    found, _ = _compiled([binding("use", (rule,))], variants)
    verdicts = ["outside"] * len(variants)
    for judged in found:
        verdicts[judged.resource] = judged.verdict
    assert set(verdicts) <= allowed[verdicts[0]]


@given(bindings(), resources())
def test_an_unknown_value_never_makes_something_to_act_on(used: tuple[Binding, ...], resource: Resource) -> None:
    variants = [resource, *without(resource)]
    found, _ = _compiled(used, variants)
    acting: list[set[tuple[int, str]]] = [set() for _ in variants]
    for judged in found:
        if judged.verdict == "fail" and judged.acts:
            acting[judged.resource].add((judged.binding, judged.rule))
    assert all(fewer <= acting[0] for fewer in acting[1:])


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_resources_and_the_size_of_pages_change_nothing(case: Case, random: object) -> None:
    found, passed = _compiled(case.bindings, case.resources)
    order = list(range(len(case.resources)))
    random.shuffle(order)  # type: ignore[attr-defined] # hypothesis' own random.Random
    shuffled, again = _compiled(case.bindings, [case.resources[i] for i in order])
    moved = sorted((replace_place(judged, order[judged.resource]) for judged in shuffled), key=_place)
    assert (moved, again) == (found, passed)
    one_a_page: list[Judged] = []
    for number, resource in enumerate(case.resources):
        alone, _ = _compiled(case.bindings, [resource])
        one_a_page += [replace_place(judged, number) for judged in alone]
    assert one_a_page == found


def replace_place(judged: Judged, number: int) -> Judged:
    return judged._replace(resource=number)


@given(CONDITIONS, resources())
def test_a_condition_alone_agrees_with_the_interpreter(condition: object, resource: Resource) -> None:
    expected = ORACLE.condition(condition, resource).holds  # type: ignore[arg-type] # a Condition
    assert predicate(condition, NOW, FX)(resource) is expected  # type: ignore[arg-type] # the same
