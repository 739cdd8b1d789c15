"""What must hold of a world after whatever happened: the journal says what was done, and it was done once."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

from finops_guard.apply.record import done
from finops_guard.state import history
from finops_guard.state.audit import verify
from finops_guard.state.entries import entries
from finops_guard.state.journal import unfinished

if TYPE_CHECKING:
    import pytest

    from tests.apply.world import World


def recorded(it: World) -> Counter[tuple[str, str]]:
    """The acts that the journals claim, by verb and resource."""
    return Counter((act.verb, act.resource) for act, _ in done(entries(it.store)))


def intended(it: World) -> Counter[tuple[str, str]]:
    """The acts that the journals announced."""
    return Counter((act.verb, act.resource) for entry in entries(it.store) for act in entry.acts)


def double(it: World) -> int:
    """Acts that were done more than once."""
    return sum(count - 1 for count in it.cloud.done.values() if count > 1)


def unrecorded(it: World) -> int:
    """Acts that were done and that no intent announced."""
    announced = intended(it)
    return sum(act not in announced for act in it.cloud.done)


def claimed(it: World) -> int:
    """Acts that the journals claim and that were never done."""
    return sum((recorded(it) - it.cloud.done).values())


def check(it: World) -> None:
    """The whole truth, once all is settled."""
    assert recorded(it) == it.cloud.done
    assert double(it) == 0
    assert unfinished(it.store) == []
    assert list(verify(it.store)) == []


def rungs_done(it: World) -> int:
    """How many acting rungs the episodes say were done."""
    records = history.fold(it.store).records.values()
    return sum(rung > 0 for record in records for rung in record.done)


def tell(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Say what was counted to whoever runs the suite, also where workers run it."""
    with capsys.disabled():
        sys.stderr.write(f"\n{text}\n")


class Tally:
    """What was counted over many worlds."""

    def __init__(self) -> None:
        self.worlds = self.acts = self.double = self.unrecorded = self.claimed = 0

    def add(self, it: World) -> None:
        self.worlds += 1
        self.acts += len(it.cloud.effects)
        self.double += double(it)
        self.unrecorded += unrecorded(it)
        self.claimed += claimed(it)

    def __str__(self) -> str:
        return (
            f"{self.acts:,} acts: {self.double} done twice, {self.unrecorded} unrecorded, "
            f"{self.claimed} claimed and not done"
        )

    @property
    def wrong(self) -> int:
        return self.double + self.unrecorded + self.claimed
