from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from benchmarks import forecast as bench
from finops_guard.costs.anomalies import Unusual, unusual
from finops_guard.model import Unknown

DAY = date(2026, 11, 22)
FIRST = date(2026, 1, 1)


def weeks(*amounts: int, today: int) -> dict[date, Decimal]:
    """What the same weekday cost in the weeks before, the newest first, and the day itself."""
    same = {DAY - timedelta(weeks=number): Decimal(amount) for number, amount in enumerate(amounts, 1)}
    return {**same, DAY: Decimal(today)}


@pytest.mark.parametrize(
    ("before", "today", "excess"),
    [
        ([1000] * 8, 1400, None),  # 40 % is not above 40 %
        ([1000] * 8, 1401, 401),
        ([200] * 8, 299, None),  # below the floor of 100
        ([200] * 8, 300, 100),
        ([1000, 1000, 1000, 1000, 1000, 1000, 5000, 5000], 1500, 500),  # outliers do not widen the band
        ([400, 600, 800, 1000, 1000, 1200, 1400, 1600], 2300, None),  # 3 x 1.4826 x 300 above 1000
        ([400, 600, 800, 1000, 1000, 1200, 1400, 1600], 2335, 1335),
        ([1000] * 8, 10, None),  # cheaper is no anomaly of spend
        ([0] * 8, 500, 500),  # something new
    ],
)
def test_a_day_is_unusual_above_its_band_and_both_floors(before: list[int], today: int, excess: int | None) -> None:
    found = unusual(weeks(*before, today=today), DAY, FIRST)
    assert found == (None if excess is None else Unusual(Decimal(excess), Decimal(today - excess)))


def test_another_weekday_says_nothing() -> None:
    days = {DAY - timedelta(days=number): Decimal(2000) for number in range(1, 57) if number % 7}
    del days[date(2026, 10, 22)]  # the same day of the month before
    assert unusual({**days, DAY: Decimal(2000)}, DAY, FIRST) == Unusual(Decimal(2000), Decimal(0))


def test_without_four_weeks_nothing_is_usual() -> None:
    days = weeks(1000, 1000, 1000, 1000, today=9000)
    assert unusual(days, DAY, DAY - timedelta(weeks=4)) == Unusual(Decimal(8000), Decimal(1000))
    found = unusual(days, DAY, DAY - timedelta(weeks=4) + timedelta(days=1))
    assert found == Unknown("the bills begin on 2026-10-26, too late to say what a Sunday usually costs")


def test_what_is_charged_every_month_is_usual() -> None:
    days = {**weeks(*[60] * 8, today=960), date(2026, 10, 22): Decimal(960)}
    assert unusual(days, DAY, FIRST) is None
    assert unusual({**days, DAY: Decimal(1400)}, DAY, FIRST) == Unusual(Decimal(1340), Decimal(60))


def test_on_the_generated_suite_calm_kinds_raise_no_alarm_and_a_doubled_day_does() -> None:
    for kind in (bench.steady, bench.inference, bench.fees):
        random_ = random.Random(f"{bench.SEED} anomalies {kind.__name__}")
        days = {bench.FIRST + timedelta(n): Decimal(f"{10 * cost:.4f}") for n, cost in enumerate(kind(random_))}
        asked = [bench.FIRST + timedelta(number) for number in range(60, bench.LENGTH)]
        assert not [day for day in asked if unusual(days, day, bench.FIRST)]
        found = sum(bool(unusual({**days, day: 2 * days[day]}, day, bench.FIRST)) for day in asked)
        assert found > 0.9 * len(asked)
