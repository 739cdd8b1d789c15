"""Budgets as they stand: billed, accrued since the last bill, and what the period will have cost when it ends."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from finops_guard.costs.accrued import WEEK, Account, Accrual, Running, names_of, running
from finops_guard.costs.asks import Ask
from finops_guard.costs.budgets_ahead import Days, ahead, burn_rate
from finops_guard.costs.budgets_billed import Billed, Fx, Lost, billed, in_unit
from finops_guard.costs.periods import Period, period_of, planned, previous
from finops_guard.evaluate import predicate
from finops_guard.model import ACCELERATOR_HOURS, All, Budget, BudgetStatus, Compare, Policy, Ref, Resource, Stop

if TYPE_CHECKING:
    from finops_guard.costs.ledger import Ledger

HISTORY = timedelta(days=400)
"""How far back days are asked for, so that a forecast can be tried on earlier periods."""
_RECENT = timedelta(days=35)
_STALE = timedelta(days=7)
_CHAIN = 12
"""What was left unused more than so many periods ago has lapsed."""


def statuses(  # noqa: PLR0913 - all that a budget's figures depend on
    budgets: Iterable[Budget],
    ledger: Ledger | None,
    running_now: Iterable[Resource] | None,
    at: datetime,
    fx: Fx,
    unread: Iterable[str] = (),
    *,
    refused: Collection[str] = (),
    lasting: Collection[str] = (),
) -> list[BudgetStatus]:
    """Each budget in the period that `at` lies in, in the order given.

    `running_now`: the inventory, priced and derived; None where there is none, and what accrued is unknown then.
    `unread`: what of it could not be read, in words, asked for when it has been; then what accrued is a lower bound.
    `refused`: cost data that does not count, in words. `lasting`: rules whose stops last (see `lasting_rules`): what
    one of them stopped does not go on in the forecast.
    """
    days = None if ledger is None else ledger.days()
    bills = None if ledger is None or days is None else _Bills(ledger, days, ledger.complete_until(), at, fx)
    drafts = [_Draft(budget, at, fx, bills, inventory=running_now is not None) for budget in budgets]
    for resource in running_now or ():
        cost, stop = running(resource), resource.stop
        stopped = isinstance(stop, Stop) and stop.rule in lasting
        for draft in drafts if cost is not None or stopped else ():
            draft.meet(resource, cost, stopped=stopped)
    gaps = ["what runs now is not known: no inventory was read"] if running_now is None else []
    gaps += unread
    return [draft.status(gaps, refused) for draft in drafts]


def lasting_rules(policy: Policy) -> frozenset[str]:
    """The rules that stop `enough`: until the period is over, not until the morning."""
    rules = (rule for binding in policy.bindings for rule in binding.rules)
    return frozenset(rule.id for rule in rules if any(rung.enough for rung in rule.otherwise))


@dataclass(slots=True)
class _Bills:
    """A ledger with rows, and what many budgets ask of it alike."""

    ledger: Ledger
    days: tuple[date, date]
    boundaries: Mapping[Account, datetime]
    at: datetime
    fx: Fx
    _after: dict[tuple[object, ...], Mapping[str, Mapping[str, Decimal]]] = field(default_factory=dict)

    def boundary(self, rows: Iterable[Billed]) -> datetime | None:
        """The first hour that is not completely billed, of the clouds that were used lately; None without usage rows.

        An export brings all accounts of a cloud, and one that spends nothing any more would seem late: so the newest
        account stands for its cloud, and the latest cloud for all.
        """
        clouds: dict[str, datetime] = {}
        for (cloud, _), moment in self.boundaries.items():
            clouds[cloud] = max(moment, clouds.get(cloud, moment))
        since = (self.at - _RECENT).date()
        used = {row.cloud for row in rows if row.usage and row.day >= since} & clouds.keys()
        return min((clouds[cloud] for cloud in used or clouds), default=None)

    def lately(self, ids: Collection[str]) -> set[str]:
        """Those of the ids that were billed in the last week of complete days of their account."""
        these = Compare(Ref("field", "id"), "in", tuple(sorted(ids)))
        first, last = min(self.boundaries.values()) - WEEK, max(self.boundaries.values())
        ask = Ask("effective", these, ("id", "cloud", "account", "day"), first, last, usage_only=True)
        found = set()
        for id_, cloud, account, day in (total.key for total in self.ledger.totals(ask)):
            boundary = self.boundaries.get((cloud or "", account or ""))
            if id_ and day and boundary and boundary - WEEK <= _utc(day) < boundary:
                found.add(id_)
        return found

    def after(self, budget: Budget, start: datetime) -> Mapping[str, Mapping[str, Decimal]]:
        """What is billed of each resource since the later of `start` and its account's boundary, by unit."""
        hours = budget.unit == ACCELERATOR_HOURS
        key = (budget.metric, start, hours)
        if key not in self._after:
            when = {account: max(boundary, start) for account, boundary in self.boundaries.items()}
            found = self._hours_after(budget, when) if hours else self.ledger.billed_after(when, budget.metric)
            self._after[key] = found
        return self._after[key]

    def _hours_after(self, budget: Budget, when: Mapping[Account, datetime]) -> Mapping[str, Mapping[str, Decimal]]:
        """The same in hours of accelerators; boundaries are whole UTC days, so days tell which rows count."""
        found: dict[str, dict[str, Decimal]] = {}
        by = ("id", "day", "account", "cloud", "usage", "description", "unit")
        for total in self.ledger.totals(Ask(budget.metric, None, by, min(when.values(), default=self.at), self.at)):
            id_, day, account, cloud = total.key[:4]
            boundary = when.get((cloud or "", account or ""))
            if id_ is None or day is None or boundary is None or date.fromisoformat(day) < boundary.date():
                continue
            amount = in_unit(budget, total, cloud or "", total.key[4:], self.fx, Lost())
            if amount is not None:
                sums = found.setdefault(id_, {})
                sums[ACCELERATOR_HOURS] = sums.get(ACCELERATOR_HOURS, Decimal(0)) + amount
        return found


class _Draft:
    """A budget's status while resources are still being met."""

    def __init__(self, budget: Budget, at: datetime, fx: Fx, bills: _Bills | None, *, inventory: bool) -> None:
        self.budget, self.period, self.at, self.fx, self.bills = budget, period_of(budget, at), at, fx, bills
        self.covers = None if budget.covers is None else predicate(budget.covers, at, fx)
        self.inventory = inventory
        self.stopped: set[str] = set()
        boundaries = {} if bills is None else bills.boundaries
        after = bills.after(budget, self.period.start) if bills is not None and inventory else {}
        self.accrual = Accrual(budget, self.period, at, boundaries, after, fx)

    def meet(self, resource: Resource, cost: Running | None, *, stopped: bool) -> None:
        """Count a resource, if the budget covers it."""
        covered = True if self.covers is None else self.covers(resource)
        if covered and stopped:
            self.stopped.update(names_of(resource.id))
        if covered and cost is not None:
            self.accrual.add(cost)
        elif covered is None and cost is not None:
            self.accrual.doubt(cost)

    def status(self, gaps: Iterable[str], refused: Iterable[str]) -> BudgetStatus:
        """The status, when every resource was met."""
        budget, period = self.budget, self.period
        lost, uncounted = Lost(), [*refused]
        now = self._billed(period.start, self.at, lost)
        before = self._billed(period.start - HISTORY, period.start, Lost())
        boundary = None if self.bills is None else self.bills.boundary([*before, *now])
        carried = self._carried(boundary, uncounted)
        none = not now and lost.most is None  # there are rows, and nobody can tell what they come to
        told = not none and (bool(now) or not self._outside(boundary))
        actual = sum((row.amount for row in now), Decimal(0)) if told and self.bills is not None else None
        accrued = self.accrual.amount if self.inventory else None
        limit = planned(budget, period) + carried
        new, apart = self.accrual.ahead(self._lately())
        over = self._rows_of(self.stopped | apart, period.start - HISTORY)
        days = Days.of(
            before,
            now,
            over,
            period,
            None if none and not before else boundary,
            None if self.bills is None else self.bills.days,
        )
        spent = (actual or Decimal(0)) + (accrued or Decimal(0))
        if boundary is not None and boundary < self.at - _STALE:
            uncounted.append(f"bills end on {boundary - timedelta(days=1):%Y-%m-%d}")
        if self.bills is not None and period.first + _STALE < self.bills.days[0] <= self.at.date():
            uncounted.append(f"bills begin on {self.bills.days[0]:%Y-%m-%d}")
        return BudgetStatus(
            budget=budget,
            period=period.name,
            start=period.start,
            end=period.end,
            limit=limit,
            rolled_over=carried,
            actual=actual,
            accrued=accrued,
            forecast=ahead(days, spent, new),
            burn_rate=burn_rate(days, limit - spent, self.at),
            daily=_daily(now, period),
            billed_until=boundary,
            unknown=(*gaps, *self.accrual.unknown(), *uncounted, *lost),
            uncounted=(*uncounted, *lost),
            uncounted_most=None if uncounted else lost.most,
        )

    def _outside(self, boundary: datetime | None) -> bool:
        """Whether the bills are of another time than the period so far: their silence is no 0."""
        if self.bills is None:
            return True
        first, last = self.bills.days
        stale = boundary is not None and boundary < self.at - _STALE
        return first > self.at.date() or (stale and last < self.period.first)

    def _billed(self, start: datetime, end: datetime, lost: Lost) -> list[Billed]:
        return [] if self.bills is None else billed(self.budget, self.bills.ledger, start, end, self.fx, lost)

    def _rows_of(self, ids: Collection[str], start: datetime) -> list[Billed]:
        """What was billed of some resources."""
        if self.bills is None or not ids:
            return []
        these = Compare(Ref("field", "id"), "in", tuple(sorted(ids)))
        covers = these if self.budget.covers is None else All((self.budget.covers, these))
        return billed(replace(self.budget, covers=covers), self.bills.ledger, start, self.at, self.fx, Lost())

    def _lately(self) -> set[str]:
        """Of the young, those that were billed in the last week of complete days."""
        names = {name for young in self.accrual.young for name in names_of(young.id)}
        if self.bills is None or not names or not self.bills.boundaries:
            return set()
        return self.bills.lately(names)

    def _carried(self, boundary: datetime | None, unknown: list[str]) -> Decimal:
        """What the periods before left unused, as far as the bills reach back."""
        budget = self.budget
        if not budget.rollover or self.bills is None:
            return Decimal(0)
        chain: list[Period] = []
        period = previous(budget, self.period)
        while len(chain) < _CHAIN and self.bills.days[0] <= period.start.date():
            chain.insert(0, period)
            period = previous(budget, period)
        carried = Decimal(0)
        for period in chain:
            lost = Lost()
            spent = sum((row.amount for row in self._billed(period.start, period.end, lost)), Decimal(0))
            carried = budget.rollover * max(planned(budget, period) + carried - spent, Decimal(0))
            unknown += [f"what {period.name} left over may be less: {why}" for why in lost]
        if chain and boundary is not None and boundary < self.period.start:
            unknown.append(f"what {chain[-1].name} left over may be less: it is billed until {boundary:%Y-%m-%d}")
        return carried


def _utc(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def _daily(rows: Iterable[Billed], period: Period) -> tuple[tuple[date, Decimal], ...]:
    """By day; hours before the first UTC day, where local midnight comes earlier, belong to the first."""
    sums: dict[date, Decimal] = {}
    for row in rows:
        day = max(row.day, period.first)
        sums[day] = sums.get(day, Decimal(0)) + row.amount
    return tuple(sorted(sums.items()))
