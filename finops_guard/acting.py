"""An enforcing run, after it judged: notices that begin episodes, then the acts that are due, all on record.

    findings ─► ended episodes ─► plan ─► marks, notices ─► begun episodes ─► plan ─► acts ─► notices of the acts

Every act goes through `apply`; nothing here calls a cloud.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from finops_guard import notify
from finops_guard.apply import Applied, Clock, Judge, Session, Verbs, apply, session, settle
from finops_guard.apply.own import before_ours
from finops_guard.model import Finding, Gap, Policy, Report, Resource, Step
from finops_guard.plan import plan
from finops_guard.plan.file import write_plan
from finops_guard.state.episodes import (
    About,
    Done,
    EpisodeRecord,
    Ladder,
    Notice,
    Seen,
    Sight,
    advance,
    held,
    next_state,
)
from finops_guard.state.episodes import warned as reminded
from finops_guard.state.store import Store

Again = Callable[[Collection[str]], Iterable[Resource]]
"""The resources of some ids, as this run collected them."""
MARK = "tag finops-guard-due"
_ACTS: tuple[Literal["act"]] = ("act",)


@dataclass(frozen=True, slots=True)
class Orders:
    """What an enforcing run acts with. With `plan_out` every act but notices is left to that plan file."""

    store: Store
    verbs: Verbs
    judge: Judge
    clock: Clock
    environ: Mapping[str, str]
    by: str
    plan_out: Path | None = None


def act(report: Report, policy: Policy, orders: Orders, again: Again) -> Report:
    """The report with what was done, failed and refused. ActError if the lease is another's or acting is halted."""
    with session(
        orders.store, report.run_id, orders.clock, by=orders.by, policy=policy, identities=report.identities
    ) as ours:
        return _Run(report, policy, orders, ours).out(again)


@dataclass(slots=True)
class _Run:
    report: Report
    policy: Policy
    orders: Orders
    ours: Session

    def out(self, again: Again) -> Report:
        ours, orders = self.ours, self.orders
        settle(ours, orders.verbs)
        ours.recount()
        findings = [*self.report.findings, *self._as_before_ours(again)]
        seen = [*self._seen(findings), *self._missing(findings)]
        ours.keep(next_state(ours.records, seen, (), ours.now()))
        first = self._plan(findings)
        marked = self._marks(first)
        told, errors = self._tell(first, findings, seen, marked)
        steps = self._plan(findings)
        if orders.plan_out is not None:
            write_plan(orders.plan_out, steps, self.policy, ours.now(), identities=self.report.identities)
            applied = Applied(ours.run)
        else:
            applied = apply(steps, ours, orders.verbs, orders.judge)
        done = [*_told(first, told, marked, errors), *applied.over(_but(steps, told))]
        after = replace(self._with(findings, done), finished=ours.now())
        errors += self._tell_acts(after)
        short = (*marked.short, *applied.short)
        return replace(after, short=short, remarks=(*after.remarks, *dict.fromkeys(errors)))

    def _plan(self, findings: Sequence[Finding]) -> list[Step]:
        ours = self.ours
        holding = held(ours.records, ours.now())
        free = [finding for finding in findings if finding.id not in holding]
        episodes = ours.episodes(finding.id for finding in free)
        return plan(
            free, self.policy, ours.now(), mode="enforce",
            can=self.orders.verbs.has, episodes=episodes, done_24h=ours.spent,
        )  # fmt: skip

    def _as_before_ours(self, again: Again) -> Iterator[Finding]:
        """Findings that only our own earlier act keeps from failing: their later rungs go on."""
        known = {finding.id for finding in self.report.findings}
        waiting: dict[str, list[EpisodeRecord]] = {}
        for finding, record in self.ours.records.items():
            if record.running and record.before and finding not in known:
                waiting.setdefault(record.about.resource, []).append(record)
        there = [before_ours(each, (), waiting[each.id]) for each in again(waiting.keys())] if waiting else []
        for found in self.orders.judge(there, self.ours.now()):
            if found.id in self.ours.records and found.id not in known:
                yield found

    def _seen(self, findings: Iterable[Finding]) -> Iterator[Seen]:
        ladders = _ladders(self.policy)
        for finding in findings:
            ladder = ladders.get((finding.binding, finding.rule.id))
            if ladder is None or finding.verdict not in ("fail", "unknown"):
                continue
            sight: Sight = (
                "exempt" if finding.exempt is not None else "fail" if finding.verdict == "fail" else "unknown"
            )
            yield Seen(finding.id, sight if finding.acts else "unknown", About.of(finding), ladder)

    def _missing(self, findings: Iterable[Finding]) -> Iterator[Seen]:
        """Running episodes that nothing fails for any more: it passes or is gone, where this run looked."""
        known = {finding.id for finding in findings}
        accounts = {(who.cloud, who.account) for who in self.report.identities}
        for finding, record in self.ours.records.items():
            if finding in known or not record.running:
                continue
            about = record.about
            looked = (about.cloud, about.account) in accounts and not any(map(about_in(about), self.report.gaps))
            ladder = Ladder(record.ladder, notifies=False, longest=record.longest)
            yield Seen(finding, "pass" if looked else "unknown", about, ladder)

    def _marks(self, steps: Sequence[Step]) -> Applied:
        """Notices that mark their resource write the tag first: it carries the notice where no channel does."""
        if self.orders.plan_out is not None:
            return Applied(self.ours.run)
        marks = [step for step in steps if step.do == "notify" and step.after]
        return apply(marks, self.ours, self.orders.verbs, self.orders.judge)

    def _tell(
        self, steps: Sequence[Step], findings: Sequence[Finding], seen: Sequence[Seen], marked: Applied
    ) -> tuple[dict[tuple[str, int], tuple[str, ...]], list[str]]:
        """Deliver notices and reminders, begin episodes; (finding, rung) -> who took it, and what went wrong."""
        ours, orders, policy = self.ours, self.orders, self.policy
        now = ours.now()
        failing = {finding.id for finding in findings if finding.verdict == "fail"}
        episodes = ours.episodes(failing)
        late = notify.waiting(orders.store, now, failing)
        made = notify.notices(
            self._with(findings, steps), policy, now,
            episodes=episodes, records=ours.records, kinds=("finding", "reminder"),
        )  # fmt: skip
        delivered = notify.deliver([*late, *made], policy.channels, orders.environ, now)
        notify.keep(orders.store, delivered.owed)
        notify.sent(orders.store, delivered.sent)
        told = dict(delivered.taken)
        wrote = {outcome.step for outcome in marked.outcomes if outcome.state == "done"}
        for step in steps:
            if step.id in wrote:
                for place in step.serves:
                    told[place] = (*told.get(place, ()), MARK)
        begun = [Notice(finding, rung, now, to) for (finding, rung), to in told.items()]
        ours.keep(next_state(ours.records, seen, begun, now))
        ours.keep(advance(ours.records, [Done(finding, rung, now) for finding, rung in told]))
        ours.keep(reminded(ours.records, delivered.warned, now))
        return told, [f"channel {channel}: {what}" for channel, what in delivered.errors]

    def _tell_acts(self, report: Report) -> list[str]:
        ours, orders = self.ours, self.orders
        made = notify.notices(
            report, self.policy, ours.now(),
            episodes=ours.episodes(finding.id for finding in report.findings),
            records=ours.records, head=ours.close(), kinds=_ACTS,
        )  # fmt: skip
        delivered = notify.deliver(made, self.policy.channels, orders.environ, ours.now())
        notify.keep(orders.store, delivered.owed)
        notify.sent(orders.store, delivered.sent)
        return [f"channel {channel}: {what}" for channel, what in delivered.errors]

    def _with(self, findings: Sequence[Finding], steps: Sequence[Step]) -> Report:
        for finding in findings:
            record = self.ours.records.get(finding.id)
            if record is not None and record.running:
                finding.since = record.began
        return replace(self.report, findings=tuple(findings), steps=tuple(steps))


def _ladders(policy: Policy) -> dict[tuple[str, str], Ladder]:
    """By (binding, rule id)."""
    return {(binding.name, rule.id): Ladder.of(rule, binding) for binding in policy.bindings for rule in binding.rules}


def about_in(about: About) -> Callable[[Gap], bool]:
    """Whether a gap may hide what a record is about; `*` in a gap is anything."""
    where = {"cloud": about.cloud, "account": about.account, "region": about.region, "type": about.type}
    return lambda gap: all(getattr(gap, name) in ("*", value) for name, value in where.items())


def _but(steps: Iterable[Step], told: Collection[tuple[str, int]]) -> Iterator[Step]:
    """Steps of the second plan that the first one's notices did not already serve."""
    return (step for step in steps if not (step.do == "notify" and set(step.serves) & set(told)))


def _told(
    steps: Iterable[Step], told: Collection[tuple[str, int]], marked: Applied, errors: Sequence[str]
) -> Iterator[Step]:
    """The notices of the first plan as they ended: done where a channel took them or the mark was written."""
    outcomes = {outcome.step: outcome for outcome in marked.outcomes}
    for step in steps:
        if step.do != "notify" or step.state != "due":
            continue
        outcome = outcomes.get(step.id)
        if set(step.serves) & set(told):
            because = outcome.error if outcome is not None and outcome.state != "done" else step.because
            yield replace(step, state="done", because=because)
        elif errors or outcome is not None:
            why = "; ".join(errors) or (outcome.error if outcome is not None else None)
            yield replace(step, state="failed", because=why)
