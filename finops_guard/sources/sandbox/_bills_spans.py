"""When the company's things ran: those of today, and those that were there before them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from finops_guard.sources.sandbox.estate import Item

_REPLACED = frozenset({"instance", "notebook", "endpoint"})
_STARTING = timedelta(minutes=4)
_OFFICE = (timedelta(hours=7), timedelta(hours=16))
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Span:
    """A thing from when it was made until it was gone, and until when it ran. Generation 0 is in the estate today."""

    generation: int
    made: datetime
    ran_until: datetime
    gone: datetime


def spans(item: Item, first: datetime, now: datetime, history: Mapping[str, Any], seed: int) -> Iterator[Span]:
    """The thing itself and those before it, back to `first`.

    A bill shows more than an inventory does: what trained last month is gone from the one and paid in the other.
    """
    yield _own(item, now)
    fleet = re.sub(r"-\d\d$", "", item.name)
    if fleet in history["none"] or item.kind not in _REPLACED | {"training_job"}:
        return
    if fleet in history["bursts"]:
        yield from _bursts(item, first, now, Random(f"{seed}/history/{fleet}"))
    elif fleet in history["office"]:
        yield from _office(item, first)
    elif item.kind in _REPLACED and item.created > first:
        yield Span(1, first, item.created, item.created)


def _own(item: Item, now: datetime) -> Span:
    if item.kind == "training_job":
        ended = item.since("runs", now)
        return Span(0, item.created + _STARTING, ended, ended)
    if str(item.facts.get("state", "running")).lower() == "stopped":
        # As the planted thing says: an instance after a quarter of its age, a notebook after a third.
        return Span(0, item.created, item.created + (now - item.created) / (3 if item.kind == "notebook" else 4), now)
    return Span(0, item.created, now, now)


def _bursts(item: Item, first: datetime, now: datetime, random: Random) -> Iterator[Span]:
    """Campaigns of one to five days, two to nine days apart, in which the whole fleet runs."""
    start, generation = now, 1
    while True:
        end = start - timedelta(hours=random.randint(48, 216))
        start = end - timedelta(hours=random.randint(20, 120))
        if end <= first:
            return
        if end <= item.created:
            yield Span(generation, start, end, end)
            generation += 1


def _office(item: Item, first: datetime) -> Iterator[Span]:
    """The hours of the working days before; the notebook was one and the same."""
    day = first
    while day + _OFFICE[1] <= item.created:
        if day.weekday() < _SATURDAY:
            yield Span(1, day + _OFFICE[0], day + _OFFICE[1], day + _OFFICE[1])
        day += timedelta(days=1)
