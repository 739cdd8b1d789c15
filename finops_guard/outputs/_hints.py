"""What to do next: a command and what it is good for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.outputs._view import blind, incomplete

if TYPE_CHECKING:
    from finops_guard.model import Report
    from finops_guard.outputs._view import RuleGroup


def hints(report: Report, groups: list[RuleGroup]) -> list[tuple[str, str]]:
    """At most four, the most useful first."""
    found = []
    if incomplete(report) or blind(report)[0] or report.cost_month_unknown:
        found.append(("finops-guard doctor", "what was not read, judged or priced"))
    if groups:
        found.append((f"finops-guard explain {groups[0].rule}", "why it matters, how to fix it"))
    if any(step.state in ("due", "scheduled") for step in report.steps) and report.mode == "dry-run":
        found.append(("finops-guard scan --plan-out plan.json", "these steps as a file to apply"))
    if groups:
        found.append(("finops-guard scan -f json", "every finding, for a program"))
    if not report.resources and not found:
        found.append(("finops-guard doctor", "why there was nothing to judge"))
    return found
