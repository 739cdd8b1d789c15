"""Ways in which a series goes on, as plain arithmetic on its last weeks."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice

Days = Mapping[date, Decimal]
Method = Callable[[Days, date, date, date], Decimal | None]
"""(known days, the first day that is not complete, first and end day of what is asked) -> its cost, None if it cannot.

It reads days before the first incomplete one only, so that it can be tried on the past.
"""
WEEK = 7
MONTHS = 3
FURTHEST = 36
ALIKE = Decimal("1.35")
"""Earlier months tell how this one goes on when what they say differs by no more than this factor: bursts never do."""


def trailing(known: Days, until: date, first: date, end: date) -> Decimal | None:
    """The last week's mean."""
    level = mean(known, until, WEEK)
    return None if level is None else level * (end - first).days


def by_weekday(known: Days, until: date, first: date, end: date) -> Decimal | None:
    """The last week's mean, each day by what its weekday had of the mean in the last four weeks."""
    level, usual = mean(known, until, WEEK), mean(known, until, 4 * WEEK)
    of_weekday: dict[int, list[Decimal]] = {}
    for day in span(until - timedelta(days=4 * WEEK), until):
        if day in known:
            of_weekday.setdefault(day.weekday(), []).append(known[day])
    if level is None or not usual or len(of_weekday) < WEEK:
        return None
    share = {weekday: sum(some, Decimal(0)) / len(some) / usual for weekday, some in of_weekday.items()}
    return level * sum((share[day.weekday()] for day in span(first, end)), Decimal(0))


def four_weeks(known: Days, until: date, first: date, end: date) -> Decimal | None:
    """The mean of the last four weeks."""
    level = mean(known, until, 4 * WEEK)
    return None if level is None else level * (end - first).days


def by_month(known: Days, until: date, first: date, end: date) -> Decimal | None:
    """As the same days of earlier months, relative to the week before them, at the level of the last week.

    So what is charged on a day of the month and what grows steadily are both carried on. None where months disagree.
    """
    level = mean(known, until, WEEK)
    ratios = list(islice(_ratios(known, until, first, end), MONTHS))
    if level is None or not ratios or min(ratios) <= 0 or max(ratios) > ALIKE * min(ratios):
        return None
    return level * sum(ratios, Decimal(0)) / len(ratios) * (end - first).days


def _ratios(known: Days, until: date, first: date, end: date) -> Iterator[Decimal]:
    """What the days asked for were, of the week before, in the newest months in which all of them are known."""
    for months in range(1, FURTHEST):
        past_until, past_first, past_end = (months_back(day, months) for day in (until, first, end))
        if past_end > until:
            continue
        level = mean(known, past_until, WEEK)
        if not level or past_first >= past_end or any(day not in known for day in span(past_first, past_end)):
            return
        yield total(known, past_first, past_end) / (past_end - past_first).days / level


METHODS: dict[str, Method] = {
    "trailing 7 days": trailing,
    "trailing 7 days by weekday": by_weekday,
    "trailing 28 days": four_weeks,
    "as earlier months": by_month,
}
"""The usual one first."""


def mean(known: Days, until: date, days: int) -> Decimal | None:
    """Of the last days, those that are known; None where fewer than half of them are."""
    some = [known[day] for day in span(until - timedelta(days=days), until) if day in known]
    return sum(some, Decimal(0)) / len(some) if 2 * len(some) >= days else None


def total(known: Days, start: date, end: date) -> Decimal:
    """Of the days that are known."""
    return sum((known[day] for day in span(start, end) if day in known), Decimal(0))


def span(start: date, end: date) -> Iterator[date]:
    """Every day from `start` to `end` (exclusive)."""
    return (start + timedelta(days=number) for number in range((end - start).days))


def months_back(day: date, months: int) -> date:
    """The same day so many months earlier, or the last one of a shorter month."""
    year, month = divmod(12 * day.year + day.month - 1 - months, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, monthrange(year, month + 1)[1]))
