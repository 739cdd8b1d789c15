"""What generated code calls: currencies, windows, dates in tags. KeyError where the value is unknown."""

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
    wanted = max(1, -(-over // series.step))
    points = series.points if len(series.points) == wanted else series.points[-wanted:]
    if by == "mean" and len(points) == wanted:
        try:
            total = sum(points)  # type: ignore[arg-type] # None is why we try
        except TypeError:
            pass
        else:
            if total == total:  # noqa: PLR0124 - not for NaN
                return total / wanted
    there = [point for point in points if point is not None and not math.isnan(point)]
    if len(there) < wanted * ENOUGH_POINTS:
        raise KeyError(by)
    return _AGGREGATES[by](there)


def _mean(points: list[float]) -> float:
    return sum(points) / len(points)


def _percentile(ordered: list[float], share: float) -> float:
    """Linear interpolation between closest ranks (as numpy's default)."""
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


_AGGREGATES: dict[str, Callable[[list[float]], float]] = {
    "mean": _mean,
    "max": max,
    "min": min,
    "sum": sum,
    "p50": lambda points: _percentile(sorted(points), 0.5),
    "p95": lambda points: _percentile(sorted(points), 0.95),
}


def after_now(value: datetime | str, now: datetime) -> bool | None:
    """Whether a date field, or the date a tag's text holds, lies after `now`; None where the text is no date.

    A tag's date is YYYY-MM-DD or ISO 8601, UTC unless it says otherwise; one without time lasts to its end.
    """
    if isinstance(value, datetime):
        return value > now
    text = value.strip()
    try:
        return date.fromisoformat(text) >= now.astimezone(UTC).date()
    except ValueError:
        pass
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)) > now


def why_unknown(found: object, what: str, other: object) -> Unknown:
    """Why a test could not be answered: its value's own reason, else that of the other side (`what`), else `what`."""
    if isinstance(found, Unknown):
        return found
    return Unknown(f"{what}: {other.reason}" if isinstance(other, Unknown) else what)
