"""What a target is judged to be, as it is or as it would be with other texts in the place of its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from finops_guard.language.document import collector_paused
from finops_guard.model import Unknown
from finops_guard.model.policy import Waivers
from finops_guard.pipeline import Request, run
from finops_guard.sources.iac._instead import instead
from finops_guard.state import spool

if TYPE_CHECKING:
    from finops_guard.model import Finding, Report, Resource


@dataclass(frozen=True, slots=True)
class Seen:
    """One look: the report, what fails or is unknown in it by the finding's id, and what there is by address."""

    report: Report
    by_id: Mapping[str, Finding]
    resources: Mapping[str, Resource]


def look(request: Request, texts: Mapping[Path, bytes] | None = None) -> Seen:
    """Judge the target. With `texts` these stand for their files, and no waiver counts: an edit owes it nothing."""
    if texts is not None:
        request = replace(request, policy=replace(request.policy, waivers=Waivers()))
    with collector_paused(), TemporaryDirectory(prefix="finops-guard-") as folder, instead(texts or {}):
        path = Path(folder) / "run.snapshot"
        report = run(replace(request, snapshot_out=path))
        resources = {each.id: each for each in spool.read(path, request.policy.aliases)}
    wrong = {each.id: each for each in report.findings if each.verdict in {"fail", "unknown"}}
    return Seen(report, wrong, resources)


def unknown(finding: Finding) -> str:
    """What keeps a finding from being known to pass."""
    found = [f"{each.field}: {each.actual.reason}" for each in finding.reasons if isinstance(each.actual, Unknown)]
    return "; ".join(found) or "something in it is unknown"
