"""Findings as a GitLab code quality report, which a merge request shows beside the lines it changes.

Each entry needs a file: what is said of the run or of a plan as a whole stands at the top of the repository, line 1.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

from finops_guard.outputs._code import in_code, message, notes, of_plans, path
from finops_guard.outputs._escape import visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from finops_guard.model import Finding, Report

_SEVERITIES = {"critical": "blocker", "high": "critical", "medium": "major", "low": "minor"}
_NOTES = {"error": "blocker", "warning": "major", "note": "info"}


def render(report: Report, out: TextIO) -> None:
    """Write one array, an entry a line, ASCII only."""
    separator = "[\n "
    for entry in _entries(report):
        out.write(separator + json.dumps(entry))
        separator = ",\n "
    out.write("[]\n" if separator.startswith("[") else "\n]\n")


def _entries(report: Report) -> Iterator[dict[str, object]]:
    """Fingerprints of findings are theirs, so GitLab sees what is new and what is gone."""
    for note in notes(report, plans=True):
        mark = sha256(note.text.encode()).hexdigest()
        yield _entry("finops-guard", _NOTES[note.level], note.text, mark, (".", 1))
    for finding in of_plans(report):
        yield _found(finding, (".", 1))
    for at, finding in in_code(report):
        yield _found(finding, (path(at), at.line))


def _found(finding: Finding, at: tuple[str, int]) -> dict[str, object]:
    severity = "info" if finding.verdict == "unknown" else _SEVERITIES[finding.severity]
    return _entry(finding.rule.id, severity, message(finding), finding.id, at)


def _entry(check: str, severity: str, text: str, mark: str, at: tuple[str, int]) -> dict[str, object]:
    return {
        "description": visible(text),
        "check_name": check,
        "fingerprint": mark,
        "severity": severity,
        "location": {"path": visible(at[0]), "lines": {"begin": at[1]}},
    }
