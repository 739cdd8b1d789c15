"""Findings as annotations on the lines of a pull request (workflow commands): for a step of GitHub Actions.

GitHub shows ten errors, ten warnings and ten notices of a step; what is beyond them is counted.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from finops_guard.outputs._code import dropped, in_code, message, notes, of_plans, path
from finops_guard.outputs._escape import command_data, command_property, encoding_of, fitted

if TYPE_CHECKING:
    from typing import TextIO

    from finops_guard.model import Finding, Location, Report

SHOWN = 10
_KINDS = {"critical": "error", "high": "error", "medium": "warning", "low": "notice"}
_NOTES = {"error": "error", "warning": "warning", "note": "notice"}


def render(report: Report, out: TextIO) -> None:
    """Write a line an annotation; what strangers wrote can neither end one nor begin a command of its own."""
    encoding = encoding_of(out)
    said = list(notes(report, plans=True))
    left = Counter(dict.fromkeys(_NOTES.values(), SHOWN))
    left.subtract(_NOTES[note.level] for note in said)
    left["warning"] -= 1  # for what is left out
    hidden = []
    for at, finding in [*((None, finding) for finding in of_plans(report)), *in_code(report)]:
        kind = _kind(finding, report)
        if left[kind] <= 0:
            hidden.append(finding)
            continue
        left[kind] -= 1
        out.write(fitted(_annotation(kind, at, finding), encoding))
    if hidden:
        said.append(dropped(hidden))
    lines = (f"::{_NOTES[note.level]} title=finops-guard::{command_data(note.text)}\n" for note in said)
    out.writelines(fitted(line, encoding) for line in lines)


def _kind(finding: Finding, report: Report) -> str:
    """What `block` fails is an error at any severity; what fails nothing is none (unknown, or by dry-run alone)."""
    if finding.verdict == "unknown":
        return "notice"
    kind = "error" if report.blocks(finding) else _KINDS[finding.severity]
    return kind if report.binds(finding) or kind != "error" else "warning"


def _annotation(kind: str, at: Location | None, finding: Finding) -> str:
    """One on a plan as a whole has no place."""
    title = command_property(f"{finding.rule.id} ({finding.severity})")
    place = f"file={command_property(path(at))},line={at.line},col={at.column}," if at else ""
    return f"::{kind} {place}title={title}::{command_data(message(finding))}\n"
