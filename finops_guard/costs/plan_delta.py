"""What a plan adds to the bill of a month: of everything it changes, what comes less what goes.

Of what has no price nobody knows the cost: the delta then has a least and no most, and is never taken for 0. What is
only priced by use counts without it, unless the policy assumes some.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from finops_guard.costs import assumed, prices
from finops_guard.costs.pricing import Pricer
from finops_guard.model import Money, PlanDelta, Policy, Resource, Tags, Unknown, Value, money_in

_TEAM = "team"
_STANDS = frozenset({"none", "delete"})
_STAYS = ("cloud", "type", "kind", "id", "state", "region")
_MACHINES = ("instance_type", "instances", "accelerator_type", "accelerator_count", "least", "most")
_NOT_PRICED = frozenset({"before", "declared", "free", "accelerator_family"})
_COUNT = "accelerators.count"


@dataclass(frozen=True, slots=True)
class _Month:
    """What a resource costs in a month: a least and a most, None where there is none, and why they are not one."""

    low: Decimal | None = Decimal(0)
    high: Decimal | None = Decimal(0)
    why: str = ""


@dataclass(slots=True)
class _Sum:
    """Money between a least and a most, None where there is none; and the accelerators that come and go."""

    low: Decimal | None = Decimal(0)
    high: Decimal | None = Decimal(0)
    before: Decimal | None = Decimal(0)
    accelerators: Decimal = Decimal(0)
    hidden: dict[str, list[str]] = field(default_factory=dict)
    uncounted: str = ""
    usage: int = 0

    def plus(self, month: _Month, resource: Resource) -> None:
        """What comes; of what is not known nothing is put on the least, and no most is left."""
        self._say(month, resource)
        self.low = None if self.low is None else self.low + (month.low or 0)
        self.high = None if self.high is None or month.high is None else self.high + month.high

    def minus(self, month: _Month, resource: Resource) -> None:
        """What goes; of what is not known nothing is taken off the most, and no least is left."""
        self._say(month, resource)
        self.low = None if self.low is None or month.high is None else self.low - month.high
        self.high = None if self.high is None else self.high - (month.low or 0)

    def stood(self, month: _Month) -> None:
        """What was there."""
        exact = month.low if month.low == month.high else None
        self.before = None if self.before is None or exact is None else self.before + exact

    def _say(self, month: _Month, resource: Resource) -> None:
        if month.why and resource.id not in (told := self.hidden.setdefault(month.why, [])):
            told.append(resource.id)


class Deltas:
    """Adds up a plan: all of it, and each team's part."""

    def __init__(self, policy: Policy, pricer: Pricer, *, nothing: bool = False) -> None:
        """`nothing`: a plan was read, so that it adds nothing where nothing is in it."""
        self._policy, self._pricer = policy, pricer
        self._currency = policy.currency or "USD"
        self._whole = _Sum()
        self._teams: dict[str, _Sum] = {}
        self._any = nothing

    def counted(self, resources: Iterable[Resource]) -> Iterator[Resource]:
        """The same resources, which have their prices; those that are planned are counted as they pass."""
        for resource in resources:
            if resource.fields.get("state") == "planned":
                self._any = True
                self._add(resource)
            yield resource

    def all(self) -> tuple[PlanDelta, ...]:
        """What was counted: all of it, then each team's part; nothing where nothing was planned."""
        if not self._any:
            return ()
        return (self._delta(self._whole, ""), *(self._delta(each, team) for team, each in sorted(self._teams.items())))

    def _add(self, resource: Resource) -> None:
        change = resource.text("change")
        team = resource.tags.look(_TEAM)
        sums = [self._whole]
        if isinstance(team, str):
            sums.append(self._teams.setdefault(team, _Sum()))
        was = self._was(resource) if "before" in resource.facts else None
        after = self._month(resource) if change != "delete" else _Month()
        before = _Month() if was is None else self._month(was)
        for each in sums:
            each.usage += change not in _STANDS and _by_usage(resource)
            if change == "none":
                each.stood(before)
                continue
            if was is not None and after.why and before.why and _same(resource, was):
                continue  # what has no price stays what it was
            each.plus(after, resource)
            each.minus(before, resource)
            each.stood(before)
            self._accelerators(each, resource, was, change)

    def _delta(self, sums: _Sum, name: str) -> PlanDelta:
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
        )

    def _accelerators(self, each: _Sum, resource: Resource, was: Resource | None, change: str) -> None:
        if resource.facts.get("free"):
            return  # a template has none itself
        now = resource.look(_COUNT) if change != "delete" else 0
        then = 0 if was is None else was.look(_COUNT)
        for value, sign in ((now, 1), (then, -1)):
            if isinstance(value, Unknown):
                each.uncounted = each.uncounted or f"{resource.id}: {value.reason}"
            elif isinstance(value, int | float | Decimal):
                each.accelerators += sign * Decimal(str(value))

    def _month(self, resource: Resource) -> _Month:
        """What a month costs in the currency of the sum; between the least and the most of machines that scale."""
        month = resource.look("cost.month")
        if isinstance(month, Money):
            told = money_in(month, self._currency, self._policy.fx)
            if told is None:
                return _Month(None, None, f"no exchange rate from {month.currency} to {self._currency}")
            return _Month(told.amount, told.amount)
        if resource.facts.get("free") or _by_usage(resource):
            return _Month()
        why = month.reason if isinstance(month, Unknown) else "it has no price"
        bounds = [self._of(resource, resource.facts.get(name)) for name in ("least", "most")]
        low, high = bounds if None not in bounds else (None, None)
        return _Month(low, high, why)

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
            fields |= {name: resource.fields[name] for name in (_COUNT,) if name in resource.fields}
        else:
            fields |= _counted(resource.text("cloud"), facts)
        was = Resource(fields, Tags.of({}), unknown, facts=facts)
        usage = assumed.of(was, self._policy.assume)  # of what it was as of what it will be: else assuming would add it
        if usage is not None:
            assumed.settle(was, usage)
        self._pricer.apply(was)
        if usage is not None:
            assumed.add(was, usage)
        return was


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
        return {_COUNT: each * times} if isinstance(each, int) and isinstance(times, int) else {}
    found = prices.accelerator(cloud, machine) if machine else None
    if found is None:
        return {} if machine and prices.is_accelerator_family(cloud, machine) else {_COUNT: 0}
    return {_COUNT: found.count * times} if found.count is not None and isinstance(times, int) else {}
