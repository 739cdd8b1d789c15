"""Quiet hours: local time, which may wrap past midnight; what falls into them is postponed to their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.model import Window
from finops_guard.plan.calendar import earliest

if TYPE_CHECKING:
    from datetime import datetime

    from finops_guard.notify._channels import To
    from finops_guard.notify._notice import Notice

_EVERY_DAY = frozenset(range(7))


def postponed(notice: Notice, to: To, now: datetime) -> datetime | None:
    """When a notice may go to a channel, None for at once.

    An alert waits for nobody, and a reminder not beyond the act that it reminds of.
    """
    hours = to.get("quiet")
    if notice.kind == "alert" or not isinstance(hours, list):
        return None
    # What is not quiet is a window, whose openings the planner knows, changes to summer time included.
    start, end = (int(text[:2]) * 60 + int(text[3:]) for text in hours)
    loud = Window(_EVERY_DAY, end, start, str(to.get("timezone") or "UTC"))
    moment, _ = earliest("notify", now, (), {"notify": loud})
    if moment is None or moment <= now:
        return None
    late = notice.kind == "reminder" and any(item.due is not None and item.due <= moment for item in notice.items)
    return None if late else moment
