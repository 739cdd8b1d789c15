"""Tags put right in infrastructure as code, by edits that are judged before anybody sees them.

For the command, and for whatever else shows edits to people (suggestions in a pull request):

    fixes(request, given) -> Fixed     what can be put right in one target, nothing written
    hunks(fixed) -> Iterator[Hunk]     the same as lines: file, first and last line, the new lines, the findings
    diff(fixed.texts, fixed.edits)     the same as a patch
    write(fixed.texts, top)            the same, done

An edit stays only where its finding is gone, no other finding is new, and no resource changed in anything but the tags
that were meant to. Otherwise it is refused with the reason, and the rest is judged again without it. Inside: what to do
(`wants`, `jobs`), where that is written (`places`), how (`hcl`), whether it holds (`judged`, `compare`, `settle`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.fixing.edit import Edit
from finops_guard.fixing.gains import told
from finops_guard.fixing.hunks import Hunk, hunks
from finops_guard.fixing.jobs import jobs_of
from finops_guard.fixing.judged import look, unknown
from finops_guard.fixing.patch import diff
from finops_guard.fixing.settle import Bench, settled
from finops_guard.fixing.texts import Texts
from finops_guard.fixing.write import write

if TYPE_CHECKING:
    from finops_guard.fixing.draft import Draft
    from finops_guard.fixing.job import Job
    from finops_guard.model import Finding, Report
    from finops_guard.pipeline import Request

__all__ = ["Edit", "Fixed", "Hunk", "Repair", "diff", "fixes", "hunks", "write"]


@dataclass(frozen=True, slots=True)
class Repair:
    """A finding that fails no more with the edits, and those of them that are for it: none where it goes with others.

    `unknown`: why it is still not known to pass, for something that nobody knew before either; None where it passes.
    """

    finding: Finding
    edits: Mapping[Path, tuple[Edit, ...]] = field(default_factory=dict)
    unknown: str | None = None


@dataclass(frozen=True, slots=True)
class Fixed:
    """What can be put right. Paths are as the target named them.

    `report`: of the target as it is. `texts`: every edited file, before and after. `edits`: by file, each with the
    findings that it is for. `left`: findings about tags that stay, and why; what is exempt is in neither. `said`: what
    whoever takes the edits should know.
    """

    report: Report
    texts: Mapping[Path, tuple[bytes, bytes]] = field(default_factory=dict)
    edits: Mapping[Path, Mapping[Edit, tuple[Finding, ...]]] = field(default_factory=dict)
    repaired: tuple[Repair, ...] = ()
    left: tuple[tuple[Finding, str], ...] = ()
    said: tuple[str, ...] = ()


def fixes(request: Request, given: Mapping[str, str]) -> Fixed:
    """What can be put right in the only target of a request. `given`: values of missing tags by canonical key.

    Reads files and writes none. InputError as of a scan.
    """
    texts, before = Texts(Path(request.targets[0])), look(request)
    asked = jobs_of(before.by_id.values(), texts, given, request.policy.aliases)
    bench = Bench(request, texts, given, before, asked.left)
    draft, after = settled(asked.jobs, bench)
    failed = [each for each in before.by_id.values() if each.verdict == "fail"]
    gone = {each.id for each in failed if each.id not in after.by_id or after.by_id[each.id].verdict != "fail"}
    edits = {file: {edit: _findings(jobs) for edit, jobs in some.items()} for file, some in draft.edits.items()}
    by_finding = _by_finding(draft)
    return Fixed(
        report=before.report,
        texts={file: (texts.data(file), text) for file, text in draft.texts(texts).items()},
        edits=edits,
        repaired=tuple(
            Repair(each, by_finding.get(each.id, {}), unknown(after.by_id[each.id]) if each.id in after.by_id else None)
            for each in failed
            if each.id in gone
        ),
        left=tuple((finding, why) for finding, why in bench.left if finding.id not in gone),
        said=(*draft.said, *told(draft, before, after)),
    )


def _findings(jobs: list[Job]) -> tuple[Finding, ...]:
    """The findings of some jobs, each once."""
    return tuple({job.finding.id: job.finding for job in jobs}.values())


def _by_finding(draft: Draft) -> dict[str, dict[Path, tuple[Edit, ...]]]:
    found: dict[str, dict[Path, tuple[Edit, ...]]] = defaultdict(dict)
    for file, some in draft.edits.items():
        for edit in sorted(some):
            for finding in _findings(some[edit]):
                found[finding.id][file] = (*found[finding.id].get(file, ()), edit)
    return found
