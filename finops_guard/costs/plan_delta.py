"""What a plan adds to the bill of a month: of everything it changes, what comes less what goes.

Of what has no price nobody knows the cost: the delta then has a least and no most, and is never taken for 0. What is
only priced by use counts without it, unless the policy assumes some.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from finops_guard.costs import assumed, prices
from finops_guard.costs.plan_sums import COUNT, Change, Month, Sum
from finops_guard.costs.pricing import Pricer
from finops_guard.evaluate import predicate
from finops_guard.model import (
    Compare,
    Condition,
    Money,
    PlanDelta,
    Policy,
    Ref,
    Resource,
    Tags,
    Unknown,
    Value,
    money_in,
)

_TEAM = "team"
_STAYS = ("cloud", "type", "kind", "id", "state", "region")
_MACHINES = ("instance_type", "instances", "accelerator_type", "accelerator_count", "least", "most")
_LARGEST = 10**6
"""Accelerators of one machine, and more than there can be."""
_NOT_PRICED = frozenset({"before", "declared", "free", "accelerator_family"})


class Deltas:
    """Adds up a plan: all of it, each team's part, and that of each budget that is not of one team."""

    def __init__(self, policy: Policy, pricer: Pricer, at: datetime, *, nothing: bool = False) -> None:
        """`nothing`: a plan was read, so that it adds nothing where nothing is in it."""
        self._policy, self._pricer = policy, pricer
        self._currency = policy.currency or "USD"
        self._whole, self._nobodys = Sum(), Sum()
        self._teams: dict[str, Sum] = defaultdict(Sum)
        self._budgets = {
            name: (Sum(), predicate(budget.covers, at, policy.fx))
            for name, budget in policy.budgets.items()
            if budget.covers is not None and not _of_a_team(budget.covers)
        }
        self._any = nothing

    def counted(self, resources: Iterable[Resource]) -> Iterator[Resource]:
        """The same resources, which have their prices; those that are planned are counted as they pass."""
        for resource in resources:
            if resource.fields.get("state") == "planned":
                self._any = True
                self._add(resource)
            yield resource

    def all(self) -> tuple[PlanDelta, ...]:
        """What was counted: all of it, each team's part, each budget's; nothing where nothing was planned."""
        if not self._any:
            return ()
        teams = [self._delta(self._shared(self._teams[team]), team) for team in sorted(self._teams)]
        budgets = [
            self._delta(found, f"budget {name}", budget=name)
            for name, (found, _) in sorted(self._budgets.items())
            if found.met
        ]
        return (self._delta(self._whole, ""), *teams, *budgets)

    def _add(self, resource: Resource) -> None:
        was = self._was(resource) if "before" in resource.facts else None
        gone = resource.text("change") == "delete"
        change = Change(
            resource,
            was,
            Month() if gone else self._month(resource),
            Month() if was is None else self._month(was),
            same=was is not None and not gone and _same(resource, was),
            by_usage=_by_usage(resource),
        )
        for each in (self._whole, *self._covering(change)):
            change.put(each)
        now, then = resource.tags.look(_TEAM), resource.tags.look(_TEAM) if was is None else was.tags.look(_TEAM)
        if now == then or gone:
            change.put(self._part(now))
            return
        change.come(part := self._part(now))  # it goes from one team to another
        if isinstance(then, Unknown):
            part.doubt("whose it was is not known", [resource.id], goes=True)
        else:
            change.go(self._part(then))

    def _part(self, team: Value | Unknown) -> Sum:
        """Where the part of a team is added up; that of a team that nobody knows yet may be anybody's."""
        if isinstance(team, str):
            return self._teams[team]
        return self._nobodys if isinstance(team, Unknown) else Sum()

    def _covering(self, change: Change) -> Iterator[Sum]:
        """The budgets that cover a resource; of one that may, what it adds is not known."""
        for name, (found, covers) in self._budgets.items():
            covered = covers(change.resource)
            found.met = found.met or covered is True
            if covered is None and change.matters:
                why = f"whether budget {name!r} covers it is unknown"
                found.doubt(why, [change.resource.id], goes=change.was is not None)
            if covered:
                yield found

    def _shared(self, team: Sum) -> Sum:
        """A team's part with what may be its own too."""
        if self._nobodys.of:
            team.doubt("whose it is is not known", self._nobodys.of, goes=self._nobodys.before != 0)
        return team

    def _delta(self, sums: Sum, name: str, budget: str = "") -> PlanDelta:
        hidden = tuple(f"{_some(ids)}: {why}" for why, ids in sums.hidden.items())
        return PlanDelta(
            name=name,
            currency=self._currency,
            low=sums.low,
            high=sums.high,
            before=sums.before,
            accelerators=sums.accelerators if not sums.uncounted else None,
            uncounted=sums.uncounted,
            hidden=hidden,
            by_usage=sums.usage,
            budget=budget,
            alone=(sums.low, None if sums.uncounted else sums.accelerators) if sums.alone else None,
        )

    def _month(self, resource: Resource) -> Month:
        """What a month costs in the currency of the sum; between the least and the most of machines that scale."""
        month = resource.look("cost.month")
        if isinstance(month, Money):
            told = money_in(month, self._currency, self._policy.fx)
            if told is None:
                return Month(None, None, f"no exchange rate from {month.currency} to {self._currency}")
            return Month(told.amount, told.amount)
        if resource.facts.get("free") or _by_usage(resource):
            return Month()
        why = month.reason if isinstance(month, Unknown) else "it has no price"
        bounds = [self._of(resource, resource.facts.get(name)) for name in ("least", "most")]
        low, high = bounds if None not in bounds else (None, None)
        return Month(low, high, why)

    def _of(self, resource: Resource, number: object) -> Decimal | None:
        """What a month of so many of its machines costs."""
        if not isinstance(number, int) or not isinstance(resource.facts.get("instances"), Unknown):
            return None
        facts = {**resource.facts, "instances": number}
        other = Resource(dict(resource.fields), resource.tags, dict(resource.unknown), facts=facts)
        self._pricer.apply(other)
        usage = assumed.of(other, self._policy.assume)
        if usage is not None:
            assumed.add(other, usage)
        month = other.month
        told = None if month is None else money_in(month, self._currency, self._policy.fx)
        return None if told is None else told.amount

    def _was(self, resource: Resource) -> Resource:
        """The resource as it was, with its price of then."""
        told = resource.facts["before"]
        facts = dict(told) if isinstance(told, Mapping) else {}
        fields = {name: resource.fields[name] for name in _STAYS if name in resource.fields}
        team = facts.pop(_TEAM, resource.tags.look(_TEAM))
        unsure = {_TEAM: team.reason} if isinstance(team, Unknown) else {}
        region, size, spot = facts.pop("region", None), facts.pop("size", None), facts.pop("spot", None)
        fields["purchase"] = "spot" if spot else "on-demand"
        unknown = dict(resource.unknown)
        if isinstance(region, str):
            fields["region"] = region
        if isinstance(size, int | Decimal):
            fields["capacity.provisioned"] = size
        if "free" in resource.facts:
            facts["free"] = True
        if all(facts.get(name) == resource.facts.get(name) for name in _MACHINES):
            fields |= {name: resource.fields[name] for name in (COUNT,) if name in resource.fields}
        else:
            fields |= _counted(resource.text("cloud"), facts)
        tags = Tags.of({_TEAM: team} if isinstance(team, str) else {}, unknown=unsure)
        was = Resource(fields, tags, unknown, facts=facts)
        usage = assumed.of(was, self._policy.assume)  # of what it was as of what it will be: else assuming would add it
        if usage is not None:
            assumed.settle(was, usage)
        self._pricer.apply(was)
        if usage is not None:
            assumed.add(was, usage)
        return was


def _of_a_team(covers: Condition) -> bool:
    """Whether a budget is that of one team, whose part of the plan is told anyway."""
    return isinstance(covers, Compare) and covers.op == "eq" and covers.ref == Ref("tag", _TEAM)


def _some(ids: list[str]) -> str:
    return ids[0] if len(ids) == 1 else f"{ids[0]} and {len(ids) - 1} more"


def _by_usage(resource: Resource) -> bool:
    return resource.unknown.get("cost.month") == prices.BY_USAGE and "cost.month" not in resource.fields


def _same(resource: Resource, was: Resource) -> bool:
    """Whether nothing that a price could read has changed: what is not known is not the same as anything."""
    size, names = "capacity.provisioned", {*resource.facts, *was.facts} - _NOT_PRICED
    scales = {"instances"} if "most" in resource.facts else set()  # between the same least and most
    told = [(name, resource.facts.get(name), was.facts.get(name)) for name in names]
    told.append((size, resource.fields.get(size), was.fields.get(size)))
    known = [(now, then) for name, now, then in told if name in scales or not isinstance(now, Unknown)]
    return size not in resource.unknown and len(known) == len(told) and all(now == then for now, then in known)


def _counted(cloud: str, facts: Mapping[str, object]) -> dict[str, Value]:
    """The accelerators of the machines that there were, where the table knows them."""
    machine, times = facts.get("instance_type"), facts.get("instances", 1)
    if not isinstance(machine, str | None):
        return {}
    if facts.get("accelerator_type"):
        each = facts.get("accelerator_count", 1)
        if isinstance(each, int) and isinstance(times, int) and abs(each) <= _LARGEST:
            return {COUNT: each * times}
        return {}
    found = prices.accelerator(cloud, machine) if machine else None
    if found is None:
        return {} if machine and prices.is_accelerator_family(cloud, machine) else {COUNT: 0}
    return {COUNT: found.count * times} if found.count is not None and isinstance(times, int) else {}
