"""The binding of packs to an organisation: where, for whom, how strictly, and what may be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from finops_guard.model.money import Budget, CostSource, Rates, Split, Unit
from finops_guard.model.rule import Condition, Mode, Pack, Rule, Verb
from finops_guard.model.values import Money


@dataclass(frozen=True, slots=True)
class Binding:
    """One use of a pack: its rules with parameters filled in, where they hold and what they may do.

    A resource is judged under the first binding of a pack whose `where` holds; where it is unknown it is judged there
    and never acted on.
    """

    name: str
    pack: Pack
    rules: tuple[Rule, ...]
    where: Condition
    mode: Mode
    permit: frozenset[Verb]
    accept: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `count` acts of a verb in any 24 h; beyond it none (`refuse`) or the rest later (`defer`)."""

    count: int
    then: Literal["refuse", "defer"] = "refuse"


@dataclass(frozen=True, slots=True)
class Exemption:
    """A finding that is accepted until a day (inclusive), with a reason and a name under it."""

    rule: str
    where: Condition
    until: date
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Waivers:
    """Rules, `pack/rule`, that comments in sources may waive, and how far ahead such a waiver may end."""

    inline: frozenset[str] = frozenset()
    at_most: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ExpectedGap:
    """A cell that cannot be read, known to the policy: shown and counted, not exit 3."""

    match: Mapping[str, str]
    reason: str
    until: date


@dataclass(frozen=True, slots=True)
class Team:
    """A team that may own spend."""

    name: str
    lead: str | None = None
    channel: str | None = None
    cost_center: str | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """The binding of packs to an organisation, after `extends`; `raw` keeps the document for what is read elsewhere.

    `aliases`: folded tag spelling -> canonical key. `fx`: (from, to) -> (rate, as_of). `assume`: address -> usage
    (bytes, hours, machines) of what is planned. `texts` are the document's own, whose sha256 is `sha256`, and that of
    the policy it extends.
    """

    name: str
    owner: str
    mode: Mode
    permit: frozenset[Verb]
    bindings: tuple[Binding, ...]
    path: str
    sha256: str
    currency: str | None = None
    at_most: Mapping[str, Cap] = field(default_factory=dict)
    approve: Mapping[str, int] = field(default_factory=dict)
    fx: Mapping[tuple[str, str], tuple[Decimal, date]] = field(default_factory=dict)
    state: str = ".finops-guard"
    scope: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    expect: tuple[ExpectedGap, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    inherit_tags: tuple[str, ...] = ()
    inherit_from: tuple[str, ...] = ()
    also_ai: tuple[Condition, ...] = ()
    teams: Mapping[str, Team] = field(default_factory=dict)
    exempt: tuple[Exemption, ...] = ()
    waivers: Waivers = field(default_factory=Waivers)
    freeze: tuple[Freeze, ...] = ()
    windows: Mapping[str, Window] = field(default_factory=dict)
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    channels: tuple[Mapping[str, object], ...] = ()
    costs: tuple[CostSource, ...] = ()
    rates: Rates = field(default_factory=Rates)
    shared: tuple[Split, ...] = ()
    budgets: Mapping[str, Budget] = field(default_factory=dict)
    units: Mapping[str, Unit] = field(default_factory=dict)
    assume: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    raw: Mapping[str, object] = field(default_factory=dict)
    texts: tuple[str, ...] = field(default=(), repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Freeze:
    """Days (inclusive, UTC) on which only the excepted verbs may act."""

    start: date
    end: date
    allowed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Window:
    """When a verb may act: weekdays (0 is Monday) between two minutes of the day, which may wrap past midnight."""

    days: frozenset[int]
    start: int
    end: int
    timezone: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """When what names it in its tag `schedule` runs: in its hours, and on a holiday (a local date) not at all."""

    hours: Window
    holidays: frozenset[date] = frozenset()


def money_in(amount: Money, currency: str, fx: Mapping[tuple[str, str], tuple[Decimal, date]]) -> Money | None:
    """`amount` in another currency through the policy's dated rates, either way round; None without a rate."""
    if amount.currency == currency:
        return amount
    if (amount.currency, currency) in fx:
        return Money(amount.amount * fx[amount.currency, currency][0], currency)
    if (currency, amount.currency) in fx:
        return Money(amount.amount / fx[currency, amount.currency][0], currency)
    return None
