"""What `finops-guard --help` costs, in CPU seconds and as a ratio to an interpreter that does nothing."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys

ROUNDS = 15
GOAL = 0.15
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "finops-guard --help": [sys.executable, "-m", "finops_guard", "--help"],
    "finops-guard --version": [sys.executable, "-m", "finops_guard", "--version"],
}


def cpu(command: list[str]) -> float:
    """User and system seconds of one run of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    """Print the figures; the commands take turns, so that load falls on all of them."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, command in COMMANDS.items():
            times[name].append(cpu(command))
    bare = statistics.median(times["python -c pass"])
    for name, spent in times.items():
        median = statistics.median(spent)
        print(f"{median:6.3f} CPU s, {median / bare:4.1f} × bare Python: {name}")
    print(f"goal: {GOAL} CPU s for --help; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
