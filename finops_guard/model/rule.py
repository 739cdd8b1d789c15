"""Rules and policies: what users write, checked and typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal, TypeAlias

from finops_guard.model.resource import Location
from finops_guard.model.values import Money

Severity: TypeAlias = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")
Mode: TypeAlias = Literal["dry-run", "enforce"]
Verb: TypeAlias = Literal[
    "notify",
    "suggest",
    "ticket",
    "block",
    "tag",
    "start",
    "stop",
    "scale_to_zero",
    "terminate",
]
VERBS: tuple[Verb, ...] = (
    "notify",
    "suggest",
    "ticket",
    "block",
    "tag",
    "start",
    "stop",
    "scale_to_zero",
    "terminate",
)
DESTRUCTIVE: frozenset[Verb] = frozenset({"stop", "scale_to_zero", "terminate"})
LIFECYCLE: tuple[Verb, ...] = ("start", "stop", "scale_to_zero", "terminate")
"""Verbs of which a resource gets at most one in a run, least destructive first."""


@dataclass(frozen=True, slots=True)
class Param:
    """A `$name` in a condition or ladder that is not resolved yet."""

    name: str


@dataclass(frozen=True, slots=True)
class Ref:
    """What a test looks at: a catalogue field, a tag or an account tag (canonical key)."""

    space: Literal["field", "tag", "account_tag"]
    name: str

    def __str__(self) -> str:
        return self.name if self.space == "field" else f"{self.space}s.{self.name}"


@dataclass(frozen=True, slots=True)
class Compare:
    """One comparison. `op`: eq in not_in matches lt lte gt gte same_as exists after_now.

    `value` is typed by the field (see `fields`): text, number, seconds, percent, bytes, Money, datetime, bool; a tuple
    for in and not_in; a pattern text for matches; a `Ref` for same_as; or a `Param`. Metrics carry `over` (seconds) and
    `by` (mean max min p50 p95 sum).
    """

    ref: Ref
    op: str
    value: object
    over: int | Param | None = None
    by: str = "mean"


@dataclass(frozen=True, slots=True)
class All:
    """Kleene and; empty is true: `match: all`."""

    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Kleene or."""

    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Kleene not."""

    item: Condition


Condition: TypeAlias = Compare | All | AnyOf | Not


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder. `after` in seconds (0: `now`), None when left out; `warn` in seconds before the act."""

    do: Verb
    after: int | Param | None = None
    warn: tuple[int | Param, ...] = ()
    mark: bool = False
    enough: bool = False
    set: Mapping[str, str | Param] = field(default_factory=dict)
    copy_from: str | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    normalise: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """A resource as written in a rule's examples, and the verdict it must get."""

    verdict: str
    resource: Mapping[str, object]
    at: Location | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence from a pack: for what we `match`, `require` this; `otherwise` do that."""

    pack: str
    name: str
    title: str
    severity: Severity
    match: Condition
    require: Condition
    otherwise: tuple[Rung, ...] = ()
    why: str = ""
    learn: str = ""
    capability: str = ""
    examples: tuple[Example, ...] = ()
    at: Location | None = None

    @property
    def id(self) -> str:
        """`pack/name`, whatever the binding is called."""
        return f"{self.pack}/{self.name}"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A pack's declared parameter. `stricter`: the direction an extending policy may move it (subset, lower, …)."""

    name: str
    type: str
    default: object = None
    required: bool = False
    stricter: str | None = None
    help: str = ""


@dataclass(frozen=True, slots=True)
class Pack:
    """A rule pack as loaded; conditions still hold `Param`s. `sha256` is of its `text`."""

    name: str
    version: str
    summary: str
    params: Mapping[str, Parameter]
    rules: Mapping[str, Rule]
    path: str
    sha256: str
    text: str = field(default="", repr=False, compare=False)


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

    `aliases`: folded tag spelling -> canonical key. `fx`: (from, to) -> (rate, as_of). `texts` are the document's own,
    whose sha256 is `sha256`, and that of the policy it extends.
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
    freeze: tuple[Freeze, ...] = ()
    windows: Mapping[str, Window] = field(default_factory=dict)
    channels: tuple[Mapping[str, object], ...] = ()
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


def money_in(amount: Money, currency: str, fx: Mapping[tuple[str, str], tuple[Decimal, date]]) -> Money | None:
    """`amount` in another currency through the policy's dated rates, either way round; None without a rate."""
    if amount.currency == currency:
        return amount
    if (amount.currency, currency) in fx:
        return Money(amount.amount * fx[amount.currency, currency][0], currency)
    if (currency, amount.currency) in fx:
        return Money(amount.amount / fx[currency, amount.currency][0], currency)
    return None
