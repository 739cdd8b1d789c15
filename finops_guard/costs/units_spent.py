"""The money side of a unit cost: what its selection cost on each day, in one currency, with its part of shared cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from finops_guard.costs.asks import Ask
from finops_guard.costs.counts._counted import DAY, Key, midnight
from finops_guard.costs.sharing import HOURS, accelerator_hours, shares
from finops_guard.costs.units_days import spans
from finops_guard.model import All, AnyOf, Condition, Money, Not, Split, Unit, money_in

if TYPE_CHECKING:
    from finops_guard.costs.ledger import Ledger

Fx: TypeAlias = Mapping[tuple[str, str], tuple[Decimal, date]]
_TEAM = "tags.team"
_NOTHING = Decimal(0)
_DIGIT = Decimal("1e-18")


@dataclass(frozen=True, slots=True)
class Rows:
    """Cost rows added up: (day, key of `by`, team) -> currency -> amount; `unclear` rows could not be decided on.

    `itself`: they are what the policy shares, and get no part of it.
    """

    amounts: Mapping[tuple[date, Key, str | None], Mapping[str, Decimal]]
    unclear: int = 0
    itself: bool = False

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


def rows(ledger: Ledger, unit: Unit, splits: Sequence[Split], first: date, last: date) -> Rows:
    """What the unit's selection cost on each day: effective cost of every charge category, corrections included.

    Of what the policy shares it has its part, not its rows; unless it selects nothing else, for then it is about that.
    """
    if splits:
        found = _rows(ledger, unit, All((unit.covers, _own(splits))), first, last)
        if found.amounts:
            return found
    return replace(_rows(ledger, unit, unit.covers, first, last), itself=bool(splits))


def _rows(ledger: Ledger, unit: Unit, where: Condition, first: date, last: date) -> Rows:
    by = ("day", *(f"tags.{key}" for key in unit.by), _TEAM)
    found: dict[tuple[date, Key, str | None], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    unclear = 0
    for total in ledger.totals(Ask(where=where, by=by, start=midnight(first), end=midnight(last + DAY))):
        if total.decided:
            day, *key, team = total.key
            found[date.fromisoformat(day or ""), tuple(key), team][total.currency] += total.amount
        else:
            unclear += total.rows
    return Rows(found, unclear)


def _own(splits: Sequence[Split]) -> Condition:
    """What nobody shares."""
    return Not(AnyOf(tuple(split.charge for split in splits)))


def currency_of(found: Rows, wanted: Iterable[str | None], fx: Fx) -> str | None:
    """The first wanted currency that all of it can be said in, else the one it is in; None where there is none."""
    there = found.currencies
    alone: list[str] = there if len(there) == 1 else []
    for currency in [*wanted, *alone]:
        if currency is not None and all(money_in(Money(_NOTHING, each), currency, fx) for each in there):
            return currency
    return None


@dataclass(frozen=True, slots=True)
class Shared:
    """How shared cost is split: the policy's splits and teams.

    `told`: what was found out once for all units, by days and currency.
    """

    splits: Sequence[Split] = ()
    teams: Collection[str] = ()
    told: dict[tuple[frozenset[date], str], Rates] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rates:
    """Shared cost by each unit of money that a team spends itself; `hourless`: what hours split has none to go by."""

    by_team: Mapping[str, Decimal] = field(default_factory=dict)
    hourless: bool = False


def spent(ledger: Ledger, found: Rows, days: frozenset[date], *, currency: str, fx: Fx, shared: Shared) -> Spent:
    """What these days cost in `currency`.

    A team's part of shared cost goes to what the team spends itself, in proportion: a unit that is half of what a team
    spends carries half of it.
    """
    result = Spent()
    by_team: dict[tuple[Key, str], Decimal] = defaultdict(Decimal)
    for (day, key, team), amounts in found.amounts.items():
        if day in days:
            amount = _in(amounts, currency, fx)
            result.direct[key] += amount
            if team is not None:
                by_team[key, team] += amount
    if shared.splits and by_team and not found.itself:
        try:
            if (days, currency) not in shared.told:
                shared.told[days, currency] = _rates(ledger, days, currency, fx, shared)
        except _NoRateError as wrong:
            result.remarks = (f"shared cost is not in it: {wrong}",)
        rates = shared.told.get((days, currency), Rates())
        for (key, team), amount in by_team.items():
            if team in rates.by_team:
                result.shared[key] += (amount * rates.by_team[team]).quantize(_DIGIT)
        if rates.hourless:
            result.remarks += ("what is shared by accelerator hours is not in it: the bill has no such hours",)
    return result


def _rates(ledger: Ledger, days: Collection[date], currency: str, fx: Fx, shared: Shared) -> Rates:
    """A team that spends nothing carries none here."""
    carried: dict[str, Decimal] = defaultdict(Decimal)
    spends: dict[str, Decimal] = defaultdict(Decimal)
    by_hours = any(split.by == "accelerator_hours" for split in shared.splits)
    ran = False
    for start, end in spans(days):
        hours = accelerator_hours(ledger.totals(Ask(by=HOURS, start=start, end=end))) if by_hours else {}
        ran |= bool(hours)
        carries = shares(ledger, shared.splits, shared.teams, start, end, "effective", hours)
        for team, amounts in carries.items():
            if team is not None:
                carried[team] += _in(amounts, currency, fx)
        for total in ledger.totals(Ask(where=_own(shared.splits), by=(_TEAM,), start=start, end=end)):
            if total.decided and total.key[0] is not None:
                spends[total.key[0]] += _in({total.currency: total.amount}, currency, fx)
    rates = {team: amount / spends[team] for team, amount in carried.items() if amount and spends[team] > 0}
    return Rates(rates, hourless=by_hours and not ran)


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
