"""Findings in code as SARIF 2.1.0, for code scanning: within what GitHub takes, the worst first, the rest counted.

Unknown verdicts are of kind `open`. Findings on what runs stand in no file and are left out.

So are exempted ones (waivers, exemptions, baselines), though SARIF has `suppressions` (3.27.23) for them: these are not
among the properties that GitHub's code scanning supports, and it opens an alert for such a result like for any other
(github/codeql-action#1230); tools that wrote them had to filter them out again, or to dismiss the alerts by the API
(advanced-security/dismiss-alerts). Left out, the alert that was there is closed, and the exemption stands in the JSON
report. Both are counted in the run's notifications.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from finops_guard.model import SEVERITIES
from finops_guard.outputs._code import dropped, in_code, message, notes, path, shortened
from finops_guard.outputs._escape import markdown, visible
from finops_guard.outputs._units import cents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TextIO

    from finops_guard.model import Finding, Location, Report, Rule

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
SHOWN = 5_000
"""GitHub refuses a run of more than 25,000 results and shows 5,000 of it."""
ROOM = 9_000_000
"""Characters of results; GitHub refuses a file of more than 10 MB, compressed."""
FINGERPRINT = "finopsGuardFinding/v1"
"""Not `primaryLocationLineHash`: GitHub's upload computes that and warns about every other value in its place."""

_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
_PROBLEM = {"error": "error", "warning": "warning", "note": "recommendation"}
_LINK = re.compile(r"\](?=\()|\{(?=\d+\})")
_BREAK = "\u200b"


def render(report: Report, out: TextIO) -> None:
    """Write one document; results are made and written one at a time, ASCII only."""
    found = in_code(report)
    rules = {finding.rule.id: finding.rule for _, finding in found[:SHOWN]}
    places = {id_: number for number, id_ in enumerate(rules)}
    driver = {
        "name": "finops-guard",
        "version": report.version,
        "semanticVersion": report.version,
        "rules": [_rule(rule) for rule in rules.values()],
    }
    out.write(f'{{"$schema": {json.dumps(SCHEMA)},\n"version": "2.1.0",\n"runs": [{{')
    out.write(f'"tool": {json.dumps({"driver": driver})},\n"columnKind": "unicodeCodePoints",\n"results": [')
    written = 0
    for line in _within(_result(at, finding, places) for at, finding in found[:SHOWN]):
        out.write(f"{',' if written else ''}\n {line}")
        written += 1
    hidden = [finding for _, finding in found[written:]]
    out.write(f'],\n"invocations": [{json.dumps(_invocation(report, hidden))}]}}]}}\n')


def _within(results: Iterable[object]) -> Iterator[str]:
    """Results as JSON as long as there is room."""
    room = ROOM
    for result in results:
        line = json.dumps(result)
        room -= len(line)
        if room < 0:
            return
        yield line


def _rule(rule: Rule) -> dict[str, object]:
    level = _LEVELS[rule.severity]
    help_ = [rule.why, rule.learn, f"finops-guard explain {rule.id}"]
    return {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": _message(_line(rule.title)),
        "fullDescription": _message(_line(rule.why or rule.title)),
        "help": {
            **_message("\n\n".join(part for part in help_ if part), lines=True),
            "markdown": "\n\n".join(markdown(shortened(part)) for part in help_ if part),
        },
        "defaultConfiguration": {"level": level},
        "properties": {
            "tags": ["finops", *([visible(rule.capability)] if rule.capability else [])],
            "precision": "very-high",
            "problem.severity": _PROBLEM[level],
        },
    }


def _line(text: str) -> str:
    """One line of at most what GitHub keeps of a description."""
    return shortened(" ".join(text.split()))


def _result(at: Location, finding: Finding, places: dict[str, int]) -> dict[str, object]:
    unknown = finding.verdict == "unknown"
    month = finding.resource.month
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": places[finding.rule.id],
        "kind": "open" if unknown else "fail",
        "level": "none" if unknown else _LEVELS[finding.severity],  # 3.27.10: only a failure has another level
        "message": _message(message(finding)),
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": _file(at),
                    "region": {"startLine": max(at.line, 1), "startColumn": max(at.column, 1)},
                },
                "logicalLocations": [
                    {"fullyQualifiedName": visible(shortened(finding.resource.id)), "kind": "resource"}
                ],
            }
        ],
        "partialFingerprints": {FINGERPRINT: finding.id},
        "properties": {
            "severity": finding.severity,
            "cost_month": f"{cents(month.amount)} {month.currency}" if month else None,
        },
    }


def _file(at: Location) -> dict[str, object]:
    """A file below the top of the repository, or anywhere."""
    where = path(at)
    if where.startswith("/") or re.match(r"[A-Za-z]:/", where):
        return {"uri": f"file:///{quote(where.lstrip('/'), errors='replace')}"}
    return {"uri": quote(where, errors="replace"), "uriBaseId": "%SRCROOT%"}


def _message(text: str, *, lines: bool = False) -> dict[str, str]:
    """Plain text: neither a link (3.11.6) nor a placeholder (3.11.5) in what strangers wrote."""
    shown = "\n".join(visible(line) for line in text.split("\n")) if lines else visible(text)
    return {"text": _LINK.sub(lambda found: found[0] + _BREAK, shown)}


def _invocation(report: Report, hidden: list[Finding]) -> dict[str, object]:
    said = [*notes(report, plans=False), *([dropped(hidden)] if hidden else [])]
    return {
        "executionSuccessful": report.complete,
        "toolExecutionNotifications": [{"level": note.level, "message": _message(note.text)} for note in said],
        "properties": {
            "leftOut": {severity: sum(f.severity == severity for f in hidden) for severity in SEVERITIES},
        },
    }
