"""Findings into steps: CPU seconds and the most memory, with the findings of a real run's shape.

`benchmarks/planning.py 100000` for one size; the default plans 10,000 and 100,000. Each finding is on a machine of its
own, four of five with a ladder of a notice and a stop, the fifth with a tag; at most ten stops are done. `planned` is
until the plan is there, `steps` is one look at every step of it.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from finops_guard.model import Cap, Finding, Rung
from finops_guard.plan import plan
from finops_guard.state.shelf import ordered
from tests.plan.build import NOW, H, finding, machine, policy, rule

SIZES = (10_000, 100_000)
AIM = 10.0
"""CPU seconds for 100,000 findings, of a machine that does nothing else."""
LADDER = rule(Rung("notify", mark=True), Rung("stop", 4 * H, warn=(H,)))
TAGS = rule(Rung("tag", set={"team": "vision"}), name="t")


def main() -> None:
    """Print one line a size; each is measured in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        _measure(given.sizes[0])
        return
    print(f"{'findings':>10} {'steps':>8} {'sorted':>7} {'planned':>8} {'steps':>7} CPU s {'MB':>6}")
    for size in given.sizes or SIZES:
        subprocess.run([sys.executable, __file__, "--one", str(size)], check=True)  # noqa: S603 - ourselves


def _measure(size: int) -> None:
    times = [time.process_time()]
    shelf = ordered(_one(n) for n in range(size))
    times.append(time.process_time())
    steps = plan(shelf, policy(at_most={"stop": Cap(10, "defer")}), NOW, can=lambda _type, _verb: True)
    times.append(time.process_time())
    seen = sum(1 for _ in steps)
    times.append(time.process_time())
    assert seen == size + size * 4 // 5
    spent = " ".join(f"{after - before:>7.2f}" for before, after in pairwise(times))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    aim = f"  (aim {AIM:.0f} s in all)" if size == SIZES[-1] else ""
    print(f"{size:>10,} {seen:>8,} {spent:>24}       {memory:>6.0f}{aim}")


def _one(number: int) -> Finding:
    on = machine(f"arn:aws:ec2:eu-west-1:1:instance/i-{number}", tags={"Project": "x"})
    return finding(on, LADDER if number % 5 else TAGS)


if __name__ == "__main__":
    main()
