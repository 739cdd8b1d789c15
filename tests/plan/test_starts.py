"""`start`: what may be started, as a table, and what it puts back."""

from __future__ import annotations

from typing import Any

import pytest

from finops_guard.model import Rung, Stop
from tests.plan.build import NOW, binding, finding, machine, only, planned, policy, rule

START = rule(Rung("start"))
SIZES = {"minSize": 1, "maxSize": 4, "desiredSize": 2}
NOUGHT = {"minSize": 0, "maxSize": 4, "desiredSize": 0}


def start(mode: Any = "enforce", *, stop: Stop | None = None, **fields: Any) -> Any:
    stopped = machine(state="stopped", **fields)
    stopped.stop = stop
    permit = frozenset({"notify", "start"})
    under = policy(binding(permit=permit), permit=permit)
    return only("start", planned(finding(stopped, START), under=under, mode=mode))


@pytest.mark.parametrize(
    ("fields", "mode", "state", "why"),
    [
        ({"stopped_by": "p/night"}, "enforce", "due", None),
        ({"stopped_by": "p/night"}, "dry-run", "due", None),
        ({"stopped_by": None}, "enforce", "refused", "our journal does not say that we stopped it"),
        ({"stopped_by": None}, "dry-run", "refused", "our journal does not say that we stopped it"),
        ({"stopped_by": "other/idle"}, "enforce", "refused", "other/idle stopped it, which is not of this pack"),
        ({}, "enforce", "refused", "whether we stopped it is unknown: not collected"),
        ({}, "dry-run", "due", "whether we stopped it is unknown: not collected"),
    ],
)
def test_only_what_our_own_pack_stopped(fields: dict[str, Any], mode: str, state: str, why: str | None) -> None:
    step = start(mode, **fields)
    assert (step.state, step.because) == (state, why)


def test_it_needs_its_verb_permitted_and_no_earlier_notice() -> None:
    stopped = machine(state="stopped", stopped_by="p/night")
    refused = only(
        "start", planned(finding(stopped, START), mode="enforce", under=policy(permit=frozenset({"notify"})))
    )
    assert refused.because == "the policy does not permit start"
    assert start(stopped_by="p/night", protected=True).because == "it is protected"
    assert "would revert" in start(stopped_by="p/night", managed_by="an Auto Scaling group").because


def test_it_puts_back_the_state_or_the_sizes() -> None:
    step = start(stopped_by="p/night", stop=Stop("p/night", "stop", NOW, {"state": "running"}))
    assert (step.before, step.after, step.reversible, step.loses) == (
        {"state": "stopped"},
        {"state": "running"},
        True,
        (),
    )
    found = {"state": "running", "running_for": 9, "capacity.provisioned": 2, "capacity": 2, "scaling": SIZES}
    for left in ({"capacity": 0, "scaling": NOUGHT}, {"capacity": 0}):  # all that a run which was killed says
        step = start(stopped_by="p/night", stop=Stop("p/night", "scale_to_zero", NOW, found, left))
        assert (step.before, step.after) == (left, {"capacity": 2, "scaling": SIZES})
