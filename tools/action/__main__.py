"""Judge, annotate, comment, and exit as the scan does."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

from finops_guard.errors import GuardError
from finops_guard.outputs._escape import command_data, markdown
from finops_guard.outputs.markdown import MARKER
from finops_guard.sources import git
from tools.action import inputs as told
from tools.action.base import Repository, configured
from tools.action.fixes import suggestions
from tools.action.policies import Judge, judge

_HOLD = frozenset("ALL AZURE_ENDPOINT COSTS DEBUG GCP_ENDPOINT JOBS MAX_API_COST UNKNOWN VAR VAR_FILE".split())
"""Of the variables FINOPS_GUARD_…, those that hold here too: what to read, and how strictly.

Which policy, in which mode, what counts and where it is written is for the inputs alone.
"""
_PREFIX = "FINOPS_GUARD_"


@dataclass(frozen=True, slots=True)
class Reports:
    """Where the scan writes."""

    folder: Path

    @property
    def markdown(self) -> Path:
        """For the comment and the summary."""
        return self.folder / "report.md"

    @property
    def json(self) -> Path:
        """For the outputs."""
        return self.folder / "report.json"

    @property
    def sarif(self) -> Path:
        """For code scanning."""
        return self.folder / "results.sarif"


def main() -> int:
    """The exit code."""
    reports = inputs = None
    try:
        inputs = told.read(os.environ)
        os.environ.pop("GITHUB_TOKEN", None)  # what follows reads what strangers wrote; who comments is given it
        os.environ.update(configured("safe.directory", str(inputs.workspace)))  # a container runs as somebody else
        reports = Reports(Path(mkdtemp(prefix="finops-guard-", dir=inputs.temporary)))
        with TemporaryDirectory(prefix="finops-guard-base-", dir=inputs.temporary) as folder:
            by = judge(inputs, Path(folder))
            code, complaint = _scan(inputs, by, reports)
            report = json.loads(reports.json.read_bytes()) if reports.json.exists() else None
            fixes = [] if report is None else _fixes(inputs, by, reports, report)
    except GuardError as wrong:
        code, complaint = wrong.exit_code, "\n".join([wrong.what, *([wrong.help] if wrong.help else [])])
        return _refused(reports, inputs, code, complaint)
    if report is None:
        return _refused(reports, inputs, code, complaint)
    _insert(reports.markdown, by.told)
    _outputs(report, reports)
    _publish(reports, inputs, fixes, update_only=not by.told and _quiet(report))
    return 0 if code == 1 and not by.binding else code


def _scan(inputs: told.Inputs, by: Judge, reports: Reports) -> tuple[int, str]:
    """The scan's exit code and what it said on stderr; annotations go to the log."""
    outputs = (("markdown", reports.markdown), ("json", reports.json), ("sarif", reports.sarif))
    arguments = [
        *("scan", "--format", "github", "--fail-on", inputs.fail_on),
        *(part for name, path in outputs for part in ("--output", f"{name}={path}")),
        *(("--policy", str(by.path)) if by.path else ()),
        *(("--baseline", str(by.baseline)) if by.baseline else ()),
        *_before(inputs, by),
        *("--", *inputs.paths),
    ]
    ran = _guard(arguments, inputs.workspace)
    _log(ran.stderr)
    sys.stdout.write(ran.stdout)
    return ran.returncode, ran.stderr


def _before(inputs: told.Inputs, by: Judge) -> tuple[str, ...]:
    """What the base is compared with: its findings, or only what its sources cost. A plan says that itself."""
    if not by.base:
        return ()
    if inputs.only_new:
        return "--baseline-ref", by.base
    paths, top = [inputs.workspace / path for path in inputs.paths], git.top(inputs.workspace)
    ours = all(path.exists() and git.top(path) == top for path in paths)
    tracked = [path for path in paths if ours and Repository(inputs).tracks(path)]
    made = any(path.is_dir() and path not in tracked for path in paths)  # by an earlier step: the base never has it
    return ("--cost-ref", by.base) if tracked and not made else ()


def _fixes(inputs: told.Inputs, by: Judge, reports: Reports, report: dict[str, Any]) -> list[Path]:
    """Files of suggestions."""

    def run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
        ran = _guard(arguments, inputs.workspace)
        if ran.stderr:
            _log(ran.stderr)
        return ran

    return list(suggestions(inputs, by, reports.folder, report, run))


def _guard(arguments: list[str], cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """The command; isolated, so that no file of the request is taken for a module of ours."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(_PREFIX)}
    kept = {name: os.environ[name] for end in _HOLD if (name := _PREFIX + end) in os.environ}
    environ = {**ours, **kept, **more}
    return subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-I", "-m", "finops_guard", *arguments],
        cwd=cwd,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        encoding="utf-8",
        errors="replace",
    )


def _log(text: str) -> None:
    """Lines for the log in which the runner looks for no command, whatever names are in them."""
    stop = secrets.token_hex(16)
    sys.stdout.write(f"::stop-commands::{stop}\n{text}\n::{stop}::\n")


def _insert(path: Path, told_: str) -> None:
    """Put what is to be said of the policy under the headline."""
    head, blank, rest = path.read_text("utf-8").partition("\n\n")
    path.write_text(f"{head}{blank}{told_}{rest}", "utf-8")


def _outputs(report: dict[str, Any], reports: Reports) -> None:
    """The Action's outputs: numbers, and a path of ours."""
    found = report["totals"]["findings"]
    lines = {
        "violations": found["fail"],
        "unknown": found["unknown"],
        "monthly-delta": _delta(report),
        "sarif": reports.sarif,
    }
    if where := os.environ.get("GITHUB_OUTPUT"):
        with Path(where).open("a", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in lines.items())


def _delta(report: dict[str, Any]) -> str:
    """What the plan adds in a month; empty where there is no plan, never 0 where nobody knows."""
    if not report["deltas"]:
        return ""
    whole = report["deltas"][0]
    low, high, currency = whole["low"], whole["high"], whole["currency"]
    if low == high:
        return "unknown" if low is None else f"{low} {currency}"
    if low is None or high is None:
        return f"at most {high} {currency}" if low is None else f"at least {low} {currency}"
    return f"{low} to {high} {currency}"


def _quiet(report: dict[str, Any]) -> bool:
    """Whether there is nothing that a request's author would want to read."""
    found = report["totals"]["findings"]
    free = not report["deltas"] or report["deltas"][0]["low"] == report["deltas"][0]["high"] == "0.00"
    return free and not found["fail"] and not found["unknown"] and not report["gaps"]


def _publish(reports: Reports, inputs: told.Inputs, fixes: Sequence[Path] = (), *, update_only: bool) -> None:
    """The report into the summary, and where that is wanted into the comment, with the fixes below it."""
    arguments = [
        *("comment", str(reports.markdown)),
        *(part for file in fixes for part in ("--suggestions", str(file))),
        *(["--update-only"] if update_only else []),
        *(["--review"] if inputs.suggest and inputs.base else []),
        *([] if inputs.comment else ["--summary-only"]),
        f"--name={inputs.name}",
    ]
    ran = _guard(arguments, reports.folder, **({"GITHUB_TOKEN": inputs.token} if inputs.comment else {}))
    _log(ran.stderr + ran.stdout)


def _refused(reports: Reports | None, inputs: told.Inputs | None, code: int, complaint: str) -> int:
    """There is no report: say why where people look, also in the comment that an earlier run left."""
    said = complaint.strip().splitlines()[:20]
    sys.stdout.write(f"::error title=finops-guard::{'%0A'.join(command_data(line) for line in said)}\n")
    if reports is not None and inputs is not None:
        lines = "\n".join(f"> {markdown(line[:500])}" for line in said)
        reports.markdown.write_text(f"{MARKER}\n## finops-guard: nothing could be judged\n\n{lines}\n", "utf-8")
        _publish(reports, inputs, update_only=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
