"""The money side of a unit cost: what its selection cost on each day, in one currency, with its part of shared cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from finops_guard.costs.asks import Ask, Total
from finops_guard.costs.counts._counted import DAY, Key, midnight
from finops_guard.costs.ledger import Ledger
from finops_guard.costs.sharing import shares
from finops_guard.costs.units_days import spans
from finops_guard.model import All, AnyOf, Condition, Money, Not, Split, Unit, money_in

Fx: TypeAlias = Mapping[tuple[str, str], tuple[Decimal, date]]
_TEAM = "tags.team"
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Rows:
    """Cost rows added up: (day, key of `by`, team) -> currency -> amount; `unclear` rows could not be decided on."""

    amounts: Mapping[tuple[date, Key, str | None], Mapping[str, Decimal]]
    unclear: int = 0

    @property
    def currencies(self) -> list[str]:
        """Every currency there is."""
        return sorted({currency for amounts in self.amounts.values() for currency in amounts})


@dataclass(slots=True)
class Spent:
    """What some days cost, by key: `direct` as billed to the selection, `shared` its part of what is shared."""

    direct: dict[Key, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    shared: dict[Key, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    remarks: tuple[str, ...] = ()

    @property
    def keys(self) -> set[Key]:
        """Every key that cost something."""
        return {*self.direct, *self.shared}

    def of(self, key: Key) -> Decimal:
        """What a key cost, its shared part included."""
        return self.direct.get(key, _NOTHING) + self.shared.get(key, _NOTHING)

    @property
    def whole(self) -> Decimal:
        """What all keys cost: their sum, to the last digit."""
        return sum((self.of(key) for key in self.keys), _NOTHING)


def rows(ledger: Ledger, unit: Unit, first: date, last: date) -> Rows:
    """What the unit's selection cost on each day: effective cost of every charge category, corrections included."""
    by = ("day", *(f"tags.{key}" for key in unit.by), _TEAM)
    ask = Ask(where=unit.covers, by=by, start=midnight(first), end=midnight(last + DAY))
    found: dict[tuple[date, Key, str | None], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    unclear = 0
    for total in ledger.totals(ask):
        if total.decided:
            day, *key, team = total.key
            found[date.fromisoformat(day or ""), tuple(key), team][total.currency] += total.amount
        else:
            unclear += total.rows
    return Rows(found, unclear)


def currency_of(found: Rows, wanted: Iterable[str | None], fx: Fx) -> str | None:
    """The first wanted currency that all of it can be said in, else the one it is in; None where there is none."""
    there = found.currencies
    for currency in (*wanted, *(there if len(there) == 1 else ())):
        if currency and all(money_in(Money(_NOTHING, each), currency, fx) for each in there):
            return currency
    return None


@dataclass(frozen=True, slots=True)
class Shared:
    """How shared cost is split: the policy's splits and teams, and accelerator hours by team where they are known."""

    splits: Sequence[Split] = ()
    teams: Collection[str] = ()
    hours: Mapping[str, Decimal] = field(default_factory=dict)


def spent(
    ledger: Ledger, unit: Unit, found: Rows, days: Collection[date], *, currency: str, fx: Fx, shared: Shared
) -> Spent:
    """What these days cost in `currency`.

    A team's part of shared cost goes to what the team spends itself, in proportion: a unit that is half of what a team
    spends carries half of it. Shared rows that the unit selects anyway are in `direct`, and never counted twice.
    """
    result = Spent()
    by_team: dict[tuple[Key, str], Decimal] = defaultdict(Decimal)
    for (day, key, team), amounts in found.amounts.items():
        if day in days:
            amount = _in(amounts, currency, fx)
            result.direct[key] += amount
            if team is not None:
                by_team[key, team] += amount
    if shared.splits and by_team:
        try:
            rates = _rates(ledger, unit, days, currency, fx, shared)
        except _NoRateError as wrong:
            result.remarks = (f"shared cost is not in it: {wrong}",)
            rates = {}
        for (key, team), amount in by_team.items():
            if team in rates:
                result.shared[key] += amount * rates[team]
    return result


def _rates(
    ledger: Ledger, unit: Unit, days: Collection[date], currency: str, fx: Fx, shared: Shared
) -> dict[str, Decimal]:
    """Shared cost by each unit of money that a team spends itself; a team that spends nothing carries none here."""
    others = [Split(All((split.charge, Not(unit.covers))), split.by) for split in shared.splits]
    own: Condition = Not(AnyOf(tuple(split.charge for split in shared.splits)))
    carried: dict[str, Decimal] = defaultdict(Decimal)
    spends: dict[str, Decimal] = defaultdict(Decimal)
    for start, end in spans(days):
        for team, amounts in shares(ledger, others, shared.teams, start, end, "effective", shared.hours).items():
            if team is not None:
                carried[team] += _in(amounts, currency, fx)
        ask = Ask(where=AnyOf((own, unit.covers)), by=(_TEAM,), start=start, end=end)
        for total in ledger.totals(ask):
            if total.decided and total.key[0] is not None:
                spends[total.key[0]] += _of(total, currency, fx)
    return {team: amount / spends[team] for team, amount in carried.items() if amount and spends[team] > 0}


def _of(total: Total, currency: str, fx: Fx) -> Decimal:
    return _in({total.currency: total.amount}, currency, fx)


def _in(amounts: Mapping[str, Decimal], currency: str, fx: Fx) -> Decimal:
    """Amounts in one currency."""
    total = _NOTHING
    for one, amount in amounts.items():
        money = money_in(Money(amount, one), currency, fx)
        if money is None:
            raise _NoRateError(f"the policy has no rate from {one} to {currency}")
        total += money.amount
    return total


class _NoRateError(Exception):
    """Money in a currency that cannot be said in ours."""
