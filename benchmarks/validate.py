"""`finops-guard validate` on a pack of 1,000 rules: CPU seconds of the whole process, interpreter start included."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._spent import measured

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


def cpu(path: Path) -> float:
    """User and system seconds of one run."""
    ran = measured([sys.executable, "-m", "finops_guard", "validate", str(path)])
    assert ran.code == 0, ran.output.decode() + ran.complaint
    return ran.seconds


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rules", "bench.yaml")
        path.parent.mkdir()
        path.write_text(HEAD + "".join(RULE.format(number=n, percent=n % 90) for n in range(1, RULES + 1)), "utf-8")
        times = [cpu(path) for _ in range(ROUNDS)]
        size = path.stat().st_size // 1000
    print(f"{statistics.median(times):.2f} CPU s (best {min(times):.2f}): validate {RULES:,} rules, {size} KB")
    print(f"goal: {GOAL} CPU s; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
