"""What we stopped, as the episodes remember it: who may start it again, and until when that is ours to do.

A stop is kept in the record of the episode that it was done in, also when that has ended (a machine that was stopped in
the evening breaks no rule in the morning). It is dropped as soon as the resource is seen running: started by us, by an
undo or by anybody. What is stopped after that was stopped by somebody else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from finops_guard.evaluate.scheduled import stands_still, started_since
from finops_guard.model import Resource, Stop
from finops_guard.state.episodes import Delta, EpisodeRecord, Records, end

STARTS = frozenset({"start", "undo_stop", "undo_scale_to_zero"})
_AGAIN = "it was started again"


def newest_stop(records: Iterable[EpisodeRecord]) -> Stop | None:
    """Of the records of one resource, the last stop that is not taken back."""
    return max((record.stop for record in records if record.stop), key=lambda stop: stop.at, default=None)


def stops_of(records: Records) -> dict[str, Stop]:
    """The same by resource id, of all records."""
    found: dict[str, list[EpisodeRecord]] = {}
    for record in records.values():
        if record.stop is not None:
            found.setdefault(record.about.resource, []).append(record)
    return {resource: stop for resource, some in found.items() if (stop := newest_stop(some)) is not None}


def told(resources: Iterable[Resource], stops: Mapping[str, Stop]) -> Iterator[Resource]:
    """The resources, each with what the journal says of it."""
    for resource in resources:
        resource.stop = stops.get(resource.id)
        yield resource


def restarted(records: Records, there: Mapping[str, Resource], at: datetime) -> set[str]:
    """The resources that somebody started since we stopped them, as a scan at a time found them.

    A scan that is older than the stop says nothing: a run that was cut short goes on with what it had read.
    """
    found = set()
    for record in records.values():
        resource, stop = there.get(record.about.resource), record.stop
        if resource is None or stop is None or at <= stop.at:
            continue
        still = stands_still(resource)
        if still is False or (still and started_since(resource, stop.at) is True):
            found.add(resource.id)
    return found


def taken_back(records: Records, resources: Collection[str], now: datetime) -> Delta:
    """What changes when resources run again: their stops are over, and so are the episodes in which they were done.

    A rule that they still break begins anew, with its notice and its waiting time.
    """
    return {
        finding: end(replace(record, stop=None), _AGAIN, now)
        for finding, record in records.items()
        if record.stop is not None and record.about.resource in resources
    }
