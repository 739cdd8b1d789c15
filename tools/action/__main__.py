"""Judge, annotate, comment, and exit as the scan does."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

from finops_guard.errors import GuardError
from finops_guard.outputs._escape import command_data, markdown
from finops_guard.outputs.markdown import MARKER
from tools.action import inputs as told
from tools.action.base import configured
from tools.action.policies import Judge, judge

_OURS = ("GITHUB_TOKEN",)
"""Variables that a scan is not given."""


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
    reports = None
    try:
        inputs = told.read(os.environ)
        os.environ.update(configured("safe.directory", str(inputs.workspace)))  # a container runs as somebody else
        reports = Reports(Path(mkdtemp(prefix="finops-guard-", dir=inputs.temporary)))
        with TemporaryDirectory(prefix="finops-guard-base-", dir=inputs.temporary) as folder:
            by = judge(inputs, Path(folder))
            code, complaint = _scan(inputs, by, reports)
    except GuardError as wrong:
        code, complaint = wrong.exit_code, "\n".join([wrong.what, *([wrong.help] if wrong.help else [])])
        return _refused(reports, code, complaint)
    if not reports.json.exists():
        return _refused(reports, code, complaint)
    report = json.loads(reports.json.read_bytes())
    _insert(reports.markdown, by.told)
    _outputs(report, reports)
    _publish(reports, comment=inputs.comment, update_only=not by.told and _quiet(report))
    return 0 if code == 1 and not by.binding else code


def _scan(inputs: told.Inputs, by: Judge, reports: Reports) -> tuple[int, str]:
    """The scan's exit code and what it said on stderr; annotations go to the log."""
    outputs = (("markdown", reports.markdown), ("json", reports.json), ("sarif", reports.sarif))
    arguments = [
        *("scan", "--format", "github", "--fail-on", inputs.fail_on),
        *(part for name, path in outputs for part in ("--output", f"{name}={path}")),
        *(("--policy", str(by.path)) if by.path else ()),
        *(("--baseline", str(by.baseline)) if by.baseline else ()),
        *(("--baseline-ref", by.base) if inputs.only_new and by.base else ()),
        *("--", *inputs.paths),
    ]
    environ = {name: value for name, value in os.environ.items() if name not in _OURS}
    ran = _guard(arguments, inputs.workspace, environ)
    _log(ran.stderr)
    sys.stdout.write(ran.stdout)
    return ran.returncode, ran.stderr


def _guard(arguments: list[str], cwd: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """The command; isolated, so that no file of the request is taken for a module of ours."""
    return subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-I", "-m", "finops_guard", *arguments],
        cwd=cwd,
        env=environ,
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


def _publish(reports: Reports, *, comment: bool, update_only: bool) -> None:
    """The report into the summary, and where that is wanted into the comment."""
    if not comment:
        if where := os.environ.get("GITHUB_STEP_SUMMARY"):
            with Path(where).open("a", encoding="utf-8") as summary:
                summary.write(reports.markdown.read_text("utf-8") + "\n")
        return
    arguments = ["comment", str(reports.markdown), *(["--update-only"] if update_only else [])]
    ran = _guard(arguments, reports.folder, dict(os.environ))
    _log(ran.stderr + ran.stdout)


def _refused(reports: Reports | None, code: int, complaint: str) -> int:
    """There is no report: say why where people look, also in the comment that an earlier run left."""
    said = complaint.strip().splitlines()[:20]
    sys.stdout.write(f"::error title=finops-guard::{'%0A'.join(command_data(line) for line in said)}\n")
    if reports is not None:
        lines = "\n".join(f"> {markdown(line[:500])}" for line in said)
        reports.markdown.write_text(f"{MARKER}\n## finops-guard: nothing could be judged\n\n{lines}\n", "utf-8")
        _publish(reports, comment=os.environ.get("FG_COMMENT") != "false", update_only=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
