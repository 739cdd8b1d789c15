"""One window of days of a unit: what it cost and what was counted, and what both are worth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, TypeAlias

from finops_guard.costs.counts import Counted
from finops_guard.costs.counts._counted import Key
from finops_guard.costs.units_days import Days
from finops_guard.costs.units_spent import Rows, Spent

Quality: TypeAlias = Literal["complete", "partial", "estimated"]


@dataclass(frozen=True, slots=True)
class Window:
    """What some days cost and what was counted on them, by key."""

    spent: Spent
    counted: Mapping[Key, Decimal]
    days: int

    def cost(self, key: Key | None) -> Decimal | None:
        """What the whole or a part cost; None for a part that no cost carries."""
        if key is None:
            return self.spent.whole if self.spent.keys else None
        return self.spent.of(key) if key in self.spent.keys else None

    def shared(self, key: Key | None) -> Decimal:
        """The part of it that is shared cost."""
        return sum(self.spent.shared.values(), Decimal(0)) if key is None else self.spent.shared.get(key, Decimal(0))

    def count(self, key: Key | None) -> Decimal:
        """Things counted of the whole or a part."""
        return sum(self.counted.values(), Decimal(0)) if key is None else self.counted.get(key, Decimal(0))


@dataclass(frozen=True, slots=True)
class Told:
    """What every row of a unit says."""

    days: Days
    currency: str
    counted: Counted
    remarks: tuple[str, ...]
    quality: Quality


def added(counted: Counted, days: Collection[date]) -> dict[Key, Decimal]:
    """What was counted on these days by key: added up, or on average where days have levels."""
    found: dict[Key, Decimal] = defaultdict(Decimal)
    for day in days:
        for key, amount in counted.amounts[day].items():
            found[key] += amount
    return {key: amount / len(days) for key, amount in found.items()} if counted.gauge else dict(found)


def coverage(cost: Spent) -> float | None:
    """The share of the selected cost that carries every key."""
    whole = sum(cost.direct.values(), Decimal(0))
    carried = sum((amount for key, amount in cost.direct.items() if None not in key), Decimal(0))
    return float(carried / whole) if whole > 0 else None


def quality_of(days: Days, counted: Counted, money: Rows) -> Quality:
    """Estimated where some of the count was inferred, partial where a day or a cost row is left out."""
    if counted.estimated:
        return "estimated"
    return "complete" if days.whole and not money.unclear else "partial"
