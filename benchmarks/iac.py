"""Infrastructure as code: a scan of generated plans, with every verdict checked, in CPU seconds and memory.

`benchmarks/iac.py 5000` for one size; the default runs 10, 1,000 and 5,000. c7n-left reads no plans; checkov is
measured beside it where it is installed. A figure is the best of three after one warm run.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks._iac_plans import Estate, estate

SIZES = (10, 1_000, 5_000)
LIMITS = {10: (0.35, 150), 5_000: (1.5, 150)}
"""Resources -> CPU seconds and MB, of a machine that does nothing else."""
POLICY = "policy: bench\nowner: bench@example.com\npacks: [{use: ai-tags}]\n"
RULE = "ai-tags/whose"
RUNS = 3


def main() -> None:
    """Print one line a size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
        print(f"{'plan':>8} {'MB file':>8} {'CPU s':>7} {'MB':>5} {'wrong':>6}   {RULE}")
        for size in parser.parse_args().sizes or SIZES:
            made = estate(size)
            path = folder / f"plan-{size}.json"
            path.write_bytes(made.text())
            seconds, memory, wrong = _measured(folder, path, made)
            most = LIMITS.get(size)
            aim = f" (aim {most[0]} s, {most[1]} MB)" if most else ""
            print(f"{size:>8,} {path.stat().st_size / 1e6:>8.1f} {seconds:>7.2f} {memory:>5.0f} {wrong:>6}{aim}")
            if checkov := shutil.which("checkov"):
                print(f"{'checkov':>17} {_cpu([checkov, '-f', str(path), '--quiet', '--compact'])[0]:>7.2f}")


def _measured(folder: Path, path: Path, made: Estate) -> tuple[float, float, int]:
    command = [
        sys.executable, "-m", "finops_guard", "scan", str(path), "-p", str(folder / "policy.yaml"), "-f", "json", "-q",
    ]  # fmt: skip
    runs = [_cpu(command) for _ in range(RUNS + 1)][1:]
    report = json.loads(runs[-1][1])
    found = {each["resource"]["id"]: each["verdict"] for each in report["findings"] if each["rule"] == RULE}
    wanted = {address: verdict for address, verdict in made.verdicts.items() if verdict != "pass"}
    wrong = sum(found.get(address) != wanted.get(address) for address in found.keys() | wanted.keys())
    assert not wrong, "a verdict is not the one that the generator meant"
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return min(cpu for cpu, _ in runs), memory, wrong


def _cpu(command: list[str]) -> tuple[float, bytes]:
    before = os.times()
    ran = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own command
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return spent, ran.stdout


if __name__ == "__main__":
    main()
