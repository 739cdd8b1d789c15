"""What a budget's cost rows come to, in the budget's own unit: a currency, or hours of accelerators."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from finops_guard.costs.accelerators import accelerator, is_accelerator_family
from finops_guard.costs.asks import Ask, Total
from finops_guard.model import ACCELERATOR_HOURS, Budget, Money, money_in

if TYPE_CHECKING:
    from finops_guard.costs.ledger import Ledger

Fx: TypeAlias = Mapping[tuple[str, str], tuple[Decimal, date]]

_HOURS = frozenset({"h", "hr", "hrs", "hour", "hours"})
_WORD = re.compile(r"[a-z0-9][a-z0-9._-]*")
_SHOWN = 3
_UNSURE = "the bill does not say whether they count"


@dataclass(frozen=True, slots=True)
class Billed:
    """What was billed on a UTC day. `usage`: it corrects nothing and buys nothing, so a forecast may go on from it."""

    day: date
    cloud: str
    usage: bool
    amount: Decimal


@dataclass(slots=True)
class Lost:
    """What could not be counted, gathered so that a hundred rows of one kind are one sentence."""

    rows: Counter[str] = field(default_factory=Counter)
    money: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    most: Decimal | None = Decimal(0)
    """What all of them may come to in the budget's unit, None where nobody can tell."""

    def add(self, why: str, total: Total, most: Decimal | None = None) -> None:
        """Rows that are not counted, why, and what they may come to."""
        self.rows[why] += total.rows
        self.most = None if self.most is None or most is None else self.most + abs(most)
        key = (why, total.currency)
        self.money[key] = self.money.get(key, Decimal(0)) + total.amount

    def __iter__(self) -> Iterator[str]:
        for why, count in sorted(self.rows.items()):
            sums = (f"{amount:,.2f} {of}" for (reason, of), amount in sorted(self.money.items()) if reason == why)
            yield f"{count} billed row{'s' * (count > 1)} ({', '.join(sums)}): {why}"


def billed(budget: Budget, ledger: Ledger, start: datetime, end: datetime, fx: Fx, lost: Lost) -> list[Billed]:
    """The rows from `start` to `end` (exclusive) by day, whatever was billed; what cannot be counted goes to `lost`."""
    hours = budget.unit == ACCELERATOR_HOURS
    by = ("day", "cloud", "charge_category", "charge_class", *(("usage", "description", "unit") if hours else ()))
    found: dict[tuple[str, str, bool], Decimal] = {}
    for total in ledger.totals(Ask(budget.metric, budget.covers, by, start, end)):
        amount = in_unit(budget, total, total.key[1] or "", total.key[4:], fx, lost)
        day, cloud, category, correction = total.key[:4]
        if amount is not None and day is not None:
            usage = category == "Usage" and correction is None
            key = (day, cloud or "", usage)
            found[key] = found.get(key, Decimal(0)) + amount
    return [Billed(date.fromisoformat(day), cloud, usage, sum_) for (day, cloud, usage), sum_ in sorted(found.items())]


def in_unit(budget: Budget, total: Total, cloud: str, told: Iterable[str | None], fx: Fx, lost: Lost) -> Decimal | None:
    """A total in the budget's unit, None where it does not count. `told`: usage, description and unit, for hours."""
    money = None
    if budget.unit != ACCELERATOR_HOURS:
        money = money_in(Money(total.amount, total.currency), budget.unit, fx)
    if not total.decided:
        # Where a file does not tell the metric, the amount is 0 and says nothing.
        lost.add(_UNSURE, total, money.amount if money is not None and total.amount else None)
        return None
    if budget.unit == ACCELERATOR_HOURS:
        return _hours(total, cloud, [text or "" for text in told], lost)
    if money is None and total.amount:
        lost.add(f"no rate from {total.currency} to {budget.unit}", total)
    return None if money is None else money.amount


def _hours(total: Total, cloud: str, told: list[str], lost: Lost) -> Decimal | None:
    """Hours times accelerators of one machine type, which is named in its usage type or description."""
    usage, description, unit = told
    if unit.casefold() not in _HOURS or total.quantity is None:
        return None
    words = [word.rstrip(".") for text in (usage, description) for word in _WORD.findall(text.casefold())]
    for word in words:
        known = accelerator(cloud, word)
        if known is not None and known.count is not None:
            return total.quantity * known.count
        if known is not None or is_accelerator_family(cloud, word):
            lost.add(f"how many accelerators {word} has is not known", total)
            return None
    return None


def shown(names: Iterable[str]) -> str:
    """A few names, and how many more."""
    listed = sorted(names)
    more = len(listed) - _SHOWN
    return ", ".join(listed[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
