"""Gates 2 and 3: each resource read again, judged again and planned again, just before it is acted on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from finops_guard.apply.another import ANOTHER, is_another
from finops_guard.apply.intended import as_intended
from finops_guard.apply.own import as_the_verb, before_ours
from finops_guard.apply.ports import Because, Judge, Verbs, Windows
from finops_guard.apply.reading import reread
from finops_guard.apply.session import Session
from finops_guard.apply.sights import Sights
from finops_guard.apply.stops import newest_stop
from finops_guard.evaluate.need import need_of, windows_of
from finops_guard.model import LIFECYCLE, Cap, Finding, Outcome, Policy, Resource, Step, StepState, Unknown
from finops_guard.plan import Episode, plan
from finops_guard.plan.calendar import earliest
from finops_guard.plan.limits import refusal
from finops_guard.plan.observed import Observed, changed, look, observed
from finops_guard.state.episodes import EpisodeRecord
from finops_guard.state.lines import stamp

_ANY = Cap(2**31)
_ENDED = ("completed", "deleting")


@dataclass(slots=True)
class Recheck:
    """What the second look is made with; `was` as in `PlanFile.observed`.

    By step that is to be done: `judged` is its resource as judged, `reasons` say by rule why it breaks that.
    """

    session: Session
    verbs: Verbs
    judge: Judge
    policy: Policy
    was: Mapping[str, Observed]
    because: Because
    sights: Sights = field(init=False)
    by_resource: dict[str, list[str]] = field(default_factory=dict)
    judged: dict[str, Resource] = field(default_factory=dict)
    reasons: dict[str, dict[str, Sequence[str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sights = Sights(self.policy)
        for finding, record in self.session.records.items():
            self.by_resource.setdefault(record.about.resource, []).append(finding)

    def __call__(self, steps: Sequence[Step], verb: str) -> tuple[list[Step], list[Outcome]]:
        """The steps that are to be done now, with their resources as they are now; the outcomes of the others."""
        live = reread(self.verbs, [step.resource for step in steps], self._windows(steps, verb))
        now = self.session.now()
        there = [self._before_ours(resource) for resource in live.values() if resource is not None]
        findings = {finding.id: finding for finding in self.judge(there, now)}
        planned = {step.id: step for step in self._planned(findings, steps, now)}
        go: list[Step] = []
        out: list[Outcome] = []
        for step in steps:
            resource, again = live[step.resource.id], planned.get(step.id)
            state, why = self._verdict(step, resource, again, findings, now)
            if state == "due" and again is not None and resource is not None:
                if "running_for" in again.resource.fields:
                    resource.fields.setdefault("running_for", again.resource.fields["running_for"])
                self.judged[step.id] = again.resource
                served = [findings[finding] for finding, _ in step.serves]
                self.reasons[step.id] = {finding.rule.id: self.because(finding) for finding in served}
                go.append(replace(again, resource=resource, saves_month=step.saves_month))
            else:
                out.append(Outcome(step.id, state, {}, {}, why))
        return go, out

    def _windows(self, steps: Sequence[Step], verb: str) -> Windows:
        """What is measured again: what the rules read that a step is for, and those with an episode on its resource.

        No other rule has a say in what is planned anew. Before a change of state all is measured, and goes on record.
        """
        if verb in LIFECYCLE:
            return need_of(self.policy).metrics
        rules = {rule for step in steps for rule in step.rules}
        for step in steps:
            episodes = self.by_resource.get(step.resource.id, ())
            rules |= {self.session.records[each].about.rule for each in episodes if self.session.records[each].running}
        return windows_of(self.policy, rules)

    def _before_ours(self, resource: Resource) -> Resource:
        records = [self.session.records[finding] for finding in self.by_resource.get(resource.id, ())]
        resource.stop = newest_stop(records)
        return before_ours(resource, self.session.own.get(resource.id, ()), records)

    def _planned(self, findings: Mapping[str, Finding], steps: Sequence[Step], now: datetime) -> Iterator[Step]:
        """What follows from findings whose episode goes on; notices, which begin one, from any."""
        episodes = self.session.episodes(findings)
        running = [finding for finding in findings.values() if finding.id in episodes]
        yield from self._plan(running, episodes, now)
        if any(step.do == "notify" for step in steps):
            yield from (step for step in self._plan(findings.values(), episodes, now) if step.do == "notify")

    def _plan(self, findings: Iterable[Finding], episodes: Mapping[str, Episode], now: datetime) -> list[Step]:
        can = self.verbs.has
        return list(plan(findings, self.policy, now, mode="enforce", can=can, episodes=episodes, reread=True))

    def _verdict(
        self, step: Step, live: Resource | None, again: Step | None, findings: Mapping[str, Finding], now: datetime
    ) -> tuple[StepState, str | None]:
        if live is None:
            return "skipped", "it is gone"
        if step.do in LIFECYCLE and live.id in self.session.moved:
            return "scheduled", "one change of its state a run"
        for finding, rung in step.serves:
            stands = self._stands(step, findings.get(finding), self.session.records.get(finding), rung, live, now)
            if stands is not None:
                return stands
        if again is None:
            return "skipped", "what its rules want of it changed since it was planned"
        if again.state != "due":
            return again.state, again.because
        if as_intended(as_the_verb(step), live, again.after):
            return "skipped", "it is so already"
        if step.do in LIFECYCLE and live.fields.get("state") in _ENDED:
            return "skipped", f"it is {live.text('state')} already"
        if step.do == "notify" and (why := self._no_mark(again, live, now)):
            return why
        return self._same(step, again)

    def _stands(
        self,
        step: Step,
        finding: Finding | None,
        record: EpisodeRecord | None,
        rung: int,
        live: Resource,
        now: datetime,
    ) -> tuple[StepState, str] | None:
        """Why what the step serves no longer calls for it."""
        if finding is None:
            return "skipped", f"it no longer breaks {' and '.join(step.rules)}"
        rule = finding.rule.id
        if finding.verdict != "fail" or finding.doubt is not None:
            return "refused", finding.doubt or f"whether it still breaks {rule} is unknown: {_unknown(finding)}"
        if finding.exempt is not None:
            return "skipped", f"exempt: {finding.exempt}"
        if record is not None and record.held(now) and record.held_until is not None:
            return "scheduled", f"it was undone: nothing is done to it until {stamp(record.held_until)}"
        if step.do == "notify":
            return None
        if record is None or not record.running:
            return "scheduled", f"its episode under {rule} has not begun: its notice was not delivered"
        if is_another(live, record.began):
            return "scheduled", f"{ANOTHER}: its episode under {rule} has not begun"
        if record.ladder != self.sights.ladder(finding).hash:
            return "scheduled", f"{rule} changed since its episode began"
        return ("skipped", "it was done in this episode") if rung in record.done else None

    def _no_mark(self, step: Step, live: Resource, now: datetime) -> tuple[StepState, str] | None:
        """Why a notice does not mark its resource: that writes a tag, and what holds for tags holds for it."""
        if live.tags.open_because is not None or live.fields.get("taggable") is False:
            return "refused", "it can carry no tags, or they cannot be read"
        if live.look("protected") is True:
            return "refused", "it is protected"
        if not self.verbs.has(live.text("type"), "tag"):
            return "refused", f"tag of {live.text('type')} is not available in this version"
        put = {key: str(value) for key, value in step.after.items()}
        if why := refusal(live.text("cloud"), live.tags.raw, put, frozenset()):
            return "refused", why
        if self.policy.approve.get("tag"):
            return "scheduled", "tag waits for approval"
        moment, why = earliest("tag", now, self.policy.freeze, self.policy.windows)
        return None if moment == now else ("scheduled", why or "not now")

    def _same(self, step: Step, again: Step) -> tuple[StepState, str | None]:
        """Whether it would be decided on the same, and do the same."""
        was = self.was.get(step.id)
        then = observed(step, self.policy) if was is None else was
        here = look(step, again.resource, self.policy)
        names = changed(then, here)
        if lost := [name for name in names if name not in here]:
            return "refused", f"it can no longer be told: {', '.join(lost)}"
        if names:
            return "skipped", f"changed since it was planned: {', '.join(names)}"
        if (again.before, again.after) != (step.before, step.after):
            return "skipped", "what would be written changed since it was planned"
        if lost := [loss for loss in again.loses if loss not in step.loses]:
            return "skipped", f"it would now lose {' and '.join(lost)}"
        return "due", None


def with_room(policy: Policy, approved: Sequence[str]) -> Policy:
    """The policy as the second look needs it: `at_most` is counted elsewhere, approvals that are there count."""
    at_most = {verb: _ANY if cap.count else cap for verb, cap in policy.at_most.items()}
    waits = {verb: count for verb, count in policy.approve.items() if count > len(approved)}
    return replace(policy, at_most=at_most, approve=waits)


def verbs_of(steps: Iterable[Step]) -> dict[str, list[Step]]:
    """Steps by the verb that carries them out."""
    found: dict[str, list[Step]] = {}
    for step in steps:
        found.setdefault(as_the_verb(step), []).append(step)
    return found


def _unknown(finding: Finding) -> str:
    reasons = [reason.actual.reason for reason in finding.reasons if isinstance(reason.actual, Unknown)]
    return "; ".join(dict.fromkeys(reasons)) or "something that it reads"
