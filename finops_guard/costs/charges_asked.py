"""What cost rows say of each account, team and service: all of a month, and usage on the days that are judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from finops_guard.costs.anomalies import days_read
from finops_guard.costs.asks import Ask, Total
from finops_guard.costs.charges_cause import Group
from finops_guard.costs.forecast_methods import months_back
from finops_guard.model import Compare, Money, Ref, Unknown, canonical, money_in

if TYPE_CHECKING:
    from finops_guard.costs.ledger import Ledger

Fx: TypeAlias = Mapping[tuple[str, str], tuple[Decimal, date]]
TEXTS = ("account_name", "category", "publisher")
_MARKETPLACE = Compare(Ref("field", "charge.marketplace"), "eq", value=True)
_DAY = timedelta(days=1)


@dataclass(slots=True)
class Sums:
    """Of one group: the month's amounts, usage by day, each by currency; `told`: what its rows say of each of TEXTS.

    `marketplace`: True where some of it was bought there, None where that is not told. `untold`: a file does not tell
    the metric at all.
    """

    month: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    usage: dict[date, dict[str, Decimal]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(Decimal)))
    told: dict[str, set[str | None]] = field(default_factory=lambda: defaultdict(set))
    marketplace: set[bool | None] = field(default_factory=set)
    untold: bool = False

    def currency(self, wanted: str | None, fx: Fx) -> str | Unknown:
        """The wanted currency, if all of it can be said in that, or else its own, if that is one."""
        if self.untold:
            return Unknown("a file among the bills does not tell effective cost")
        there = sorted({*self.month, *(code for amounts in self.usage.values() for code in amounts)})
        without = [code for code in there if wanted and money_in(Money(Decimal(0), code), wanted, fx) is None]
        if wanted and not without:
            return wanted
        if len(there) == 1:
            return there[0]
        if without:
            return Unknown(f"the policy has no rate from {without[0]} to {wanted}")
        return Unknown(f"it is billed in {', '.join(there)}, and the policy names no currency")


def boundaries(ledger: Ledger) -> Mapping[str, date]:
    """The first day that is not complete, by cloud.

    An export brings all accounts of a cloud: one that spent nothing of late is not late itself.
    """
    found: dict[str, date] = {}
    for (cloud, _), until in ledger.complete_until().items():
        found[cloud] = max(until.date(), found.get(cloud, until.date()))
    return found


def asked(ledger: Ledger, cloud: str, until: date, key: str) -> Mapping[Group, Sums]:
    """The groups of one cloud that have rows in the month before `until`, where a tag `key` names the team.

    Only the days that a judgement reads are asked for one by one: there are thousands of groups.
    """
    sums: dict[Group, Sums] = defaultdict(Sums)
    by = ("cloud", "account", f"tags.{canonical(key)}", "service")

    def groups(ask: Ask) -> Iterator[tuple[Group, Total]]:
        found = ((Group(*total.key[: len(by)]), total) for total in ledger.totals(ask))
        return ((group, total) for group, total in found if (group.cloud or "") == cloud)

    month = Ask(by=(*by, *TEXTS), start=_midnight(months_back(until, 1)), end=_midnight(until))
    for group, total in groups(month):
        of = sums[group]
        of.month[total.currency] += total.amount
        of.untold |= not total.decided
        for name, text in zip(TEXTS, total.key[len(by) :], strict=True):
            of.told[name].add(text)
    for group, total in groups(replace(month, where=_MARKETPLACE, by=by)):
        sums[group].marketplace.add(True if total.decided else None)
    for day in days_read(until - _DAY):
        for group, total in groups(Ask(by=by, start=_midnight(day), end=_midnight(day + _DAY), usage_only=True)):
            if group in sums:
                sums[group].usage[day][total.currency] += total.amount
    return sums


def amount(amounts: Mapping[str, Decimal], into: str, fx: Fx) -> Decimal:
    """In one currency, for which there is a rate from each (`Sums.currency`)."""
    moneys = (money_in(Money(one, code), into, fx) for code, one in amounts.items())
    return sum((money.amount for money in moneys if money is not None), Decimal(0))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
