"""Which channel is told what: what is due, in the form and to the readers that the policy names. Pure.

- A `notify` step that is due is told to every channel whose `for` it fits.
- A step with `warn` is reminded of once for each of its moments that has come; of several missed ones, the last.
- What a verb did, or failed to do, is told to the same channels.

A channel that goes to owners has one notice for each of them: the lead of the resource's team, else who its `owner` tag
names, else the policy's owner. All others have one, in groups.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.model import Finding, Param, Policy, Report, Resource, Step
from finops_guard.notify._channels import To, identity
from finops_guard.notify._items import Told, acted, asked, clipped, found
from finops_guard.notify._notice import Group, Item, Kind, Notice
from finops_guard.outputs._view import ordered
from finops_guard.plan.context import WRITES

if TYPE_CHECKING:
    from finops_guard.plan import Episodes
    from finops_guard.state.episodes import Records

_NO = {"team": "(no team)", "owner": "(no owner)", "rule": "(no rule)", "account": "(no account)"}


@dataclass(frozen=True, slots=True)
class _Case:
    """An item with what it is routed by."""

    kind: Kind
    item: Item
    finding: Finding


def notices(
    report: Report,
    policy: Policy,
    now: datetime,
    *,
    episodes: Episodes | None = None,
    records: Records | None = None,
    head: str = "",
    kinds: Collection[Kind] = ("finding", "reminder", "act"),
) -> list[Notice]:
    """What each channel of the policy is to be told after a run; nothing in a dry-run.

    `episodes` are those that the plan counted from, `records` what the state holds of all findings (so that a notice
    that begins an episode has the same key when it is tried again, and no reminder goes out twice). `head` is the
    newest hash of the journal. `kinds`: what is to be told now; before the acts it is not "act", after them only that.
    """
    if report.mode != "enforce" or policy.mode != "enforce":
        return []
    speaking = {binding.name for binding in policy.bindings if "notify" in policy.permit & binding.permit}
    steps = [step for step in report.steps if step.binding in speaking]
    told = Told(policy.name, report, episodes or {}, records or {})
    cases = [case for case in _cases(report, steps, told, now) if case.kind in kinds]
    made = []
    for to in policy.channels:
        for kind, recipient, groups in _addressed(to, [case for case in cases if fits(to, case.finding)], policy):
            channel, folder = identity(to), str(Path(policy.path).parent)
            made.append(Notice(policy.name, report.run_id, now, kind, channel, groups, recipient, head, folder))
    return made


def fits(to: To, finding: Finding) -> bool:
    """Whether a channel's `for` lets a finding through."""
    wanted = to.get("for")
    if not isinstance(wanted, Mapping):
        return True
    actual = {"severity": finding.severity, "team": team(finding.resource), "rule": finding.rule.id}
    return all(actual[name] in (want if isinstance(want, list) else [want]) for name, want in wanted.items())


def team(resource: Resource) -> str:
    """The value of its `team` tag, empty where it has none that can be told."""
    value = resource.tags.look("team")
    return value if isinstance(value, str) else ""


def _cases(report: Report, steps: Iterable[Step], told: Told, now: datetime) -> Iterator[_Case]:
    findings = {finding.id: finding for finding in ordered(report.findings)}
    for step in steps:
        for id_, rung in step.serves:
            finding = findings.get(id_)
            if finding is None:
                continue
            if step.do == "notify" and step.state == "due":
                yield _Case("finding", found(finding, rung, told), finding)
            elif step.do in WRITES and step.state in ("done", "failed"):
                yield _Case("act", acted(finding, rung, step, told), finding)
            elif (before := _reminder(step, finding, rung, told, now)) is not None:
                yield _Case("reminder", asked(finding, rung, step, before, told), finding)


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


def _addressed(to: To, cases: list[_Case], policy: Policy) -> Iterator[tuple[Kind, str, tuple[Group, ...]]]:
    """Kind, recipient and groups of each notice to a channel."""
    by_owner = to.get("to") == "owner"
    apart: dict[tuple[Kind, str], list[_Case]] = defaultdict(list)
    for case in cases:
        apart[case.kind, _recipient(case.finding.resource, policy) if by_owner else ""].append(case)
    for (kind, recipient), some in sorted(apart.items(), key=lambda pair: pair[0]):
        yield kind, recipient, tuple(_groups(some, str(to.get("group_by") or "team")))


def _recipient(resource: Resource, policy: Policy) -> str:
    known = policy.teams.get(team(resource))
    return (known.lead if known else None) or clipped(resource.text("owner")) or policy.owner


def _groups(cases: Iterable[_Case], by: str) -> Iterator[Group]:
    name: Callable[[_Case], str] = {
        "team": lambda case: team(case.finding.resource),
        "owner": lambda case: case.finding.resource.text("owner"),
        "rule": lambda case: case.finding.rule.id,
        "account": lambda case: case.finding.resource.text("account"),
    }.get(by, lambda _case: "")
    together: dict[str, dict[str, Item]] = defaultdict(dict)
    for case in cases:
        together[clipped(name(case))][case.item.key] = case.item
    for group, items in sorted(together.items(), key=lambda pair: (not pair[0], pair[0])):
        yield Group(group or _NO.get(by, ""), tuple(items.values()))
