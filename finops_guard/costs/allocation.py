"""What was spent, by whom, and what nobody can be charged for: computed once, rendered by `finops-guard costs`.

Amounts stand in the currency of the report where there is a rate for them, else in their own: two never mix. Shares are
of usage: a purchase, tax or credit carries no tags of whoever uses what it pays for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

from finops_guard.costs.allocation_asked import DIGITS, Purse, Wanted, dimension, present
from finops_guard.costs.asks import Total
from finops_guard.costs.network_money import BY as NETWORK
from finops_guard.costs.network_money import PathCost, by_path
from finops_guard.model import All, Compare, Ref

if TYPE_CHECKING:
    from finops_guard.costs.ledger import Ledger

_DAY = timedelta(days=1)
_ENDED = timedelta(days=7)
_MOMENT = timedelta(microseconds=1)
_MARKETPLACE = Compare(Ref("field", "charge.marketplace"), "eq", value=True)


@dataclass(frozen=True, slots=True)
class Line:
    """One group: what it is, what it cost by currency, and of how many rows."""

    key: tuple[str | None, ...]
    cost: Mapping[str, Decimal]
    rows: int


@dataclass(frozen=True, slots=True)
class Allocated:
    """How much usage a team's rows come to, and how much of it carries every required tag with a valid value.

    `unknown`: rows of which that cannot be told, for they have spellings of a key that disagree, or their file has no
    column of tags.
    """

    team: str | None
    cost: Mapping[str, Decimal]
    valid: Mapping[str, Decimal]
    unknown: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Spending:
    """Everything the report says about the rows in its period.

    `by` are the groups asked for, `charges` and `services` those by charge category and service. `usage` is the money
    that shares are of. `present`: usage by required key that carries it. `untagged`: usage with none of the required
    keys, by account, its name and service. `shared`: rows that were allocated (AllocatedTags), by method and `by`.
    `complete`: the newest day on which every account that goes on is completely billed. `variants`: canonical keys that
    differ only in their separators.
    """

    wanted: Wanted
    total: Mapping[str, Decimal]
    rows: int
    untold: int
    by: tuple[Line, ...]
    charges: tuple[Line, ...]
    services: tuple[Line, ...]
    usage: Mapping[str, Decimal]
    present: Mapping[str, Mapping[str, Decimal]]
    allocation: tuple[Allocated, ...]
    untagged: tuple[Line, ...]
    network: tuple[PathCost, ...]
    marketplace: tuple[Line, ...]
    marketplace_unknown: int
    shared: tuple[Line, ...]
    spellings: Mapping[str, Mapping[str, int]]
    variants: tuple[tuple[str, ...], ...]
    first: date | None
    last: date | None
    complete: date | None

    @property
    def nobodys(self) -> Mapping[str, Decimal]:
        """Usage that carries none of the required keys."""
        return added(line.cost for line in self.untagged)

    @property
    def valid(self) -> Mapping[str, Decimal]:
        """Usage that carries every required tag with a valid value."""
        return added(each.valid for each in self.allocation)


def spending(ledger: Ledger, wanted: Wanted) -> Spending:
    """Ask the ledger for all of it. Sums and conversions keep every digit."""
    with localcontext() as context:
        context.prec = DIGITS
        return _spending(ledger, wanted)


def _spending(ledger: Ledger, wanted: Wanted) -> Spending:
    dimensions = tuple(dimension(name) for name in wanted.by)
    charges = ledger.totals(wanted.ask(("charge_category",)))
    totals = ledger.totals(wanted.ask(dimensions))
    whole, days, until = _purse(wanted, totals), ledger.days(), ledger.complete_until()
    bought = ledger.totals(wanted.ask(("publisher", "service", "charge_category"), _MARKETPLACE))
    spellings = ledger.tag_keys()
    return Spending(
        wanted,
        total=whole.amounts,
        rows=whole.rows,
        untold=sum(total.rows for total in totals if not total.decided),
        by=_lines(wanted, totals),
        charges=_lines(wanted, charges),
        services=_dearest(_lines(wanted, ledger.totals(wanted.ask(("service",))))),
        usage=_purse(wanted, _usage(charges)).amounts,
        present={key: _present_money(ledger, wanted, key) for key in wanted.keys},
        allocation=tuple(_allocation(ledger, wanted)),
        untagged=_dearest(_untagged(ledger, wanted)),
        network=tuple(by_path(_converted(wanted, ledger.totals(wanted.ask(NETWORK))))),
        marketplace=_dearest(_lines(wanted, bought)),
        marketplace_unknown=sum(total.rows for total in bought if not total.decided),
        shared=_dearest(_shared(ledger, wanted, dimensions)),
        spellings=spellings,
        variants=tuple(_variants(spellings)),
        first=max(days[0], wanted.since.date()) if days and wanted.since else days and days[0],
        last=min(days[1], (wanted.until - _MOMENT).date()) if days and wanted.until else days and days[1],
        complete=_complete(until),
    )


def _complete(until: Mapping[tuple[str, str], datetime]) -> date | None:
    """The newest day complete in all accounts, but for those that ended a week before the rest of their cloud."""
    newest: dict[str, datetime] = {}
    for (cloud, _), moment in until.items():
        newest[cloud] = max(moment, newest.get(cloud, moment))
    live = [moment for (cloud, _), moment in until.items() if moment > newest[cloud] - _ENDED]
    return min(live).date() - _DAY if live else None


def added(parts: Iterable[Mapping[str, Decimal]]) -> dict[str, Decimal]:
    """The sums by currency, with every digit."""
    with localcontext() as context:
        context.prec = DIGITS
        whole: dict[str, Decimal] = {}
        for part in parts:
            for currency, amount in part.items():
                whole[currency] = whole.get(currency, Decimal(0)) + amount
        return whole


def share(part: Mapping[str, Decimal], whole: Mapping[str, Decimal]) -> Decimal | None:
    """`part` of `whole`, 0 to 1; None where they are in several currencies, or there is nothing."""
    currencies = [currency for currency, amount in whole.items() if amount]
    if len(currencies) != 1 or any(amount for currency, amount in part.items() if currency not in currencies):
        return None
    return part.get(currencies[0], Decimal(0)) / whole[currencies[0]]


def _usage(totals: Iterable[Total], place: int = 0) -> list[Total]:
    """Those whose charge category, at `place` in the key, is Usage."""
    return [total for total in totals if total.key[place] == "Usage"]


def _converted(wanted: Wanted, totals: Iterable[Total]) -> Iterator[Total]:
    for total in totals:
        purse = Purse(wanted)
        purse.add(total)
        for currency, amount in purse.amounts.items():
            yield Total(total.key, currency, amount, total.rows, total.quantity, total.decided)


def _purse(wanted: Wanted, totals: Iterable[Total]) -> Purse:
    purse = Purse(wanted)
    for total in totals:
        if total.decided:
            purse.add(total)
    return purse


def _lines(wanted: Wanted, totals: Iterable[Total]) -> tuple[Line, ...]:
    """The decided groups, those of one key in several currencies together."""
    found: dict[tuple[str | None, ...], Purse] = {}
    for total in totals:
        if total.decided:
            found.setdefault(total.key, Purse(wanted)).add(total)
    return tuple(Line(key, purse.amounts, purse.rows) for key, purse in found.items())


def _dearest(lines: Iterable[Line]) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=lambda line: (-max(line.cost.values()), [part or "" for part in line.key])))


def _present_money(ledger: Ledger, wanted: Wanted, key: str) -> Mapping[str, Decimal]:
    return _purse(wanted, _usage(ledger.totals(wanted.ask(("charge_category",), present(key))))).amounts


def _allocation(ledger: Ledger, wanted: Wanted) -> Iterator[Allocated]:
    by = ("charge_category", "tags.team")
    every = _usage(ledger.totals(wanted.ask(by)))
    valid = _usage(ledger.totals(wanted.ask(by, wanted.required)))
    teams = dict.fromkeys(total.key[1] for total in every)
    for team in teams:
        yield Allocated(
            team,
            _purse(wanted, (total for total in every if total.key[1] == team)).amounts,
            _purse(wanted, (total for total in valid if total.key[1] == team)).amounts,
            _undecided(wanted, (total for total in valid if total.key[1] == team)).amounts,
        )


def _undecided(wanted: Wanted, totals: Iterable[Total]) -> Purse:
    purse = Purse(wanted)
    for total in totals:
        if not total.decided:
            purse.add(total)
    return purse


def _untagged(ledger: Ledger, wanted: Wanted) -> tuple[Line, ...]:
    nobody = All(tuple(Compare(Ref("tag", key), "exists", value=False) for key in wanted.keys))
    by = ("charge_category", "account", "account_name", "service")
    return tuple(
        Line(line.key[1:], line.cost, line.rows)
        for line in _lines(wanted, _usage(ledger.totals(wanted.ask(by, nobody))))
    )


def _shared(ledger: Ledger, wanted: Wanted, dimensions: Iterable[str]) -> tuple[Line, ...]:
    lines = _lines(wanted, ledger.totals(wanted.ask(("allocated_by", *dimensions))))
    return tuple(line for line in lines if line.key[0] is not None)


def _variants(spellings: Mapping[str, Mapping[str, int]]) -> Iterator[tuple[str, ...]]:
    """Canonical keys that would be one without their separators: `modelversion` beside `model-version`."""
    alike: dict[str, list[str]] = {}
    for key in spellings:
        alike.setdefault(key.replace("-", ""), []).append(key)
    yield from (tuple(keys) for keys in alike.values() if len(keys) > 1)
