"""What must hold for every policy, estate and history."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from finops_guard.evaluate.hours import inside
from finops_guard.model import (
    DESTRUCTIVE,
    LIFECYCLE,
    VERBS,
    Cap,
    Finding,
    Freeze,
    Policy,
    Rung,
    Step,
    Tags,
    Unknown,
    Window,
)
from finops_guard.plan import Episode, plan
from finops_guard.plan.protections import KEEPS_DATA
from finops_guard.plan.steps import Later
from finops_guard.state.shelf import ordered
from tests.plan.build import NOW, D, H, binding, finding, machine, policy, rule

verbs = st.sampled_from(VERBS)
permits = st.frozensets(verbs, min_size=5).map(lambda some: some | {"notify"}) | st.just(frozenset(VERBS))
modes = st.sampled_from(["enforce", "enforce", "dry-run"])
keys = st.sampled_from(["team", "project"])
rungs = st.builds(
    Rung,
    verbs,
    after=st.sampled_from([None, 0, H, D, 7 * D]),
    mark=st.booleans(),
    set=st.dictionaries(keys, st.sampled_from(["a", "b"]), min_size=1, max_size=2),
    normalise=st.booleans(),
)
ladders = st.lists(rungs, max_size=4).map(lambda some: (Rung("notify"), *some))
resources = st.builds(
    machine,
    st.sampled_from(["i-1", "i-2"]),
    tags=st.sampled_from(
        [Tags.of({}), Tags.of({"Team": "a", "team": "b"}), Tags.of({"Team": "a"}), Tags.unreadable("denied")]
    ),
    kind=st.sampled_from(["vm", "vm", "vm", "bucket", "training-job", "licence"]),
    protected=st.sampled_from([False, False, True, Unknown("")]),
    facts=st.sampled_from([{}, {}, {"local_disk_gb": 900}]),
    managed_by=st.sampled_from([None, None, "asg"]),
)
freezes = st.builds(
    Freeze,
    st.sampled_from([date(2026, 11, 1), date(2026, 11, 3)]),
    st.sampled_from([date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 9)]),
    st.frozensets(verbs),
)
windows = st.builds(
    Window,
    st.frozensets(st.integers(0, 6)),
    st.integers(0, 1439),
    st.integers(0, 1439),
    st.sampled_from(["UTC", "Europe/Amsterdam"]),
)
accepts = st.sampled_from([frozenset[str](), frozenset({"local-data-loss"})])
caps = st.builds(Cap, st.integers(0, 3), st.sampled_from(["refuse", "defer"]))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Finding], Policy, dict[str, Any]]:
    bindings = [binding(name, mode=draw(modes), permit=draw(permits), accept=draw(accepts)) for name in ("b", "c")]
    under = policy(
        *bindings,
        mode=draw(modes),
        permit=draw(permits),
        at_most=draw(st.dictionaries(st.sampled_from(sorted(DESTRUCTIVE | {"tag"})), caps)),
        freeze=draw(st.lists(freezes, max_size=1).map(tuple)),
        windows=draw(st.dictionaries(verbs, windows, max_size=1)),
        approve=draw(st.sampled_from([{}, {}, {"terminate": 1}])),
    )
    estate = {on.id: on for on in draw(st.lists(resources, min_size=1, max_size=2))}
    rules = [rule(*draw(ladders), name=name) for name in ("r", "s", "t")]
    found = [
        finding(
            on,
            of,
            binding=draw(st.sampled_from(["b", "c"])),
            verdict=draw(st.sampled_from(["fail", "fail", "fail", "unknown"])),
            exempt=draw(st.sampled_from([None, None, "reason"])),
            acts=draw(st.sampled_from([True, True, False])),
        )
        for on in estate.values()
        for of in rules
    ]
    began = st.sampled_from([NOW, NOW - timedelta(hours=2), NOW - timedelta(days=2), NOW - timedelta(days=9)])
    episodes = {
        f.id: Episode(draw(began), draw(st.frozensets(st.integers(0, 2)))) for f in found if draw(st.booleans())
    }
    more = {
        "mode": draw(modes),
        "episodes": episodes,
        "done_24h": draw(st.dictionaries(st.sampled_from(["stop", "tag"]), st.integers(0, 2))),
    }
    return found, under, more


def _plan(world: tuple[list[Finding], Policy, dict[str, Any]]) -> list[Step]:
    found, under, more = world
    return list(plan(found, under, NOW, can=lambda _type, _verb: True, **more))


def _acting(world: tuple[list[Finding], Policy, dict[str, Any]]) -> list[Step]:
    """The steps that an enforcing run would carry out now."""
    found, under, more = world
    return [step for step in _plan((found, under, more | {"mode": "enforce"})) if step.state == "due"]


@given(worlds())
@settings(max_examples=400, deadline=None)
def test_nothing_acts_that_may_not(world: tuple[list[Finding], Policy, dict[str, Any]]) -> None:
    found, under, more = world
    by_id = {f.id: f for f in found}
    bindings = {b.name: b for b in under.bindings}
    for step in _acting(world):
        assert step.due is not None
        assert step.due <= NOW
        for finding_id, index in step.serves:
            of, bound = by_id[finding_id], bindings[by_id[finding_id].binding]
            rung = of.rule.otherwise[index]
            assert rung.do == step.do
            assert (of.verdict, of.exempt, of.acts) == ("fail", None, True)
            assert step.do in under.permit & bound.permit
            assert step.do == "suggest" or (under.mode, bound.mode) == ("enforce", "enforce")
            episode = more["episodes"].get(finding_id)
            began = episode.began if episode else NOW
            assert isinstance(rung.after, int | None)
            assert began + timedelta(seconds=rung.after or 0) <= NOW
            assert episode is None or index not in episode.done
        if step.do not in ("suggest", "block"):
            frozen = [f for f in under.freeze if f.start <= NOW.date() <= f.end and step.do not in f.allowed]
            assert not frozen
            assert step.do not in under.windows or inside(under.windows[step.do], NOW)
        if step.do in (*LIFECYCLE, "tag"):
            assert step.resource.fields.get("protected") is not True
            assert step.resource.kind != "licence"
        if step.do == "tag":
            assert step.resource.tags.open_because is None
            assert not set(step.after) & {raw for by in step.resource.tags.conflicts.values() for raw in by}
        if step.do in DESTRUCTIVE:
            assert step.resource.kind not in KEEPS_DATA
            assert step.resource.look("managed_by") is None
            assert step.resource.look("protected") is False
            assert not under.approve.get(step.do)
            on_disk = step.resource.facts["local_disk_gb"] and step.resource.kind == "vm"
            if on_disk or step.resource.kind == "training-job":
                assert "local-data-loss" in bindings[step.binding].accept


@given(worlds())
@settings(max_examples=200, deadline=None)
def test_a_day_holds_no_more_than_at_most(world: tuple[list[Finding], Policy, dict[str, Any]]) -> None:
    _, under, more = world
    for verb, count in Counter(step.do for step in _acting(world)).items():
        cap = under.at_most.get(verb, Cap(0) if verb in DESTRUCTIVE else None)
        assert cap is None or more["done_24h"].get(verb, 0) + count <= cap.count


@given(worlds())
@settings(max_examples=200, deadline=None)
def test_one_lifecycle_step_one_tag_write_and_one_saving_a_resource(
    world: tuple[list[Finding], Policy, dict[str, Any]],
) -> None:
    acting = _acting(world)
    assert max(Counter(s.resource.id for s in acting if s.do in LIFECYCLE).values(), default=0) <= 1
    assert max(Counter(s.resource.id for s in acting if s.do == "tag").values(), default=0) <= 1
    assert max(Counter(s.resource.id for s in _plan(world) if s.saves_month).values(), default=0) <= 1


@given(worlds(), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_the_order_of_findings_does_not_matter_and_ids_are_unique(
    world: tuple[list[Finding], Policy, dict[str, Any]], random: Any
) -> None:
    found, under, more = world
    first = _plan(world)
    shuffled = [*found, *found]
    random.shuffle(shuffled)
    assert _plan((shuffled, under, more)) == first
    assert len({step.id for step in first}) == len(first)


@given(worlds())
@settings(max_examples=200, deadline=None)
def test_a_plan_of_findings_on_a_shelf_is_the_same(world: tuple[list[Finding], Policy, dict[str, Any]]) -> None:
    found, under, more = world
    later = plan(ordered(iter(found), held=1), under, NOW, can=lambda _type, _verb: True, **more)
    assert isinstance(later, Later)
    for _ in range(2):
        assert list(later) == _plan(world)
    assert len(later) == len(_plan(world))


@given(worlds())
@settings(max_examples=200, deadline=None)
def test_what_does_not_act_says_why_or_when(world: tuple[list[Finding], Policy, dict[str, Any]]) -> None:
    for step in _plan(world):
        assert step.state in ("due", "scheduled", "refused", "skipped")
        if step.state in ("refused", "skipped"):
            assert step.because
        elif step.state == "scheduled" and not step.because:
            assert step.due is not None
            assert step.due > NOW
        assert step.state == "due" or step.do not in DESTRUCTIVE or step.due is not None


@given(worlds())
@settings(max_examples=100, deadline=None)
def test_without_an_episode_no_step_that_waits_is_due(world: tuple[list[Finding], Policy, dict[str, Any]]) -> None:
    found, under, more = world
    for step in _acting((found, under, more | {"episodes": {}})):
        for finding_id, index in step.serves:
            (of,) = [f for f in found if f.id == finding_id]
            assert not of.rule.otherwise[index].after


@given(worlds())
@settings(max_examples=100, deadline=None)
def test_a_stricter_policy_never_does_more(world: tuple[list[Finding], Policy, dict[str, Any]]) -> None:
    found, under, more = world
    tighter = replace(under, permit=frozenset({"notify", "suggest"}))
    assert {s.do for s in _acting((found, tighter, more))} <= {"notify", "suggest"}
