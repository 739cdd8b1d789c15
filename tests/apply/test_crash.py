"""kill -9 at every write boundary: nothing is done twice, nothing is forgotten, the journal tells the truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from finops_guard.plan.file import PlanFile, read_plan, write_plan
from tests.apply import truth
from tests.apply.cloud import Killed
from tests.apply.world import World, states, world


def _planned(it: World, path: Path) -> PlanFile:
    """A scan that sends notices, begins episodes and leaves the rest to a plan file."""
    with it.session() as held:
        it.begin(held)
        write_plan(path, it.plan(held), it.policy, it.now, identities=[])
    it.now = it.tick()
    return read_plan(path)


def _boundaries(it: World) -> int:
    return it.cloud.kill.passed


def test_an_enforcing_run_is_killed_at_every_boundary_and_run_again(capsys: pytest.CaptureFixture[str]) -> None:
    whole = world(3)
    whole.enforce()
    boundaries = _boundaries(whole)
    assert boundaries > 40
    tally = truth.Tally()
    for number in range(1, boundaries + 1):
        it = world(3)
        it.cloud.kill.at = number
        with pytest.raises(Killed):
            it.enforce()
        it.revive()
        it.enforce()
        assert len(it.cloud.effects) == 6, f"boundary {number}"
        truth.check(it)
        assert truth.rungs_done(it) == 6
        assert it.enforce().outcomes == ()
        tally.add(it)
    assert tally.wrong == 0
    truth.tell(capsys, f"apply, killed at each of {boundaries} write boundaries: {tally}")


def test_it_is_killed_again_while_it_recovers() -> None:
    whole = world(2)
    whole.enforce()
    boundaries = _boundaries(whole)
    for first in range(7, boundaries, 4):
        for second in range(1, 24, 3):
            it = world(2)
            it.cloud.kill.at = first
            with pytest.raises(Killed):
                it.enforce()
            it.revive()
            it.cloud.kill.at = it.cloud.kill.passed + second
            try:
                it.enforce()
            except Killed:
                it.revive()
                it.enforce()
            assert len(it.cloud.effects) == 4, f"boundaries {first}, {second}"
            truth.check(it)


def test_a_plan_is_killed_at_every_boundary_and_applied_again(tmp_path: Path) -> None:
    whole = world(3)
    plan = _planned(whole, tmp_path / "plan.json")
    start = _boundaries(whole)
    assert states(whole.carry(plan)) == {"done": 6}
    boundaries = _boundaries(whole) - start
    for number in range(1, boundaries + 1):
        it = world(3)
        plan = _planned(it, tmp_path / "plan.json")
        it.cloud.kill.at = it.cloud.kill.passed + number
        with pytest.raises(Killed):
            it.carry(plan)
        it.revive()
        again = it.carry(plan)
        assert states(again) == {"done": 6}, f"boundary {number}"
        assert len(it.cloud.effects) == 6
        truth.check(it)
        assert truth.rungs_done(it) == 6


def test_an_undo_is_killed_at_every_boundary_and_made_again(capsys: pytest.CaptureFixture[str]) -> None:
    whole = world(3)
    run = whole.enforce().run
    start = _boundaries(whole)
    assert states(whole.undo(run)) == {"done": 6}
    boundaries, tally = _boundaries(whole) - start, truth.Tally()
    for number in range(1, boundaries + 1):
        it = world(3)
        run = it.enforce().run
        it.cloud.kill.at = it.cloud.kill.passed + number
        with pytest.raises(Killed):
            it.undo(run)
        it.revive()
        it.undo(run)
        assert len(it.cloud.effects) == 12, f"boundary {number}"
        assert {each.state for each in it.cloud.machines.values()} == {"running"}
        assert not any(each.tags for each in it.cloud.machines.values())
        truth.check(it)
        assert set(states(it.undo(run))) == {"skipped"}
        assert set(states(it.enforce())) == {"scheduled"}  # it is held
        assert len(it.cloud.effects) == 12
        tally.add(it)
    assert tally.wrong == 0
    truth.tell(capsys, f"undo, killed at each of {boundaries} write boundaries: {tally}")
