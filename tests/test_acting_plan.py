"""A plan file tells people who else depends on what it would stop."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from finops_guard.errors import InputError
from tests.apply.world import KEPT, world
from tests.test_acting import enforce


def test_a_plan_names_who_depends_on_what_it_stops(tmp_path: Path) -> None:
    there = world(3, KEPT, channels=({"to": "file", "path": str(tmp_path / "notices.jsonl")},))
    there.cloud.depending = {"i-0000": ["arn:balancer"], "i-0001": []}
    enforce(there, plan_out=tmp_path / "plan.json")
    steps = json.loads((tmp_path / "plan.json").read_text())["steps"]
    told = {step["resource"]["fields"]["id"]: step["dependants"] for step in steps if step["do"] == "stop"}
    assert told == {"i-0000": ["arn:balancer"], "i-0001": [], "i-0002": None}


@pytest.mark.parametrize("name", ["no/such/plan.json", "."])
def test_where_the_plan_cannot_be_written_nobody_is_told_and_nothing_begins(name: str, tmp_path: Path) -> None:
    there = world(1, KEPT, channels=({"to": "file", "path": str(tmp_path / "notices.jsonl")},))
    with pytest.raises(InputError, match="cannot be written"):
        enforce(there, plan_out=tmp_path / name)
    assert not (tmp_path / "notices.jsonl").exists()
    assert there.store.objects == {}
