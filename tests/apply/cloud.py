"""A cloud in memory: machines with tags and a state, faults on order, others who change things, and a kill switch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from finops_guard.apply.ports import Windows
from finops_guard.model import Outcome, Resource, Step, Tags, Unknown
from tests.plan.build import machine

TYPE = "AWS::EC2::Instance"
_STATES = {
    "stop": "stopped",
    "start": "running",
    "terminate": "deleting",
    "undo_stop": "running",
    "undo_start": "stopped",
}


class Killed(BaseException):
    """kill -9: nothing catches it, and nothing works after it."""


@dataclass
class Machine:
    tags: dict[str, str] = field(default_factory=dict)
    state: str = "running"
    account: str = "111111111111"
    region: str = "eu-west-1"
    protected: bool | None = False
    managed_by: str | None = None
    started: datetime | None = None
    more: dict[str, Any] = field(default_factory=dict)


@dataclass
class Kill:
    """Counts boundaries, and from number `at` on raises at each."""

    at: int | None = None
    passed: int = 0

    def __call__(self, *_: object) -> None:
        self.passed += 1
        if self.at is not None and self.passed >= self.at:
            raise Killed


@dataclass
class Cloud:
    """`fault(verb, id)` names what goes wrong: denied, throttled, lost (done, no answer), lie (answered, not done),
    busy (not now), crash (the verb raises), blind (afterwards it cannot be read). `effects` are the changes that were
    really made.
    """

    machines: dict[str, Machine] = field(default_factory=dict)
    fault: Callable[[str, str], str | None] = lambda _verb, _id: None
    before_act: Callable[[str], None] = lambda _id: None
    kill: Kill = field(default_factory=Kill)
    effects: list[tuple[str, str]] = field(default_factory=list)
    reads: int = 0
    windows: list[Windows | None] = field(default_factory=list)
    sent: int = 0
    blind: set[str] = field(default_factory=set)
    depending: dict[str, list[str]] = field(default_factory=dict)
    verbs: frozenset[str] = frozenset({"tag", "stop", "start", "terminate", "undo_tag", "undo_stop"})

    @property
    def done(self) -> Counter[tuple[str, str]]:
        return Counter(self.effects)

    def resources(self) -> Iterator[Resource]:
        for name, each in self.machines.items():
            yield _resource(name, each)

    def has(self, type_name: str, verb: str) -> bool:
        return type_name == TYPE and verb in self.verbs

    def read(self, resources: Sequence[Resource], windows: Windows | None = None) -> Iterator[Resource]:
        self.windows.append(windows)
        self.reads += 1
        for resource in resources:
            if resource.id in self.blind:
                yield _unread(resource)
            elif resource.id in self.machines:
                yield _resource(resource.id, self.machines[resource.id])

    def dependants(self, resources: Sequence[Resource]) -> Mapping[str, Sequence[str]]:
        return {resource.id: self.depending[resource.id] for resource in resources if resource.id in self.depending}

    def act(self, verb: str, steps: Sequence[Step]) -> Iterator[Outcome]:
        for step in steps:
            yield from self._one(verb, step, dict(step.after))

    def undo(self, verb: str, steps: Sequence[Step]) -> Iterator[Outcome]:
        for step in steps:
            yield from self._one(f"undo_{verb}", step, dict(step.before))

    def _one(self, verb: str, step: Step, after: dict[str, Any]) -> Iterator[Outcome]:
        name = step.resource.id
        self.before_act(name)
        self.sent += 1
        fault = self.fault(verb, name)
        if fault == "crash":
            raise ConnectionError("the connection broke")
        if name not in self.machines:
            yield Outcome(step.id, "skipped", {}, {}, "it is gone")
            return
        if fault == "busy":
            yield Outcome(step.id, "scheduled", {}, {}, "it is updating")
            return
        if fault in ("denied", "throttled"):
            yield Outcome(step.id, "failed", {}, {}, f"{fault}: {verb}")
            return
        if fault != "lie":
            self.kill("act", name, "before")
            self._change(verb, name, after)
            self.effects.append((verb, name))
            self.kill("act", name, "after")
        if fault == "blind":
            self.blind.add(name)
        if fault == "lost":
            yield Outcome(step.id, "failed", {}, {}, "no answer came")
        else:
            yield Outcome(step.id, "done", {}, {})

    def _change(self, verb: str, name: str, after: dict[str, Any]) -> None:
        it = self.machines[name]
        if verb.removeprefix("undo_") == "tag":
            for key, value in after.items():
                it.tags.pop(key, None)
                if value is not None:
                    it.tags[key] = value
        else:
            it.state = _STATES[verb]


def _resource(name: str, each: Machine) -> Resource:
    protected: Any = Unknown("denied") if each.protected is None else each.protected
    made = machine(
        name, tags=dict(each.tags), state=each.state, account=each.account, region=each.region, protected=protected,
        managed_by=each.managed_by, **each.more,
    )  # fmt: skip
    made.started = each.started
    return made


def _unread(resource: Resource) -> Resource:
    known = {name: resource.fields[name] for name in ("cloud", "account", "region", "type", "id")}
    return Resource(known, Tags.unreadable("denied"), {"state": "denied"})


def only(name: str, fault: str = "denied") -> Callable[[str, str], str | None]:
    """One machine on which everything goes wrong."""
    return lambda _verb, on: fault if on == name else None
