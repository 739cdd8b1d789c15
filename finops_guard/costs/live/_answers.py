"""What live sources share: answers as FOCUS-shaped files, kept for as long as a provider's figures stay the same."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

from finops_guard.costs.reach import Reach

FRESH_FOR = timedelta(hours=8)
"""Cost Explorer refreshes at most three times a day, Azure about every four hours (reference pages of both)."""
LOOK_BACK_DAYS = 91
"""What forecasts and anomalies look back on, where nothing asks for more."""
Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Days:
    """Whole UTC days, `end` exclusive."""

    start: date
    end: date


def days_of(reach: Reach) -> Days:
    """From the first day that anything asks for, at least 13 weeks back and on the first of a month, to tomorrow.

    At most this month and the twelve before it: Cost Explorer and Cost Management keep no more by the day.
    """
    today = reach.now.date()
    first = min(reach.since or today, today - timedelta(days=LOOK_BACK_DAYS)).replace(day=1)
    return Days(max(first, today.replace(year=today.year - 1, day=1)), today + timedelta(days=1))


def answered(reach: Reach, name: str, asked: object, ask: Callable[[], Iterable[Row]]) -> Path:
    """The file of an answer: one that is fresh, or a new one, written whole or not at all.

    `asked` is everything that shapes the answer, who asked among it. Rows of one answer all have the same columns.
    """
    path = reach.cache / "live" / f"{name}-{sha256(repr(asked).encode()).hexdigest()[:20]}.csv"
    if _is_fresh(path, reach.now):
        return path
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    rows = list(ask())
    with NamedTemporaryFile("w", dir=path.parent, newline="", encoding="utf-8", delete=False) as file:
        try:
            writer = csv.DictWriter(file, list(rows[0]) if rows else list(row_of(reach.now.date(), {})))
            writer.writeheader()
            writer.writerows(rows)
            file.close()
            os.utime(file.name, (reach.now.timestamp(), reach.now.timestamp()))
            Path(file.name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(file.name).unlink()
            raise
    return path


def row_of(day: date, more: Row, *, billed: Decimal = Decimal(0), effective: Decimal = Decimal(0)) -> dict[str, str]:
    """One day's cost as a FOCUS row."""
    return {
        "ChargePeriodStart": f"{day.isoformat()}T00:00:00Z",
        "ChargePeriodEnd": f"{(day + timedelta(days=1)).isoformat()}T00:00:00Z",
        "BilledCost": format(billed, "f"),
        "EffectiveCost": format(effective, "f"),
        "BillingCurrency": "",
        "ChargeCategory": "Usage",
        **more,
    }


def _is_fresh(path: Path, now: datetime) -> bool:
    try:
        age = now.timestamp() - path.stat().st_mtime
    except OSError:
        return False
    return 0 <= age < FRESH_FOR.total_seconds()
