"""The inventory: what `match` selects of it, counted by `metric`.

- `runs`: training runs and jobs that completed (or ended in the state that `match` names), on the day they ended;
- `accelerator-hours`: the hours that things ran, by the accelerators they have;
- `resources`: how many there were, on average over the days.

Without `metric` it is `runs` for training jobs and jobs, else `resources`. What is gone is in no inventory, so hours
and resources of the past are estimates, and of runs only those are known that ended in the last 30 days.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from finops_guard.costs.counts._counted import DAY, Asked, Counted, Key, Tally, each_day, midnight
from finops_guard.model import All, AnyOf, Compare, Condition, Not, Resource, Unknown

KEPT = timedelta(days=30)
"""How long sources list what has ended (SageMaker: `sources/aws/sagemaker_training_job.py`)."""
_RUNS = frozenset({"training-job", "job"})
_ENDED = ("completed", "failed", "stopped")
_HOUR = Decimal(3600)


def count(asked: Asked) -> Counted:
    """What the inventory holds, by day."""
    seen = asked.seen or asked.reach.now
    last = min(asked.last, seen.date() - DAY)
    metric = asked.text("metric") or _implied(asked)
    if metric == "runs":
        return _runs(asked, max(asked.first, (seen - KEPT).date() + DAY), last)
    if metric == "accelerator-hours":
        return _hours(asked, seen, last)
    return _resources(asked, last)


def hours_of(resource: Resource, seen: datetime, first: date, last: date) -> Decimal | None:
    """Accelerator hours of these days; None where it is not known how many accelerators it has."""
    span, accelerators = _ran(resource, seen), _accelerators(resource)
    if span is None or not accelerators:
        return Decimal(0) if span is None else accelerators
    return accelerators * sum((hours for _, hours in _by_day(*span, first, last)), Decimal(0))


def _accelerators(resource: Resource) -> Decimal | None:
    count_ = resource.look("accelerators.count")
    if isinstance(count_, Unknown):
        return None
    return Decimal(str(count_)) if isinstance(count_, int | float | Decimal) else Decimal(0)


def _runs(asked: Asked, first: date, last: date) -> Counted:
    named = "state" in _fields(asked.count.match)
    tally, undated = Tally(), 0
    tally.known(each_day(first, last))
    for resource in asked.resources:
        if resource.fields.get("state") not in (_ENDED if named else ("completed",)):
            continue
        ended = resource.facts.get("ended")
        undated += not isinstance(ended, datetime)
        day = _day_of(ended) or _day_of(resource.fields.get("created"))
        if day is not None and first <= day <= last:
            tally.add(day, _key(asked, resource), Decimal(1))
    which = "ended as `match` says" if named else "completed"
    remarks = (f"of {undated} runs it is not known when they ended: they count where they began",) if undated else ()
    definition = f"runs of the last {KEPT.days} days that {which}, on the UTC day they ended"
    return Counted(tally.amounts, definition, "inventory", estimated=bool(undated), remarks=remarks)


def _hours(asked: Asked, seen: datetime, last: date) -> Counted:
    tally, unknown = Tally(), 0
    tally.known(each_day(asked.first, last))
    for resource in asked.resources:
        span, accelerators = _ran(resource, seen), _accelerators(resource)
        unknown += span is not None and accelerators is None
        if span is not None and accelerators:
            for day, hours in _by_day(*span, asked.first, last):
                tally.add(day, _key(asked, resource), hours * accelerators)
    remarks = (f"of {unknown} resources it is not known how many accelerators they have",) if unknown else ()
    definition = (
        "hours since the last start of what runs, and of what has ended, by its accelerators; gone ones not counted"
    )
    return Counted(tally.amounts, definition, "inventory", estimated=True, remarks=remarks)


def _resources(asked: Asked, last: date) -> Counted:
    tally = Tally()
    tally.known(each_day(asked.first, last))
    for resource in asked.resources:
        born = _day_of(resource.fields.get("created"))
        for day in each_day(max(asked.first, born or asked.first), last):
            tally.add(day, _key(asked, resource), Decimal(1))
    definition = (
        "resources there are now that there were already on a day, on average over the days; gone ones not counted"
    )
    return Counted(tally.amounts, definition, "inventory", gauge=True, estimated=True)


def _ran(resource: Resource, seen: datetime) -> tuple[datetime, datetime] | None:
    """When it ran: since its last start, or until its end."""
    created, ended = resource.fields.get("created"), resource.facts.get("ended")
    began = resource.started or created
    if not isinstance(began, datetime):
        return None
    began = began.astimezone(UTC)
    if isinstance(ended, datetime):
        return began, ended.astimezone(UTC)
    return (began, seen) if resource.fields.get("state") == "running" else None


def _by_day(began: datetime, ended: datetime, first: date, last: date) -> Iterator[tuple[date, Decimal]]:
    for day in each_day(max(first, began.date()), min(last, ended.date())):
        seconds = (min(ended, midnight(day + DAY)) - max(began, midnight(day))).total_seconds()
        if seconds > 0:
            yield day, Decimal(str(seconds)) / _HOUR


def _key(asked: Asked, resource: Resource) -> Key:
    found = (resource.tags.look(key) for key in asked.by)
    return tuple(value if isinstance(value, str) else None for value in found)


def _day_of(when: object) -> date | None:
    return when.astimezone(UTC).date() if isinstance(when, datetime) else None


def _implied(asked: Asked) -> str:
    kinds = set(_kinds(asked.count.match))
    return "runs" if kinds and kinds <= _RUNS else "resources"


def _tests(condition: Condition | None) -> Iterator[Compare]:
    match condition:
        case Compare():
            yield condition
        case All(items) | AnyOf(items):
            for item in items:
                yield from _tests(item)
        case Not(item):
            yield from _tests(item)
        case None:
            return


def _fields(condition: Condition | None) -> set[str]:
    return {test.ref.name for test in _tests(condition) if test.ref.space == "field"}


def _kinds(condition: Condition | None) -> Iterable[str]:
    for test in _tests(condition):
        if test.ref.space == "field" and test.ref.name == "kind" and test.op in ("eq", "in"):
            yield from test.value if isinstance(test.value, tuple) else (str(test.value),)
