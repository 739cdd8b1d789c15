"""What must hold at the moment of every act, for generated policies, estates and histories."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops_guard.apply import Session
from finops_guard.errors import ActError
from finops_guard.evaluate.hours import inside
from finops_guard.model import (
    DESTRUCTIVE,
    LIFECYCLE,
    VERBS,
    All,
    Cap,
    Compare,
    Condition,
    Exemption,
    Freeze,
    Ref,
    Rule,
    Tags,
    Window,
)
from finops_guard.state.halts import halt, halted, resume
from finops_guard.state.journal import unfinished
from tests.apply import truth
from tests.apply.cloud import Machine
from tests.apply.world import KEPT, LATER, STOPPED, TAGGED, World, policy

DAY = timedelta(days=1)
RULES = [TAGGED, STOPPED, LATER, KEPT]
FAULTS = ["denied", "lost", "lie", "crash", "blind"]
days = st.integers(2, 25).map(lambda day: date(2026, 11, day))
permits = st.frozensets(st.sampled_from(VERBS), max_size=1).map(lambda some: frozenset(VERBS) - some)
modes = st.sampled_from(["enforce"] * 9 + ["dry-run"])
caps = st.builds(Cap, st.sampled_from([3, 2, 1, 9, 0]), st.sampled_from(["refuse", "defer"]))
minutes = st.integers(0, 1439)
windows = st.builds(Window, st.frozensets(st.integers(0, 6), min_size=3), minutes, minutes, st.just("Europe/Amsterdam"))
machines = st.builds(
    Machine,
    tags=st.sampled_from(
        [{}, {}, {}, {}, {"env": "dev"}, {"Env": "prod", "env": "dev"}, {"keep": "yes"}, {"Keep": "a", "keep": "b"}]
    ).map(dict),
    state=st.sampled_from(["running"] * 5 + ["stopped"]),
    account=st.sampled_from(["1", "2"]),
    protected=st.sampled_from([*[False] * 8, True, None]),
    managed_by=st.sampled_from([*[None] * 8, "asg"]),
)

wheres: st.SearchStrategy[Condition] = st.sampled_from([All(()), Compare(Ref("tag", "env"), "eq", "dev")])


@st.composite
def policies(draw: st.DrawFn) -> Any:
    rules: list[Rule] = draw(st.lists(st.sampled_from(RULES), min_size=1, max_size=3, unique_by=lambda rule: rule.name))
    exempt = [
        Exemption(rule.id, draw(wheres), draw(days), reason="r", by="b")
        for rule in draw(st.lists(st.sampled_from(rules), max_size=1))
    ]
    frozen = [Freeze(day, day, frozenset({"notify"})) for day in draw(st.lists(days, max_size=1))]
    return policy(
        *rules,
        bound={"mode": draw(modes), "permit": draw(permits) | {"notify"}},
        mode=draw(modes),
        permit=draw(permits) | {"notify"},
        at_most=draw(st.fixed_dictionaries({"stop": caps}, optional={"tag": caps, "terminate": caps})),
        approve=draw(st.sampled_from([*[{}] * 8, {"stop": 1}])),
        exempt=tuple(exempt),
        freeze=tuple(frozen),
        windows=draw(st.dictionaries(st.sampled_from(["stop", "tag"]), windows, max_size=1)),
    )


events = st.one_of(
    st.tuples(st.just("run"), st.sampled_from(["enforce", "enforce", "enforce", "dry-run"]), st.booleans()),
    st.tuples(st.just("run"), st.just("enforce"), st.sampled_from([True])),
    st.tuples(st.just("wait"), st.sampled_from([24, 24 * 7, 6, 1]), st.none()),
    st.tuples(st.just("change"), st.integers(0, 3), machines),
    st.tuples(st.just("halt"), st.booleans(), st.none()),
    st.tuples(st.just("undo"), st.integers(0, 3), st.none()),
    st.tuples(st.just("policy"), policies(), st.none()),
)


@dataclass
class Watched(World):
    """A world whose every act is held against what was allowed at that moment."""

    mode: Any = "enforce"
    told: dict[str, list[datetime]] = field(default_factory=dict)
    acts: list[tuple[datetime, str, str]] = field(default_factory=list)
    undoing: bool = False
    ran: list[str] = field(default_factory=list)

    def begin(self, held: Session) -> None:
        super().begin(held)
        if self.delivered:
            for finding in self.scan(held.records.values()):
                self.told.setdefault(finding.id, []).append(self.now)

    def allowed(self, verb: str, name: str) -> None:
        machine, undone = self.cloud.machines[name], verb.removeprefix("undo_")
        assert not halted(self.store)
        assert undone in self.policy.permit
        assert not [f for f in self.policy.freeze if f.start <= self.now.date() <= f.end and undone not in f.allowed]
        if verb.startswith("undo_"):
            assert self.undoing
            return
        assert not self.undoing
        assert (self.mode, self.policy.mode, self.policy.bindings[0].mode) == ("enforce", "enforce", "enforce")
        assert verb in self.policy.bindings[0].permit
        assert machine.protected is not True
        assert not self.policy.approve.get(verb)
        assert verb not in self.policy.windows or inside(self.policy.windows[verb], self.now)
        cap = self.policy.at_most.get(verb, Cap(0) if verb in DESTRUCTIVE else None)
        assert cap is None or sum(at > self.now - DAY and did == verb for at, did, _ in self.acts) < cap.count
        if verb in LIFECYCLE:
            assert machine.protected is False
            assert machine.managed_by is None
        assert any(self._calls_for(rule, verb, name) for rule in self.policy.bindings[0].rules)

    def _calls_for(self, rule: Rule, verb: str, name: str) -> bool:
        """Whether a rule that the machine breaks, and is not exempt from, wants this verb, told and waited for."""
        for rung in rule.otherwise:
            if rung.do != verb or self._exempt(rule, name) or not self._breaks(rule, name, verb):
                continue
            (found,) = {f.id for f in self._everything(rule, name)} or {""}
            assert isinstance(rung.after, int | None)
            wait = timedelta(seconds=rung.after or 0)
            if any(at + wait <= self.now for at in self.told.get(found, ())):
                return True
        return False

    def _breaks(self, rule: Rule, name: str, verb: str) -> bool:
        tags = Tags.of(self.cloud.machines[name].tags)  # of a key with two values it has none
        if rule.name == "tagged":
            return "team" not in tags
        running = self.cloud.machines[name].state == "running"
        return "keep" not in tags and (running or verb == "terminate")

    def _exempt(self, rule: Rule, name: str) -> bool:
        dev = self.cloud.machines[name].tags.get("env") == "dev"
        return any(
            e.rule == rule.id and e.until >= self.now.date() and (e.where == All(()) or dev) for e in self.policy.exempt
        )

    def _everything(self, rule: Rule, name: str) -> Any:
        broken = Machine(account=self.cloud.machines[name].account)
        bare = World(policy(rule), now=self.now)
        bare.cloud.machines = {name: broken}
        return bare.scan(())

    def happen(self, event: Any) -> None:
        match event:
            case "run", mode, delivered:
                self.mode, self.delivered = mode, delivered
                self.ran.append(self.enforce(mode=mode).run)
            case "wait", hours, _:
                self.now += timedelta(hours=hours)
            case "change", number, machine:
                # Nobody can tell any more what came of an act that could not be looked at.
                open_ = {(each.act.verb, each.act.resource) for each in unfinished(self.store)}
                self.acts = [act for act in self.acts if act[1:] not in open_ or act[2] != f"i-{number}"]
                self.cloud.machines[f"i-{number}"] = replace(machine, tags=dict(machine.tags))
            case "halt", stop, _:
                (halt if stop else resume)(self.store, "ops", "why", self.now)
            case "undo", number, _:
                if self.ran and number < len(self.ran) and self.ran[number] in self.store.folders("journal"):
                    self.undoing = True
                    self.undo(self.ran[number])
                    self.undoing = False
            case "policy", other, _:
                self.policy = other


@given(
    policies(),
    st.lists(machines, min_size=2, max_size=5),
    st.lists(events, min_size=8, max_size=18),
    st.lists(st.sampled_from([None] * 7 + FAULTS), min_size=1, max_size=7),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_act_that_may_not_be(under: Any, estate: Any, history: Any, faults: Any) -> None:
    it = Watched(under)
    it.cloud.machines = {f"i-{n}": replace(each, tags=dict(each.tags)) for n, each in enumerate(estate)}
    turns = Counter[str]()
    broken: list[AssertionError] = []

    def fault(verb: str, name: str) -> Any:
        turns["all"] += 1
        try:
            it.allowed(verb, name)
        except AssertionError as wrong:
            broken.append(wrong)
        now = faults[turns["all"] % len(faults)]
        if now not in ("denied", "lie", "crash"):
            it.acts.append((it.now, verb, name))
        return now

    it.cloud.fault = fault
    for event in [("run", "enforce", True), *history]:
        it.cloud.blind.clear()
        it.happen(event)
        if broken:
            raise broken[0]
        assert truth.unrecorded(it) == 0
    assert not truth.recorded(it) - it.cloud.done


def test_thirty_days_of_dry_run_and_the_first_enforcing_run_does_nothing_that_waits() -> None:
    it = World(policy(LATER, KEPT, mode="enforce"))
    it.cloud.machines = {f"i-{n}": Machine() for n in range(5)}
    for _ in range(30):
        steps = it.plan()
        assert {step.state for step in steps if step.do in DESTRUCTIVE and step.rules == ("p/later",)} == {"scheduled"}
        it.now += DAY
    it.policy = policy(LATER)
    assert it.enforce().outcomes == ()
    assert it.cloud.effects == []


def test_no_state_no_act() -> None:
    it = World(policy(STOPPED))
    it.cloud.machines = {"i-0": Machine()}

    def down(_operation: str, _key: str, _when: str) -> None:
        raise ActError("the state does not answer")

    it.down = down
    try:
        it.enforce()
    except ActError:
        assert it.cloud.effects == []
    else:
        raise AssertionError
