"""What generated code calls: currencies, metric windows, dates in tags. Each raises KeyError where the value is unknown."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from finops_guard.model import Money, Series, Unknown, money_in

ENOUGH_POINTS = 0.9
"""A window with fewer than this share of its points tells nothing (LANGUAGE: fewer than 90 % -> unknown)."""

Rates = Mapping[tuple[str, str], tuple[Decimal, date]]


def in_currency(rates: Rates) -> Callable[[Money, str], Decimal]:
    """A function that gives an amount in a currency through the policy's rates; KeyError without one."""

    def amount(money: Money, currency: str) -> Decimal:
        if money.currency == currency:
            return money.amount
        converted = money_in(money, currency, rates)
        if converted is None:
            raise KeyError(currency)
        return converted.amount

    return amount


def window(series: Series | float | None, over: int, by: str) -> float | None:
    """One number for the last `over` seconds of a metric; a bare number stands for any window (examples).

    KeyError where fewer than 90 % of the points are there.
    """
    if not isinstance(series, Series):
        return series
    wanted = max(1, math.ceil(over / series.step))
    points = [p for p in series.points[-wanted:] if p is not None and not math.isnan(p)]
    if len(points) < wanted * ENOUGH_POINTS:
        raise KeyError(by)
    if by == "mean":
        return sum(points) / len(points)
    if by in ("p50", "p95"):
        return _percentile(sorted(points), 0.5 if by == "p50" else 0.95)
    return {"max": max, "min": min, "sum": sum}[by](points)


def _percentile(ordered: list[float], share: float) -> float:
    """Linear interpolation between closest ranks (as numpy's default)."""
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def instant(value: datetime | str) -> datetime | None:
    """A date field, or the date a tag's text holds (YYYY-MM-DD or ISO 8601; UTC unless it says otherwise), else None."""
    if isinstance(value, datetime):
        return value
    try:
        parsed = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def after_now(value: datetime | str, now: datetime) -> bool | None:
    """Whether a date lies after `now`; a date without time lasts to its end. None where the text is no date."""
    when = instant(value)
    if when is None:
        return None
    if isinstance(value, str) and len(value.strip()) == len("2027-01-31"):
        return when.date() >= now.date()
    return when > now


def why_unknown(found: object, what: str) -> Unknown:
    """Why a test on a value could not be answered: the value's own reason, else what the test lacked."""
    return found if isinstance(found, Unknown) else Unknown(what)
