"""Steps that differ only in their resource, together: what every output for people shows of a plan."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from finops_guard.model import VERBS
from finops_guard.outputs._units import duration, when
from finops_guard.outputs._view import short_name, total

if TYPE_CHECKING:
    from datetime import datetime

    from finops_guard.model import Report, Step, StepState, Verb

SHOWN = 3
_ORDER: tuple[StepState, ...] = ("failed", "done", "due", "scheduled", "skipped", "refused")


@dataclass(frozen=True, slots=True)
class Bundle:
    """Steps of one verb, state, due time (to the minute) and reason; most money first."""

    do: Verb
    state: StepState
    when: str
    because: str
    steps: tuple[Step, ...]

    @property
    def saves(self) -> str:
        """What they save a month; nothing for steps that are not taken."""
        saved: dict[str, Decimal] = defaultdict(Decimal)
        for step in self.steps:
            if step.saves_month and self.state in ("due", "scheduled", "done"):
                saved[step.saves_month.currency] += step.saves_month.amount
        return total(saved)

    @property
    def names(self) -> str:
        """The first resources by name, the rest counted."""
        names = [short_name(step.resource) for step in self.steps]
        rest = f", +{len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
        return ", ".join(names[:SHOWN]) + rest

    @property
    def warning(self) -> str:
        """What is lost and whether it can be undone."""
        lost = sorted({thing for step in self.steps for thing in step.loses})
        notes = [f"loses {', '.join(lost)}"] if lost else []
        if not all(step.reversible for step in self.steps) and self.do not in ("notify", "suggest", "ticket", "block"):
            notes.append("cannot be undone")
        return "; ".join(notes)


def bundles(report: Report) -> list[Bundle]:
    """All steps, what is done and due first, what is refused last."""
    together: dict[tuple[int, str, int, str], list[Step]] = defaultdict(list)
    for step in report.steps:
        due = f"{step.due:%Y-%m-%dT%H:%M%z}" if step.due else "~"
        key = (_ORDER.index(step.state), due, VERBS.index(step.do), step.because or "")
        together[key].append(step)
    return [_bundle(sorted(together[key], key=_rank), report.at) for key in sorted(together)]


def _bundle(steps: list[Step], at: datetime) -> Bundle:
    first = steps[0]
    return Bundle(first.do, first.state, _when(first, at), first.because or "", tuple(steps))


def _when(step: Step, at: datetime) -> str:
    if step.state not in ("due", "scheduled"):
        return step.state
    if step.due is None:
        return "once its notice is out"
    if step.due <= at:
        return "now"
    return f"in {duration((step.due - at).total_seconds())} ({when(step.due)})"


def _rank(step: Step) -> tuple[Decimal, str, str]:
    return (-(step.saves_month.amount if step.saves_month else Decimal(0)), step.resource.id, step.id)
