"""A hundred thousand findings are planned in seconds, and memory is what the steps themselves take."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_MANY = """
import gc, resource, sys, time
from tests.plan.build import *
count = int(sys.argv[1])
ladder = rule(Rung("notify", mark=True), Rung("stop", 4 * H, warn=(H,)))
tags = rule(Rung("tag", set={"team": "vision"}), name="t")
found = [
    finding(machine(f"arn:aws:ec2:eu-west-1:1:instance/i-{n}", tags={"Project": "x"}), ladder if n % 5 else tags)
    for n in range(count)
]
under = policy(at_most={"stop": Cap(10, "defer")})
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.process_time()
steps = planned(*found, under=under)
print(time.process_time() - start, len(steps), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def _measure(count: int) -> tuple[float, int, float]:
    """CPU seconds, steps, kilobytes a step."""
    done = subprocess.run(
        [sys.executable, "-c", _MANY, str(count)], capture_output=True, text=True, check=True, cwd=_ROOT
    )
    seconds, steps, kilobytes = done.stdout.split()
    return float(seconds), int(steps), float(kilobytes) / int(steps)


def test_a_hundred_thousand_findings_take_seconds() -> None:
    seconds, steps, each = _measure(100_000)
    assert steps == 180_000
    assert seconds < 10
    assert each < 2.5
