"""Schedules as fields: which one a resource is on, whether it is on now, and whether we are who stopped it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.evaluate.hours import is_on
from finops_guard.model import Resource, Stop, Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from finops_guard.model import Schedule

TAG = "schedule"
_STILL = frozenset({"stopping", "stopped"})


def put_schedule(resource: Resource, schedules: Mapping[str, Schedule], now: datetime) -> None:
    """`schedule.name` and `schedule.on`; a name that the policy does not have is known, and is neither on nor off."""
    name = resource.tags.look(TAG)
    if isinstance(name, Unknown):
        for field in ("schedule.name", "schedule.on"):
            if field not in resource.fields:
                resource.unknown.setdefault(field, name.reason)
        return
    resource.fields.setdefault("schedule.name", name)
    schedule = None if name is None else schedules.get(name)
    resource.fields.setdefault("schedule.on", None if schedule is None else is_on(schedule, now))


def put_stopped_by(resource: Resource) -> None:
    """`stopped_by`, of what the journal says."""
    if "stopped_by" in resource.fields:
        return
    still, stop = stands_still(resource), resource.stop
    if still is False or stop is None:
        resource.fields["stopped_by"] = None
    elif isinstance(stop, Unknown):
        resource.unknown.setdefault("stopped_by", stop.reason)
    elif still is None:
        resource.unknown.setdefault("stopped_by", "whether it runs is unknown")
    else:
        resource.fields["stopped_by"] = None if started_since(resource, stop) else stop.rule


def stands_still(resource: Resource) -> bool | None:
    """Whether it is stopped, on its way there, or scaled to nothing. None: it cannot be told."""
    if resource.fields.get("capacity.provisioned") == 0:
        return True
    state = resource.look("state")
    return None if isinstance(state, Unknown) else state in _STILL


def started_since(resource: Resource, stop: Stop) -> bool:
    """Whether what stands still now was started after our stop, so that another stopped it."""
    return resource.started is not None and resource.started > stop.at
