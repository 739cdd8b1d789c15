"""Unit costs: what one of something costs, over the days that both its money and its count cover whole.

Failed runs, idle hours and everything else that the selection cost stay in the money; only what was finished counts.
A unit that is split (`by`) gets a row for the whole and one for each value; what carries no value is a row of its own.
Nothing is divided by what is not there: below the minimum, or with nothing counted, a unit cost is None and says why.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

from finops_guard.costs import counts
from finops_guard.costs.counts import Asked, Counted
from finops_guard.costs.counts._counted import Key
from finops_guard.costs.reach import Reach
from finops_guard.costs.units_days import OVER, Bills, Complete, Days, asked, common, complete
from finops_guard.costs.units_inventory import Found, read
from finops_guard.costs.units_spent import Rows, Shared, Spent, currency_of, rows, spent
from finops_guard.costs.units_window import Told, Window, added, coverage, quality_of
from finops_guard.errors import GuardError, InputError, ScanError
from finops_guard.model import Gap, Money, Policy, Resource, Unit, UnitCost

if TYPE_CHECKING:
    from finops_guard.costs.ledger import Ledger

_CLOUDS = {"cloudwatch": "aws", "azure-monitor": "azure", "gcp-monitoring": "gcp"}
_DIGITS = 60  # sums of amounts with 18 decimals are exact
_EACH = Decimal("1e-18")
_FILES = 3
_LATE = timedelta(days=14)
"""Bills are two or three days late by nature; beyond that somebody must know."""


def unit_costs(
    policy: Policy,
    ledger: Ledger | None,
    reach: Reach,
    inventory: Iterable[Resource] | None = None,
    *,
    seen: datetime | None = None,
    over: int = OVER,
) -> list[UnitCost]:
    """Every unit cost of a policy: of each unit the whole first, then its parts, the dearest first.

    `inventory` (enriched) is read once, and only where it is needed, as it was `seen` (now if left out); None: nobody
    looked. A count that fails is a gap in `reach.notes`.
    """
    found: dict[str, Found] = {} if inventory is None else read(policy, inventory, reach.now)
    shared = Shared(policy.shared, tuple(policy.teams))
    with localcontext(prec=_DIGITS):
        bills = Bills.of(ledger) if ledger is not None and policy.units else None
        return [
            cost
            for unit in policy.units.values()
            for cost in _Unit(unit, policy, bills, reach, found.get(unit.name), shared, seen, over).costs()
        ]


@dataclass(frozen=True, slots=True)
class _Unit:
    """One unit on its way to its costs."""

    unit: Unit
    policy: Policy
    bills: Bills | None
    reach: Reach
    found: Found | None
    shared: Shared
    seen: datetime | None
    over: int

    def costs(self) -> Iterator[UnitCost]:
        """The whole, then each part."""
        today = self.reach.now.date()
        if self.bills is None:
            yield self._none(today, "no cost data")
            return
        if self.unit.count.source == "inventory" and self.found is None:
            yield self._none(today, "no inventory was read")
            return
        billed = complete(self.bills, self.unit.covers, self.over)
        if billed is None:
            yield self._none(today, "no day of cost data is complete")
            return
        first, last = asked(billed.last, self.over)
        try:
            counted = counts.counted(self._asked(first, last))
        except GuardError as wrong:
            yield self._failed(billed.last, wrong)
            return
        days = common(billed, counted.amounts, self.over)
        if days is None:
            yield self._none(billed.last, _apart(billed, counted), counted)
            return
        money = rows(self.bills.ledger, self.unit, self.shared.splits, (days.before or days.now)[0], days.last)
        yield from self._of(days, billed, counted, money)

    def _of(self, days: Days, billed: Complete, counted: Counted, money: Rows) -> Iterator[UnitCost]:
        target = self.unit.target
        wanted = (target.currency if target else None, self.policy.currency)
        if not money.currencies:
            yield self._none(days.last, "; ".join(("no cost row belongs to it", *self._unclear(money))), counted)
            return
        currency = currency_of(money, wanted, self.policy.fx)
        if currency is None:
            said = " and ".join(money.currencies)
            yield self._none(days.last, f"its cost is in {said}, and the policy has no rate between them", counted)
            return
        now, before = (self._window(money, counted, of, currency) for of in (days.now, days.before))
        remarks = (*self._late(days, billed), *billed.remarks, *counted.remarks, *now.spent.remarks)
        remarks += tuple(self._unclear(money))
        told = Told(days, currency, counted, remarks, quality_of(days, counted, money))
        yield self._cost(told, None, now, before)
        if self.unit.by:
            keys = {*now.spent.keys, *now.counted}
            for key in sorted(keys, key=lambda key: (None in key, -now.spent.of(key), tuple(map(str, key)))):
                yield self._cost(told, key, now, before)

    def _window(self, money: Rows, counted: Counted, days: Collection[date], currency: str) -> Window:
        if not days or self.bills is None:
            return Window(Spent(), {}, len(days))
        cost = spent(
            self.bills.ledger, money, frozenset(days), currency=currency, fx=self.policy.fx, shared=self.shared
        )
        return Window(cost, added(counted, days), len(days))

    def _cost(self, told: Told, key: Key | None, now: Window, before: Window) -> UnitCost:
        each, because = self._each(now, key, told.counted)
        base, _ = self._each(before, key, told.counted)
        if base is not None and told.counted.gauge:  # a level is paid for as long as the days are many
            base = base * now.days / before.days
        amount = now.cost(key)
        return UnitCost(
            unit=self.unit,
            key={} if key is None else dict(zip(self.unit.by, key, strict=True)),
            first=told.days.first,
            last=told.days.last,
            cost=None if amount is None else Money(amount, told.currency),
            shared=now.shared(key),
            count=now.count(key) / self.unit.count.scale,
            each=None if each is None else Money(each.quantize(_EACH), told.currency),
            coverage=coverage(now.spent),
            change=None if each is None or base is None or base <= 0 else float(each / base - 1),
            quality=told.quality,
            definition=self._definition(told.counted),
            sources=self._sources(told.counted),
            because=because,
            days=len(told.days.now),
            unknown=told.remarks,
        )

    def _each(self, window: Window, key: Key | None, counted: Counted) -> tuple[Decimal | None, str | None]:
        """The cost of one, or why there is none."""
        count, cost = window.count(key), window.cost(key)
        if not count:
            return None, self._uncounted(key, window, counted)
        if count < self.unit.minimum:
            return None, f"{count:,f} counted, below the minimum of {self.unit.minimum:,f}"
        if cost is None:
            return None, "no cost carries it"
        return cost / (count / self.unit.count.scale), None

    def _uncounted(self, key: Key | None, window: Window, counted: Counted) -> str:
        for at, name in enumerate(self.unit.by if key is not None else ()):
            if window.counted and all(one[at] is None for one in window.counted):
                return f"{counted.source} does not tell {name}"
        return "nothing was counted"

    def _none(self, last: date, because: str, counted: Counted | None = None, refused: str | None = None) -> UnitCost:
        return UnitCost(
            unit=self.unit,
            key={},
            first=last,
            last=last,
            cost=None,
            shared=Decimal(0),
            count=None,
            each=None,
            coverage=None,
            change=None,
            quality="partial",
            definition=self._definition(counted) if counted else f"not known: {self.unit.count.source} was not read",
            sources=self._sources(counted) if counted else (),
            because=because,
            refused=refused,
        )

    def _failed(self, last: date, wrong: GuardError) -> UnitCost:
        source = self.unit.count.source
        if isinstance(wrong, InputError):
            return self._none(last, f"its count cannot be used: {wrong.what}", refused=wrong.what)
        if not isinstance(wrong, ScanError):
            raise wrong
        self.reach.notes.gaps.append(Gap(_CLOUDS.get(source, ""), "", "", f"count of {self.unit.name}", wrong.what))
        return self._none(last, f"its count could not be read: {wrong.what}")

    def _asked(self, first: date, last: date) -> Asked:
        unit = self.unit
        found, seen = self.found.resources if self.found else [], self.seen
        ledger = self.bills.ledger if self.bills else None
        return Asked(unit.count, first, last, unit.by, self.reach, unit.covers, ledger, found, seen)

    def _late(self, days: Days, billed: Complete) -> Iterator[str]:
        """Which side holds the days back, where they are not of this time."""
        if self.reach.now.date() - days.last > _LATE:
            side = "bills are complete" if billed.last == days.last else "counts stand"
            yield f"{side} only to {days.last}: this is not how it is today"

    def _unclear(self, money: Rows) -> Iterator[str]:
        if money.unclear:
            yield f"of {money.unclear} cost rows the bill cannot tell whether they belong to it: they are not in it"
        if self.found and self.found.unclear:
            yield f"of {self.found.unclear} resources it is not known whether they are counted: they are not"

    def _definition(self, counted: Counted) -> str:
        scale = self.unit.count.scale
        return counted.definition if scale == 1 else f"{counted.definition}; {scale:,f} of them make one {self.unit.of}"

    def _sources(self, counted: Counted) -> tuple[str, ...]:
        files = [file.path for file in self.bills.ledger.files if not file.refused] if self.bills else []
        shown = files if len(files) <= _FILES else [f"{len(files)} cost files"]
        return (*shown, counted.source)


def _apart(billed: Complete, counted: Counted) -> str:
    if not counted.amounts:
        return f"nothing was counted near the complete days of the bills, which end on {billed.last}"
    return (
        f"no day has both: bills are complete from {billed.first} to {billed.last}, "
        f"counts stand from {min(counted.amounts)} to {max(counted.amounts)}"
    )
