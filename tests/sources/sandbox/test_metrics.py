from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from finops_guard.sources.sandbox.metrics import Series

HOUR = timedelta(hours=1)
START = datetime(2026, 11, 20, tzinfo=UTC)
GAUGE = Series("n", "gpu", (("id", "x"),), 50.0, START, top=100)
COUNTER = Series("n", "requests", (("id", "x"),), 600.0, START, counter=True)


def values(series: Series, stat: str, period: timedelta = HOUR, hours: int = 48) -> list[float]:
    return [value for _, value in series.points(START, START + hours * HOUR, period, stat)]


def test_a_point_for_each_whole_period() -> None:
    assert [at for at, _ in GAUGE.points(START, START + 3 * HOUR, HOUR, "Average")] == [
        START,
        START + HOUR,
        START + 2 * HOUR,
    ]
    assert len(values(GAUGE, "Average", timedelta(minutes=5), 1)) == 12
    assert len(values(GAUGE, "Average", timedelta(days=1))) == 2


def test_nothing_before_it_was_made_or_after_it_stopped() -> None:
    short = Series("n", "gpu", (), 50.0, START + 2 * HOUR, until=START + 4 * HOUR)
    assert [at for at, _ in short.points(START, START + 9 * HOUR, HOUR, "Average")] == [
        START + 2 * HOUR,
        START + 3 * HOUR,
    ]


def test_a_value_follows_from_the_metric_and_the_hour() -> None:
    late = [value for _, value in GAUGE.points(START + HOUR, START + 2 * HOUR, HOUR, "Average")]
    assert late == values(GAUGE, "Average")[1:2]
    assert len(set(values(GAUGE, "Average"))) > 40
    assert all(45 <= value <= 55 for value in values(GAUGE, "Average"))


def test_statistics_agree_with_each_other() -> None:
    for low, mean, high in zip(*(values(GAUGE, stat) for stat in ("Minimum", "Average", "p95")), strict=True):
        assert low < mean < high
    assert values(GAUGE, "Sum")[0] == pytest.approx(12 * values(GAUGE, "Average")[0])


def test_a_counter_adds_up_over_the_period() -> None:
    by_hour, by_day = values(COUNTER, "Sum"), values(COUNTER, "Sum", timedelta(days=1))
    assert sum(by_hour) == pytest.approx(sum(by_day))
    assert sum(values(COUNTER, "Sum", timedelta(minutes=5), 1)) == pytest.approx(by_hour[0])


def test_a_gauge_does_not_pass_its_top() -> None:
    full = Series("n", "gpu", (), 99.0, START, top=100)
    assert max(values(full, "Maximum")) == 100
    steady = Series("n", "total", (), 5.0, START, wobble=0)
    assert set(values(steady, "Average")) == {5.0}
