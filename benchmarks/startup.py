"""What `finops-guard --help` costs, in CPU seconds and as a ratio to an interpreter that does nothing."""

from __future__ import annotations

import os
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._spent import measured

ROUNDS = 15
GOAL = 0.15
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "finops-guard --help": [sys.executable, "-m", "finops_guard", "--help"],
    "finops-guard --version": [sys.executable, "-m", "finops_guard", "--version"],
}


def main() -> None:
    """Print the figures; the commands take turns, so that load falls on all of them."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, command in COMMANDS.items():
            times[name].append(measured(command).seconds)
    bare = statistics.median(times["python -c pass"])
    for name, spent in times.items():
        median = statistics.median(spent)
        print(f"{median:6.3f} CPU s, {median / bare:4.1f} × bare Python: {name}")
    print(f"goal: {GOAL} CPU s for --help; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
