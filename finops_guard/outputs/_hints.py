"""What to do next: a command and what it is good for."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from finops_guard.outputs._view import blind, incomplete

if TYPE_CHECKING:
    from finops_guard.model import Report
    from finops_guard.outputs._view import RuleGroup


def hints(report: Report, groups: list[RuleGroup]) -> list[tuple[str, str]]:
    """At most four, the most useful first."""
    found = []
    acted = report.mode == "enforce"
    if acted and any(step.state == "done" and step.do not in ("notify", "suggest") for step in report.steps):
        found.append((f"finops-guard undo {report.run_id}", "put back what this run changed"))
    doctor = shlex.join(("finops-guard", "doctor", *report.asked))
    if incomplete(report) or blind(report)[0] or report.cost_month_unknown:
        found.append((doctor, "what was not read, judged or priced"))
    if groups:
        found.append((f"finops-guard explain {groups[0].rule}", "why it matters, how to fix it"))
    if groups:
        found.append(
            (shlex.join(("finops-guard", "scan", *report.asked, "-f", "json")), "every finding, for a program")
        )
    if not report.resources and not found:
        found.append((doctor, "why there was nothing to judge"))
    return found[:4]
