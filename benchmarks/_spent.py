"""CPU seconds and peak memory of a command: user and system time of it and of what it waited for.

A process begins with the memory of the one that started it, as the kernel counts; so the command is started by this
file as a small program of its own (`_spent.py OUTPUT COMMAND…`), not by a benchmark that holds an estate.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

RUNS = 2
ENVIRON = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Where Python may keep what it compiled: the first run of a tool compiles it, and is not the best one."""


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds, megabytes of the largest process, exit code, standard output and the last line of the other."""

    seconds: float
    megabytes: float
    code: int
    output: bytes
    complaint: str


def best(command: list[str], environ: dict[str, str] | None = None) -> Spent:
    """The run with the fewest CPU seconds."""
    return min((measured(command, environ) for _ in range(RUNS)), key=lambda run: run.seconds)


def measured(command: list[str], environ: dict[str, str] | None = None) -> Spent:
    """One run."""
    with tempfile.NamedTemporaryFile() as output:
        starter = [sys.executable, "-S", "-E", __file__, output.name, *command]
        used = ENVIRON | (environ or {})
        ran = subprocess.run(starter, capture_output=True, check=True, env=used)  # noqa: S603 - our own command
        lines = ran.stderr.decode("utf-8", "replace").strip().splitlines()
        told = json.loads(ran.stdout)
        return Spent(**told, output=Path(output.name).read_bytes(), complaint=lines[-1] if lines else "")


def main() -> None:
    """Start the command, wait for it, and say what it took."""
    with Path(sys.argv[1]).open("wb") as output:
        process = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=output)  # noqa: S603 - our own
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    kilobyte = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes
    told = {
        "seconds": used.ru_utime + used.ru_stime,
        "megabytes": used.ru_maxrss * kilobyte / 1024**2,
        "code": process.returncode,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
