"""What ran since the last complete billed hour: bills come days late, and machines are dear by the hour.

A resource accrues its price for every hour since the latest of three: the first hour of its account that is not
completely billed, its own start, the start of the period; less what is billed for it from there on, for bills arrive in
pieces. Only what is priced by the hour accrues; what is priced by use is in the bill alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeAlias

from finops_guard.costs import tables
from finops_guard.costs.budgets_billed import Fx, shown
from finops_guard.costs.periods import Period
from finops_guard.model import ACCELERATOR_HOURS, Budget, Money, Resource, Unknown, money_in

Account: TypeAlias = tuple[str, str]
"""Cloud and account, as both the inventory and the bill call them."""

WEEK = timedelta(days=7)
"""A forecast goes on from about so many days: what runs for less of them is not in it, or not with its whole weight."""
_OVER = frozenset({"stopped", "completed", "failed", "deleting", "planned"})
_ENDS_BY_ITSELF = frozenset({"training-job", "job"})
_BY_OTHERS = frozenset({"usage", "parts"})
_AWS_ID = re.compile(r"[a-z]+-[0-9a-f]{8,17}")
_HOUR = Decimal(3600)


@dataclass(frozen=True, slots=True)
class Running:
    """A resource that costs something by the hour as it is now. `hour`: None where its price is not known, and `why`.

    `since`: when it began, None where that is not known. `ends`: a job, which will not run until the period is over.
    """

    id: str
    account: Account
    since: datetime | None
    hour: Money | None
    why: str
    accelerators: Decimal | None
    ends: bool


@dataclass(frozen=True, slots=True)
class Young:
    """What runs for a week of complete days at most. `cost`: from its start or the boundary to the period's end.

    `new`: it began after the last complete day.
    """

    id: str
    new: bool
    cost: Decimal


@dataclass(slots=True)
class Accrual:
    """Adds up what accrued for one budget in one period.

    `boundaries`: the first hour of each account that is not completely billed. `amount`: accrued until `at`. `young`:
    what complete days may not know, or not know well. `unknown`: in words, what could not be counted.
    """

    budget: Budget
    period: Period
    at: datetime
    boundaries: Mapping[Account, datetime]
    billed: Mapping[str, Mapping[str, Decimal]]
    fx: Fx
    amount: Decimal = Decimal(0)
    young: list[Young] = field(default_factory=list)
    lost: dict[str, list[str]] = field(default_factory=dict)

    def add(self, running: Running) -> None:
        """Count a resource that the budget covers."""
        rate = self._rate(running)
        boundary = self.boundaries.get(running.account)
        known = [moment for moment in (boundary, running.since) if moment is not None]
        if isinstance(rate, str) or not known:
            why = rate if isinstance(rate, str) else "when it started is not known"
            self.lost.setdefault(why, []).append(running.id)
            return
        start = min(max(*known, self.period.start), self.at)
        gross, billed = rate * _hours(start, self.at), self._billed_of(running.id)
        self.amount += max(gross - billed, Decimal(0))
        if running.since is not None and (boundary is None or running.since >= boundary - WEEK):
            rest = Decimal(0) if running.ends else rate * _hours(self.at, self.period.end)
            new = boundary is None or running.since >= boundary
            self.young.append(Young(running.id, new, max(gross, billed) + rest))

    def ahead(self, lately: Collection[str]) -> tuple[Decimal, set[str]]:
        """What the young will cost until the period ends, and the names whose days are not to be continued for it.

        `lately`: ids billed in the last week of complete days. What began since and is among them was stopped and
        started again: the days know its habits. What began before and is not among them has another name in the bill.
        """
        cost, apart = Decimal(0), set[str]()
        for young in self.young:
            names = set(names_of(young.id))
            known = not names.isdisjoint(lately)
            if known != young.new:
                cost += young.cost
                apart |= names if known else set()
        return cost, apart

    def doubt(self, running: Running) -> None:
        """Note a resource of which nobody can tell whether the budget covers it."""
        self.lost.setdefault("whether the budget covers it is not known", []).append(running.id)

    def unknown(self) -> Iterator[str]:
        """What could not be counted."""
        for why, ids in sorted(self.lost.items()):
            yield f"{len(ids)} running: {why} ({shown(re.split('[/:]', id_)[-1] for id_ in ids)})"

    def _rate(self, running: Running) -> Decimal | str:
        """An hour of it in the budget's unit, or why there is none."""
        if self.budget.unit == ACCELERATOR_HOURS:
            return "how many accelerators it has is not known" if running.accelerators is None else running.accelerators
        if running.hour is None:
            return running.why
        money = money_in(running.hour, self.budget.unit, self.fx)
        return f"no rate from {running.hour.currency} to {self.budget.unit}" if money is None else money.amount

    def _billed_of(self, id_: str) -> Decimal:
        sums = next((self.billed[name] for name in names_of(id_) if name in self.billed), {})
        if self.budget.unit == ACCELERATOR_HOURS:
            return sums.get(ACCELERATOR_HOURS, Decimal(0))
        found = (money_in(Money(amount, currency), self.budget.unit, self.fx) for currency, amount in sums.items())
        return sum((money.amount for money in found if money is not None), Decimal(0))


def running(resource: Resource) -> Running | None:
    """How a resource costs by the hour; None for what does not, or is priced by use or as its parts."""
    state, price = resource.look("state"), resource.look("cost.hour")
    hour = price if isinstance(price, Money) else None
    if hour is None and not _should_have_a_price(resource, state):
        return None
    count = resource.look("accelerators.count")
    accelerators = Decimal(str(count)) if isinstance(count, int | float) else None if count is not None else Decimal(0)
    if hour is not None and not hour.amount and not (accelerators and state not in _OVER):
        return None
    if state in _OVER - {"stopped"}:  # a disk that nothing uses is stopped, and billed
        return None
    created = resource.fields.get("created")
    return Running(
        id=resource.id,
        account=(resource.text("cloud"), resource.text("account")),
        since=resource.started or (created if isinstance(created, datetime) else None),
        hour=hour,
        why=price.reason if isinstance(price, Unknown) else "it has no price",
        accelerators=Decimal(0) if state in _OVER else accelerators,
        ends=resource.kind in _ENDS_BY_ITSELF,
    )


def accrues(type_: str) -> bool:
    """Whether resources of a type may cost by the hour: not those that are priced by use, or as their parts."""
    how = tables.priced_by().get(type_.casefold())
    return how is None or how.by not in _BY_OTHERS


def names_of(id_: str) -> Iterator[str]:
    """What a bill may call a resource: its id, the same in lower case (Azure), the last part of an ARN (i-0abc)."""
    yield id_
    yield id_.casefold()
    last = re.split(r"[/:]", id_)[-1]
    if _AWS_ID.fullmatch(last):
        yield last


def _should_have_a_price(resource: Resource, state: object) -> bool:
    """Whether a resource without a price costs by the hour: it runs, or is of a type that does and may run."""
    type_ = resource.text("type")
    if type_.casefold() not in tables.priced_by():
        return state == "running"
    return accrues(type_) and (state == "running" or isinstance(state, Unknown))


def _hours(start: datetime, end: datetime) -> Decimal:
    return Decimal(int((end - start).total_seconds())) / _HOUR
