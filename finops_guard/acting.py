"""An enforcing run, after it judged: notices that begin episodes, then the acts that are due, all on record.

    findings ─► ended episodes ─► plan ─► marks, notices ─► begun episodes ─► plan ─► acts ─► notices of the acts

Every act goes through `apply`; nothing here calls a cloud.

What is decided here, and its reasons:

- An episode ends only where this run looked: the resource was read and no longer fails, or it was not there in a place
  that the run read whole. A scan of less, or with gaps, ends nothing elsewhere.
- What only our own stop keeps from failing still fails here, so that its later rungs go on; in the report it does not.
- What somebody started again after our stop begins anew: its notice first, and then its waiting time. So does what has
  the name of something that is gone.
- A binding in dry-run begins no episode: its time counts from the first run that enforces it.
- A plan file gets every write, the marks too: then only channels carry notices.
- What was done is told at least once, from the journal: by this run, or by the next where this one is killed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from finops_guard import notify
from finops_guard.apply import Applied, Clock, Judge, Limits, Session, Verbs, another, apply, session, settle
from finops_guard.apply.own import before_ours
from finops_guard.apply.recheck import with_room
from finops_guard.apply.sights import Sights
from finops_guard.apply.stops import restarted, stops_of, taken_back
from finops_guard.errors import ActError, GuardError
from finops_guard.model import BUDGET_TYPE, DESTRUCTIVE, Finding, Outcome, Policy, Report, Resource, Step
from finops_guard.plan import plan
from finops_guard.plan.file import writable, write_plan
from finops_guard.state.cells import read_whole
from finops_guard.state.episodes import (
    About,
    Done,
    EpisodeRecord,
    Notice,
    Seen,
    advance,
    held,
    next_state,
    warned,
)
from finops_guard.state.lines import stamp
from finops_guard.state.store import Store

Again: TypeAlias = Callable[[Collection[str]], Iterable[Resource]]
"""The resources of some ids, as this run collected them."""
Told: TypeAlias = dict[tuple[str, int], tuple[str, ...]]
"""By (finding, rung), who took its notice."""

MARK = "tag finops-guard-due"
_LEFT = "its mark was not written: a plan file leaves every write to apply"
_NOBODY = "no channel took its notice in this run"
_LATER = "the time of this run was up before all that is due was done"


@dataclass(frozen=True, slots=True)
class Orders:
    """What an enforcing run acts with. With `plan_out` every act but notices is left to that plan file.

    From `until` on no batch is begun but the first, so that every run comes nearer to the end.
    """

    store: Store
    verbs: Verbs
    judge: Judge
    clock: Clock
    environ: Mapping[str, str]
    by: str
    plan_out: Path | None = None
    until: datetime | None = None


def act(report: Report, policy: Policy, orders: Orders, again: Again) -> Report:
    """The report with what was done, failed and refused; see `barred` where acting could not begin.

    InputError where the plan file cannot be written.
    """
    if orders.plan_out is not None:
        writable(orders.plan_out)
    try:
        with session(
            orders.store, report.run_id, orders.clock, by=orders.by, policy=policy, identities=report.identities
        ) as ours:
            return _Run(report, policy, orders, ours).out(again)
    except ActError as wrong:
        return barred(report, wrong)


def barred(report: Report, wrong: ActError) -> Report:
    """The report of a run that may not act, or could not say on record that it does: what was due is refused."""
    why = f"{wrong.what} ({wrong.help})" if wrong.help else wrong.what
    steps = tuple(
        replace(step, state="refused", because=why) if step.state == "due" and step.do != "suggest" else step
        for step in report.steps
    )
    return replace(report, steps=steps, barred=why, short=(why,), remarks=(*report.remarks, f"nothing was done: {why}"))


@dataclass(slots=True)
class _Run:
    report: Report
    policy: Policy
    orders: Orders
    ours: Session
    remarks: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def out(self, again: Again) -> Report:
        ours, orders = self.ours, self.orders
        left = settle(ours, orders.verbs)
        there = {resource.id: resource for resource in again(self._missed() | stops_of(ours.records).keys())}
        ours.keep(another.ended(ours.records, self.report.findings, there, ours.now()))
        ours.keep(taken_back(ours.records, restarted(ours.records, there, self.report.at), ours.now()))
        findings = self._as_before_ours(there)
        seen = Sights(self.policy).seen(findings, ours.records, there.keys(), self._looked)
        ours.keep(next_state(ours.records, seen, (), ours.now()))
        first = self._plan(findings)
        marked = self._mark(first)
        told = self._tell(first, findings, seen, marked)
        steps = self._plan(findings) if told else first
        if orders.plan_out is not None:
            self._put_dependants(steps)
            write_plan(orders.plan_out, steps, self.policy, ours.now(), identities=self.report.identities)
            applied = Applied(ours.run)
        else:
            applied = self._apply(steps)
        spoken = {step.id: step for step in self._spoken(first, told, marked)}
        done = [*spoken.values(), *(step for step in applied.over(steps) if step.id not in spoken)]
        short = [*marked.short, *applied.short, *self._tell_acts()]
        self._since(self.report.findings)
        self._say(left, findings, short)
        more = marked.more or applied.more
        self.remarks += [_LATER] if more else []
        remarks = (*self.report.remarks, *dict.fromkeys(self.remarks))
        return replace(
            self.report, steps=tuple(done), finished=ours.now(), short=tuple(dict.fromkeys(short)), remarks=remarks,
            journal_head=ours.head or None, more=more,
        )  # fmt: skip

    def _apply(self, steps: Sequence[Step]) -> Applied:
        orders, limits = self.orders, Limits(until=self.orders.until)
        return apply(steps, self.ours, orders.verbs, orders.judge, limits=limits, because=notify.reasons)

    def _put_dependants(self, steps: Iterable[Step]) -> None:
        """Who else depends on what a plan would stop: for the people who look at it."""
        stopped = [step for step in steps if step.do in DESTRUCTIVE and step.state in ("due", "scheduled")]
        known = self.orders.verbs.dependants(list({step.resource.id: step.resource for step in stopped}.values()))
        for step in stopped:
            if step.resource.id in known:
                step.resource.facts["dependants"] = list(known[step.resource.id])

    def _running(self, failing: Collection[str]) -> dict[str, EpisodeRecord]:
        """Running episodes of findings that do not fail in this run."""
        return {
            finding: record
            for finding, record in self.ours.records.items()
            if record.running and finding not in failing
        }

    def _missed(self) -> set[str]:
        """The resources of running episodes that nothing fails for in this run."""
        return {record.about.resource for record in self._running(_failing(self.report.findings)).values()}

    def _as_before_ours(self, there: Mapping[str, Resource]) -> list[Finding]:
        """The findings, and those that only our own earlier act keeps from failing: their later rungs go on."""
        waiting: dict[str, list[EpisodeRecord]] = {}
        ids = set()
        for finding, record in self._running(_failing(self.report.findings)).items():
            if record.before and record.about.resource in there:
                waiting.setdefault(record.about.resource, []).append(record)
                ids.add(finding)
        found = {finding.id: finding for finding in self.report.findings}
        before = [before_ours(there[resource], (), records) for resource, records in waiting.items()]
        found |= {again.id: again for again in self.orders.judge(before, self.ours.now()) if again.id in ids}
        return list(found.values())

    def _looked(self, about: About) -> bool:
        """Whether this run read the place of a record whole; of budgets it tells all or none."""
        if about.type == BUDGET_TYPE:
            return bool(self.report.budgets)
        scope = self.policy.scope.get(about.cloud, {})
        for name, place in (("accounts", about.account), ("regions", about.region)):
            listed = scope.get(name)
            if isinstance(listed, list | tuple) and place not in listed:
                return False
        return read_whole(about, self.report.gaps, self.report.identities)

    def _plan(self, findings: Sequence[Finding]) -> list[Step]:
        ours = self.ours
        holding = held(ours.records, ours.now())
        free = [finding for finding in findings if finding.id not in holding]
        episodes = ours.episodes(finding.id for finding in free)
        policy = with_room(self.policy, ())  # what `at_most` holds is counted by who acts, when it acts
        return list(plan(free, policy, ours.now(), mode="enforce", can=self.orders.verbs.has, episodes=episodes))

    def _mark(self, steps: Sequence[Step]) -> Applied:
        """Notices that mark their resource write the tag first: it carries the notice where no channel does."""
        if self.orders.plan_out is not None:
            return Applied(self.ours.run)
        first: dict[str, Step] = {}
        for step in sorted(_marking(steps), key=lambda step: (*map(str, step.after.values()), step.id)):
            first.setdefault(step.resource.id, step)  # of several on one resource the earliest day
        return self._apply(list(first.values()))

    def _tell(self, steps: Sequence[Step], findings: Sequence[Finding], seen: Sequence[Seen], marked: Applied) -> Told:
        """Deliver notices and reminders, and begin the episodes of what was told."""
        ours, now = self.ours, self.ours.now()
        failing = _failing(findings) - held(ours.records, now).keys()
        late = notify.waiting(self.orders.store, now, failing)
        made = notify.notices(
            replace(self.report, findings=tuple(findings), steps=tuple(steps)), self.policy, now,
            episodes=ours.episodes(failing), records=ours.records, head=ours.vouched(),
        )  # fmt: skip
        delivered = self._deliver([*late, *made])
        told: Told = dict(delivered.taken)
        outcomes = {outcome.step: outcome for outcome in marked.outcomes}
        bear = {step.resource.id for step in steps if step.id in outcomes and _bears(step, outcomes[step.id])}
        for step in _marking(steps):
            if step.resource.id in bear:
                told |= {place: (*told.get(place, ()), MARK) for place in step.serves}
        begun = [Notice(finding, rung, now, to) for (finding, rung), to in told.items()]
        ours.keep(next_state(ours.records, seen, begun, now))
        ours.keep(advance(ours.records, [Done(finding, rung, now) for finding, rung in told]))
        ours.keep(warned(ours.records, delivered.warned, now))
        return told

    def _tell_acts(self) -> Iterator[str]:
        """Tell what was done, with the head of the journal; why not, where the state does not take it."""
        ours, orders = self.ours, self.orders
        ours.close()
        try:
            self._heard(
                notify.tell_acts(
                    orders.store, self.policy, orders.environ, ours.now(), run=ours.run, head=ours.vouched()
                )
            )
        except GuardError as wrong:
            yield f"not all that was done could be told: {wrong.what}"

    def _deliver(self, notices: Iterable[notify.Notice]) -> notify.Delivered:
        delivered = notify.deliver(notices, self.policy.channels, self.orders.environ, self.ours.now())
        notify.keep(self.orders.store, delivered.owed)
        notify.sent(self.orders.store, delivered.sent)
        return self._heard(delivered)

    def _heard(self, delivered: notify.Delivered) -> notify.Delivered:
        self.errors += [f"channel {channel}: {what}" for channel, what in delivered.errors]
        return delivered

    def _spoken(self, steps: Iterable[Step], told: Told, marked: Applied) -> Iterator[Step]:
        """The notices of the first plan as they ended: done where a channel took them or the mark was written."""
        outcomes = {outcome.step: outcome for outcome in marked.outcomes}
        wrong = "; ".join(dict.fromkeys(self.errors))
        for step in steps:
            if step.do != "notify" or step.state != "due":
                continue
            outcome = outcomes.get(step.id)
            mark = None if outcome is None or _bears(step, outcome) else f"no mark: {outcome.error}"
            if told.keys() & set(step.serves):
                left = _LEFT if step.after and self.orders.plan_out is not None else None
                yield replace(step, state="done", because=mark or left or step.because)
            elif wrong or (outcome is not None and outcome.state == "failed"):
                yield replace(step, state="failed", because="; ".join(filter(None, (wrong, mark))))
            else:
                yield replace(step, state="scheduled", because="; ".join(filter(None, (_NOBODY, mark))))

    def _since(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            record = self.ours.records.get(finding.id)
            if record is not None and record.running:
                finding.since = record.began

    def _say(self, left: Sequence[Outcome], findings: Iterable[Finding], short: Iterable[str]) -> None:
        """What a reader must know about the run as a whole."""
        ours, say = self.ours, self.remarks.append
        if left:
            done = sum(outcome.state == "done" for outcome in left)
            say(f"an earlier run was cut short: of the acts it left open {done} were done, {len(left) - done} were not")
        holding = held(ours.records, ours.now())
        until = [holding[finding.id] for finding in findings if finding.id in holding and finding.verdict == "fail"]
        if until:
            say(f"{len(until)} findings are held after an undo, the last until {stamp(max(until))}")
        self.remarks += self.errors
        self.remarks += [f"not done: {why}" for why in short]
        if ours.head:
            say(f"the journal of this run ends with {ours.head}")


def _failing(findings: Iterable[Finding]) -> set[str]:
    return {finding.id for finding in findings if finding.verdict == "fail"}


def _marking(steps: Iterable[Step]) -> Iterator[Step]:
    return (step for step in steps if step.do == "notify" and step.state == "due" and step.after)


def _bears(step: Step, outcome: Outcome) -> bool:
    """Whether a resource bears its mark: written now, or by a run that was cut short before it could say so."""
    return outcome.state == "done" or (outcome.state == "skipped" and step.before == step.after)
