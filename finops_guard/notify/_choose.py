"""Which channel is told what of a plan: what is due, in the form and to the readers that the policy names. Pure.

- A `notify` step that is due is told to every channel whose `for` it fits.
- A step with `warn` is reminded of once for each of its moments that has come; of several missed ones, the last.

A channel that goes to owners has one notice for each of them: the lead of the resource's team, else who its `owner` tag
names, else the policy's owner. All others have one, in groups. What was done is told from the journal (`_deeds`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from finops_guard.model import Finding, Param, Policy, Report, Resource, Step
from finops_guard.notify._items import Told, asked, found
from finops_guard.notify._notice import Item, Kind, Notice
from finops_guard.notify._route import Case, routed
from finops_guard.state.shelf import ordered

if TYPE_CHECKING:
    from finops_guard.plan import Episodes
    from finops_guard.state.episodes import Records


def notices(
    report: Report,
    policy: Policy,
    now: datetime,
    *,
    episodes: Episodes | None = None,
    records: Records | None = None,
    head: str = "",
) -> list[Notice]:
    """What each channel of the policy is to be told before a run acts; nothing in a dry-run.

    `episodes` are those that the plan counted from, `records` what the state holds of all findings (so that a notice
    that begins an episode has the same key when it is tried again, and no reminder goes out twice). `head` is the
    newest hash of the journal.
    """
    if report.mode != "enforce" or policy.mode != "enforce":
        return []
    speaking = {binding.name for binding in policy.bindings if "notify" in policy.permit & binding.permit}
    steps = [step for step in report.steps if step.binding in speaking]
    told = Told(policy.name, report, episodes or {}, records or {})
    return routed(_cases(report, steps, told, now), policy, report.run_id, now, head)


def team(resource: Resource) -> str:
    """The value of its `team` tag, empty where it has none that can be told."""
    value = resource.tags.look("team")
    return value if isinstance(value, str) else ""


def _cases(report: Report, steps: Iterable[Step], told: Told, now: datetime) -> Iterator[Case]:
    findings = {finding.id: finding for finding in ordered(report.findings)}
    for step in steps:
        for id_, rung in step.serves:
            finding = findings.get(id_)
            if finding is None:
                continue
            if step.do == "notify" and step.state == "due":
                yield _case("finding", found(finding, rung, told), finding)
            elif (before := _reminder(step, finding, rung, told, now)) is not None:
                yield _case("reminder", asked(finding, rung, step, before, told), finding)


def _case(kind: Kind, item: Item, finding: Finding) -> Case:
    return Case(kind, item, team(finding.resource), finding.resource.text("owner"))


def _reminder(step: Step, finding: Finding, rung: int, told: Told, now: datetime) -> int | None:
    """How many seconds before the act the reminder stands that is to go out now, None if none is."""
    warn = finding.rule.otherwise[rung].warn
    if step.state != "scheduled" or step.due is None or step.due <= now or finding.id not in told.episodes:
        return None
    moments = {step.due - timedelta(seconds=s): s for s in warn if not isinstance(s, Param)}
    come = max((moment for moment in moments if moment <= now), default=None)
    record = told.records.get(finding.id)
    last = record.warned.get(rung) if record is not None else None
    return None if come is None or (last is not None and last >= come) else moments[come]
