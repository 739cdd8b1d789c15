"""Fixes for what the scan found, as files of suggestions: of folders and templates, by the policy that judged.

Of a plan nothing is said: the sources that lie beside it may be others than those it was made of.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from finops_guard.sources.iac import documents
from finops_guard.sources.snapshot import is_snapshot
from tools.action.inputs import Inputs
from tools.action.policies import Judge

_LOOK = 4096
Run = Callable[[list[str]], CompletedProcess[str]]


def suggestions(inputs: Inputs, by: Judge, folder: Path, report: dict[str, Any], run: Run) -> Iterator[Path]:
    """Files for `finops-guard comment --suggestions`, of what fails in the report and is not exempt.

    `run` runs the command. A target that it cannot put right has none; what it says goes to the log.
    """
    open_ = {each["id"] for each in report["findings"] if _counts(each)}
    for number, target in enumerate(inputs.paths):
        if not open_ or not _has_sources(inputs.workspace / target):
            continue
        file = folder / f"suggestions-{number}.json"
        policy = ("--policy", str(by.path)) if by.path else ()
        run(["fix", "--diff", "--quiet", "--suggestions", str(file), *policy, "--", target])
        if file.exists() and _kept(file, open_):
            yield file


def _counts(finding: dict[str, Any]) -> bool:
    """Whether it counts, is about tags, and stands where it might be put right."""
    placed = finding["resource"]["location"] is not None and any("tag" in why for why in finding["why"])
    return placed and finding["verdict"] == "fail" and finding["exempt"] is None


def _has_sources(path: Path) -> bool:
    if path.is_dir():
        return True
    try:
        with path.open("rb") as file:
            head = file.read(_LOOK)
    except OSError:
        return False
    return not is_snapshot(head) and not documents()["terraform_plan"].recognises(path, head)


def _kept(file: Path, open_: set[str]) -> int:
    """How many suggestions are left with only those for findings that count."""
    told = json.loads(file.read_bytes())
    told["suggestions"] = [
        each for each in told["suggestions"] if any(finding["id"] in open_ for finding in each["findings"])
    ]
    file.write_text(json.dumps(told), "ascii")
    return len(told["suggestions"])
