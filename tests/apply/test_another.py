"""Who deletes something and makes another of its name begins anew, whatever was told and counted of the old one."""

from __future__ import annotations

from pathlib import Path

import pytest

from finops_guard.plan.file import read_plan, write_plan
from tests.apply.world import DAY, HOUR, KEPT, LATER, STOPPED, TAGGED, World, states, world
from tests.test_acting import enforce, told


@pytest.fixture
def there(tmp_path: Path) -> World:
    it = world(2, LATER, channels=({"to": "file", "path": str(tmp_path / "notices.jsonl")},))
    for each in it.cloud.machines.values():
        each.more = {"created": it.now - DAY}
    return it


def anew(it: World) -> None:
    it.cloud.machines["i-0000"].more = {"created": it.now - HOUR}


def test_it_gets_its_own_notice_and_its_own_waiting_time(there: World, tmp_path: Path) -> None:
    enforce(there)
    there.now += 25 * HOUR
    anew(there)
    enforce(there)
    assert there.cloud.effects == [("stop", "i-0001")]
    assert told(tmp_path, "finding") == ["i-0000", "i-0001", "i-0000"]
    there.now += 23 * HOUR
    enforce(there)
    assert there.cloud.effects == [("stop", "i-0001")]
    there.now += 2 * HOUR
    enforce(there)
    assert there.cloud.effects == [("stop", "i-0001"), ("stop", "i-0000")]


def test_what_was_made_just_before_its_notice_is_no_other_thing(there: World) -> None:
    there.cloud.machines["i-0000"].more = {"created": there.now + HOUR / 20}  # by the provider's clock
    enforce(there)
    there.now += 25 * HOUR
    enforce(there)
    assert len(there.cloud.effects) == 2


def test_a_plan_that_was_made_for_the_old_one_leaves_it(there: World, tmp_path: Path) -> None:
    with there.session() as held:
        there.begin(held)
        there.now += 25 * HOUR
        steps = there.plan(held)
    path = tmp_path / "plan.json"
    write_plan(path, steps, there.policy, there.now, identities=())
    anew(there)
    there.now += HOUR
    applied = there.carry(read_plan(path))
    assert states(applied) == {"done": 1, "scheduled": 1}
    why = next(outcome.error for outcome in applied.outcomes if outcome.state == "scheduled")
    assert why == "it is another one of the same name: its episode under p/later has not begun"


def test_undo_leaves_it() -> None:
    it = world(1, STOPPED)
    run = it.enforce().run
    it.now += 2 * HOUR
    anew(it)
    (outcome,) = it.undo(run).outcomes
    assert (outcome.state, outcome.error) == ("skipped", "it is another one of the same name")
    assert it.cloud.effects == [("stop", "i-0000")]


def test_what_undo_itself_makes_anew_gets_its_tags_back_too() -> None:
    """An endpoint that came to zero by being deleted."""
    it = world(1, KEPT, TAGGED)
    run = it.enforce().run
    it.now += 2 * HOUR
    it.cloud.before_act = lambda name: it.cloud.machines[name].more.update(created=it.now)
    assert states(it.undo(run)) == {"done": 2}
    assert (it.cloud.machines["i-0000"].state, it.cloud.machines["i-0000"].tags) == ("running", {})
