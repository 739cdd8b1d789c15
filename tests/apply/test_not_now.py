"""What a provider will do in a while is no failure: it ends no run, and the next one does it."""

from __future__ import annotations

from tests.apply import truth
from tests.apply.world import STOPPED, states, world


def test_what_is_busy_waits_for_the_next_run() -> None:
    it = world(9, STOPPED)
    it.cloud.fault = lambda _verb, name: None if name == "i-0008" else "busy"
    applied = it.enforce()
    assert states(applied) == {"scheduled": 8, "done": 1}
    assert (applied.exit_code, applied.short) == (0, ())
    it.cloud.fault = lambda _verb, _name: None
    assert states(it.enforce()) == {"done": 8}
    truth.check(it)


def test_an_undo_that_has_to_wait_is_not_over() -> None:
    it = world(2, STOPPED)
    run = it.enforce().run
    it.cloud.fault = lambda _verb, name: "busy" if name == "i-0000" else None
    undone = it.undo(run)
    assert states(undone) == {"scheduled": 1, "done": 1}
    assert undone.exit_code == 4
    it.cloud.fault = lambda _verb, _name: None
    assert states(it.undo(run)) == {"done": 1, "skipped": 1}
