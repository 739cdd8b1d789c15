"""When a verb may act, as tables: windows over midnight and over changes of the clock, freezes to the day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops_guard.evaluate.hours import inside
from finops_guard.model import Freeze, Rung, Window
from finops_guard.plan.calendar import earliest
from tests.plan.build import NOTIFY, H, finding, only, planned, policy, rule

AMS = ZoneInfo("Europe/Amsterdam")
WEEK = frozenset(range(5))
EVERY = frozenset(range(7))
NIGHT = Window(WEEK, 19 * 60, 7 * 60, "Europe/Amsterdam")


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=AMS)


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2026-11-02 06:59", False),  # Monday before dawn: the window that opened on Sunday
        ("2026-11-02 18:59", False),
        ("2026-11-02 19:00", True),
        ("2026-11-02 23:59", True),
        ("2026-11-03 00:00", True),
        ("2026-11-03 06:59", True),
        ("2026-11-03 07:00", False),
        ("2026-11-06 22:00", True),  # Friday evening
        ("2026-11-07 06:59", True),  # Saturday before dawn, opened on Friday
        ("2026-11-07 19:00", False),
        ("2026-11-08 23:00", False),
    ],
)
def test_a_window_over_midnight_belongs_to_the_day_it_opens(local: str, *, expected: bool) -> None:
    assert inside(NIGHT, _at(local)) is expected


@pytest.mark.parametrize(
    ("window", "when", "opens"),
    [
        (NIGHT, "2026-11-02 09:00", "2026-11-02T18:00Z"),
        (NIGHT, "2026-11-07 08:00", "2026-11-09T18:00Z"),  # Saturday: Monday evening
        (NIGHT, "2026-10-23 09:00", "2026-10-23T17:00Z"),  # summer time
        (NIGHT, "2026-10-24 12:00", "2026-10-26T18:00Z"),  # the clock goes back between
        (NIGHT, "2026-03-28 12:00", "2026-03-30T17:00Z"),  # and forward
        # 02:00-03:00 does not exist on 29 March 2026: a window in it stays shut until the next day
        (Window(EVERY, 120, 180, "Europe/Amsterdam"), "2026-03-29 00:30", "2026-03-30T00:00Z"),
        # one that begins in it opens at the change
        (Window(EVERY, 150, 300, "Europe/Amsterdam"), "2026-03-29 00:30", "2026-03-29T01:00Z"),
        # 02:00-03:00 comes twice on 25 October 2026: it opens the first time
        (Window(EVERY, 120, 180, "Europe/Amsterdam"), "2026-10-25 00:30", "2026-10-25T00:00Z"),
        # a Sunday window that the change skips opens a week later
        (Window(frozenset({6}), 120, 180, "Europe/Amsterdam"), "2026-03-28 12:00", "2026-04-05T00:00Z"),
        (Window(EVERY, 0, 60, "Asia/Kolkata"), "2026-11-02 12:00", "2026-11-02T18:30Z"),
    ],
)
def test_the_next_opening(window: Window, when: str, opens: str) -> None:
    moment, why = earliest("stop", _at(when), (), {"stop": window})
    assert moment == datetime.fromisoformat(opens)
    assert why == "outside the window of stop"


def test_an_hour_that_comes_twice_is_inside_both_times() -> None:
    window = Window(EVERY, 120, 180, "Europe/Amsterdam")
    hours = [datetime(2026, 10, 25, 0, 0, tzinfo=UTC) + timedelta(minutes=30 * n) for n in range(-1, 5)]
    assert [inside(window, hour) for hour in hours] == [False, True, True, True, True, False]


def test_equal_ends_are_a_whole_day() -> None:
    window = Window(frozenset({0}), 8 * 60, 8 * 60, "UTC")
    days = ["2026-11-02T07:59Z", "2026-11-02T08:00Z", "2026-11-03T07:59Z", "2026-11-03T08:00Z"]
    assert [inside(window, datetime.fromisoformat(day)) for day in days] == [False, True, True, False]


FREEZE = Freeze(date(2026, 12, 20), date(2027, 1, 4), frozenset({"notify"}))


@pytest.mark.parametrize(
    ("verb", "when", "acts"),
    [
        ("stop", "2026-12-19T23:59:59Z", "2026-12-19T23:59:59Z"),
        ("stop", "2026-12-20T00:00:00Z", "2027-01-05T00:00:00Z"),
        ("stop", "2027-01-04T23:59:59Z", "2027-01-05T00:00:00Z"),
        ("stop", "2027-01-05T00:00:00Z", "2027-01-05T00:00:00Z"),
        ("notify", "2026-12-25T00:00:00Z", "2026-12-25T00:00:00Z"),
    ],
)
def test_a_freeze_holds_on_both_its_ends(verb: str, when: str, acts: str) -> None:
    moment, why = earliest(verb, datetime.fromisoformat(when), (FREEZE,), {})
    assert moment == datetime.fromisoformat(acts)
    assert why == (None if when == acts else "frozen from 2026-12-20 to 2027-01-04")


def test_a_window_inside_a_freeze_waits_for_both() -> None:
    moment, _ = earliest("stop", _at("2026-12-21 20:00"), (FREEZE,), {"stop": NIGHT})
    assert moment == datetime(2027, 1, 5, 0, 0, tzinfo=UTC)  # 01:00 on Tuesday, opened on Monday evening
    follow = Freeze(date(2027, 1, 5), date(2027, 1, 8), frozenset())
    moment, _ = earliest("stop", _at("2026-12-21 20:00"), (FREEZE, follow), {"stop": NIGHT})
    assert moment == datetime(2027, 1, 9, 0, 0, tzinfo=UTC)  # Saturday before dawn


def test_no_opening_at_all_is_refused() -> None:
    shut = Window(frozenset(), 0, 60, "UTC")
    moment, why = earliest("stop", _at("2026-11-02 09:00"), (), {"stop": shut})
    assert moment is None
    under = policy(windows={"stop": shut})
    step = only("stop", planned(finding(of=rule(NOTIFY, Rung("stop", 4 * H))), under=under))
    assert (step.state, step.because) == ("refused", why)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - made UTC
    st.frozensets(st.integers(0, 6), min_size=1),
    st.integers(0, 1439),
    st.integers(0, 1439),
    st.sampled_from(["Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]),
)
def test_what_is_found_is_inside_and_nothing_earlier_is(
    when: datetime, days: frozenset[int], start: int, end: int, zone: str
) -> None:
    window = Window(days, start, end, zone)
    when = when.replace(second=0, microsecond=0)
    moment, _ = earliest("stop", when, (), {"stop": window})
    assert moment is not None
    assert inside(window, moment)
    back = moment - timedelta(minutes=1)
    while back >= when and back > moment - timedelta(hours=8):
        assert not inside(window, back)
        back -= timedelta(minutes=7)
