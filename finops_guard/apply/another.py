"""Names that were given to something new: what was told and counted of the old thing does not hold for it.

Notebooks, endpoints and databases have names for ids; who deletes one and makes another has the same ARN.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from finops_guard.model import Finding, Resource
from finops_guard.state.episodes import Delta, EpisodeRecord, Records, end

ANOTHER = "it is another one of the same name"
_SKEW = timedelta(minutes=5)
"""How far the provider's clock may be from ours: what was made just before its notice is no other thing."""


def is_another(resource: Resource, since: datetime) -> bool:
    """Whether a resource was made after a time, so that what had its name then is gone."""
    created = resource.fields.get("created")
    return isinstance(created, datetime) and created > since + _SKEW


def ended(records: Records, findings: Iterable[Finding], there: Mapping[str, Resource], now: datetime) -> Delta:
    """What changes: the episodes, and the stops, of things whose name another has now.

    `there`: resources with a running episode for which no finding was made, and those that we stopped.
    """
    return {finding: _over(record, now) for finding, record in _of_others(records, findings, there)}


def _of_others(
    records: Records, findings: Iterable[Finding], there: Mapping[str, Resource]
) -> Iterator[tuple[str, EpisodeRecord]]:
    for found in findings:
        record = records.get(found.id)
        if record is not None and record.running and is_another(found.resource, record.began):
            yield found.id, record
    for finding, record in records.items() if there else ():
        resource = there.get(record.about.resource)
        if resource is not None and (record.running or record.stop) and is_another(resource, _last(record)):
            yield finding, record


def _last(record: EpisodeRecord) -> datetime:
    return record.began if record.stop is None else max(record.began, record.stop.at)


def _over(record: EpisodeRecord, now: datetime) -> EpisodeRecord:
    return end(replace(record, stop=None), ANOTHER, now)
