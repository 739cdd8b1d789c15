"""What was spent, by whom, and what nobody can be charged for: computed once, rendered by `finops-guard costs`.

Amounts stand in the currency of the report where there is a rate for them, else in their own: two never mix. Shares are
of usage: a purchase, tax or credit carries no tags of whoever uses what it pays for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext

from finops_guard.costs.asks import DIMENSIONS, Ask, Total
from finops_guard.costs.ledger import Ledger
from finops_guard.costs.network_money import BY as NETWORK
from finops_guard.costs.network_money import PathCost, by_path
from finops_guard.model import All, AnyOf, Compare, Condition, Money, Not, Policy, Ref, canonical, money_in
from finops_guard.model.money import Metric

REQUIRED = ("project", "team", "workload-type")
"""The keys that an AI resource has to carry, as in the shipped pack `ai-tags`."""
DIGITS = 76
"""Amounts have up to 38 digits, DECIMAL(38, 18); a rate adds a few."""
_RULE = "ai-tags/whose"
_DAY = timedelta(days=1)
_MOMENT = timedelta(microseconds=1)
_MARKETPLACE = Compare(Ref("field", "charge.marketplace"), "eq", value=True)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be reported. `by`: dimensions or tag keys as the user wrote them; `until` is exclusive.

    `policy` gives the currency, its rates, and which tag values are valid.
    """

    by: tuple[str, ...] = ("team",)
    metric: Metric = "effective"
    since: datetime | None = None
    until: datetime | None = None
    policy: Policy | None = None

    def ask(self, by: Iterable[str] = (), where: Condition | None = None) -> Ask:
        """The same metric and period, of other rows or in other groups."""
        return Ask(self.metric, where, tuple(by), self.since, self.until)

    @property
    def required(self) -> Condition:
        """What tags must be for money to be somebody's: the policy's rule, else that the keys are there."""
        bindings = self.policy.bindings if self.policy else ()
        rules = (rule.require for binding in bindings for rule in binding.rules if rule.id == _RULE)
        return next(rules, All(tuple(_present(key) for key in REQUIRED)))

    @property
    def rule(self) -> str | None:
        """The rule that says so, None without one."""
        bindings = self.policy.bindings if self.policy else ()
        return next((rule.id for binding in bindings for rule in binding.rules if rule.id == _RULE), None)

    @property
    def keys(self) -> tuple[str, ...]:
        """The tag keys that it looks at."""
        return tuple(sorted(set(_keys(self.required))))


@dataclass(slots=True)
class Purse:
    """Sums by currency, those of `wanted.policy` where its rates reach."""

    wanted: Wanted
    amounts: dict[str, Decimal] = field(default_factory=dict)
    rows: int = 0

    def add(self, total: Total) -> None:
        """Put a group in."""
        policy, money = self.wanted.policy, Money(total.amount, total.currency)
        if policy is not None and policy.currency is not None:
            money = money_in(money, policy.currency, policy.fx) or money
        self.amounts[money.currency] = self.amounts.get(money.currency, Decimal(0)) + money.amount
        self.rows += total.rows


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
    keys, by account, its name and service. `shared`: rows whose cost was allocated (AllocatedTags), by method and team.
    `complete`: the newest day on which every account is completely billed. `variants`: canonical keys that differ only
    in their separators, with their spellings.
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
        shared=_dearest(_shared(ledger, wanted)),
        spellings=spellings,
        variants=tuple(_variants(spellings)),
        first=max(days[0], wanted.since.date()) if days and wanted.since else days and days[0],
        last=min(days[1], (wanted.until - _MOMENT).date()) if days and wanted.until else days and days[1],
        complete=min(until.values()).date() - _DAY if until else None,
    )


def dimension(name: str) -> str:
    """How the ledger calls what a user groups by: a dimension's name, else a tag key."""
    if name in DIMENSIONS:
        return name
    return f"tags.{canonical(name.removeprefix('tags.'))}"


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


def _present(key: str) -> Compare:
    return Compare(Ref("tag", key), "exists", value=True)


def _keys(condition: Condition) -> Iterator[str]:
    match condition:
        case All(items) | AnyOf(items):
            for item in items:
                yield from _keys(item)
        case Not(item):
            yield from _keys(item)
        case Compare(ref=ref) if ref.space == "tag":
            yield ref.name


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
    return _purse(wanted, _usage(ledger.totals(wanted.ask(("charge_category",), _present(key))))).amounts


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


def _shared(ledger: Ledger, wanted: Wanted) -> tuple[Line, ...]:
    lines = _lines(wanted, ledger.totals(wanted.ask(("allocated_by", "tags.team"))))
    return tuple(line for line in lines if line.key[0] is not None)


def _variants(spellings: Mapping[str, Mapping[str, int]]) -> Iterator[tuple[str, ...]]:
    """Canonical keys that would be one without their separators: `modelversion` beside `model-version`."""
    alike: dict[str, list[str]] = {}
    for key in spellings:
        alike.setdefault(key.replace("-", ""), []).append(key)
    yield from (tuple(keys) for keys in alike.values() if len(keys) > 1)
