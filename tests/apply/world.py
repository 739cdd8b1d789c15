"""A policy, a cloud, a state and a clock; and what an enforcing run does with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from finops_guard.apply import Applied, Limits, Session, apply, before_ours, session, settle
from finops_guard.apply.stops import stops_of, told
from finops_guard.evaluate import Evaluator, Setting, derive, findings
from finops_guard.model import All, Cap, Compare, Finding, Mode, Pack, Policy, Ref, Resource, Rule, Rung, Step
from finops_guard.plan import Episode, plan
from finops_guard.plan.file import PlanFile
from finops_guard.state import history
from finops_guard.state.episodes import About, EpisodeRecord, Ladder, Notice, Seen, next_state
from finops_guard.state.store import MemoryStore
from finops_guard.undo import Undone, undo
from tests.apply.cloud import Cloud, Kill, Machine
from tests.plan.build import NOTIFY, NOW, binding
from tests.plan.build import policy as built

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NO_WAIT = Limits(looks=(), wait=lambda _seconds: None)
TEAM = Ref("tag", "team")
TAGGED = Rule(
    "p", "tagged", "tagged", "high",
    match=All(()), require=Compare(TEAM, "exists", value=True),
    otherwise=(NOTIFY, Rung("tag", set={"team": "nobody"})),
)  # fmt: skip
KEPT = Rule(
    "p", "kept", "kept", "high",
    match=Compare(Ref("field", "state"), "eq", "running"), require=Compare(Ref("tag", "keep"), "exists", value=True),
    otherwise=(NOTIFY, Rung("stop", after=0), Rung("terminate", after=7 * 86400)),
)  # fmt: skip
STOPPED = replace(KEPT, name="stopped", otherwise=(NOTIFY, Rung("stop", after=0)))
LATER = replace(KEPT, name="later", otherwise=(NOTIFY, Rung("stop", after=86400)))


def policy(*rules: Rule, where: Any = None, bound: Mapping[str, Any] | None = None, **more: Any) -> Policy:
    """A policy of one binding of these rules."""
    pack = Pack("p", "1.0.0", "", {}, {rule.name: rule for rule in rules}, "p.yaml", "00")
    use = replace(binding(**(bound or {})), pack=pack, rules=rules, where=where or All(()))
    return built(use, **more)


@dataclass
class World:
    policy: Policy
    cloud: Cloud = field(default_factory=Cloud)
    now: datetime = NOW
    limits: Limits = NO_WAIT
    runs: int = 0
    delivered: bool = True

    def __post_init__(self) -> None:
        self._compiled = self.policy, Evaluator(self.policy.bindings, self.now, self.policy.fx)
        self.steps: list[Step] = []
        self.calls: list[tuple[str, str]] = []
        self.down: Any = lambda _operation, _key, _when: None
        self.store = MemoryStore(self._touch)

    def _touch(self, operation: str, key: str, when: str) -> None:
        if when == "before":
            self.calls.append((operation, key))
        self.down(operation, key, when)
        if operation == "create" or (self.cloud.kill.at is not None and self.cloud.kill.passed >= self.cloud.kill.at):
            self.cloud.kill(operation, key, when)

    def tick(self) -> datetime:
        self.now += timedelta(milliseconds=10)
        return self.now

    def judge(self, resources: Iterable[Resource], now: datetime) -> Iterator[Finding]:
        setting = Setting(now, self.policy.aliases)
        if self.policy is not self._compiled[0]:  # no rule here looks at the time
            self._compiled = self.policy, Evaluator(self.policy.bindings, now, self.policy.fx)
        return findings(self._compiled[1].judge(derive(resources, setting)), self.policy, now)

    def run_id(self) -> str:
        self.runs += 1
        return f"{self.now:%Y%m%dT%H%M%SZ}-{self.runs:06d}"

    def session(self, run: str = "", mode: Mode = "enforce") -> Any:
        run = run or self.run_id()
        return session(self.store, run, self.tick, by=run, policy=self.policy, mode=mode)

    def scan(self, records: Iterable[EpisodeRecord]) -> list[Finding]:
        kept = list(records)
        by_resource = {record.about.resource: record for record in kept if record.running and record.before}
        seen = told(self.cloud.resources(), stops_of({str(n): record for n, record in enumerate(kept)}))
        there = (before_ours(each, (), filter(None, [by_resource.get(each.id)])) for each in seen)
        return list(self.judge(there, self.now))

    def plan(self, held: Session | None = None) -> list[Step]:
        """The steps of an enforcing scan now, with the episodes that there are."""
        records = held.records if held is not None else history.fold(self.store).records
        running = {key: Episode(r.began, frozenset(r.done)) for key, r in records.items() if r.running}
        found = self.scan(records.values())
        return list(plan(found, self.policy, self.now, mode="enforce", can=self.cloud.has, episodes=running))

    def begin(self, held: Session) -> None:
        """Notices are delivered and episodes begin."""
        found = [
            finding
            for finding in self.scan(held.records.values())
            if finding.verdict == "fail" and finding.exempt is None
        ]
        ladders = {rule.id: Ladder.of(rule, each) for each in self.policy.bindings for rule in each.rules}
        seen = [Seen(f.id, "fail", About.of(f), ladders[f.rule.id]) for f in found]
        spoken = [f.id for f in found if self.delivered and f.rule.otherwise[0].do == "notify"]
        notices = [Notice(each, 0, self.now, ("file",)) for each in spoken]
        held.keep(next_state(held.records, seen, notices, self.now))

    def enforce(self, run: str = "", **more: Any) -> Applied:
        """An enforcing run: settle, notices, plan, apply."""
        with self.session(run) as held:
            settled = settle(held, self.cloud)
            self.begin(held)
            self.steps = self.plan(held)
            applied = self.apply(self.steps, held, **more)
            return replace(applied, settled=settled)

    def apply(self, steps: Sequence[Step], held: Session, **more: Any) -> Applied:
        more.setdefault("limits", self.limits)
        return apply(steps, held, self.cloud, self.judge, **more)

    def carry(self, file: PlanFile, **more: Any) -> Applied:
        """What `finops-guard apply PLAN` does."""
        with self.session() as held:
            return self.apply(file.steps, held, plan=file, **more)

    def undo(self, run: str) -> Undone:
        with self.session() as held:
            return undo(run, held, self.cloud, limits=self.limits)

    def revive(self) -> None:
        """After a kill: everything works again, once the lease of the dead run has ended."""
        self.cloud.kill.at = None
        self.now += timedelta(minutes=20)


def states(applied: Applied | Undone) -> dict[str, int]:
    found: dict[str, int] = {}
    for outcome in applied.outcomes:
        found[outcome.state] = found.get(outcome.state, 0) + 1
    return found


def world(count: int = 3, *rules: Rule, machine: Mapping[str, Any] | None = None, **more: Any) -> World:
    """`count` machines that break all rules."""
    made = World(policy(*(rules or (TAGGED, KEPT)), **more))
    made.cloud.machines = {f"i-{n:04d}": Machine(**deepcopy(dict(machine or {}))) for n in range(count)}
    return made


__all__ = ["Cap", "Kill", "Machine", "World", "policy", "states", "world"]
