"""What outputs for code hold of a report: findings that stand in a file, the worst first, and words for the rest."""

from __future__ import annotations

import posixpath
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from finops_guard.model import SEVERITIES
from finops_guard.outputs._units import ledger
from finops_guard.outputs._view import blind, holes, incomplete, why
from finops_guard.state.shelf import ordered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Literal

    from finops_guard.model import Finding, Location, Report

LONGEST = 1_000
"""Characters of a message; addresses and tag values have no end of their own."""
_SHOWN = 10


class Note(NamedTuple):
    """Something about the run as a whole, which stands on no line of code."""

    level: Literal["error", "warning", "note"]
    text: str


def in_code(report: Report) -> list[tuple[Location, Finding]]:
    """Unexempted failing and unknown findings with their place, by severity, failing ones first, then as everywhere."""
    found = [(f.resource.at, f) for f in ordered(report.findings) if f.resource.at and _counts(f)]
    found.sort(key=lambda pair: _rank(pair[1]))
    return found


def of_plans(report: Report) -> list[Finding]:
    """Unexempted failing and unknown findings on a plan as a whole, which stand on no line, in the same order."""
    found = [f for f in ordered(report.findings) if not f.resource.at and f.resource.kind == "plan" and _counts(f)]
    found.sort(key=_rank)
    return found


def notes(report: Report, *, plans: bool) -> Iterator[Note]:
    """What the findings in code do not say: gaps, rules without a verdict, findings that stand in no file.

    `plans`: those on plans as a whole are listed all the same.
    """
    if incomplete(report):
        found = list(holes(report, expected=False))
        where = "; ".join(f"{hole.cloud} {hole.account} {hole.type}: {hole.reason}" for hole in found[:_SHOWN])
        yield Note("error", shortened(f"Incomplete scan. Not read, never counted as compliant: {where or 'a part'}"))
    unjudged, _ = blind(report)
    if unjudged:
        names = ", ".join(row.rule for row in unjudged[:_SHOWN])
        yield Note("warning", shortened(f"Judged nowhere, all that they met is unknown: {names}"))
    live = sum(not f.resource.at and _counts(f) for f in report.findings) - (len(of_plans(report)) if plans else 0)
    if live:
        yield Note("note", f"Not listed here, as they stand in no file: {_findings(live)}. -f json has every finding.")
    exempt = sum(1 for f in report.findings if f.exempt is not None)
    if exempt:
        yield Note("note", f"Not listed here, as they are exempted: {_findings(exempt)}. -f json has every finding.")


def dropped(findings: Iterable[Finding]) -> Note:
    """Findings there was no room for, counted by severity."""
    hidden = Counter(finding.severity for finding in findings)
    counts = ", ".join(f"{hidden[severity]:,} {severity}" for severity in reversed(SEVERITIES) if hidden[severity])
    return Note("warning", f"Left out for want of room: {counts}. -f json has every finding.")


def message(finding: Finding) -> str:
    """What is wrong with which resource and why, in one paragraph; whoever writes it escapes it."""
    resource = finding.resource
    reasons = "; ".join(why(finding))
    open_ = "Cannot be judged: " if finding.verdict == "unknown" else ""
    cost = f" It costs {ledger(resource.month.amount)} {resource.month.currency} a month." if resource.month else ""
    return shortened(f"{open_}{finding.rule.title}. {reasons or 'It fails'} ({resource.id}).{cost}")


def shortened(text: str, longest: int = LONGEST) -> str:
    """Text of at most `longest` characters."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def path(at: Location) -> str:
    """A file as code hosts write it: relative to the top where it is below, with slashes."""
    return posixpath.normpath(at.file.replace("\\", "/"))


def _findings(count: int) -> str:
    return f"{count:,} finding{'' if count == 1 else 's'}"


def _rank(finding: Finding) -> tuple[int, bool]:
    return -SEVERITIES.index(finding.severity), finding.verdict != "fail"


def _counts(finding: Finding) -> bool:
    return finding.exempt is None and finding.verdict in ("fail", "unknown")
