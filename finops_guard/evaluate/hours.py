"""Whether a moment lies in a policy's hours: local time, over midnight and over changes of the clock.

A window that wraps past midnight belongs to the weekday it opens on. Equal ends are a whole day. Local times that a
change to summer time skips do not exist; an hour that comes twice is inside both times.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from finops_guard.model import Schedule, Window

_DAY = 24 * 60


def inside(window: Window, when: datetime) -> bool:
    """Whether a moment lies in a window."""
    return _opened_on(window, when.astimezone(ZoneInfo(window.timezone))) is not None


def is_on(schedule: Schedule, when: datetime) -> bool:
    """Whether a moment lies in the hours of a schedule; on a holiday, and in hours that open on one, it does not."""
    local = when.astimezone(ZoneInfo(schedule.hours.timezone))
    opened = _opened_on(schedule.hours, local)
    return opened is not None and not schedule.holidays & {opened, local.date()}


def off_share(hours: Window) -> Decimal:
    """The share of a week that lies outside, changes of the clock aside."""
    each = (hours.end - hours.start) % _DAY or _DAY
    return 1 - Decimal(each * len(hours.days)) / (7 * _DAY)


def _opened_on(window: Window, local: datetime) -> date | None:
    """The day on which the window opened that a local time lies in. None: it is shut."""
    minute, today = local.hour * 60 + local.minute, local.date()
    if window.start < window.end:
        return today if today.weekday() in window.days and window.start <= minute < window.end else None
    if minute >= window.start and today.weekday() in window.days:
        return today
    before = today - timedelta(days=1)
    return before if minute < window.end and before.weekday() in window.days else None
