"""The periods of a budget: calendar days, weeks, months, and the quarters and years that follow its fiscal year.

A period begins at local midnight in the budget's time zone, so one with a change of the clock is an hour longer or
shorter. A fiscal year is named by the calendar year in which it begins (`FY2026`), whatever a country calls it: two
budgets of one company then never mean different years by one name.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from finops_guard.model import Budget

_QUARTERS = 4
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """`start` to `end` (exclusive), aware UTC; `first` to `after` (exclusive), the same as local days."""

    name: str
    start: datetime
    end: datetime
    first: date
    after: date


def period_of(budget: Budget, at: datetime) -> Period:
    """The period in which a moment lies."""
    return _of_day(budget, at.astimezone(ZoneInfo(budget.timezone)).date())


def previous(budget: Budget, period: Period) -> Period:
    """The period before."""
    return _of_day(budget, period.first - _DAY)


def planned(budget: Budget, period: Period) -> Decimal:
    """The limit of a period without what rolls over: of the plan's entries that it begins in the narrowest."""
    day = period.first.isoformat()
    keys = (day, day[: len("2026-12")], day[: len("2026")])
    return next((budget.plan[key] for key in keys if key in budget.plan), budget.limit)


def _of_day(budget: Budget, day: date) -> Period:
    name, first, after = _days(budget, day)
    zone = ZoneInfo(budget.timezone)
    return Period(name, _midnight(first, zone), _midnight(after, zone), first, after)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a local day; where midnight is skipped that is the change of the clock."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _days(budget: Budget, day: date) -> tuple[str, date, date]:
    match budget.every:
        case "day":
            return day.isoformat(), day, day + _DAY
        case "week":
            year, week, weekday = day.isocalendar()
            monday = day - timedelta(days=weekday - 1)
            return f"{year}-W{week:02}", monday, monday + timedelta(days=7)
        case "month":
            return f"{day:%Y-%m}", day.replace(day=1), _months_on(day.year, day.month, 1, months=1)
        case "quarter":
            return _quarter(budget, day)
        case "year":
            year, start = _fiscal_year(budget, day)
            return _year_name(budget, year), start, _year_start(budget, year + 1)


def _quarter(budget: Budget, day: date) -> tuple[str, date, date]:
    year, _ = _fiscal_year(budget, day)
    month, on = budget.fiscal_start
    starts = [_months_on(year, month, on, months=3 * number) for number in range(_QUARTERS)]
    edges = [*starts, _year_start(budget, year + 1)]
    number = max(n for n in range(_QUARTERS) if edges[n] <= day)
    return f"{_year_name(budget, year)}-Q{number + 1}", edges[number], edges[number + 1]


def _year_name(budget: Budget, year: int) -> str:
    return f"{year}" if budget.fiscal_start == (1, 1) else f"FY{year}"


def _fiscal_year(budget: Budget, day: date) -> tuple[int, date]:
    """The year in which the fiscal year of a day begins, and its first day."""
    year = day.year if _year_start(budget, day.year) <= day else day.year - 1
    return year, _year_start(budget, year)


def _year_start(budget: Budget, year: int) -> date:
    return _months_on(year, *budget.fiscal_start, months=0)


def _months_on(year: int, month: int, day: int, *, months: int) -> date:
    """That many months after a day; where the month is too short for it (02-29, 04-31) its last day."""
    years, month = divmod(12 * year + month - 1 + months, 12)
    return date(years, month + 1, min(day, monthrange(years, month + 1)[1]))
