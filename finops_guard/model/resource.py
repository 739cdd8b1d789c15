"""Resource: anything that is judged, a machine as well as a budget, a unit cost, a charge or a whole plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from finops_guard.model.tags import Tags
from finops_guard.model.values import Money, Unknown, Value


@dataclass(frozen=True, slots=True)
class Location:
    """Where a resource stands in a file; lines and columns count from 1."""

    file: str
    line: int
    column: int = 1


@dataclass(frozen=True, slots=True)
class Price:
    """What one hour costs and who says so: `source` (list-price, billed, rate-card, …) and its date, YYYY-MM-DD."""

    hour: Money
    source: str
    as_of: str


_NOT_READ = Unknown("the journal was not read")


@dataclass(frozen=True, slots=True)
class Stop:
    """An act of ours that stopped a resource or scaled it to zero: by which rule, when, what it found and left."""

    rule: str
    verb: str
    at: datetime
    before: Mapping[str, object] = field(default_factory=dict)
    after: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Resource:
    """One thing to judge.

    `fields` holds, by catalogue name, each value that is known (or None: absent, a fact). A catalogue field that is
    missing from it is unknown; `unknown` may say why. `tags` and `account_tags` are maps of their own. `started` (for
    `running_for`; of what stands still the last start, where the provider says it) and `facts` (what providers say and
    only verbs read: protection flags, local disks, parents) are not judged. `stop` is what our journal
    says: the stop that nobody is known to have taken back, None where there is none, unknown where nobody looked.
    `price` is None while nobody priced it; then `unknown["cost.month"]` says why.
    """

    fields: dict[str, Value]
    tags: Tags
    unknown: dict[str, str] = field(default_factory=dict)
    account_tags: Tags = field(default_factory=lambda: Tags.unreadable("account tags were not collected"))
    started: datetime | None = None
    facts: dict[str, object] = field(default_factory=dict)
    price: Price | None = None
    at: Location | None = None
    stop: Stop | Unknown | None = _NOT_READ

    def text(self, name: str) -> str:
        """A field as text for reports and keys; empty where it is absent or unknown."""
        value = self.fields.get(name)
        return "" if value is None else str(value)

    def look(self, name: str) -> Value | Unknown:
        """A field's value: known, absent (None) or unknown with a reason."""
        if name in self.fields:
            return self.fields[name]
        return Unknown(self.unknown.get(name, "not collected"))

    @property
    def id(self) -> str:
        """ARN, ARM id, full resource name or IaC address."""
        return self.text("id")

    @property
    def kind(self) -> str:
        """The kind, empty when unknown (only in a test example)."""
        return self.text("kind")

    @property
    def month(self) -> Money | None:
        """Price of a month (730 h, FOCUS has no month price; AWS and Azure price pages use 730), None when unknown."""
        value = self.fields.get("cost.month")
        return value if isinstance(value, Money) else None
