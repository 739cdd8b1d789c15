"""Money of a plan as it is added up: between a least and a most, each gone as soon as something is not known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from finops_guard.model import Resource, Unknown

COUNT = "accelerators.count"
_STANDS = frozenset({"none", "delete"})


@dataclass(frozen=True, slots=True)
class Month:
    """What a resource costs in a month: a least and a most, None where there is none, and why they are not one."""

    low: Decimal | None = Decimal(0)
    high: Decimal | None = Decimal(0)
    why: str = ""


@dataclass(slots=True)
class Sum:
    """Money between a least and a most, None where there is none; and the accelerators that come and go.

    `met`: something is in it for certain; `of`: what has changed in it; `alone`: no plan says what
    of it is there already.
    """

    low: Decimal | None = Decimal(0)
    high: Decimal | None = Decimal(0)
    before: Decimal | None = Decimal(0)
    accelerators: Decimal = Decimal(0)
    hidden: dict[str, list[str]] = field(default_factory=dict)
    uncounted: str = ""
    usage: int = 0
    met: bool = False
    of: list[str] = field(default_factory=list)
    alone: bool = False

    def plus(self, month: Month, resource: Resource) -> None:
        """What comes; of what is not known nothing is put on the least, and no most is left."""
        self._say(month, resource)
        self.low = None if self.low is None else self.low + (month.low or 0)
        self.high = None if self.high is None or month.high is None else self.high + month.high

    def minus(self, month: Month, resource: Resource) -> None:
        """What goes; of what is not known nothing is taken off the most, and no least is left."""
        self._say(month, resource)
        self.low = None if self.low is None or month.high is None else self.low - month.high
        self.high = None if self.high is None else self.high - (month.low or 0)

    def stood(self, month: Month) -> None:
        """What was there."""
        exact = month.low if month.low == month.high else None
        self.before = None if self.before is None or exact is None else self.before + exact

    def doubt(self, why: str, ids: Sequence[str], *, goes: bool) -> None:
        """Things may be in it of which that is not known; `goes`: and may be taken away."""
        self.high = None
        self.low = None if goes else self.low
        self.uncounted = self.uncounted or f"{ids[0]}: {why}"
        told = self.hidden.setdefault(why, [])
        told += [each for each in ids if each not in told]

    def count(self, number: Decimal | None, why: str) -> None:
        """Accelerators that come, or go where the number is negative; None: how many is not known."""
        if number is None:
            self.uncounted = self.uncounted or why
        else:
            self.accelerators += number

    def _say(self, month: Month, resource: Resource) -> None:
        if month.why and resource.id not in (told := self.hidden.setdefault(month.why, [])):
            told.append(resource.id)


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one resource. `was`: what it is now, None for what comes new; `same`: no price could tell."""

    resource: Resource
    was: Resource | None
    after: Month
    before: Month
    same: bool
    by_usage: bool

    @property
    def matters(self) -> bool:
        """Whether it can change what is paid; what has no price and stays as it is, does not."""
        unpriced = bool(self.after.why and self.before.why)
        return self.resource.text("change") != "none" and not (self.same and unpriced)

    def put(self, into: Sum) -> None:
        """Count it where it was and stays."""
        into.met = True
        into.usage += self.resource.text("change") not in _STANDS and self.by_usage
        if not self.matters:
            into.stood(self.before)
            return
        self.come(into, counted=not self.same)
        self.go(into, counted=not self.same)

    def come(self, into: Sum, *, counted: bool = True) -> None:
        """Count what it will be."""
        into.met = True
        into.of.append(self.resource.id)
        into.alone = into.alone or not self.resource.text("change")
        into.plus(self.after, self.resource)
        if counted and self.resource.text("change") != "delete":
            into.count(*_number(self.resource, 1))

    def go(self, into: Sum, *, counted: bool = True) -> None:
        """Take off what it was."""
        if self.was is None:
            return
        into.minus(self.before, self.resource)
        into.stood(self.before)
        if counted:
            into.count(*_number(self.was, -1))


def _number(resource: Resource, sign: int) -> tuple[Decimal | None, str]:
    """The accelerators of a resource; a template has none itself."""
    value = 0 if resource.facts.get("free") else resource.look(COUNT)
    if isinstance(value, Unknown):
        return None, f"{resource.id}: {value.reason}"
    return (sign * Decimal(str(value)) if isinstance(value, int | float | Decimal) else Decimal(0)), ""
