"""What a run that was cut short left open."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from finops_guard.apply import settle
from finops_guard.apply.record import changing
from finops_guard.errors import ActError
from finops_guard.model import Outcome
from finops_guard.state.entries import entries
from finops_guard.state.journal import Act, is_closed, unfinished, unsealed
from finops_guard.state.lease import Lease
from tests.apply import truth
from tests.apply.cloud import TYPE, Killed, only
from tests.apply.world import DAY, HOUR, STOPPED, TAGGED, World, states, world


def _cut_short(*, done: bool) -> World:
    """One tag intended, and done or not, when the run was killed."""
    it = world(1, TAGGED)

    def kill(_name: str) -> None:
        if not done:
            it.cloud.kill.at = it.cloud.kill.passed + 1

    it.cloud.before_act = kill
    if done:
        it.cloud.kill.at = _boundaries_to_act() + 2
    with pytest.raises(Killed):
        it.enforce()
    it.cloud.before_act = lambda _name: None
    it.revive()
    assert len(it.cloud.effects) == done
    assert len(unfinished(it.store)) == 1
    return it


def _boundaries_to_act() -> int:
    it, seen = world(1, TAGGED), []
    it.cloud.before_act = lambda _name: seen.append(it.cloud.kill.passed)
    it.enforce()
    return seen[0]


def _settled(it: World) -> tuple[Outcome, ...]:
    with it.session() as held:
        return settle(held, it.cloud)


def _team(it: World, value: str) -> None:
    it.cloud.machines["i-0000"].tags["team"] = value


@pytest.mark.parametrize(
    ("done", "change", "state", "says"),
    [
        (True, lambda _it: None, "done", None),
        (False, lambda _it: None, "failed", "its run was cut short, and it was not done"),
        (True, lambda it: _team(it, "x"), "failed", "its run was cut short, and others changed it since"),
    ],
)
def test_it_is_looked_at_and_told(done: bool, change: Callable[[World], None], state: str, says: str | None) -> None:  # noqa: FBT001 - a row
    it = _cut_short(done=done)
    change(it)
    (outcome,) = _settled(it)
    assert (outcome.state, outcome.error) == (state, says)
    assert unfinished(it.store) == []
    assert unsealed(it.store) == []
    assert _settled(it) == ()


def test_a_rename_cut_short_between_its_two_requests_is_half_done_and_undo_brings_the_value_back() -> None:
    it = world(1, TAGGED)
    rename = Act("s", "tag", "i-0000", cloud="aws", account="111111111111", region="eu-west-1", type=TYPE,
                 before={"Owner": "x", "owner": None}, after={"Owner": None, "owner": "x"})  # fmt: skip
    with suppress(Killed), it.session() as held:
        held.journal().intents([rename], it.now)
        it.cloud.kill.at = 0
        raise Killed
    it.revive()
    (outcome,) = _settled(it)
    assert (outcome.state, outcome.error) == ("failed", "its run was cut short, and it was half done")
    assert outcome.after == {"Owner": None, "owner": None}
    assert [*changing(entries(it.store))] == [held.run], "what `undo last` puts back"
    assert states(it.undo(held.run)) == {"done": 1}
    assert it.cloud.machines["i-0000"].tags == {"Owner": "x"}
    assert states(it.undo(held.run)) == {"skipped": 1}


def test_what_cannot_be_read_stays_open_and_counts() -> None:
    it = _cut_short(done=True)
    it.cloud.blind.add("i-0000")
    for _ in range(3):
        with it.session() as held:
            assert settle(held, it.cloud) == ()
            assert held.spent["tag"] == 1
    assert len(unfinished(it.store)) == 1
    assert it.enforce().outcomes == ()
    assert len(it.cloud.effects) == 1
    it.cloud.blind.clear()
    assert [outcome.state for outcome in _settled(it)] == ["done"]
    truth.check(it)


def test_what_is_gone_stays_open_for_a_day() -> None:
    it = _cut_short(done=True)
    it.cloud.machines.clear()
    assert _settled(it) == ()
    it.now += 23 * HOUR
    assert _settled(it) == ()
    it.now += 2 * HOUR
    assert [outcome.error for outcome in _settled(it)] == ["its run was cut short, and it is gone"]
    assert unsealed(it.store) == []


def test_a_clock_behind_what_was_left_open_settles_nothing() -> None:
    it = _cut_short(done=True)
    it.store.objects = {
        key: line for key, line in it.store.objects.items() if not key.startswith(("lease", "episodes"))
    }
    it.now -= 2 * DAY
    with pytest.raises(ActError, match="entry of"):
        _settled(it)


def test_an_outcome_that_cannot_be_recorded_ends_the_run_and_is_found_by_the_next() -> None:
    it = world(30, STOPPED)
    plain = it.store.create

    def create(key: str, data: bytes) -> bool:
        if b'"kind":"outcome"' in data:
            raise ActError("the state does not answer")
        return plain(key, data)

    it.store.create = create  # type: ignore[method-assign] # it fails at the worst moment
    applied = it.enforce()
    assert states(applied) == {"done": 1, "refused": 29}
    assert applied.short == ("what was done could not be recorded: the state does not answer",)
    assert applied.exit_code == 4
    it.store.create = plain  # type: ignore[method-assign]
    again = it.enforce()
    assert [outcome.state for outcome in again.settled] == ["done"]
    assert states(again) == {"done": 29}
    truth.check(it)


def test_an_intent_that_cannot_be_recorded_is_not_done() -> None:
    it = world(3, STOPPED)

    def create(key: str, data: bytes) -> bool:
        if b'"kind":"intent"' in data:
            plain(key, data)
            raise ActError("no answer")
        return plain(key, data)

    plain, it.store.create = it.store.create, create  # type: ignore[method-assign]
    assert states(it.enforce()) == {"refused": 3}
    assert it.cloud.effects == []
    it.store.create = plain  # type: ignore[method-assign]
    again = it.enforce()
    assert [outcome.error for outcome in again.settled] == ["its run was cut short, and it was not done"]
    assert states(again) == {"done": 3}


def test_a_long_run_renews_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    renewed: list[int] = []
    plain = Lease.renew

    def renew(self: Lease, now: object) -> None:
        renewed.append(1)
        plain(self, now)  # type: ignore[arg-type]

    monkeypatch.setattr(Lease, "renew", renew)
    it = world(60, TAGGED)

    def slow(_name: str) -> None:
        it.now += HOUR / 120

    it.cloud.before_act = slow
    assert states(it.enforce()) == {"done": 60}
    assert len(renewed) >= 2


def test_the_run_that_blinds_is_settled_later() -> None:
    it = world(1, STOPPED)
    it.cloud.fault = only("i-0000", "blind")
    applied = it.enforce()
    assert "whether it was done is not known" in str(applied.outcomes[0].error)
    assert not is_closed(it.store, applied.run)
    it.cloud.blind.clear()
    assert [outcome.state for outcome in it.enforce().settled] == ["done"]
    assert is_closed(it.store, applied.run)
