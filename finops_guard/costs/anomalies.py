"""Spend that is out of the ordinary: a day held against the same weekday of eight weeks, robustly. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import median

from finops_guard.costs.forecast_methods import months_back
from finops_guard.model import Unknown

WEEKS = 8
FEWEST_WEEKS = 4
SPREADS = Decimal(3) * Decimal("1.4826")
"""Three standard deviations, of which the median absolute deviation is 1/1.4826 in normal noise."""
LEAST = Decimal(100)
"""The floor in money, in whichever currency it is. AWS Cost Anomaly Detection's own defaults are 100 USD and 40 %."""
LEAST_SHARE = Decimal("0.4")
"""The floor relative to what is usual."""


@dataclass(frozen=True, slots=True)
class Unusual:
    """What a day cost above `usual`, the median of the same weekday."""

    excess: Decimal
    usual: Decimal


def days_read(day: date) -> list[date]:
    """The days whose costs `unusual` reads, in order."""
    return sorted({day, months_back(day, 1), *_weeks_before(day)})


def unusual(days: Mapping[date, Decimal], day: date, first: date) -> Unusual | Unknown | None:
    """Whether a day cost more than usual: above the band, and above both floors. None: it did not.

    `days`: what each day cost; one that is not in it cost nothing, from `first` on, where the bills begin. What cost as
    much on the same day of the month before (a monthly charge) is usual too.
    """
    before = [days.get(each, Decimal(0)) for each in _weeks_before(day) if each >= first]
    if len(before) < FEWEST_WEEKS:
        return Unknown(f"the bills begin on {first}, too late to say what a {day:%A} usually costs")
    usual = median(before)
    spread = median([abs(amount - usual) for amount in before])
    cost = days.get(day, Decimal(0))
    excess = cost - usual
    if excess <= max(SPREADS * spread, LEAST_SHARE * usual) or excess < LEAST:
        return None
    if cost <= days.get(months_back(day, 1), Decimal(0)) * (1 + LEAST_SHARE):
        return None
    return Unusual(excess, usual)


def _weeks_before(day: date) -> list[date]:
    return [day - timedelta(weeks=weeks) for weeks in range(1, WEEKS + 1)]
