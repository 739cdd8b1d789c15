"""Many findings are planned in as much memory as few."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_MANY = """
import resource, sys
from tests.plan.build import *
from finops_guard.plan import plan
from finops_guard.state.shelf import ordered
ladder = rule(Rung("notify", mark=True), Rung("stop", 4 * H, warn=(H,)))
tags = rule(Rung("tag", set={"team": "vision"}), name="t")
found = (
    finding(machine(f"arn:aws:ec2:eu-west-1:1:instance/i-{n}", tags={"Project": "x"}), ladder if n % 5 else tags)
    for n in range(int(sys.argv[1]))
)
steps = plan(ordered(found, held=2_000), policy(at_most={"stop": Cap(10, "defer")}), NOW, can=lambda _type, _verb: True)
seen = sum(1 for step in steps)
assert seen == len(steps)
print(seen, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def _measure(count: int) -> tuple[int, int]:
    """Steps, and the most memory in KiB."""
    command = [sys.executable, "-c", _MANY, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=_ROOT)
    steps, memory = done.stdout.split()
    return int(steps), int(memory)


def test_memory_does_not_grow_with_the_findings() -> None:
    few, least = _measure(4_000)
    many, most = _measure(40_000)
    assert (few, many) == (7_200, 72_000)
    assert most - least < 8_000  # held they take 2 KB each or more
