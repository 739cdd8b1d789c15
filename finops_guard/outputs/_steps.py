"""Steps that differ only in their resource, together: what every output for people shows of a plan."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from finops_guard.model import VERBS
from finops_guard.outputs._units import duration, when
from finops_guard.outputs._view import short_name, total

if TYPE_CHECKING:
    from datetime import datetime

    from finops_guard.model import Report, Step, StepState, Verb

SHOWN = 3
Rank: TypeAlias = tuple[Decimal, str, str]
_ORDER: tuple[StepState, ...] = ("failed", "done", "due", "scheduled", "skipped", "refused")


@dataclass(slots=True)
class Bundle:
    """Steps of one verb, state, due time (to the minute) and reason; `first` are those that save most."""

    do: Verb
    state: StepState
    when: str
    because: str
    count: int = 0
    first: list[tuple[Rank, str]] = field(default_factory=list)
    saved: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    lost: set[str] = field(default_factory=set)
    final: bool = False

    def add(self, step: Step) -> None:
        """Count one step."""
        self.count += 1
        insort(self.first, (_rank(step), short_name(step.resource)))
        del self.first[SHOWN:]
        if step.saves_month and self.state in ("due", "scheduled", "done"):
            self.saved[step.saves_month.currency] += step.saves_month.amount
        self.lost.update(step.loses)
        self.final = self.final or not step.reversible

    @property
    def saves(self) -> str:
        """What they save a month; nothing for steps that are not taken."""
        return total(self.saved)

    @property
    def names(self) -> str:
        """The first resources by name, the rest counted."""
        rest = f", +{self.count - SHOWN:,} more" if self.count > SHOWN else ""
        return ", ".join(name for _, name in self.first) + rest

    @property
    def warning(self) -> str:
        """What is lost and whether it can be undone."""
        notes = [f"loses {', '.join(sorted(self.lost))}"] if self.lost else []
        if self.final and self.do not in ("notify", "suggest", "ticket", "block"):
            notes.append("cannot be undone")
        return "; ".join(notes)


def bundles(report: Report) -> list[Bundle]:
    """All steps, what is done and due first, what is refused last."""
    found: dict[tuple[int, str, int, str], Bundle] = {}
    for step in report.steps:
        due = f"{step.due:%Y-%m-%dT%H:%M%z}" if step.due else "~"
        key = (_ORDER.index(step.state), due, VERBS.index(step.do), step.because or "")
        bundle = found.get(key)
        if bundle is None:
            bundle = found[key] = Bundle(step.do, step.state, _when(step, report.at), step.because or "")
        bundle.add(step)
    return [found[key] for key in sorted(found)]


def _when(step: Step, at: datetime) -> str:
    if step.state not in ("due", "scheduled"):
        return step.state
    if step.due is None:
        return "once its notice is out"
    if step.due <= at:
        return "now"
    return f"in {duration((step.due - at).total_seconds())} ({when(step.due)})"


def _rank(step: Step) -> Rank:
    return (-(step.saves_month.amount if step.saves_month else Decimal(0)), step.resource.id, step.id)
