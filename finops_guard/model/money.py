"""What a policy says about money, and what a run found: budgets, unit costs, where cost data comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from finops_guard.model.resource import Location
from finops_guard.model.rule import Condition
from finops_guard.model.values import Money

Every: TypeAlias = Literal["day", "week", "month", "quarter", "year"]
Metric: TypeAlias = Literal["effective", "billed", "list"]
ACCELERATOR_HOURS = "accelerator-hours"
"""The unit of a budget that limits use instead of money."""
BUDGET_TYPE = "FinOpsGuard::Budget"
"""The type of a budget in one period, as a resource that is judged."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit on what a selection may cost in a period. `unit`: a currency or `accelerator-hours`; `covers` None: all.

    `plan`: the limit of single periods, by how the policy writes them (`2026`, `2026-12`, `2026-12-24`): the first day
    of the period lies in it. `fiscal_start`: (month, day) on which a year, and so its quarters, begin. `rollover`: the
    share (0 to 1) of what the period before left unused that is added to the limit.
    """

    name: str
    limit: Decimal
    unit: str
    every: Every
    covers: Condition | None = None
    metric: Metric = "effective"
    plan: Mapping[str, Decimal] = field(default_factory=dict)
    fiscal_start: tuple[int, int] = (1, 1)
    timezone: str = "UTC"
    rollover: Decimal = Decimal(0)
    owner: str | None = None
    at: Location | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """Where the number of units comes from. `settings`: the keys of that source as the policy writes them.

    `scale`: how many counted things make one unit (1000 tokens make one `1k-tokens`).
    """

    source: str
    settings: Mapping[str, object] = field(default_factory=dict)
    match: Condition | None = None
    scale: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Unit:
    """What one of something costs: the money that `covers` selects, by what `count` counts.

    `by`: canonical tag keys by which both are split. Below `minimum` counted things there is no unit cost.
    """

    name: str
    of: str
    covers: Condition
    count: Count
    by: tuple[str, ...] = ()
    minimum: Decimal = Decimal(0)
    target: Money | None = None
    at: Location | None = None


@dataclass(frozen=True, slots=True)
class CostSource:
    """Where cost rows come from (an entry of `costs`): `source` is its `from`, `settings` the rest of its keys."""

    source: str
    settings: Mapping[str, object] = field(default_factory=dict)
    at: Location | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """Shared cost: rows that `charge` selects are split over the teams by accelerator hours, cost, or evenly."""

    charge: Condition
    by: Literal["accelerator_hours", "cost", "even"]


@dataclass(frozen=True, slots=True)
class Rates:
    """What a customer pays other than list price: a discount by cloud (0 to 1), and rate cards (paths of CSV files)."""

    discount: Mapping[str, Decimal] = field(default_factory=dict)
    cards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a period will have cost when it ends, and how far such a forecast was off before.

    `low` to `high` is the 80 % band from the series' own history, None where there is too little of it. `error`: the
    weighted absolute percentage error (0.12 is 12 %) of the same method on earlier periods. `amount` None: not
    forecastable, and `because` says why; with an amount, `because` is what a reader must know about it.
    """

    amount: Decimal | None
    low: Decimal | None = None
    high: Decimal | None = None
    error: float | None = None
    method: str = ""
    because: str | None = None


@dataclass(frozen=True, slots=True)
class BudgetStatus:
    """One budget in the period that `at` lies in. Amounts are in the budget's unit.

    `limit`: of this period, with its plan and what rolled over. `actual`: billed so far; `accrued`: what ran since the
    last complete billed hour and is not billed yet, at its price. `start` to `end` (exclusive, aware UTC); `period` its
    name (`2026-11`). `unknown`: in words, what could not be counted (each makes the figures a lower bound); with no
    cost data at all `actual` is None, and without an inventory `accrued`. `daily`: (day, amount) billed.
    `billed_until`: the first hour that is not completely billed, None without bills. `uncounted`: of `unknown`, what
    the bill alone lacks; `uncounted_most` what that comes to at most, None where nobody can tell.
    """

    budget: Budget
    period: str
    start: datetime
    end: datetime
    limit: Decimal
    rolled_over: Decimal
    actual: Decimal | None
    accrued: Decimal | None
    forecast: Forecast
    burn_rate: Decimal | None
    daily: tuple[tuple[date, Decimal], ...] = ()
    billed_until: datetime | None = None
    unknown: tuple[str, ...] = ()
    uncounted: tuple[str, ...] = ()
    uncounted_most: Decimal | None = None

    @property
    def spent(self) -> Decimal | None:
        """Billed and accrued; None where one of them is not known."""
        return None if self.actual is None or self.accrued is None else self.actual + self.accrued

    @property
    def remaining(self) -> Decimal | None:
        """What is left of the limit, negative when it is exceeded."""
        return None if self.spent is None else self.limit - self.spent


@dataclass(frozen=True, slots=True)
class UnitCost:
    """One unit cost over `days` complete days (`first` to `last`, inclusive), of one value of each key of `by`.

    `cost` holds the `shared` part too. `count` is in units (scaled). `each` is None where there is none, and `because`
    says why (below the minimum, nothing counted, no cost data). `coverage`: share of the selected cost that carries
    every key of `by`. `change`: against its own baseline (0.1 is 10 % dearer), None without one. `quality`: complete,
    partial or estimated. `definition`: what the source counts, in its own words; `sources`: where both came from.
    `days`: how many days of `first` to `last` both sides cover, which are those that count. `key` is empty for the unit
    as a whole. `unknown`: in words, what could not be counted. `refused`: what of the input cannot be used.
    """

    unit: Unit
    key: Mapping[str, str | None]
    first: date
    last: date
    cost: Money | None
    shared: Decimal
    count: Decimal | None
    each: Money | None
    coverage: float | None
    change: float | None
    quality: Literal["complete", "partial", "estimated"]
    definition: str
    sources: tuple[str, ...] = ()
    because: str | None = None
    days: int = 0
    unknown: tuple[str, ...] = ()
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class PlanDelta:
    """What a plan adds to the bill of a month; `name`: the team whose part it is, or `budget NAME`; all of it: empty.

    Between `low` and `high`, None where there is no such bound: `hidden` says of what no price is known. `before`: what
    is there costs now, None where not all of it is priced. `accelerators`: added less taken away, None where
    `uncounted` says why. `by_usage`: how many resources are priced by use that nobody assumed, and counted without it.
    `alone`: of sources without a plan, what all that they declare costs at the least, and its accelerators.
    """

    name: str
    currency: str
    low: Decimal | None
    high: Decimal | None
    before: Decimal | None
    accelerators: Decimal | None
    uncounted: str = ""
    hidden: tuple[str, ...] = ()
    by_usage: int = 0
    budget: str = ""
    alone: tuple[Decimal | None, Decimal | None] | None = None
