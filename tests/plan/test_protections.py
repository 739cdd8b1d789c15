"""What providers cannot do is refused when it is planned, not tried."""

from __future__ import annotations

import pytest

from finops_guard.model import Mode, Rung
from tests.plan.build import NOTIFY, finding, machine, planned, rule


@pytest.mark.parametrize("mode", ["dry-run", "enforce"])
def test_what_cannot_be_done_is_refused_with_the_reason(mode: Mode) -> None:
    one = machine(facts={"cannot": {"stop": "EC2 cannot stop it"}})
    steps = list(planned(finding(one, rule(NOTIFY, Rung("tag", set={"a": "b"}), Rung("stop", after=0))), mode=mode))
    found = {step.do: (step.state, step.because) for step in steps}
    assert found["stop"] == ("refused", "EC2 cannot stop it")
    assert found["tag"][0] != "refused"
