"""Where nobody can tell whether something is exempt, it is told of and left alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from finops_guard.model import Compare, Exemption, Rung
from tests.apply.world import KEPT, STOPPED, TEAM, states, world
from tests.plan.build import NOW
from tests.test_acting import enforce, told

EXEMPT = Exemption("p/stopped", Compare(TEAM, "eq", "x"), NOW.date().replace(year=NOW.year + 1), reason="r", by="cto")
WHY = f"whether it is exempt is unknown: r (cto, until {NOW.year + 1}"


@pytest.mark.parametrize(
    ("tags", "stopped"),
    [({}, True), ({"team": "y"}, True), ({"team": "x"}, False), ({"team": "x", "Team": "y"}, False)],
)
def test_only_what_is_known_not_to_be_exempt_is_acted_on(tags: dict[str, str], stopped: bool) -> None:  # noqa: FBT001 - a row
    it = world(1, STOPPED, machine={"tags": tags}, exempt=(EXEMPT,))
    it.enforce()
    assert bool(it.cloud.effects) is stopped


def test_it_is_told_of_and_the_step_says_why_it_is_refused(tmp_path: Path) -> None:
    marks = replace(KEPT, name="stopped", otherwise=(Rung("notify", mark=True), Rung("stop", after=0)))
    channels = ({"to": "file", "path": str(tmp_path / "notices.jsonl")},)
    it = world(1, marks, machine={"tags": {"team": "x", "Team": "y"}}, exempt=(EXEMPT,), channels=channels)
    report = enforce(it)
    assert told(tmp_path, "finding") == ["i-0000"]
    (stop,) = [step for step in report.steps if step.do == "stop"]
    assert (stop.state, str(stop.because).startswith(WHY)) == ("refused", True)
    assert it.cloud.effects == [], "not even a mark"


def test_what_became_doubtful_since_the_plan_is_refused() -> None:
    it = world(1, STOPPED, exempt=(EXEMPT,))
    with it.session() as held:
        it.begin(held)
        steps = it.plan(held)
        it.cloud.machines["i-0000"].tags |= {"team": "x", "Team": "y"}
        applied = it.apply(steps, held)
    assert states(applied) == {"refused": 1}
    assert str(applied.outcomes[0].error).startswith(WHY)
