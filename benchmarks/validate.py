"""`finops-guard validate` on a pack of 1,000 rules: CPU seconds of the whole process, interpreter start included."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

RULES = 1_000
ROUNDS = 5
GOAL = 2.0
HEAD = """pack: bench
version: 1.0.0
params:
  teams: {type: list, default: [], stricter: subset, help: Teams that may own spend.}
  grace: {type: duration, default: 24h}
rules:
"""
RULE = """  rule-{number}:
    title: Accelerator machines of group {number} are named, owned and used
    why: Untagged accelerators cannot be charged back.
    severity: high
    match: {{ai: true, kind: [vm, notebook], tags: {{environment: [dev, test, 'group-{number}']}}}}
    require:
      tags:
        project: {{matches: '[a-z][a-z0-9-]{{2,39}}'}}
        team: {{in: $teams}}
      any:
        - usage: {{accelerator_percent: {{gte: {percent}%, over: 3d}}}}
        - cost: {{month: {{lte: {number} EUR}}}}
    otherwise:
      - {{do: notify, mark: true}}
      - {{do: stop, after: $grace, warn: [4h]}}
    examples:
      fail: [{{kind: vm, accelerators: {{count: 8}}, tags: {{environment: dev}}}}]
"""


def cpu(command: list[str]) -> float:
    """User and system seconds of one run of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own command
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stdout + done.stderr
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rules", "bench.yaml")
        path.parent.mkdir()
        path.write_text(HEAD + "".join(RULE.format(number=n, percent=n % 90) for n in range(1, RULES + 1)), "utf-8")
        times = [cpu([sys.executable, "-m", "finops_guard", "validate", str(path)]) for _ in range(ROUNDS)]
        size = path.stat().st_size // 1000
    print(f"{statistics.median(times):.2f} CPU s (best {min(times):.2f}): validate {RULES:,} rules, {size} KB")
    print(f"goal: {GOAL} CPU s; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
