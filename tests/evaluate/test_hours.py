"""Hours of schedules, as tables: weekdays, midnight, holidays, changes of the clock. Windows: see `tests/plan`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from finops_guard.evaluate.hours import is_on, off_share
from finops_guard.model import Schedule, Window

AMS = ZoneInfo("Europe/Amsterdam")
WEEK = frozenset(range(5))
EVERY = frozenset(range(7))
CHRISTMAS = frozenset({date(2026, 12, 25), date(2027, 1, 1)})
OFFICE = Schedule(Window(WEEK, 7 * 60, 19 * 60, "Europe/Amsterdam"), CHRISTMAS)
NIGHT = Schedule(Window(WEEK, 22 * 60, 6 * 60, "Europe/Amsterdam"), CHRISTMAS)
ALWAYS = Schedule(Window(EVERY, 0, 0, "Europe/Amsterdam"), CHRISTMAS)
TOKYO = Schedule(Window(WEEK, 9 * 60, 18 * 60, "Asia/Tokyo"))


@pytest.mark.parametrize(
    ("schedule", "local", "expected"),
    [
        (OFFICE, "2026-11-25 06:59", False),  # Wednesday
        (OFFICE, "2026-11-25 07:00", True),
        (OFFICE, "2026-11-25 18:59", True),
        (OFFICE, "2026-11-25 19:00", False),
        (OFFICE, "2026-11-28 12:00", False),  # Saturday
        (OFFICE, "2026-12-24 12:00", True),
        (OFFICE, "2026-12-25 12:00", False),  # a Friday that is a holiday
        (OFFICE, "2027-01-01 12:00", False),
        (OFFICE, "2026-12-28 07:00", True),
        (NIGHT, "2026-11-25 21:59", False),
        (NIGHT, "2026-11-25 22:00", True),
        (NIGHT, "2026-11-26 05:59", True),
        (NIGHT, "2026-11-26 06:00", False),
        (NIGHT, "2026-11-28 03:00", True),  # Saturday before dawn, opened on Friday
        (NIGHT, "2026-11-29 03:00", False),
        (NIGHT, "2026-11-30 03:00", False),  # Monday before dawn: Sunday opened nothing
        (NIGHT, "2026-12-24 23:59", True),
        (NIGHT, "2026-12-25 00:00", False),  # the night before ends where the holiday begins
        (NIGHT, "2026-12-25 23:00", False),
        (NIGHT, "2026-12-26 03:00", False),  # and that of the holiday never opens
        (ALWAYS, "2026-12-24 23:59", True),
        (ALWAYS, "2026-12-25 00:00", False),
        (ALWAYS, "2026-12-25 23:59", False),
        (ALWAYS, "2026-12-26 00:00", True),
    ],
)
def test_hours(schedule: Schedule, local: str, *, expected: bool) -> None:
    assert is_on(schedule, datetime.fromisoformat(local).replace(tzinfo=AMS)) is expected


@pytest.mark.parametrize(
    ("utc", "expected"),
    [
        ("2026-03-27T05:59", False),  # Friday, winter time: seven is six in UTC
        ("2026-03-27T06:00", True),
        ("2026-03-30T04:59", False),  # Monday, summer time: seven is five
        ("2026-03-30T05:00", True),
        ("2026-03-30T17:00", False),
        ("2026-10-23T05:00", True),  # Friday, summer time
        ("2026-10-23T17:00", False),
        ("2026-10-26T05:00", False),  # Monday, winter time again
        ("2026-10-26T06:00", True),
        ("2026-10-26T17:59", True),
    ],
)
def test_in_the_weeks_when_the_clock_changes_the_hours_are_local(utc: str, *, expected: bool) -> None:
    assert is_on(OFFICE, datetime.fromisoformat(utc).replace(tzinfo=UTC)) is expected


@pytest.mark.parametrize(
    ("utc", "expected"),
    [
        ("2026-03-28T23:30", True),  # 00:30 on the Sunday of the change
        ("2026-03-29T00:59", True),  # 01:59
        ("2026-03-29T01:00", False),  # 03:00: between is an hour that is not there
        ("2026-10-24T23:59", True),  # 01:59 in summer time
        ("2026-10-25T00:30", True),  # 02:30, the first time
        ("2026-10-25T01:30", True),  # 02:30, the second time
        ("2026-10-25T02:00", False),  # 03:00
    ],
)
def test_an_hour_that_is_skipped_or_comes_twice(utc: str, *, expected: bool) -> None:
    early = Schedule(Window(EVERY, 0, 3 * 60, "Europe/Amsterdam"))
    assert is_on(early, datetime.fromisoformat(utc).replace(tzinfo=UTC)) is expected


@pytest.mark.parametrize(
    ("schedule", "hours"),
    [(OFFICE, 168 - 5 * 12), (NIGHT, 168 - 5 * 8), (ALWAYS, 0)],
)
def test_the_share_of_a_week_that_is_off(schedule: Schedule, hours: int) -> None:
    assert off_share(schedule.hours) == 1 - Decimal(168 - hours) / 168


def test_the_day_is_that_of_the_place() -> None:
    assert is_on(TOKYO, datetime(2026, 11, 30, 0, 0, tzinfo=UTC))  # Monday, nine in the morning there
    assert not is_on(TOKYO, datetime(2026, 11, 29, 23, 59, tzinfo=UTC))
    assert not is_on(TOKYO, datetime(2026, 11, 27, 9, 0, tzinfo=UTC))  # Friday, six in the evening
