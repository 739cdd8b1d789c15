"""Periods: a decision table of calendars, fiscal years, leap days and clocks, and what holds of every period."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops_guard.costs.periods import period_of, planned, previous
from finops_guard.model import Budget
from finops_guard.model.money import Every

EVERY: tuple[Every, ...] = ("day", "week", "month", "quarter", "year")


def budget(every: Every = "month", fiscal: tuple[int, int] = (1, 1), zone: str = "UTC", **plan: str) -> Budget:
    amounts = {key.removeprefix("p").replace("_", "-"): Decimal(value) for key, value in plan.items()}
    return Budget("b", Decimal(100), "EUR", every, fiscal_start=fiscal, timezone=zone, plan=amounts)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("every", "fiscal", "when", "name", "first", "after"),
    [
        ("day", (1, 1), "2026-11-25T09:00", "2026-11-25", "2026-11-25", "2026-11-26"),
        ("week", (1, 1), "2027-01-02T09:00", "2026-W53", "2026-12-28", "2027-01-04"),
        ("week", (4, 1), "2024-12-30T00:00", "2025-W01", "2024-12-30", "2025-01-06"),
        ("month", (4, 6), "2026-11-30T23:59", "2026-11", "2026-11-01", "2026-12-01"),
        ("month", (1, 1), "2028-02-29T12:00", "2028-02", "2028-02-01", "2028-03-01"),
        ("month", (1, 1), "2026-12-31T12:00", "2026-12", "2026-12-01", "2027-01-01"),
        ("quarter", (1, 1), "2026-11-25T00:00", "2026-Q4", "2026-10-01", "2027-01-01"),
        ("quarter", (4, 1), "2026-03-31T00:00", "FY2025-Q4", "2026-01-01", "2026-04-01"),
        ("quarter", (4, 1), "2026-04-01T00:00", "FY2026-Q1", "2026-04-01", "2026-07-01"),
        ("quarter", (2, 29), "2027-03-01T00:00", "FY2027-Q1", "2027-02-28", "2027-05-29"),
        ("quarter", (2, 29), "2028-02-28T00:00", "FY2027-Q4", "2027-11-29", "2028-02-29"),
        ("quarter", (8, 31), "2027-02-28T00:00", "FY2026-Q3", "2027-02-28", "2027-05-31"),
        ("quarter", (11, 30), "2027-03-01T00:00", "FY2026-Q2", "2027-02-28", "2027-05-30"),
        ("quarter", (10, 1), "2027-01-01T00:00", "FY2026-Q2", "2027-01-01", "2027-04-01"),
        ("year", (1, 1), "2026-11-25T00:00", "2026", "2026-01-01", "2027-01-01"),
        ("year", (4, 6), "2027-04-05T23:59", "FY2026", "2026-04-06", "2027-04-06"),
        ("year", (4, 6), "2027-04-06T00:00", "FY2027", "2027-04-06", "2028-04-06"),
        ("year", (2, 29), "2028-02-28T23:59", "FY2027", "2027-02-28", "2028-02-29"),
        ("year", (2, 29), "2028-02-29T00:00", "FY2028", "2028-02-29", "2029-02-28"),
        ("year", (12, 31), "2026-12-31T00:00", "FY2026", "2026-12-31", "2027-12-31"),
    ],
)
def test_calendars_and_fiscal_years(
    every: Every, fiscal: tuple[int, int], when: str, name: str, first: str, after: str
) -> None:
    period = period_of(budget(every, fiscal), at(when))
    assert (period.name, period.first.isoformat(), period.after.isoformat()) == (name, first, after)
    assert (period.start, period.end) == (at(first), at(after))


@pytest.mark.parametrize(
    ("zone", "every", "when", "name", "start", "end"),
    [
        # The last hour of October in UTC is November in Amsterdam, and the last of November is December.
        ("Europe/Amsterdam", "month", "2026-10-31T23:00", "2026-11", "2026-10-31T23:00", "2026-11-30T23:00"),
        ("Europe/Amsterdam", "month", "2026-10-31T22:59", "2026-10", "2026-09-30T22:00", "2026-10-31T23:00"),
        ("America/Los_Angeles", "month", "2026-11-01T06:59", "2026-10", "2026-10-01T07:00", "2026-11-01T07:00"),
        ("America/Los_Angeles", "month", "2026-11-30T00:00", "2026-11", "2026-11-01T07:00", "2026-12-01T08:00"),
        ("Asia/Kolkata", "day", "2026-11-24T18:30", "2026-11-25", "2026-11-24T18:30", "2026-11-25T18:30"),
        ("Pacific/Kiritimati", "year", "2026-12-31T10:00", "2027", "2026-12-31T10:00", "2027-12-31T10:00"),
        # Days of a change of the clock have 23 and 25 hours.
        ("Europe/Amsterdam", "day", "2026-03-29T12:00", "2026-03-29", "2026-03-28T23:00", "2026-03-29T22:00"),
        ("Europe/Amsterdam", "day", "2026-10-25T12:00", "2026-10-25", "2026-10-24T22:00", "2026-10-25T23:00"),
        # Where the change is at midnight it is skipped (Cairo), or comes twice (Havana): the day begins at the change,
        # or at the first of both.
        ("Africa/Cairo", "day", "2026-04-24T00:00", "2026-04-24", "2026-04-23T22:00", "2026-04-24T21:00"),
        ("America/Havana", "day", "2026-11-01T12:00", "2026-11-01", "2026-11-01T04:00", "2026-11-02T05:00"),
    ],
)
def test_periods_begin_at_local_midnight(zone: str, every: Every, when: str, name: str, start: str, end: str) -> None:
    period = period_of(budget(every, zone=zone), at(when))
    assert (period.name, period.start, period.end) == (name, at(start), at(end))


zones = st.sampled_from(["UTC", "Europe/Amsterdam", "America/Los_Angeles", "Asia/Kolkata", "Africa/Cairo"])
days_of_year = st.dates(date(2028, 1, 1), date(2028, 12, 31)).map(lambda day: (day.month, day.day))
moments = st.datetimes(datetime(2015, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 # hypothesis


@given(st.sampled_from(EVERY), days_of_year, zones, moments)
def test_every_moment_lies_in_one_period_and_periods_follow_each_other(
    every: Every, fiscal: tuple[int, int], zone: str, when: datetime
) -> None:
    of = budget(every, fiscal, zone)
    period = period_of(of, when)
    assert period.start <= when < period.end
    assert period == period_of(of, period.start) == period_of(of, period.end - timedelta(seconds=1))
    assert previous(of, period).end == period.start
    assert previous(of, period).name != period.name
    assert period.first == period.start.astimezone(ZoneInfo(zone)).date()


@pytest.mark.parametrize(
    ("every", "when", "limit"),
    [
        ("month", "2026-11-25T00:00", "1"),
        ("month", "2026-12-25T00:00", "2"),
        ("day", "2026-12-23T00:00", "2"),
        ("day", "2026-12-24T00:00", "3"),
        ("quarter", "2026-12-31T00:00", "1"),  # it begins in October
        ("week", "2027-01-01T00:00", "2"),  # it begins in December
        ("month", "2027-01-01T00:00", "100"),
    ],
)
def test_the_narrowest_entry_of_the_plan_in_which_a_period_begins_is_its_limit(
    every: Every, when: str, limit: str
) -> None:
    of = budget(every, p2026="1", p2026_12="2", p2026_12_24="3")
    assert planned(of, period_of(of, at(when))) == Decimal(limit)
