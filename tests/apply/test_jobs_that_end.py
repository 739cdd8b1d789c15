"""A job that comes to its end while it is being stopped is no failure, and no first act gone wrong."""

from __future__ import annotations

import pytest

from tests.apply import cloud
from tests.apply.world import STOPPED, states, world


def test_one_that_ended_before_its_stop_was_sent_is_skipped_and_the_others_are_stopped() -> None:
    it = world(3, STOPPED)

    def ends(name: str) -> None:
        it.cloud.machines[name].state = "completed" if name == "i-0000" else "running"

    it.cloud.before_act = ends
    it.cloud.fault = cloud.only("i-0000")
    applied = it.enforce()
    assert states(applied) == {"skipped": 1, "done": 2}
    assert applied.exit_code == 0
    told = {outcome.error for outcome in applied.outcomes if outcome.state == "skipped"}
    assert told == {"it is completed already"}


def test_one_that_ended_after_its_stop_was_taken_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    it = world(3, STOPPED)
    monkeypatch.setitem(cloud._STATES, "stop", "completed")
    applied = it.enforce()
    assert states(applied) == {"done": 3}
    assert {str(outcome.after["state"]) for outcome in applied.outcomes} == {"completed"}


@pytest.mark.parametrize(("kind", "came"), [("training-job", {"done": 3}), ("vm", {"failed": 1, "refused": 2})])
def test_a_job_may_end_by_failing_and_what_else_fails_of_its_stop_is_a_first_act_gone_wrong(
    kind: str, came: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    it = world(3, STOPPED)
    for each in it.cloud.machines.values():
        each.more = {"kind": kind, "checkpointed": True}
    monkeypatch.setitem(cloud._STATES, "stop", "failed")
    assert states(it.enforce()) == came
