"""Charges: what each team spends on each service, as things that are judged; with what was out of the ordinary.

Money is effective cost. A month is all that was charged, fees and corrections included; what is usual on a weekday is
told from usage alone, for the rest comes when it is invoiced.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import quote

from finops_guard.costs.anomalies import Unusual, unusual
from finops_guard.costs.charges_asked import Fx, Sums, amount, asked, boundaries
from finops_guard.costs.charges_cause import Group, cause
from finops_guard.costs.computed import computed_resource
from finops_guard.costs.forecast_methods import months_back
from finops_guard.model import Money, Resource, Tags, Unknown, Value

if TYPE_CHECKING:
    from finops_guard.costs.ledger import Ledger

TYPE = "FinOpsGuard::Charge"
OLDEST = timedelta(days=7)
"""A last complete day that is older is no news."""
EXPLAINED = 30
"""So many of the dearest are explained: each takes questions of its own, and nobody reads more in a day."""
_CLOUDS = frozenset({"aws", "azure", "gcp"})
_TEXTS = {"account_name": "account_name", "charge.category": "category", "charge.publisher": "publisher"}
_OTHERS = "a charge is the sum of rows with other tags"
_SUMMED = Unknown("a charge is the sum of all that a team uses of a service")


@dataclass(frozen=True, slots=True)
class _Charge:
    """A group and what is found of it. `until`: the day after its last complete one; `into`: its currency."""

    group: Group
    sums: Sums
    until: date
    into: str | Unknown
    month: Money | Unknown
    unusual: Unusual | Unknown | None

    @property
    def excess(self) -> Decimal:
        return self.unusual.excess if isinstance(self.unusual, Unusual) else Decimal(0)

    @property
    def id(self) -> str:
        # A slash in a team's name must not make it another charge.
        parts = (quote(part, safe=" :(),&") if part and part != "-" else "%2D" if part else "-" for part in self.group)
        return f"charge/{'/'.join(parts)}"


def charges(
    ledger: Ledger,
    at: datetime,
    *,
    key: str = "team",
    currency: str | None = None,
    fx: Fx | None = None,
) -> Iterator[Resource]:
    """One `charge` for each account, team and service that cost anything in the month before its last complete day.

    `key`: the tag that names a team. Amounts are in `currency`, else in the group's own where that is one; where they
    cannot be, they are unknown and say why. Sorted by id.
    """
    known = ledger.days()
    if known is None:
        return
    today, rates = at.astimezone(UTC).date(), fx or {}
    made = [
        _judged(group, sums, until, today, known[0], sums.currency(currency, rates), rates)
        for cloud, until in boundaries(ledger).items()
        for group, sums in asked(ledger, cloud, until, key).items()
    ]
    dearest = {each.id for each in sorted(made, key=lambda each: -each.excess)[:EXPLAINED]}
    for each in sorted(filter(_matters, made), key=lambda each: each.id):
        resource = _resource(each, key)
        if each.excess:
            why = _cause(ledger, each, key, rates) if each.id in dearest else Unknown("only the dearest are explained")
            _put(resource, "charge.unusual_cause", why)
        yield resource


def _matters(charge: _Charge) -> bool:
    return isinstance(charge.month, Unknown) or bool(charge.month.amount or charge.excess)


def _judged(  # noqa: PLR0917 # a group, and what it is held against
    group: Group, sums: Sums, until: date, today: date, first: date, into: str | Unknown, fx: Fx
) -> _Charge:
    if isinstance(into, Unknown):
        return _Charge(group, sums, until, into, into, into)
    month: Money | Unknown = Money(amount(sums.month, into, fx), into)
    if first > months_back(until, 1):
        month = Unknown(f"the bills begin on {first}, less than a month before {until}")
    if today - until > OLDEST:
        return _Charge(group, sums, until, into, month, Unknown(f"the bills are complete until {until} only"))
    days = {day: amount(amounts, into, fx) for day, amounts in sums.usage.items()}
    return _Charge(group, sums, until, into, month, unusual(days, until - timedelta(days=1), first))


def _cause(ledger: Ledger, charge: _Charge, key: str, fx: Fx) -> str | None:
    into = str(charge.into)
    day = charge.until - timedelta(days=1)
    return cause(ledger, charge.group, key, day, lambda total: amount({total.currency: total.amount}, into, fx))


def _resource(charge: _Charge, key: str) -> Resource:
    group, found = charge.group, charge.unusual
    made = computed_resource(
        kind="charge",
        type_=TYPE,
        id_=charge.id,
        name=f"{group.service or 'no service'} of {group.team or 'no team'}",
        covers=None,
        owner=group.team,
    )
    if group.team is not None:
        made.tags = Tags.of({key: group.team}, open_because=_OTHERS)
    made.fields |= {"cloud": group.cloud if group.cloud in _CLOUDS else None, "account": group.account}
    made.fields |= {"service": group.service, "charge.service": group.service}
    told: dict[str, Value | Unknown] = {name: _one(charge.sums.told[text]) for name, text in _TEXTS.items()}
    told |= {"charge.usage": _SUMMED, "charge.sku": _SUMMED, "charge.marketplace": _marketplace(charge.sums)}
    told |= {"charge.amount_month": charge.month, "charge.unusual_cause": None if isinstance(found, Unusual) else found}
    told["charge.unusual_day"] = Money(found.excess, str(charge.into)) if isinstance(found, Unusual) else found
    for name, value in told.items():
        _put(made, name, value)
    return made


def _put(resource: Resource, name: str, value: Value | Unknown) -> None:
    if isinstance(value, Unknown):
        resource.fields.pop(name, None)
        resource.unknown[name] = value.reason
    else:
        resource.fields[name] = value


def _one(told: set[str | None]) -> str | Unknown | None:
    """What all rows of a group say alike; a group of several is none of them."""
    return next(iter(told)) if len(told) == 1 else Unknown(f"its rows have {len(told)} of them")


def _marketplace(sums: Sums) -> bool | Unknown:
    return Unknown("the bill does not say who sold all of it") if None in sums.marketplace else bool(sums.marketplace)
