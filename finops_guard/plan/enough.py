"""Stopping only until a budget holds: which of the stops that a budget asks for it needs, and which it does not.

Of the resources that a budget covers those are stopped first that may be interrupted, then what says that it is not
production, then the rest; each time the dearest first, so that few are stopped. What they save until the period ends is
taken off what the budget is projected to be over; as soon as nothing is over, no more is stopped.

`facts["budget"]` of a resource says what its budget is over (`costs.budgets_joined`). Where that is unknown nothing is
stopped, and nothing that saves nobody knows what: unknown never acts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from finops_guard.model import Money, Policy, Resource, money_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finops_guard.plan.context import Context, Draft

_PRODUCTION = frozenset({"prod", "production", "live"})
_HOUR = Decimal(3600)


class Enough:
    """Which stops with `enough` their budget does not need; those of a dry-run binding help no budget.

    Every stop that a budget could need is held until all are known.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._wanting: dict[object, list[Draft]] = {}
        self._rulings: dict[str, Ruling] = {}

    def asked(self, draft: Draft) -> bool:
        """Whether a budget decides on this."""
        if not draft.rung.enough or draft.refused or draft.idle:
            return False
        self._wanting.setdefault(_budget(draft.step.resource).get("name"), []).append(draft)
        return True

    def needed(self) -> Iterator[Draft]:
        """The stops that are not ruled out, when all have been seen."""
        for name, wanting in self._wanting.items():
            self._rulings |= dict(_choose(str(name), wanting, self._context))
        for wanting in self._wanting.values():
            yield from (draft for draft in wanting if draft.step.id not in self._rulings)
        self._wanting = {}

    def say(self, draft: Draft) -> None:
        """Put what was decided on a draft."""
        ruling = self._rulings.get(draft.step.id)
        if ruling is None:
            return
        if ruling.known:
            draft.unneeded += (ruling.why,)
        else:
            draft.refused += (ruling.why,)


class Ruling(NamedTuple):
    """Why a stop is not done; `known`: whether it is known what its budget is over."""

    known: bool
    why: str


def _choose(name: str, wanting: list[Draft], context: Context) -> Iterator[tuple[str, Ruling]]:
    """By step, what is not done."""
    facts = _budget(wanting[0].step.resource)
    over = facts.get("over", facts.get("over_hours"))
    until = facts.get("until")
    left = over.amount if isinstance(over, Money) else over
    if not isinstance(left, Decimal) or not isinstance(until, datetime):
        for draft in wanting:
            yield draft.step.id, Ruling(known=False, why=f"what budget '{name}' is projected to spend is unknown")
        return
    unit = over.currency if isinstance(over, Money) else None
    saves = {draft.step.id: _saves(draft, until, unit, context) for draft in wanting}
    counted: set[str] = set()
    for draft in sorted(wanting, key=lambda draft: _order(draft, saves[draft.step.id])):
        step, resource, saved = draft.step.id, draft.step.resource, saves[draft.step.id]
        if resource.id in counted:
            continue  # another rule stops it for the same budget
        if saved is None:
            yield step, Ruling(known=True, why=f"what stopping it saves budget '{name}' is unknown")
        elif left <= 0:
            yield step, Ruling(known=True, why=f"budget '{name}' is projected to stay under its limit without this")
        else:
            counted.add(resource.id)
            left -= saved


def _saves(draft: Draft, until: datetime, currency: str | None, context: Context) -> Decimal | None:
    """What is not spent from the act until the period ends, in the budget's unit (None: hours of accelerators)."""
    resource = draft.step.resource
    start = max(context.now, draft.step.due or context.now)
    hours = max(Decimal(int((until - start).total_seconds())), Decimal(0)) / _HOUR
    rate = _accelerators(resource) if currency is None else _price(resource, currency, context.policy)
    return None if rate is None else rate * hours


def _price(resource: Resource, currency: str, policy: Policy) -> Decimal | None:
    hour = resource.fields.get("cost.hour")
    money = money_in(hour, currency, policy.fx) if isinstance(hour, Money) else None
    return None if money is None else money.amount


def _accelerators(resource: Resource) -> Decimal | None:
    count = resource.fields.get("accelerators.count")
    return Decimal(str(count)) if isinstance(count, int | float) else None


def _order(draft: Draft, saved: Decimal | None) -> tuple[int, Decimal, str, str]:
    return _rank(draft.step.resource), -(saved or Decimal(0)), draft.step.resource.id, draft.step.id


def _rank(resource: Resource) -> int:
    if resource.fields.get("interruptible") is True or resource.tags.look("interruptible") == "yes":
        return 0
    environment = resource.tags.look("environment")
    return 1 if isinstance(environment, str) and environment.casefold() not in _PRODUCTION else 2


def _budget(resource: Resource) -> Mapping[str, object]:
    facts = resource.facts.get("budget")
    return facts if isinstance(facts, Mapping) else {}
