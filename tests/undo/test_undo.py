from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from finops_guard.apply import record
from finops_guard.errors import ActError, InputError
from finops_guard.model import Cap, Freeze, Outcome, Rung, Window
from finops_guard.state.entries import entries
from finops_guard.state.halts import halt
from tests.apply import truth
from tests.apply.cloud import only
from tests.apply.world import DAY, HOUR, KEPT, LATER, STOPPED, TAGGED, World, policy, states, world


def _done(count: int = 3) -> tuple[World, str]:
    it = world(count, machine={"tags": {"env": "dev"}})
    applied = it.enforce()
    assert states(applied) == {"done": 2 * count}
    return it, applied.run


def test_tags_are_as_before_and_what_was_stopped_runs() -> None:
    it, run = _done()
    undone = it.undo(run)
    assert states(undone) == {"done": 6}
    assert undone.exit_code == 0
    assert [(each.state, each.tags) for each in it.cloud.machines.values()] == [("running", {"env": "dev"})] * 3
    verbs = [verb for verb, _ in it.cloud.effects[6:]]
    assert verbs == ["undo_stop"] * 3 + ["undo_tag"] * 3
    truth.check(it)


def test_twice_is_once() -> None:
    it, run = _done()
    it.undo(run)
    effects = len(it.cloud.effects)
    again = it.undo(run)
    assert {outcome.error for outcome in again.outcomes} == {"it was put back before"}
    assert (len(it.cloud.effects), again.exit_code) == (effects, 0)


def test_a_value_that_was_there_comes_back() -> None:
    it = world(1, replace(TAGGED, require=KEPT.require), machine={"tags": {"team": "vision"}})
    it.enforce()
    assert it.cloud.machines["i-0000"].tags == {"team": "nobody"}
    it.undo(next(iter(run for run in it.store.folders("journal"))))
    assert it.cloud.machines["i-0000"].tags == {"team": "vision"}


def test_what_others_changed_since_is_theirs() -> None:
    it, run = _done()
    one, two, three = it.cloud.machines.values()
    one.tags["team"] = "vision"
    two.state = "running"
    del three.tags["team"]
    it.cloud.machines["i-0002"].state = "deleting"
    undone = it.undo(run)
    told = {(act.verb, act.resource): outcome for act, outcome in zip(undone.acts, undone.outcomes, strict=True)}
    assert told["tag", "i-0000"].error == "others changed it since"
    assert told["stop", "i-0001"].error == "it is as it was already"
    assert told["tag", "i-0002"].error == "it is as it was already"
    assert told["stop", "i-0002"].error == "others changed it since"
    assert states(undone) == {"done": 2, "skipped": 4}
    assert one.tags == {"env": "dev", "team": "vision"}


def test_what_others_started_and_stopped_since_is_theirs() -> None:
    it = world(3, STOPPED)
    run = it.enforce().run
    one, two, three = it.cloud.machines.values()
    one.started = it.now + HOUR  # and stopped again
    two.more["facts"] = {"modified": it.now + HOUR}
    three.more["facts"] = {"modified": it.now + HOUR / 10}
    it.now += 2 * HOUR
    undone = it.undo(run)
    told = {act.resource: (each.state, each.error) for act, each in zip(undone.acts, undone.outcomes, strict=True)}
    assert told["i-0000"] == ("skipped", "others started it since")
    assert told["i-0001"][0] == "refused"
    assert str(told["i-0001"][1]).startswith("whether it is as we left it is unknown: it was changed at ")
    assert told["i-0002"] == ("done", None)
    assert it.cloud.effects[3:] == [("undo_stop", "i-0002")]
    assert undone.exit_code == 4


def test_other_tags_changed_meanwhile_stay() -> None:
    it, run = _done(1)
    it.cloud.machines["i-0000"].tags["new"] = "x"
    assert states(it.undo(run)) == {"done": 2}
    assert it.cloud.machines["i-0000"].tags == {"env": "dev", "new": "x"}


def test_what_has_no_inverse_is_listed() -> None:
    it = world(2, KEPT)
    it.enforce()
    it.now += 7 * DAY
    run = it.enforce().run
    undone = it.undo(run)
    assert undone.exit_code == 0
    assert {act.verb for act in undone.acts} == {"terminate"}
    assert set(undone.lasting) == {act.step for act in undone.acts}
    assert undone.outcomes[0].error == "terminate of AWS::EC2::Instance cannot be put back"
    undone = it.undo(undone.undoes)
    assert states(undone) == {"skipped": 2}


def test_what_was_started_is_stopped_again_while_it_runs() -> None:
    it, run = _done(1)
    it.cloud.verbs |= {"undo_start"}
    with it.session() as held:
        act = replace(next(act for act, _ in record.done(entries(it.store)) if act.verb == "stop"), verb="start")
        held.journal().intents([act], it.now)
        held.journal().outcomes([Outcome(act.step, "done", {"state": "stopped"}, {"state": "running"})], it.now)
    it.cloud.machines["i-0000"].state = "running"
    it.policy = replace(it.policy, permit=it.policy.permit - {"start"})
    assert states(it.undo(held.run)) == {"refused": 1}
    it.policy = replace(it.policy, permit=it.policy.permit | {"start"})
    undone = it.undo(held.run)
    assert (states(undone), undone.lasting) == ({"done": 1}, ())
    assert it.cloud.effects[-1] == ("undo_start", "i-0000")
    assert it.cloud.machines["i-0000"].state == "stopped"
    it.undo(run)
    it.cloud.machines["i-0000"].state = "deleting"
    assert states(it.undo(held.run)) == {"skipped": 1}


def test_what_we_started_and_somebody_started_again_is_left_running() -> None:
    it, _ = _done(1)
    it.cloud.verbs |= {"undo_start"}
    it.policy = replace(it.policy, permit=it.policy.permit | {"start"})
    with it.session() as held:
        act = replace(next(act for act, _ in record.done(entries(it.store)) if act.verb == "stop"), verb="start")
        held.journal().intents([act], it.now)
        held.journal().outcomes([Outcome(act.step, "done", {"state": "stopped"}, {"state": "running"})], it.now)
    it.cloud.machines["i-0000"].state = "running"
    it.cloud.machines["i-0000"].started = it.now + HOUR
    it.now += 2 * HOUR
    (outcome,) = it.undo(held.run).outcomes
    assert (outcome.state, outcome.error) == ("skipped", "others started it since")


def test_what_is_gone_or_cannot_be_read_is_told() -> None:
    it, run = _done(2)
    del it.cloud.machines["i-0000"]
    it.cloud.blind.add("i-0001")
    undone = it.undo(run)
    assert states(undone) == {"skipped": 2, "refused": 2}
    assert undone.exit_code == 4
    it.cloud.blind.clear()
    assert states(it.undo(run)) == {"skipped": 2, "done": 2}


def test_it_ends_the_episode_and_holds_it() -> None:
    it = world(1, LATER)
    it.enforce()
    it.now += DAY
    run = it.enforce().run
    it.undo(run)
    it.now += 23 * HOUR
    assert it.enforce().outcomes == ()
    it.now += 2 * HOUR
    assert it.enforce().outcomes == ()  # a new episode, with its waiting time
    it.now += 23 * HOUR
    assert it.enforce().outcomes == ()
    it.now += HOUR
    assert states(it.enforce()) == {"done": 1}


def test_the_inverse_of_a_permitted_verb_is_permitted_outside_caps_windows_and_mode() -> None:
    it, run = _done()
    closed = Window(frozenset(), 0, 0, "UTC")
    rules = it.policy.bindings[0].rules
    it.policy = policy(*rules, mode="dry-run", at_most={"stop": Cap(0), "tag": Cap(0)}, windows={"stop": closed})
    assert states(it.undo(run)) == {"done": 6}
    it, run = _done()
    it.policy = policy(*rules, permit=frozenset({"notify", "tag"}))
    undone = it.undo(run)
    assert states(undone) == {"done": 3, "refused": 3}


def test_a_freeze_and_a_halt_hold_for_it_too() -> None:
    it, run = _done()
    frozen = Freeze(date(2026, 11, 1), date(2026, 11, 3), frozenset({"tag"}))
    it.policy = policy(*it.policy.bindings[0].rules, freeze=(frozen,))
    undone = it.undo(run)
    assert states(undone) == {"refused": 3, "done": 3}
    assert undone.short == ("frozen from 2026-11-01 to 2026-11-03",)
    it, run = _done()
    halt(it.store, "ops", "wait", it.now)
    undone = it.undo(run)
    assert states(undone) == {"refused": 6}
    assert len(it.cloud.effects) == 6


def test_one_failure_never_touches_another() -> None:
    it, run = _done(30)
    it.cloud.fault = only("i-0007")
    undone = it.undo(run)
    assert states(undone) == {"done": 58, "failed": 2}
    assert undone.exit_code == 4
    it.cloud.fault = only("")
    assert states(it.undo(run)) == {"done": 2, "skipped": 58}
    assert truth.double(it) == 0


def test_many_failures_end_it() -> None:
    it, run = _done(30)
    it.cloud.fault = lambda _verb, _name: "denied"
    undone = it.undo(run)
    assert undone.short == ("5 acts failed in a row",)
    assert states(undone) == {"failed": 5, "refused": 55}


def test_two_undos_at_once() -> None:
    it, run = _done(1)
    with it.session(run="20261102T100000Z-one"), pytest.raises(ActError, match="20261102T100000Z-one holds the lease"):
        it.undo(run)


def test_a_run_that_never_was() -> None:
    it, _ = _done(1)
    for run in ("20261102T100000Z-none", "", "../x", "UPPER"):
        with pytest.raises(InputError, match="run"):
            it.undo(run)


def test_an_undo_stands_in_the_journal_under_the_run_it_undoes() -> None:
    it, run = _done(1)
    it.undo(run)
    undone = [act for act, _ in record.done(entries(it.store)) if act.verb.startswith("undo")]
    assert {(act.verb, act.why) for act in undone} == {("undo_stop", f"undo {run}"), ("undo_tag", f"undo {run}")}
    assert {act.before.get("team") for act in undone if act.verb == "undo_tag"} == {"nobody"}


def test_stopped_by_an_undone_run_it_is_not_stopped_again_next_night() -> None:
    it = world(1, STOPPED)
    run = it.enforce().run
    it.undo(run)
    (outcome,) = it.enforce().outcomes
    assert (outcome.state, "it was undone: nothing is done to it until 2026-11-03" in str(outcome.error)) == (
        "scheduled",
        True,
    )
    assert it.cloud.machines["i-0000"].state == "running"


def test_a_mark_that_was_taken_away_is_not_written_again() -> None:
    it = world(1, replace(LATER, otherwise=(Rung("notify", mark=True), Rung("stop", after=86400))))
    it.delivered = False
    run = it.enforce().run
    assert it.cloud.machines["i-0000"].tags == {"finops-guard-due": "2026-11-03"}
    it.delivered = True
    assert it.enforce().outcomes == ()
    assert states(it.undo(run)) == {"done": 1}
    assert states(it.enforce()) == {"scheduled": 1}
    assert it.cloud.machines["i-0000"].tags == {}
