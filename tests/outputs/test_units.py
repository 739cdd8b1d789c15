from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from finops_guard.model import Series
from finops_guard.outputs import _units as units


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.4, "0s"), (59, "59s"), (3600, "1h"), (273_600, "3d4h"), (86_460, "1d1m"), (-7200, "-2h")],
)
def test_durations(seconds: float, text: str) -> None:
    assert units.duration(seconds) == text


def test_sizes_are_decimal() -> None:
    assert [units.size(n) for n in (0, 999, 1500, 1.5e12, 10**21)] == ["0 B", "999 B", "1.5 KB", "1.5 TB", "1,000 EB"]


def test_small_amounts_keep_what_matters() -> None:
    amounts = [Decimal(text) for text in ("0", "1234.5", "0.5", "0.0123456", "-0.004", "1E+3")]
    assert [units.amount(one) for one in amounts] == ["0.00", "1,234.50", "0.50", "0.0123", "-0.004", "1,000.00"]
    assert [units.ledger(one) for one in amounts] == ["0.00", "1,234.50", "0.50", "0.01", "> -0.01", "1,000.00"]
    assert units.ledger(Decimal("0.003")) == "< 0.01"


def test_moments_are_utc() -> None:
    there = datetime(2026, 7, 20, 2, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    assert units.utc(there) == "2026-07-20T00:00:05Z"
    assert units.when(there) == "2026-07-20 00:00 UTC"
    assert units.when(there, 1) == "2026-07-20 00:00:05 UTC"


def test_other_values() -> None:
    assert units.bare(None) == "absent"
    assert units.bare(Series(datetime(2026, 1, 1, tzinfo=UTC), 60, (1.0, None))) == "a series of 2 points"
    assert units.bare(["b", "a"]) == "b, a"
    assert units.number(1234567.891) == "1,234,567.89"
