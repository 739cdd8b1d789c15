"""What a policy would have done, over stored snapshots: an enforcing run at the time of each, with nothing sent.

Each snapshot is judged at its own time; notices count as delivered; episodes, waiting times, windows, freezes, caps and
exemptions are those of the real run (`plan`, `state.episodes`); and what was done stays done in later snapshots
(`imagined`). Two policies see the same snapshots, each in its own imagined cloud. One snapshot is read at a time.

What it cannot know, and takes as well: what is only read just before an act (protection flags that no rule asked
for), approvals, faults of a cloud. A policy in dry-run is taken as if it enforced.

Money is told by whoever opened the books (`Known`), as of each snapshot's time and with what was stopped counted as
stopped. Without books no rule about money is judged, and each is named.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

from finops_guard.advice.imagined import Imagined, waiting
from finops_guard.advice.unjudged import about_money, not_looked_for
from finops_guard.apply import another, before_ours, choice
from finops_guard.apply.intended import as_intended
from finops_guard.apply.own import as_the_verb, found_by
from finops_guard.apply.sights import Sights
from finops_guard.apply.stops import STARTS, restarted, stops_of, taken_back, told
from finops_guard.costs.prices import HOURS_A_MONTH
from finops_guard.enrich import enrich
from finops_guard.evaluate import Evaluator, findings, need_of
from finops_guard.model import BUDGET_TYPE, LIFECYCLE, Finding, Money, Policy, Resource, Step
from finops_guard.plan import Can, Episode, plan
from finops_guard.state import spool
from finops_guard.state.cells import read_whole
from finops_guard.state.episodes import (
    About,
    Delta,
    Done,
    EpisodeRecord,
    Notice,
    Seen,
    advance,
    next_state,
)

Inventory: TypeAlias = Callable[[], Iterable[Resource]]
"""What a snapshot holds, as often as it is asked for."""
Known: TypeAlias = Callable[
    [datetime, Inventory],
    AbstractContextManager[tuple[Sequence[Resource], Callable[[Iterable[Resource]], Iterator[Resource]]]],
]
"""At a time, of an inventory: budgets, unit costs and charges as resources; and resources with prices and budgets."""
_DAY = timedelta(hours=24)
_ENDED = frozenset({"completed", "deleting"})
_CHANNEL = ("imagined",)


@dataclass(slots=True)
class Failed:
    """A finding over time: in how many snapshots it failed, exempted or not; `month` is the newest price."""

    id: str
    rule: str
    severity: str
    resource: str
    name: str
    first: datetime
    last: datetime
    times: int = 0
    exempt: int = 0
    month: Money | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    """An act that would have been done, or a notice that would have been sent."""

    at: datetime
    do: str
    rule: str
    resource: str
    name: str
    account: str
    saves_month: Money | None


@dataclass(slots=True)
class Told:
    """What came of it. `refused`: how many steps, by (verb, rule, reason); `saved` by (rule, verb, currency).

    `unjudged` are the rules about money where none was told.
    """

    failed: dict[str, Failed] = field(default_factory=dict)
    deeds: list[Deed] = field(default_factory=list)
    refused: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    saved: dict[tuple[str, str, str], Decimal] = field(default_factory=dict)
    missing: Counter[str] = field(default_factory=Counter)
    unjudged: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


class Replay:
    """One policy's way through the snapshots. `can(type, verb)` as in `plan`; `known`: what the books say."""

    def __init__(self, policy: Policy, can: Can, known: Known | None = None) -> None:
        self.policy, remarks = _as_if(policy)
        self.told = Told(remarks=remarks, unjudged=() if known else about_money(policy))
        self.records: Delta = {}
        self._can = can
        self._known = known or self._without_money
        self._budgets = False
        self._sights = Sights(self.policy)
        self._need = need_of(self.policy)
        self._imagined = Imagined()
        self._spent: deque[tuple[datetime, str]] = deque()
        self._refused: set[tuple[str, str]] = set()
        self._before: datetime | None = None

    def look(self, head: spool.Head, resources: Inventory) -> None:
        """An enforcing run on one snapshot, at its time."""
        now = head.now
        for what in not_looked_for(head.need, self._need):
            self.told.missing[what] += 1
        failing, found, there = self._judged(resources, now)
        self._imagined.forget(lambda about: _looked(about, head))
        self._account(now)
        seen = self._sights.seen(found, self.records, there.keys(), lambda about: self._looked(about, head))
        self.records |= next_state(self.records, seen, (), now)
        self._tell(self._plan(found, now), seen, there, now)
        self._act(self._plan(found, now), there, now)
        self._note(failing, now)
        self._before = now

    def _looked(self, about: About, head: spool.Head) -> bool:
        return self._budgets if about.type == BUDGET_TYPE else _looked(about, head)

    @contextmanager
    def _without_money(
        self, now: datetime, _inventory: Inventory
    ) -> Iterator[tuple[Sequence[Resource], Callable[[Iterable[Resource]], Iterator[Resource]]]]:
        yield (), lambda resources: enrich(resources, self.policy, now)

    def _judged(self, resources: Inventory, now: datetime) -> tuple[list[Finding], list[Finding], dict[str, Resource]]:
        """What fails or is unknown; the same with what only our own acts keep from failing; what had episodes."""
        stops = stops_of(self.records)
        watched = {record.about.resource for record in self.records.values() if record.running} | stops.keys()
        there: dict[str, Resource] = {}

        def watching(every: Iterable[Resource]) -> Iterator[Resource]:
            for resource in every:
                if resource.id in watched:
                    there[resource.id] = resource
                yield resource

        policy = self.policy
        evaluator = Evaluator(policy.bindings, now, policy.fx)

        def as_they_would_be() -> Iterator[Resource]:
            return told(self._imagined.over(resources(), policy.aliases), stops)

        with self._known(now, as_they_would_be) as (computed, known):
            self._budgets = any(each.text("type") == BUDGET_TYPE for each in computed)
            every = watching(chain(known(as_they_would_be()), computed))
            failing = [*findings(evaluator.judge(every), policy, now)]
            self.records |= another.ended(self.records, failing, there, now)
            self.records |= taken_back(self.records, restarted(self.records, there, now), now)
            ours = self._running({each.id for each in failing if each.verdict == "fail"})
            before = [before_ours(there[name], (), records) for name, records in waiting(there, ours).items()]
            found = {each.id: each for each in failing}
            again = findings(evaluator.judge(known(before)), policy, now)
            found |= {each.id: each for each in again if each.id in ours and ours[each.id].before}
        return failing, list(found.values()), there

    def _running(self, but: Collection[str]) -> dict[str, EpisodeRecord]:
        return {name: record for name, record in self.records.items() if record.running and name not in but}

    def _plan(self, found: Sequence[Finding], now: datetime) -> list[Step]:
        while self._spent and self._spent[0][0] < now - _DAY:
            self._spent.popleft()
        running = self._running(())
        episodes = {name: Episode(record.began, frozenset(record.done)) for name, record in running.items()}
        done = Counter(verb for _, verb in self._spent)
        return list(plan(found, self.policy, now, mode="enforce", can=self._can, episodes=episodes, done_24h=done))

    def _tell(self, steps: Iterable[Step], seen: Sequence[Seen], there: Mapping[str, Resource], now: datetime) -> None:
        """Notices that are due are delivered, and begin episodes; those that mark write their tag."""
        due = [step for step in steps if step.do == "notify" and step.state == "due"]
        marking = {step.resource.id: step for step in due if step.after and not _is_so(step, there)}
        for step in list(marking.values())[: choice.room(self.policy, "tag", self._spent_on("tag"))]:
            self._do(step, now)
        told = [place for step in due for place in step.serves]
        self.records |= next_state(self.records, seen, [Notice(name, rung, now, _CHANNEL) for name, rung in told], now)
        self.records |= advance(self.records, [Done(name, rung, now) for name, rung in told])
        self.told.deeds += (_deed(step, now) for step in due)

    def _act(self, steps: Sequence[Step], there: Mapping[str, Resource], now: datetime) -> None:
        """What is due is done, where it is not so already."""
        for step in choice.due(steps, now, None):
            if step.state != "due" or step.do == "notify" or _is_so(step, there):
                continue
            before = found_by(step.do, step.resource) if step.do in LIFECYCLE else {}
            found = {**step.before, **before} if before else {}
            done = [Done(name, rung, now, found, step.do, step.after) for name, rung in step.serves]
            self.records |= advance(self.records, done)
            if step.do in STARTS:
                self.records |= taken_back(self.records, {step.resource.id}, now)
            self._do(step, now)
            self.told.deeds.append(_deed(step, now))
        for step in steps:
            if step.state == "refused":
                key = (step.id, step.because or "")
                if key not in self._refused:
                    self._refused.add(key)
                    self.told.refused[step.do, step.rules[0], step.because or ""] += 1

    def _do(self, step: Step, now: datetime) -> None:
        verb = as_the_verb(step)
        self._imagined.act(step, verb, now)
        self._spent.append((now, verb))

    def _spent_on(self, verb: str) -> int:
        return sum(spent == verb for _, spent in self._spent)

    def _account(self, now: datetime) -> None:
        """What stood still since the snapshot before only because of our acts saved its price."""
        if self._before is None:
            return
        months = Decimal(str((now - self._before).total_seconds())) / 3600 / HOURS_A_MONTH
        for it in self._imagined.saving():
            if it.saves is not None:
                key = (*it.by, it.saves.currency)
                self.told.saved[key] = self.told.saved.get(key, Decimal(0)) + it.saves.amount * months

    def _note(self, failing: Iterable[Finding], now: datetime) -> None:
        for each in failing:
            if each.verdict != "fail":
                continue
            known = self.told.failed.get(each.id)
            if known is None:
                resource = each.resource
                known = Failed(each.id, each.rule.id, each.severity, resource.id, resource.text("name"), now, now)
                self.told.failed[each.id] = known
            known.last, known.month = now, each.resource.month
            known.times += 1
            known.exempt += each.exempt is not None


def backtest(
    replays: Sequence[Replay],
    snapshots: Iterable[Path],
    since: datetime,
    until: datetime,
    say: Callable[[datetime], None] = lambda _now: None,
) -> list[datetime]:
    """Let replays look at snapshots, given oldest first, each read once a replay; the times of those in the period."""
    times = []
    for path in snapshots:
        head = spool.read_head(path)
        if since <= head.now <= until:
            say(head.now)
            times.append(head.now)
            for each in replays:
                each.look(head, partial(spool.read, path, each.policy.aliases))
    return times


def _as_if(policy: Policy) -> tuple[Policy, tuple[str, ...]]:
    """The policy as it is replayed: enforcing, and approved."""
    remarks = []
    if policy.mode == "dry-run":
        uses: Any = policy.raw.get("packs") or []
        kept = {str(use.get("as") or use.get("use")) for use in uses if use.get("mode") == "dry-run"}
        bound = (b if b.name in kept else replace(b, mode="enforce") for b in policy.bindings)
        policy = replace(policy, mode="enforce", bindings=tuple(bound))
        remarks.append(f"policy {policy.name} is dry-run; this is as if it enforced")
    if policy.approve:
        policy = replace(policy, approve={})
        remarks.append(f"policy {policy.name} asks for approvals; this is as if they were given at once")
    if not policy.channels and any(
        rung.do == "notify" for b in policy.bindings for r in b.rules for rung in r.otherwise
    ):
        remarks.append(f"policy {policy.name} names no channel; this is as if its notices were delivered")
    return policy, tuple(remarks)


def _looked(about: About, head: spool.Head) -> bool:
    """Whether a snapshot holds the place of a resource whole."""
    return read_whole(about, head.gaps, head.identities)


def _is_so(step: Step, there: Mapping[str, Resource]) -> bool:
    """Whether a resource, which may be judged as it was before our own acts, is as a step would leave it."""
    live = there.get(step.resource.id, step.resource)
    ended = step.do in LIFECYCLE and live.fields.get("state") in _ENDED
    return ended or as_intended(as_the_verb(step), live, step.after) is True


def _deed(step: Step, now: datetime) -> Deed:
    resource = step.resource
    return Deed(
        now, step.do, step.rules[0], resource.id, resource.text("name"), resource.text("account"), step.saves_month
    )
