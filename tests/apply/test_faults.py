"""A thousand steps, a third of everything going wrong, clocks that jump and a state that is throttled or down."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from random import Random

import pytest

from finops_guard.errors import ActError
from finops_guard.state.journal import unfinished
from finops_guard.state.newest import newest
from finops_guard.state.store import MemoryStore
from tests.apply import truth
from tests.apply.world import STOPPED, TAGGED, World, world

_FAULTS = ("denied", "throttled", "lost", "lie", "crash", "blind")
_SHARE = 0.3


def _stormy(seed: int, count: int) -> tuple[World, Random]:
    it, random = world(count, TAGGED, STOPPED), Random(seed)
    for number, each in enumerate(it.cloud.machines.values()):
        each.account = f"{111111111111 + number % 3}"
        each.region = random.choice(["eu-west-1", "us-east-1"])

    def fault(_verb: str, _name: str) -> str | None:
        return random.choice(_FAULTS) if random.random() < _SHARE else None

    def others(name: str) -> None:
        if random.random() < 0.01 and name in it.cloud.machines:
            it.cloud.machines[name].tags["cost-centre"] = str(random.random())

    it.cloud.fault, it.cloud.before_act = fault, others
    return it, random


def _unsteady(it: World, random: Random) -> None:
    """The state fails now and then: before a write nothing happened, after it nobody knows."""

    def down(operation: str, _key: str, _when: str) -> None:
        if random.random() < (0.002 if operation == "create" else 0.0005):
            raise ActError("the state does not answer")

    it.down = down


def _quiet(it: World) -> MemoryStore:
    """The state, answering."""
    quiet = MemoryStore()
    quiet.objects = it.store.objects
    return quiet


def _newest(it: World) -> datetime:
    return newest(_quiet(it)) or it.now


def _tries(it: World, random: Random) -> None:
    """One enforcing run with whatever happens to it."""
    it.cloud.blind.clear()
    with suppress(ActError):
        applied = it.enforce()
        told = {outcome.step for outcome in applied.outcomes if outcome.state == "done"}
        assert all((step.do, step.resource.id) in it.cloud.done for step in it.steps if step.id in told)
    jump = random.choice([timedelta(minutes=20), timedelta(hours=5), timedelta(minutes=-1)])
    it.now += jump
    if _newest(it) > it.now:  # the clock was set back: nobody acts until it is right
        before = len(it.cloud.effects)
        with pytest.raises(ActError):
            it.enforce()
        assert len(it.cloud.effects) == before
        it.now += timedelta(minutes=20)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_thousand_steps_in_a_storm(seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    it, random = _stormy(seed, 500)
    _unsteady(it, random)
    runs = 0
    while len(it.cloud.done) < 1000:
        runs += 1
        assert runs < 400
        _tries(it, random)
        assert truth.double(it) == 0
    it.cloud.blind.clear()
    it.cloud.fault = lambda _verb, _name: None
    it.down = lambda _operation, _key, _when: None
    it.enforce()
    assert unfinished(it.store) == []
    tally = truth.Tally()
    tally.add(it)
    truth.tell(capsys, f"storm, seed {seed}, {runs} runs, {it.cloud.sent:,} requests: {tally}")
    assert (tally.wrong, tally.acts) == (0, 1000)
    truth.check(it)
