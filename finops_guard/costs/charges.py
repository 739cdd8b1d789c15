"""Charges: what each team spends on each service, as things that are judged; with what was out of the ordinary.

Money is effective cost. A month is all that was charged, fees and corrections included; what is usual on a weekday is
told from usage alone, for the rest comes when it is invoiced.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from finops_guard.costs.anomalies import WEEKS, Unusual, unusual
from finops_guard.costs.asks import Ask, Total
from finops_guard.costs.charges_cause import Group, cause
from finops_guard.costs.computed import computed_resource
from finops_guard.costs.forecast_methods import months_back
from finops_guard.model import Compare, Money, Ref, Resource, Tags, Unknown, Value, canonical, money_in

if TYPE_CHECKING:
    from finops_guard.costs.ledger import Ledger

TYPE = "FinOpsGuard::Charge"
Fx: TypeAlias = Mapping[tuple[str, str], tuple[Decimal, date]]
_TEXTS = {"account_name": "account_name", "charge.category": "category", "charge.publisher": "publisher"}
"""Field -> what rows are grouped by."""
_CLOUDS = frozenset({"aws", "azure", "gcp"})
_MARKETPLACE = Compare(Ref("field", "charge.marketplace"), "eq", value=True)
OLDEST = timedelta(days=7)
"""A last complete day that is older is no news."""


@dataclass(slots=True)
class _Sums:
    """What the rows of a group say. Amounts by day and currency; `told`: what they say of each text, and how often."""

    months: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    usage: dict[date, dict[str, Decimal]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(Decimal)))
    told: dict[str, set[str | None]] = field(default_factory=lambda: defaultdict(set))
    marketplace: set[bool | None] = field(default_factory=set)
    untold: bool = False


def charges(
    ledger: Ledger,
    at: datetime,
    *,
    key: str = "team",
    currency: str | None = None,
    fx: Fx | None = None,
) -> Iterator[Resource]:
    """One `charge` for each account, team and service that cost anything in the month before its last complete day.

    `key`: the tag that names a team. Amounts are in `currency`, or, without one, in the group's own; where they cannot
    be, they are unknown and say why. Sorted by id.
    """
    known = ledger.days()
    if known is None:
        return
    boundaries = _boundaries(ledger)
    sums = _asked(ledger, boundaries, key)
    for group in sorted(sums, key=_id):
        of = sums[group]
        until = boundaries[group.cloud or ""]
        if of.months or of.untold:
            made = _Made(ledger, group, of, key, until)
            yield made.resource(at.astimezone(UTC).date(), known[0], currency, fx or {})


def _boundaries(ledger: Ledger) -> Mapping[str, date]:
    """The first day that is not complete, by cloud.

    An export brings all accounts of a cloud: one that spent nothing of late is not late itself.
    """
    found: dict[str, date] = {}
    for (cloud, _), until in ledger.complete_until().items():
        found[cloud] = max(until.date(), found.get(cloud, until.date()))
    return found


def _asked(ledger: Ledger, boundaries: Mapping[str, date], key: str) -> Mapping[Group, _Sums]:
    sums: dict[Group, _Sums] = defaultdict(_Sums)
    if not boundaries:
        return sums
    by = ("cloud", "account", f"tags.{canonical(key)}", "service", "day")
    first, last = min(boundaries.values()), max(boundaries.values())

    def asked(ask: Ask) -> Iterator[tuple[Group, date, date, Total]]:
        for total in ledger.totals(ask):
            group, day = Group(*total.key[:4]), date.fromisoformat(total.key[4] or "")
            until = boundaries.get(group.cloud or "")
            if until is not None and day < until:
                yield group, day, until, total

    start, end = _midnight(months_back(first, 1)), _midnight(last)
    for group, day, until, total in asked(Ask(by=(*by, *_TEXTS.values()), start=start, end=end)):
        if day >= months_back(until, 1):
            of = sums[group]
            of.months[total.currency] += total.amount
            of.untold |= not total.decided
            for name, text in zip(_TEXTS.values(), total.key[5:], strict=True):
                of.told[name].add(text)
    for group, day, until, total in asked(Ask(where=_MARKETPLACE, by=by, start=start, end=end)):
        if day >= months_back(until, 1):
            sums[group].marketplace.add(True if total.decided else None)
    start = _midnight(first - timedelta(weeks=WEEKS, days=1))
    for group, day, _, total in asked(Ask(by=by, start=start, end=end, usage_only=True)):
        sums[group].usage[day][total.currency] += total.amount
    return sums


@dataclass(frozen=True, slots=True)
class _Made:
    """One charge in the making. `until`: the day after its last complete one."""

    ledger: Ledger
    group: Group
    sums: _Sums
    key: str
    until: date

    def resource(self, today: date, first: date, currency: str | None, fx: Fx) -> Resource:
        group = self.group
        made = computed_resource(
            kind="charge",
            type_=TYPE,
            id_=_id(group),
            name=f"{group.service or 'no service'} of {group.team or 'no team'}",
            covers=None,
        )
        if group.team is not None:
            others = "a charge is the sum of rows with other tags"
            made.tags = Tags.of({self.key: group.team}, open_because=others)
        made.fields |= {"cloud": group.cloud if group.cloud in _CLOUDS else None, "account": group.account}
        made.fields |= {"service": group.service, "charge.service": group.service}
        for name, told in _TEXTS.items():
            _put(made, name, _one(self.sums.told[told]))
        for name in ("charge.usage", "charge.sku"):
            _put(made, name, Unknown("a charge is the sum of all that a team uses of a service"))
        _put(made, "charge.marketplace", self._marketplace())
        money = _currency(self.sums, currency, fx)
        if isinstance(money, Unknown):
            for name in ("charge.amount_month", "charge.unusual_day", "charge.unusual_cause"):
                _put(made, name, money)
            return made
        _put(made, "charge.amount_month", self._month(money, first, fx))
        found = self._unusual(today, first, money, fx)
        if isinstance(found, Unusual):
            day = self.until - timedelta(days=1)
            why = cause(
                self.ledger, group, self.key, day, lambda total: _amount({total.currency: total.amount}, money, fx)
            )
            _put(made, "charge.unusual_day", Money(found.excess, money))
            _put(made, "charge.unusual_cause", why)
        else:
            _put(made, "charge.unusual_day", found)
            _put(made, "charge.unusual_cause", found)
        return made

    def _marketplace(self) -> bool | Unknown:
        said = self.sums.marketplace
        if None in said:
            return Unknown("the bill does not say who sold all of it")
        return bool(said)

    def _month(self, money: str, first: date, fx: Fx) -> Money | Unknown:
        if first > months_back(self.until, 1):
            return Unknown(f"the bills begin on {first}, less than a month before {self.until}")
        return Money(_amount(self.sums.months, money, fx), money)

    def _unusual(self, today: date, first: date, money: str, fx: Fx) -> Unusual | Unknown | None:
        if today - self.until > OLDEST:
            return Unknown(f"the bills are complete until {self.until} only")
        days = {day: _amount(amounts, money, fx) for day, amounts in self.sums.usage.items()}
        return unusual(days, self.until - timedelta(days=1), first)


def _put(resource: Resource, name: str, value: Value | Unknown) -> None:
    if isinstance(value, Unknown):
        resource.fields.pop(name, None)
        resource.unknown[name] = value.reason
    else:
        resource.fields[name] = value


def _one(told: set[str | None]) -> str | Unknown | None:
    """What all rows of a group say alike; a group of several is none of them."""
    if len(told) == 1:
        return next(iter(told))
    return Unknown(f"its rows have {len(told)} of them")


def _currency(sums: _Sums, wanted: str | None, fx: Fx) -> str | Unknown:
    """The currency in which all of it can be said."""
    if sums.untold:
        return Unknown("a file among the bills does not tell effective cost")
    there = sorted({*sums.months, *(code for amounts in sums.usage.values() for code in amounts)})
    into = wanted or (there[0] if len(there) == 1 else None)
    if into is None:
        return Unknown(f"it is billed in {', '.join(there)}, and the policy names no currency")
    for code in there:
        if money_in(Money(Decimal(0), code), into, fx) is None:
            return Unknown(f"the policy has no rate from {code} to {into}")
    return into


def _amount(amounts: Mapping[str, Decimal], into: str, fx: Fx) -> Decimal:
    """In one currency, for each of which there is a rate."""
    moneys = (money_in(Money(amount, code), into, fx) for code, amount in amounts.items())
    return sum((money.amount for money in moneys if money is not None), Decimal(0))


def _id(group: Group) -> str:
    # A slash in a team's name must not make it another group.
    parts = (quote(part, safe=" :") if part and part != "-" else "%2D" if part else "-" for part in group)
    return f"charge/{'/'.join(parts)}"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
