"""Terraform plans and sources: scans of generated estates beside c7n-left and checkov, with every verdict checked.

`benchmarks/iac.py 5000` for one size; the default runs 10, 1,000 and 5,000. CPU seconds are the best of two, memory is
that of the largest process. Precision and recall are of `fail` on what is known. Ghosts are resources that are not
there. What cannot be known is counted by what a tool makes of it. Ours must be right in all of it, to the line.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._iac_plans import estate
from benchmarks._iac_tools import KEYS, OURS, TOOLS, Found, Tool, policies
from benchmarks._spent import Spent, best
from tests.sources.iac.hcl_estate import Truth, made

SIZES = (10, 1_000, 5_000)
AIMS = {
    ("sources", 10): "0.35 s",
    ("plan", 10): "0.35 s",
    ("sources", 1_000): "1.5 s",
    ("sources", 5_000): "6 s",
    ("plan", 5_000): "1.5 s and 150 MB",
}
"""Of a machine that does nothing else."""
HEAD = (
    f"{'tool':<13}{'input':<8}{'resources':>9} {'CPU s':>7} {'MB':>5} {'precision':>9} {'recall':>6} {'ghosts':>6}"
    "   unknown: said, failed, passed"
)


@dataclass(frozen=True, slots=True)
class Case:
    """Something to judge, and what is true of it: fail, pass or unknown by address; what is there and not judged."""

    kind: str
    target: Path
    verdicts: dict[str, str]
    others: frozenset[str] = frozenset()
    places: dict[str, tuple[str, int]] = field(default_factory=dict)


def main() -> None:
    """Print one line a tool, input and size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int)
    print(HEAD)
    for size in parser.parse_args().sizes or SIZES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            policies(folder / "policies")
            for case in _cases(folder, size):
                for tool in TOOLS:
                    print(f"{tool.name:<13}{case.kind:<8}{_row(tool, case, folder, size)}", flush=True)
    print(f"load {os.getloadavg()[0]:.1f}")


def _cases(folder: Path, size: int) -> Iterator[Case]:
    written = made(folder / "estate", size)
    places = {address: (str(folder / "estate" / truth.file), truth.line) for address, truth in written.truth.items()}
    verdicts = {address: _verdict(truth) for address, truth in written.truth.items()}
    yield Case("sources", folder / "estate", verdicts, places=places)
    planned = estate(size)
    (folder / "plan.json").write_bytes(planned.text())
    there = frozenset(each["address"] for each in planned.plan["resource_changes"])
    yield Case("plan", folder / "plan.json", planned.verdicts, there - planned.verdicts.keys())


def _verdict(truth: Truth) -> str:
    if any(truth.tags[key] is None and key not in truth.unknown for key in KEYS):
        return "fail"
    return "unknown" if truth.unknown else "pass"


def _row(tool: Tool, case: Case, folder: Path, size: int) -> str:
    if case.kind not in tool.reads:
        return f"reads no {case.kind}"
    if not tool.installed:
        return "not installed: not compared (`make bench` installs it where it can)"
    ran = best(tool.command(folder / "policies", case.target), tool.environ)
    try:
        found = tool.answer(json.loads(ran.output))
    except (ValueError, KeyError, TypeError):
        return f"gave no report (exit {ran.code}): {ran.complaint}"
    if tool.name == OURS:
        _exact(found, case)
    aim = AIMS.get((case.kind, size)) if tool.name == OURS else None
    return _figures(ran, found, case) + (f"   (aim {aim})" if aim else "")


def _figures(ran: Spent, found: Found, case: Case) -> str:
    by = {
        verdict: {address for address, each in case.verdicts.items() if each == verdict} for verdict in ("fail", "pass")
    }
    unknown = case.verdicts.keys() - by["fail"] - by["pass"]
    right, wrong = len(found.failed & by["fail"]), len(found.failed & by["pass"])
    precision, recall = right / max(1, right + wrong), right / max(1, len(by["fail"]))
    ghosts = len((found.failed | found.passed | found.unknown) - case.verdicts.keys() - case.others)
    said, failed = len(found.unknown & unknown), len(found.failed & unknown)
    total = len(case.verdicts) + len(case.others)
    return (
        f"{total:>9,} {ran.seconds:>7.2f} {ran.megabytes:>5.0f} {precision:>9.3f} {recall:>6.3f}"
        f" {ghosts:>6}   {said}, {failed}, {len(unknown) - said - failed}"
    )


def _exact(found: Found, case: Case) -> None:
    """Ours: every verdict is the one that the generator meant, of nothing else, at its file and line."""
    verdicts = dict.fromkeys(found.failed, "fail") | dict.fromkeys(found.passed, "pass")
    assert verdicts | dict.fromkeys(found.unknown, "unknown") == case.verdicts
    assert not case.places or found.places == case.places


if __name__ == "__main__":
    main()
