"""Carrying out: batch by batch, until all that is due was done, refused or found changed."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from finops_guard.apply import choice, record
from finops_guard.apply.canary import Canaries
from finops_guard.apply.own import as_the_verb, found_by
from finops_guard.apply.perform import Deed, perform, raised
from finops_guard.apply.ports import Because, Judge, Limits, Verbs
from finops_guard.apply.recheck import Recheck, verbs_of, with_room
from finops_guard.apply.result import Applied
from finops_guard.apply.session import Session
from finops_guard.apply.settle import settle
from finops_guard.errors import GuardError
from finops_guard.model import Mode, Outcome, Step
from finops_guard.plan.file import PlanFile
from finops_guard.state.journal import act_of


def apply(  # noqa: PLR0913 - what is done, with what, and how far
    steps: Sequence[Step],
    session: Session,
    verbs: Verbs,
    judge: Judge,
    *,
    mode: Mode = "enforce",
    plan: PlanFile | None = None,
    approved: Sequence[str] = (),
    only: Collection[str] | None = None,
    limits: Limits | None = None,
    because: Because = lambda _finding: (),
) -> Applied:
    """Carry out the steps that are due, through every gate; the others are left.

    `plan` is the file the steps are from, `approved` the principals that approved it (see `plan.approvals.counted`),
    `only` the ids of the steps that are wanted. With `mode` dry-run nothing is done and nothing written. What goes
    wrong is in the result; ActError or InputError only where nothing was done.
    """
    if mode == "dry-run":
        return Applied(session.run)
    settled = settle(session, verbs)
    wanted = choice.due(steps, session.now(), only)
    policy = with_room(session.policy, approved)
    check = Recheck(session, verbs, judge, policy, plan.observed if plan else {}, because)
    carry = _Carry(
        session, verbs, check, limits or Limits(), record.under(plan) if plan else "", Canaries(session.store)
    )
    for step in wanted:
        if step.id in session.finished:
            carry.outcomes[step.id] = replace(session.finished[step.id], error="done already in this run")
    if plan is not None and wanted:
        for act, outcome in record.done_under(plan, session.store):
            carry.outcomes[act.step] = replace(outcome, error="done already under this plan")
            session.own.setdefault(act.resource, []).append(act)
    wanted = [step for step in wanted if step.id not in carry.outcomes]
    if session.ended is not None:
        carry.stop(session.ended)
    try:
        for group in choice.batches(carry.within(wanted) if carry.stopped is None else ()):
            carry.out(group)
    except GuardError as wrong:
        carry.stop(raised(wrong))
    carry.leave(wanted)
    order = {step.id for step in steps}
    outcomes = tuple(outcome for outcome in carry.outcomes.values() if outcome.step in order)
    return Applied(session.run, outcomes, settled, tuple(carry.short), more=carry.more)


@dataclass(slots=True)
class _Carry:
    session: Session
    verbs: Verbs
    check: Recheck
    limits: Limits
    why: str
    canaries: Canaries
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    short: dict[str, None] = field(default_factory=dict)
    stopped: str | None = None
    more: bool = False
    begun: bool = False

    def within(self, steps: Sequence[Step]) -> Iterable[Step]:
        """The steps but those of verbs that `at_most` has no room for. Only what would really be done takes room."""
        for verb, wanting in verbs_of(steps).items():
            spent = self.session.spent[verb]
            room = choice.room(self.session.policy, verb, spent)
            if room is None or len(wanting) <= room or choice.defers(self.session.policy, verb):
                continue
            really = [step for group in choice.batches(wanting) for step in self._rechecked(group, verb)]
            if len(really) > room:
                self.refuse(really, choice.beyond(self.session.policy, verb, spent, len(really)))
        return [step for step in steps if step.id not in self.outcomes]

    def _rechecked(self, group: Sequence[Step], verb: str) -> Iterable[Step]:
        for start in range(0, len(group), self.limits.batch):
            some = group[start : start + self.limits.batch]
            go, others = self.check(some, verb)
            self.tell(others)
            kept = {step.id for step in go}
            yield from (step for step in some if step.id in kept)

    def out(self, group: Sequence[Step]) -> None:
        """Carry out the steps of one account, region, type and verb."""
        queue, verb = deque(group), as_the_verb(group[0])
        while queue and self.stopped is None:
            if self._ends(queue, verb):
                return
            some = [queue.popleft() for _ in range(min(len(queue), self.limits.batch))]
            wrong = [step for step in some if self.canaries.wrong(step)]
            self.refuse(wrong, f"the first act of its rule in account {group[0].resource.text('account')} went wrong")
            go, others = self.check([step for step in some if step not in wrong], verb)
            self.tell(others)
            now, later = self._first(self._room(go, verb))
            kept = {step.id for step in later}
            queue.extendleft(reversed([step for step in some if step.id in kept]))
            if now:
                self.begun = True
                self._perform(now, verb)

    def _ends(self, queue: Iterable[Step], verb: str) -> bool:
        """Whether the time of the run is up, or the day holds no more of a verb whose rest waits."""
        policy, spent = self.session.policy, self.session.spent[verb]
        if self.begun and self.limits.until is not None and self.session.now() >= self.limits.until:
            why = "the time of this run was up"
            self.more = True
        elif choice.room(policy, verb, spent) == 0 and choice.defers(policy, verb):
            why = choice.beyond(policy, verb, spent, len(list(queue)))
        else:
            return False
        self.tell(Outcome(step.id, "scheduled", {}, {}, why) for step in queue)
        return True

    def _room(self, go: list[Step], verb: str) -> list[Step]:
        """As many as the day still holds; the others wait, or are refused."""
        spent = self.session.spent[verb]
        room = choice.room(self.session.policy, verb, spent)
        if room is None or len(go) <= room:
            return go
        why = choice.beyond(self.session.policy, verb, spent, len(go))
        if choice.defers(self.session.policy, verb):
            self.tell(Outcome(step.id, "scheduled", {}, {}, why) for step in go[room:])
            return go[:room]
        self.refuse(go, why)
        return []

    def _first(self, go: Sequence[Step]) -> tuple[Sequence[Step], Sequence[Step]]:
        """What is done now and what after it: where a rule is not proven in the account, one alone."""
        proven = [step for step in go if self.canaries.proven(step)]
        if proven or not go:
            return proven, [step for step in go if step not in proven]
        return go[:1], go[1:]

    def _perform(self, steps: Sequence[Step], verb: str) -> None:
        deeds = [
            Deed(
                replace(
                    act_of(step, self.session.by, self.why, self.check.judged.get(step.id)),
                    verb=verb,
                    before={**step.before, **found_by(verb, step.resource)},
                    reasons=self.check.reasons.get(step.id, {}),
                ),
                step,
            )
            for step in steps
        ]
        result = perform(self.session, self.verbs, deeds, lambda some: self.verbs.act(verb, some), self.limits)
        self.tell(result.outcomes)
        by_id = {deed.act.step: deed for deed in deeds}
        for outcome in result.outcomes:
            deed = by_id[outcome.step]
            if outcome.state == "done":
                self.session.did(deed.act, outcome)
            if outcome.step in result.harmed:
                self.canaries.distrust(deed.step)
        if result.trouble:
            self.stop(result.trouble)
            return
        self.session.count(result.outcomes, self.limits.failures)
        if self.session.ended is not None:
            self.stop(self.session.ended)
        for outcome in result.outcomes:
            if outcome.state == "done":
                self.canaries.prove(by_id[outcome.step].step)

    def tell(self, outcomes: Iterable[Outcome]) -> None:
        """Take what came of steps."""
        self.outcomes |= {outcome.step: outcome for outcome in outcomes}

    def refuse(self, steps: Iterable[Step], why: str) -> None:
        """Steps that were due and are not tried."""
        for step in steps:
            self.outcomes[step.id] = Outcome(step.id, "refused", {}, {}, why)
            self.short[why] = None

    def stop(self, why: str) -> None:
        """Nothing more is begun."""
        self.stopped = self.stopped or why
        self.short[why] = None

    def leave(self, steps: Iterable[Step]) -> None:
        """Refuse what nothing was said of."""
        if self.stopped is not None:
            self.refuse([step for step in steps if step.id not in self.outcomes], self.stopped)
