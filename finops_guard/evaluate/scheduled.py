"""Schedules as fields: which one a resource is on, whether it is on now, and whether we are who stopped it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from finops_guard.evaluate.hours import is_on
from finops_guard.model import Resource, Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finops_guard.model import Schedule

TAG = "schedule"
_STILL = frozenset({"stopping", "stopped"})
_SETTLES = timedelta(minutes=15)
"""How long a provider may go on changing what we stopped: what is changed later, others changed."""


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
    elif isinstance(since := started_since(resource, stop.at), Unknown):
        resource.unknown.setdefault("stopped_by", since.reason)
    else:
        resource.fields["stopped_by"] = None if since else stop.rule


def stands_still(resource: Resource) -> bool | None:
    """Whether it is stopped, on its way there, or scaled to nothing. None: it cannot be told."""
    if resource.fields.get("capacity.provisioned") == 0:
        return True
    state = resource.look("state")
    return None if isinstance(state, Unknown) else state in _STILL


def started_since(resource: Resource, at: datetime) -> bool | Unknown:
    """Whether what stands still now was started after we stopped it at a time, so that another stopped it.

    Some providers tell the last start (`started`). Of others only the last change is known (the fact `modified`): where
    that is later than our stop takes to settle, it may have been a start.
    """
    if resource.started is not None and resource.started > at:
        return True
    created = resource.fields.get("created")
    if isinstance(created, datetime) and created > at:
        return True  # it has the name of what we stopped
    unread = resource.facts.get("starts_unread")
    if isinstance(unread, str):
        return Unknown(f"whether it was started since we stopped it: {unread}")
    modified = resource.facts.get("modified")
    if isinstance(modified, datetime) and modified > at + _SETTLES:
        when = modified.astimezone(UTC)
        return Unknown(f"it was changed at {when:%Y-%m-%d %H:%M} UTC, after we stopped it, which may have been a start")
    return False


def restarted_since(resource: Resource, at: datetime) -> bool:
    """Whether what runs now was started anew after we started it at a time."""
    return resource.started is not None and resource.started > at + _SETTLES
