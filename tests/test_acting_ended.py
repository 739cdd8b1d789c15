"""Too many failures in a row end an enforcing run, whatever it was that failed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from finops_guard.model import Rung
from tests.apply.world import KEPT, world
from tests.test_acting import enforce, items, states


def test_marks_that_fail_end_the_run_before_its_acts(tmp_path: Path) -> None:
    channels = ({"to": "file", "path": str(tmp_path / "notices.jsonl")},)
    rule = replace(KEPT, otherwise=(Rung("notify", mark=True), Rung("stop", after=0), Rung("terminate", after=86400)))
    there = world(6, rule, channels=channels)
    there.cloud.fault = lambda verb, _id: "denied" if verb == "tag" else None
    report = enforce(there)
    assert there.cloud.effects == []
    assert states(report)["stop", "refused"] == 6
    assert report.short == ("5 acts failed in a row",)
    (said,) = items(tmp_path / "notices.jsonl", "alert")
    assert said["title"] == f"Run {report.run_id} was ended: 5 acts failed in a row"
    there.cloud.fault = lambda _verb, _id: None
    enforce(there)
    assert len(there.cloud.effects) == 6, "the next run goes on"
