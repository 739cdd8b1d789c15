from __future__ import annotations

from collections import Counter

from tests.apply.cloud import only
from tests.apply.world import DAY, KEPT, LATER, TAGGED, states, world


def test_it_tags_and_stops_what_is_planned_and_a_second_run_changes_nothing() -> None:
    it = world(3)
    applied = it.enforce()
    assert states(applied) == {"done": 6}
    assert applied.exit_code == 0
    assert it.cloud.done == Counter({(verb, f"i-{n:04d}"): 1 for verb in ("tag", "stop") for n in range(3)})
    assert {each.tags["team"] for each in it.cloud.machines.values()} == {"nobody"}
    again = it.enforce()
    assert again.outcomes == ()
    assert len(it.cloud.effects) == 6


def test_what_waits_waits() -> None:
    it = world(2, LATER)
    assert it.enforce().outcomes == ()
    it.now += DAY
    assert states(it.enforce()) == {"done": 2}


def test_dry_run_does_nothing_and_writes_nothing() -> None:
    it = world(2)
    with it.session() as held:
        it.begin(held)
        steps, before = it.plan(held), dict(it.store.objects)
        assert it.apply(steps, held, mode="dry-run").outcomes == ()
        assert it.store.objects == before
    assert it.cloud.effects == []


def test_one_denied_of_sixty() -> None:
    for denied in ("i-0000", "i-0031", "i-0059"):
        it = world(60, TAGGED)
        it.cloud.fault = only(denied)
        applied = it.enforce()
        assert states(applied) == {"done": 59, "failed": 1}
        assert applied.exit_code == 4


def test_recording_costs_fewer_calls_than_the_acts_it_guards() -> None:
    it = world(100, TAGGED)
    with it.session() as held:
        it.begin(held)
        steps = it.plan(held)
        it.calls.clear()
        assert states(it.apply(steps, held)) == {"done": 100}
    assert len(it.calls) < 100, Counter(operation for operation, _ in it.calls)


def test_rungs_climb() -> None:
    it = world(2, KEPT)
    assert states(it.enforce()) == {"done": 2}
    it.now += 3 * DAY
    assert it.enforce().outcomes == ()
    it.now += 4 * DAY
    assert states(it.enforce()) == {"done": 2}
    assert {each.state for each in it.cloud.machines.values()} == {"deleting"}
