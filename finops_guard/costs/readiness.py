"""How ready a bill is to be split: is it exported and fresh, do the keys that people rely on reach it.

    what a provider says of its exports (`account` resources of a source) ┐
    what the cost rows show, by whose bill they are ──────────────────────┴─► exports.* of `account` resources

What a source could not tell is filled in from the rows: rows of a bill are an export of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from finops_guard.costs.allocation import share
from finops_guard.costs.asks import Ask, Total
from finops_guard.costs.budgets_billed import Fx
from finops_guard.costs.computed import computed_resource
from finops_guard.costs.reach import LAGS
from finops_guard.model import All, Compare, Money, Ref, Resource, Unknown, Value, canonical, money_in

if TYPE_CHECKING:
    from finops_guard.costs.ledger import Ledger

Bill = tuple[str, str]
"""A cloud and the account that pays."""

KIND = "account"
_DAY = timedelta(days=1)
_LAG = 2
_LATE = 1
"""Days by which a bill may be later than it always is."""
_WINDOW = timedelta(days=28)
_TYPES = {"azure": "Microsoft.Billing/billingAccounts", "gcp": "cloudbilling.googleapis.com/BillingAccount"}
_NAMES = {"azure": "tag inheritance of Cost Management", "gcp": "which labels of parents the export holds"}
_BY = ("cloud", "billing_account")
_BEDROCK = Compare(Ref("field", "charge.service"), "matches", "(?i).*bedrock.*")
_NOBODY = All(
    (Compare(Ref("tag", "team"), "exists", value=False), Compare(Ref("tag", "project"), "exists", value=False))
)
_NO_ROWS: Mapping[str, Value | Unknown] = {
    "exports.inherits": None,
    "exports.unattributed_ai_percent": Unknown("no cost data of its bill was read"),
}
"""Of an account that a source found (on AWS, as long as no other is read)."""
_UNTOLD = Unknown("of some of its cost the bill does not tell whether it is Bedrock's, or whose")
_PROVISIONED = "provisionedthroughput"
"""In the usage type of capacity that is bought by the hour, which is a resource with tags of its own."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What is known of each bill from its rows, and the keys that the policy relies on."""

    bills: Mapping[Bill, Mapping[str, Value | Unknown]]
    keys: tuple[str, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)

    def join(self, resource: Resource) -> None:
        """Fill in what the source of an account could not tell."""
        if resource.kind != KIND:
            return
        told = self.bills.get((resource.text("cloud"), resource.text("account")), _NO_ROWS)
        for name, value in told.items():
            if name not in resource.fields:
                _say(resource, name, value)
        for name, value in self._followed(resource).items():
            _say(resource, name, value)

    def others(self, there: Collection[Bill]) -> Iterator[Resource]:
        """Accounts of bills that no source found."""
        for cloud, account in sorted(self.bills.keys() - {*there}):
            made = computed_resource(
                kind=KIND,
                type_=_TYPES.get(cloud, "AWS::Organizations::Account" if cloud == "aws" else "FinOpsGuard::Account"),
                id_=f"arn:aws:iam::{account}:root" if cloud == "aws" else f"billing-account/{cloud}/{account}",
                name=account,
                covers=None,
            )
            made.fields |= {"cloud": cloud, "account": account}
            for name in [name for name in made.fields if name.startswith("exports.")]:
                del made.fields[name]
            self.join(made)
            yield made

    def _followed(self, resource: Resource) -> Mapping[str, Value | Unknown]:
        """What follows for the keys, from those that are activated."""
        active = resource.look("exports.activated_keys")
        if isinstance(active, Unknown) or not isinstance(active, tuple | list | None):
            why = active if isinstance(active, Unknown) else Unknown("no list of keys")
            return {"exports.inactive_keys": why, "exports.misspelled_keys": why}
        reached = {canonical(key, self.aliases) for key in active or ()}
        listed = resource.facts.get("inactive_keys")
        others: Value | Unknown = Unknown("the bill does not show what does not reach it")
        if isinstance(listed, tuple | list):
            wrong = [key for key in listed if canonical(key, self.aliases) in reached.intersection(self.keys)]
            others = ", ".join(wrong) or None
        elif resource.text("cloud") != "aws":
            others = None  # every tag reaches it, in any spelling
        return {
            "exports.inactive_keys": ", ".join(key for key in self.keys if key not in reached) or None,
            "exports.misspelled_keys": others,
        }


def readiness(
    ledger: Ledger | None,
    keys: Collection[str],
    at: datetime,
    *,
    aliases: Mapping[str, str],
    currency: str | None = None,
    fx: Fx | None = None,
) -> Readiness:
    """What the rows of each bill show; rows that do not say whose bill they are on are nobody's.

    `keys`: canonical. Money is added up in `currency` where there is a rate to it.
    """
    bills = dict(_bills(ledger, keys, at, _Rates(currency, fx or {}))) if ledger else {}
    return Readiness(bills, tuple(sorted(keys)), aliases)


def accounts_of(resources: Iterable[Resource]) -> set[Bill]:
    """The accounts that a source found."""
    return {(each.text("cloud"), each.text("account")) for each in resources if each.kind == KIND}


def _bills(
    ledger: Ledger, keys: Collection[str], at: datetime, rates: _Rates
) -> Iterator[tuple[Bill, Mapping[str, Value | Unknown]]]:
    newest: dict[Bill, date | None] = {}
    for total in ledger.totals(Ask(by=(*_BY, "day", "charge_category"))):
        bill, day = _bill(total), total.key[2]
        if bill is not None:
            newest.setdefault(bill, None)
            if day and total.key[3] == "Usage" and date.fromisoformat(day) <= at.date():
                newest[bill] = max(date.fromisoformat(day), newest[bill] or date.min)
    reached = {key: _reached(ledger, key) for key in keys}
    spelt, nobodys = ledger.tag_keys(), _unattributed(ledger, at, rates)
    for bill, last in newest.items():
        found = {key: carrying.get(bill, False) for key, carrying in reached.items()}
        active: Value | Unknown = tuple(sorted(s for key, there in found.items() if there for s in spelt.get(key, {})))
        untold = [key for key, there in found.items() if there is None]
        yield (
            bill,
            {
                "exports.present": True,
                "exports.fresh": _is_fresh(bill[0], last, at),
                "exports.activated_keys": Unknown(f"its rows do not tell {', '.join(untold)}") if untold else active,
                "exports.inherits": Unknown(f"this version does not read {_NAMES[bill[0]]}")
                if bill[0] in _NAMES
                else None,
                "exports.unattributed_ai_percent": nobodys.get(bill),
            },
        )


def _is_fresh(cloud: str, day: date | None, at: datetime) -> bool:
    if day is None:
        return False
    end = datetime(day.year, day.month, day.day, tzinfo=UTC) + _DAY
    return at - end <= (LAGS.get(cloud, _LAG) + _LATE) * _DAY


def _reached(ledger: Ledger, key: str) -> Mapping[Bill, bool | None]:
    """Bills of which some row carries a key; None where none surely does, and of some rows it cannot be told."""
    found: dict[Bill, bool | None] = {}
    for total in ledger.totals(Ask(where=Compare(Ref("tag", key), "exists", value=True), by=_BY)):
        bill = _bill(total)
        if bill is not None:
            found[bill] = True if total.decided else found.get(bill)
    return found


def _unattributed(ledger: Ledger, at: datetime, rates: _Rates) -> Mapping[Bill, Value | Unknown]:
    """The share of each bill's Bedrock cost that is nobody's: without team, project and principal."""
    every, nobodys = _Spent(rates), _Spent(rates)
    for where, sums in ((_BEDROCK, every), (All((_BEDROCK, _NOBODY)), nobodys)):
        ask = Ask("effective", where, (*_BY, "usage", "principal"), at - _WINDOW, at, usage_only=True)
        for total in ledger.totals(ask):
            if sums is every or not total.key[3]:
                sums.add(total)
    found: dict[Bill, Value | Unknown] = dict.fromkeys(every.untold | nobodys.untold, _UNTOLD)
    for bill, spent in every.told.items():
        part = share(nobodys.told.get(bill, {}), spent)
        if bill not in found:
            several = Unknown("its Bedrock cost is in several currencies") if len(spent) > 1 else None
            found[bill] = several if part is None else float(round(100 * part, 2))
    return found


@dataclass(frozen=True, slots=True)
class _Rates:
    currency: str | None
    fx: Fx


@dataclass(slots=True)
class _Spent:
    """Money by bill and currency; `untold`: bills with rows that cannot tell."""

    rates: _Rates
    told: dict[Bill, dict[str, Decimal]] = field(default_factory=dict)
    untold: set[Bill] = field(default_factory=set)

    def add(self, total: Total) -> None:
        """Count a group of rows by bill, provider and usage type."""
        bill = _bill(total)
        if bill is None or _PROVISIONED in (total.key[2] or "").casefold():
            return
        if not total.decided:
            self.untold.add(bill)
            return
        money = Money(total.amount, total.currency)
        if self.rates.currency:
            money = money_in(money, self.rates.currency, self.rates.fx) or money
        sums = self.told.setdefault(bill, {})
        sums[money.currency] = sums.get(money.currency, Decimal(0)) + money.amount


def _bill(total: Total) -> Bill | None:
    cloud, account = total.key[:2]
    return (cloud or "", account) if account else None


def _say(resource: Resource, name: str, value: Value | Unknown) -> None:
    if isinstance(value, Unknown):
        resource.fields.pop(name, None)
        resource.unknown[name] = value.reason
    else:
        resource.unknown.pop(name, None)
        resource.fields[name] = value
