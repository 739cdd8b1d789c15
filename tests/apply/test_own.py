from __future__ import annotations

from dataclasses import replace
from typing import Any

from finops_guard.apply.own import before_ours, found_by
from finops_guard.model import Tags
from finops_guard.state.episodes import About, EpisodeRecord, end
from finops_guard.state.journal import Act
from tests.plan.build import NOW, H, machine

ACT = Act("s", "tag", "i-1", before={"team": None, "Env": "a"}, after={"team": "x", "Env": None})
USED: dict[str, Any] = {"running_for": 9 * H, "team": "no", "usage.cpu_percent": 1.0}
POOL: dict[str, Any] = {"capacity.provisioned": 0}


def _episode(**before: Any) -> EpisodeRecord:
    about = About("p/r", "b", "i-1")
    return EpisodeRecord(about, "hash", longest=NOW - NOW, began=NOW, seen=NOW, done={1: NOW}, before=before)


def test_tags_that_we_wrote_are_as_before_and_those_of_others_as_they_are() -> None:
    live = machine(tags={"team": "x", "other": "1"})
    assert before_ours(live, [ACT], ()).tags.raw == {"other": "1", "Env": "a"}
    assert live.tags.raw == {"team": "x", "other": "1"}
    theirs = machine(tags={"team": "y", "Env": "b"})
    assert before_ours(theirs, [ACT], ()).tags is theirs.tags
    twice = replace(ACT, before={"team": "x"}, after={"team": "z"})
    assert before_ours(machine(tags={"team": "z"}), [ACT, twice], ()).tags.raw == {"Env": "a"}


def test_acts_of_other_verbs_leave_the_tags() -> None:
    live = machine(tags={"team": "x"})
    assert before_ours(live, [replace(ACT, verb="stop")], ()).tags.raw == {"team": "x"}


def test_an_open_map_stays_open() -> None:
    live = machine(tags=Tags.of({"team": "x"}, open_because="denied"))
    assert before_ours(live, [ACT], ()).tags.open_because == "denied"


def test_what_we_stopped_counts_as_it_was_while_it_stays_stopped_in_its_episode() -> None:
    before = found_by("stop", machine(**USED))
    assert before == {"state": "running", "running_for": 9 * H, "usage.cpu_percent": 1.0}
    stopped = machine(state="stopped", running_for=None)
    seen = before_ours(stopped, (), [_episode(**before, owner="no")])
    assert {name: seen.fields.get(name) for name in before} == before
    assert "owner" not in seen.fields
    assert stopped.fields["state"] == "stopped"
    assert before_ours(stopped, (), [end(_episode(**before), "it passes", NOW)]).fields["state"] == "stopped"
    again = machine(state="running", running_for=5)
    assert before_ours(again, (), [_episode(**before)]).fields["running_for"] == 5


def test_what_we_scaled_down_counts_as_it_was() -> None:
    pool = machine(**POOL)
    assert before_ours(pool, (), [_episode(**{"capacity.provisioned": 4})]).fields["capacity.provisioned"] == 4


def test_only_lifecycle_verbs_find_a_state() -> None:
    assert found_by("tag", machine()) == {}
