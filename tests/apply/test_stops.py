"""What we stopped and may start: what is remembered of it, until when, and through plan files and kills."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from finops_guard.apply.stops import newest_stop, restarted, stops_of, taken_back
from finops_guard.model import All, Compare, Ref, Resource, Rule, Rung, Stop
from finops_guard.plan.file import read_plan, write_plan
from finops_guard.state import history
from finops_guard.state.episodes import About, EpisodeRecord, end
from tests.apply import truth
from tests.apply.cloud import Killed
from tests.apply.world import HOUR, World, states, world
from tests.plan.build import NOTIFY, NOW, machine

RUNS = Compare(Ref("field", "state"), "in", ("creating", "running"))
ASLEEP = Ref("tag", "asleep")
NIGHT = Rule(
    "p", "night", "night", "low",
    match=All((Compare(ASLEEP, "exists", value=True), RUNS)), require=Compare(ASLEEP, "exists", value=False),
    otherwise=(NOTIFY, Rung("stop", after=0)),
)  # fmt: skip
DAY = Rule(
    "p", "day", "day", "low",
    match=All((Compare(ASLEEP, "exists", value=False), Compare(Ref("field", "stopped_by"), "eq", "p/night"))),
    require=RUNS, otherwise=(Rung("start"),),
)  # fmt: skip
STOP = Stop("p/night", "stop", NOW)


def record(name: str = "i-1", rule: str = "p/night", at: datetime | None = NOW, **more: Any) -> EpisodeRecord:
    stop = None if at is None else Stop(rule, "stop", at)
    about = About(rule, "b", name)
    return EpisodeRecord(about, "l", timedelta(0), NOW, NOW, stop=stop, **more)


def scaled(capacity: int) -> Resource:
    resource = machine(state="running")
    resource.fields["capacity.provisioned"] = capacity
    return resource


@pytest.mark.parametrize(
    ("resource", "later", "expected"),
    [
        (machine(state="running"), HOUR, True),
        (machine(state="creating"), HOUR, True),
        (machine(state="stopped"), HOUR, False),
        (machine(state="stopping"), HOUR, False),
        (machine(state="running"), -HOUR, False),  # read before we stopped it, by a run that was cut short
        (scaled(0), HOUR, False),
        (scaled(2), HOUR, True),
        (replace(machine(state="stopped"), started=NOW + HOUR / 2), HOUR, True),  # and was stopped again
        (replace(machine(state="stopped"), started=NOW - HOUR), HOUR, False),
    ],
)
def test_what_counts_as_started_since(resource: Any, later: timedelta, *, expected: bool) -> None:
    assert bool(restarted({"f": record()}, {"i-1": resource}, NOW + later)) is expected


def test_what_was_not_looked_at_stays_ours() -> None:
    unknown = machine()
    del unknown.fields["state"]
    assert restarted({"f": record()}, {}, NOW + HOUR) == set()
    assert restarted({"f": record()}, {"i-1": unknown}, NOW + HOUR) == set()


def test_of_two_stops_the_last_counts() -> None:
    records = {"f": record(), "g": record(rule="waste/idle", at=NOW + HOUR), "h": record(rule="p/none", at=None)}
    assert stops_of(records) == {"i-1": Stop("waste/idle", "stop", NOW + HOUR)}
    assert newest_stop([records["h"]]) is None


def test_taken_back_an_episode_ends_and_one_that_had_ended_stays_as_it_did() -> None:
    over = end(record(), "it passes", NOW)
    records = {"f": record(), "g": over, "h": record("i-2"), "n": record(at=None)}
    delta = taken_back(records, {"i-1"}, NOW + HOUR)
    assert {finding: (each.stop, each.why) for finding, each in delta.items()} == {
        "f": (None, "it was started again"),
        "g": (None, "it passes"),
    }


def evening(count: int = 1) -> World:
    """Machines that the night rule stopped; it is morning now."""
    it = world(count, NIGHT, DAY, machine={"tags": {"asleep": "yes"}})
    it.enforce()
    assert it.cloud.effects == [("stop", name) for name in it.cloud.machines]
    morning(it)
    return it


def morning(it: World) -> None:
    it.now += 12 * HOUR
    for each in it.cloud.machines.values():
        each.tags.clear()
    with it.session() as held:
        held.keep({name: end(each, "it passes", it.now) for name, each in held.records.items() if each.running})


def test_the_stop_is_kept_in_the_state_with_what_it_found_and_left() -> None:
    it = evening()
    (kept,) = history.fold(it.store).records.values()
    assert kept.stop is not None
    assert (kept.running, kept.stop.rule, kept.stop.verb) == (False, "p/night", "stop")
    assert (kept.stop.before["state"], kept.stop.after) == ("running", {"state": "stopped"})


def test_what_we_started_is_not_ours_any_more() -> None:
    it = evening(2)
    assert states(it.enforce()) == {"done": 2}
    assert it.cloud.effects[2:] == [("start", "i-0000"), ("start", "i-0001")]
    it.cloud.machines["i-0000"].state = "stopped"  # by a person, before any other run
    it.now += HOUR
    assert it.enforce().outcomes == ()
    truth.check(it)


def test_just_before_the_act_it_is_looked_at_again() -> None:
    it = evening()
    with it.session() as held:
        it.begin(held)
        steps = it.plan(held)
        it.cloud.machines["i-0000"].tags["asleep"] = "yes"
        assert states(it.apply(steps, held)) == {"skipped": 1}
        it.cloud.machines["i-0000"].tags.clear()
        it.cloud.machines["i-0000"].managed_by = "an Auto Scaling group"
        (outcome,) = it.apply(steps, held).outcomes
        assert outcome.state == "refused"
    assert it.cloud.effects == [("stop", "i-0000")]


def test_a_plan_file_starts_what_is_still_ours(tmp_path: Path) -> None:
    it = evening(2)
    with it.session() as held:
        it.begin(held)
        write_plan(tmp_path / "plan.json", it.plan(held), it.policy, it.now, identities=[])
    it.now += HOUR
    with it.session() as held:  # a run in between saw it running, and a person stopped it again
        held.keep(taken_back(held.records, {"i-0000"}, it.now))
    assert states(it.carry(read_plan(tmp_path / "plan.json"))) == {"skipped": 1, "done": 1}
    assert it.cloud.effects[2:] == [("start", "i-0001")]


def test_killed_at_every_boundary_it_starts_once_and_forgets_that_it_stopped() -> None:
    whole = evening()
    before = whole.cloud.kill.passed
    whole.enforce()
    boundaries = range(before + 1, whole.cloud.kill.passed + 1)
    assert len(boundaries) > 10
    for number in boundaries:
        it = evening()
        it.cloud.kill.at = number
        with pytest.raises(Killed):
            it.enforce()
        it.revive()
        it.enforce()
        assert it.cloud.effects == [("stop", "i-0000"), ("start", "i-0000")], f"boundary {number}"
        assert stops_of(history.fold(it.store).records) == {}
        truth.check(it)
