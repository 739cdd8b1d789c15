"""Which days a unit cost is about: those that both the cost and the count cover whole, and no others."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from finops_guard.costs.asks import Ask
from finops_guard.costs.counts._counted import DAY, each_day, midnight
from finops_guard.model import Condition

if TYPE_CHECKING:
    from finops_guard.costs.ledger import Ledger

OVER = 28
"""Days of a unit cost: four weeks, so that every weekday weighs the same."""

_ENDED = timedelta(days=7)
"""An account whose cost rows end so long before those of its cloud has ended; its export is not just late."""


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a unit cost and those of its baseline, oldest first; `first` to `last` is the span of `now`."""

    first: date
    last: date
    now: tuple[date, ...]
    before: tuple[date, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether no day of the span is missing."""
        return len(self.now) == (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Complete:
    """The days on which the cost is billed whole, None without any, and what must be said about that."""

    first: date
    last: date
    remarks: tuple[str, ...] = ()


def common(complete: Complete, counted: Collection[date], over: int = OVER) -> Days | None:
    """The newest `over` days that end on a day of both sides, without those that one side lacks; None without a day.

    The baseline is the equally long span just before; there is none where less than half of its days can be compared.
    """
    both = sorted(day for day in set(counted) if complete.first <= day <= complete.last)
    if not both:
        return None
    last = both[-1]
    now = tuple(day for day in both if day > last - DAY * over)
    span = (last - now[0]).days + 1
    before = tuple(day for day in both if now[0] - DAY * span <= day < now[0])
    return Days(now[0], last, now, before if 2 * len(before) >= len(now) else ())


@dataclass(frozen=True, slots=True)
class Bills:
    """A ledger, until when each of its accounts is complete, and its first day; None where it has no rows."""

    ledger: Ledger
    bounds: Mapping[tuple[str, str], datetime]
    first: date | None

    @staticmethod
    def of(ledger: Ledger) -> Bills:
        """Asked once for all units: each answer reads every row."""
        days = ledger.days()
        return Bills(ledger, ledger.complete_until(), days[0] if days else None)


def complete(bills: Bills, covers: Condition, over: int = OVER) -> Complete | None:
    """Where the cost of a selection is complete: until the first of its accounts whose bills are still coming.

    Only accounts that cost something lately count. One that stopped weeks before the rest of its cloud has ended, and
    does not hold back the others.
    """
    bounds = bills.bounds
    if not bounds or bills.first is None:
        return None
    newest = max(bounds.values())
    ask = Ask(where=covers, by=("cloud", "account"), start=newest - DAY * 3 * over)
    accounts = {(total.key[0] or "", total.key[1] or "") for total in bills.ledger.totals(ask) if total.decided}
    of_unit = {account: bounds[account] for account in accounts if account in bounds}
    ended = {account for account, until in of_unit.items() if until < _newest(bounds, account[0]) - _ENDED}
    running = [until for account, until in of_unit.items() if account not in ended]
    until = min(running, default=max(of_unit.values(), default=newest))
    last = until.date() - DAY
    remarks = tuple(
        f"account {account} has no cost since {of_unit[cloud, account].date()}: taken as ended"
        for cloud, account in sorted(ended)
        if running
    )
    return Complete(bills.first, last, remarks) if bills.first <= last else None


def spans(days: Collection[date]) -> list[tuple[datetime, datetime]]:
    """Days as (first moment, first moment after) of the stretches they make."""
    found: list[tuple[datetime, datetime]] = []
    for day in sorted(days):
        start, end = midnight(day), midnight(day + DAY)
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def asked(last: date, over: int = OVER) -> tuple[date, date]:
    """The days to count: the unit cost's, its baseline's, and as many more because a count may end before the bills."""
    return next(each_day(last - DAY * (3 * over - 1), last)), last


def _newest(bounds: Mapping[tuple[str, str], datetime], cloud: str) -> datetime:
    return max(until for (one, _), until in bounds.items() if one == cloud)
