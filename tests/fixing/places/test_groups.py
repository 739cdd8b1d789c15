"""`tag` blocks of an Auto Scaling group."""

from __future__ import annotations

from pathlib import Path

from tests.fixing.house import fixed


def group(tags: str) -> str:
    return f'resource "aws_autoscaling_group" "g" {{\n  max_size = 1\n{tags}  min_size = 1\n}}\n'


def tag(key: str, value: str, through: str = "true") -> str:
    width = 19
    lines = {"key": f'"{key}"', "value": f'"{value}"', "propagate_at_launch": through}
    return "  tag {\n" + "".join(f"    {name:{width}} = {said}\n" for name, said in lines.items()) + "  }\n"


AI = tag("workload-type", "evaluation")


def test_blocks_are_added_after_the_last_one(house: Path) -> None:
    before = group(tag("team", "visoin") + AI.replace("  }\n", "  } # AI\n"))
    ran, text = fixed(house, before, "--set", "project=churn")
    assert text == group(tag("team", "vision") + AI.replace("  }\n", "  } # AI\n") + tag("project", "churn")), ran.err
    assert ran.err == "1 finding fixed in 1 file, 0 not\n"


def test_keys_are_spelt_right(house: Path) -> None:
    before = group(tag("project", "churn") + tag("Team", "vision") + AI)
    assert fixed(house, before)[1] == before.replace("Team", "team")


def test_what_does_not_reach_the_machines_is_not_written_twice(house: Path) -> None:
    before = group(tag("project", "churn") + tag("team", "vision", "false") + AI)
    ran, text = fixed(house, before, "--set", "team=vision")
    assert text == before
    assert "one of its tags is there and does not reach the machines" in ran.err
