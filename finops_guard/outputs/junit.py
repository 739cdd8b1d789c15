"""The report as JUnit XML, for CI systems: a suite a rule, a case a finding, an error for what could not be read.

What cannot be judged or is exempted is skipped, with the reason. Findings that pass are cases with `--include pass`,
otherwise they are counted in the suite's property `pass`.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from finops_guard.outputs._code import shortened
from finops_guard.outputs._escape import encoding_of, fitted
from finops_guard.outputs._junit import Case, Suite, document
from finops_guard.outputs._view import holes, place, why
from finops_guard.state.shelf import ordered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from finops_guard.model import Coverage, Finding, Report


def render(report: Report, out: TextIO) -> None:
    """Write the document in ASCII, so that no encoding can break it."""
    found: dict[str, list[Finding]] = defaultdict(list)
    for finding in ordered(report.findings):
        found[finding.rule.id].append(finding)
    covered = {row.rule: row for row in report.coverage}
    suites = [_suite(rule, found[rule], covered.get(rule)) for rule in sorted({*covered, *found})]
    gaps = list(_gaps(report))
    if gaps:
        missing = sum(case.outcome == "error" for case in gaps)
        suites.insert(0, Suite("coverage", gaps, len(gaps), errors=missing, skipped=len(gaps) - missing))
    encoding = encoding_of(out)
    out.writelines(fitted(line, encoding, "xmlcharrefreplace") for line in document(suites))


def _suite(rule: str, findings: list[Finding], covered: Coverage | None) -> Suite:
    failures = sum(_outcome(finding) == "failure" for finding in findings)
    passed = sum(_outcome(finding) is None for finding in findings)
    properties = {"severity": covered.severity, "pass": covered.passed} if covered else {}
    skipped = len(findings) - failures - passed
    return Suite(rule, map(_case, findings), len(findings), failures, skipped=skipped, properties=properties)


def _outcome(finding: Finding) -> str | None:
    if finding.verdict == "pass":
        return None
    return "failure" if finding.verdict == "fail" and finding.exempt is None else "skipped"


def _case(finding: Finding) -> Case:
    resource, rule = finding.resource, finding.rule.id
    reasons = [shortened(reason) for reason in why(finding)]
    if finding.verdict == "pass":
        return Case(rule, resource.id, resource.at)
    if finding.exempt is not None:
        return Case(rule, resource.id, resource.at, "skipped", f"exempted: {finding.exempt}")
    if finding.verdict == "unknown":
        return Case(rule, resource.id, resource.at, "skipped", f"cannot be judged: {'; '.join(reasons)}")
    text = "\n".join([f"{finding.severity}: {finding.rule.title}", place(resource), *reasons])
    return Case(rule, resource.id, resource.at, "failure", "; ".join(reasons) or finding.rule.title, text)


def _gaps(report: Report) -> Iterator[Case]:
    """What could not be read; what the policy knows of is skipped."""
    for hole in holes(report, expected=False):
        name = f"{hole.cloud} {hole.account} {','.join(hole.regions)} {hole.type}"
        yield Case("coverage", name, None, "error", hole.reason)
    for hole in holes(report, expected=True):
        name = f"{hole.cloud} {hole.account} {','.join(hole.regions)} {hole.type}"
        yield Case("coverage", name, None, "skipped", f"expected: {hole.reason}")
    if not report.complete and not any(not gap.expected for gap in report.gaps):
        yield Case("coverage", "scan", None, "error", "the scan is not complete")
