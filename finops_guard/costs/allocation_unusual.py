"""The days of the last month on which a team spent more on a service than it usually does, and what made it so."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

from finops_guard.costs.allocation_asked import DIGITS, Purse, Wanted
from finops_guard.costs.anomalies import LEAST, WEEKS, Unusual, unusual
from finops_guard.costs.asks import Ask, Total
from finops_guard.costs.charges_cause import Group, cause
from finops_guard.model import Unknown

if TYPE_CHECKING:
    from finops_guard.costs.ledger import Ledger

DAYS = 30
"""How many complete days before the newest are looked at."""
CAUSES = 8
"""Of how many runs of days, the dearest, it is asked what made them so: each takes six more sums over the bills."""
NOT_ASKED = "not looked for"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class UnusualDay:
    """A day of one group: what usage cost, what it usually does, in `currency`; and why, None where it is spread.

    Beyond the dearest CAUSES runs of days the cause is NOT_ASKED.
    """

    day: date
    group: Group
    cost: Decimal
    usual: Decimal
    currency: str
    cause: str | None


@dataclass(frozen=True, slots=True)
class UnusualDays:
    """Those found, the dearest first. `unknown`: why some days could not be held against others, None if all could."""

    days: tuple[UnusualDay, ...]
    unknown: str | None = None


def unusual_days(ledger: Ledger, wanted: Wanted) -> UnusualDays:
    """Every group of cloud, account, team and service, on the complete days of the period, at most the last DAYS."""
    with localcontext() as context:
        context.prec = DIGITS
        return _unusual_days(ledger, wanted)


def _unusual_days(ledger: Ledger, wanted: Wanted) -> UnusualDays:
    known = ledger.days()
    until = {account: moment.date() for account, moment in ledger.complete_until().items()}
    if known is None or not until:
        return UnusualDays(())
    first = min(until.values()) - (DAYS + 7 * WEEKS) * _DAY
    found: list[UnusualDay] = []
    unknown: str | None = None
    for (group, currency), days in _series(ledger, wanted, first).items():
        end = until.get((group.cloud or "", group.account or ""))
        # An account that is first used today has no complete hour at all.
        for day in _looked_at(wanted, end) if end else ():
            if days.get(day, Decimal(0)) < LEAST:
                continue
            what = unusual(days, day, known[0])
            if isinstance(what, Unknown):
                unknown = what.reason
            elif isinstance(what, Unusual):
                found.append(UnusualDay(day, group, days[day], what.usual, currency, NOT_ASKED))
    return UnusualDays(tuple(sorted(_explained(ledger, wanted, found), key=_rank)), unknown)


def _explained(ledger: Ledger, wanted: Wanted, found: list[UnusualDay]) -> Iterator[UnusualDay]:
    """The days with their causes: those that follow each other in one group have that of the dearest of them."""
    runs: dict[tuple[object, ...], list[UnusualDay]] = defaultdict(list)
    met: Counter[tuple[Group, str]] = Counter()
    for each in sorted(found, key=lambda each: each.day):
        same = (each.group, each.currency)
        # Days that follow each other lie as far behind their number in the group.
        runs[*same, each.day.toordinal() - met[same]].append(each)
        met[same] += 1
    for number, run in enumerate(
        sorted((sorted(run, key=_rank) for run in runs.values()), key=lambda run: _rank(run[0]))
    ):
        dear, why = run[0], None if number < CAUSES else NOT_ASKED
        if number < CAUSES:
            why = cause(ledger, dear.group, "team", dear.day, lambda total: _amount(wanted, total))
        yield from (replace(each, cause=why) for each in run)


def _rank(each: UnusualDay) -> tuple[object, ...]:
    return each.usual - each.cost, each.day, [part or "" for part in each.group], each.currency


def _looked_at(wanted: Wanted, until: date) -> Iterator[date]:
    for ago in range(1, DAYS + 1):
        day = until - ago * _DAY
        start = datetime.combine(day, time(), UTC)
        if (wanted.since is None or start >= wanted.since) and (wanted.until is None or start < wanted.until):
            yield day


def _series(ledger: Ledger, wanted: Wanted, first: date) -> Mapping[tuple[Group, str], dict[date, Decimal]]:
    """Usage of each group and currency by day, before the period too, for that is what is usual."""
    by = ("cloud", "account", "tags.team", "service", "day")
    start = datetime.combine(first, time(), UTC)
    series: dict[tuple[Group, str], dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for total in ledger.totals(Ask(wanted.metric, None, by, start, usage_only=True)):
        purse = Purse(wanted)
        purse.add(total)
        for currency, amount in purse.amounts.items():
            series[Group(*total.key[:4]), currency][date.fromisoformat(total.key[4] or "")] += amount
    return series


def _amount(wanted: Wanted, total: Total) -> Decimal:
    purse = Purse(wanted)
    purse.add(total)
    return sum(purse.amounts.values(), Decimal(0))
