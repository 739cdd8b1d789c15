"""Where a budget is going: its forecast, and how fast it burns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from finops_guard.costs.budgets_billed import Billed
from finops_guard.costs.forecast import complete, forecast
from finops_guard.costs.periods import Period
from finops_guard.model import Forecast

_SHORT, _LONG = 3, 7
"""Days of the two windows of the burn rate, which must agree: the long one is not startled by a single day, the short
one is quick to see that it is over."""
_ZEROS = 28
_PLACES = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Days:
    """What a forecast goes on from.

    `series`: complete days of usage, oldest first. `sure`: all that was billed in the period before `first`, the first
    day of it that is not complete. `fees`: what was billed from there on and is no usage: it does not come again.
    """

    period: Period
    first: date
    series: tuple[tuple[date, Decimal], ...] = ()
    sure: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    known: bool = False

    @classmethod
    def of(
        cls,
        before: Iterable[Billed],
        now: Iterable[Billed],
        gone: Iterable[Billed],
        period: Period,
        boundary: datetime | None,
        covered: tuple[date, date] | None,
    ) -> Days:
        """From the rows before the period and in it.

        `gone`: those among them of what runs no more and will not. `covered`: the first and last day that the bills
        know at all.
        """
        now = list(now)
        if boundary is None or covered is None:
            return cls(period, period.first)
        until = boundary.date()
        usage: dict[date, Decimal] = {}
        for row in (*before, *now):
            if row.usage and row.day < until:
                usage[row.day] = usage.get(row.day, Decimal(0)) + row.amount
        for row in gone:
            if row.usage and row.day < until:
                usage[row.day] = usage.get(row.day, Decimal(0)) - row.amount
        first = min(max(until, period.first), period.after)
        series = complete(usage, until) or _nothing(covered[0], until)
        return cls(
            period,
            first,
            tuple(series),
            sum((row.amount for row in now if row.day < first), Decimal(0)),
            sum((row.amount for row in now if row.day >= first and not row.usage), Decimal(0)),
            known=True,
        )


def ahead(days: Days, spent: Decimal, new: Decimal) -> Forecast:
    """The whole period: what is sure, the rest by the complete days, and `new`, of which no complete day knows yet.

    Never less than `spent`, what was billed and accrued already.
    """
    if not days.known:
        return Forecast(None, because="not forecastable: there is no cost data that counts")
    rest = forecast(days.series, days.first, days.period.after, days.period.first)
    known = days.sure + days.fees + new

    def whole(amount: Decimal | None) -> Decimal | None:
        return None if amount is None else max(known + amount, spent)

    return replace(rest, amount=whole(rest.amount), low=whole(rest.low), high=whole(rest.high))


def burn_rate(days: Days, left: Decimal, at: datetime) -> Decimal | None:
    """How many times faster money is spent than the rest of the period can bear: the lower of 3 and of 7 days.

    (spend a day in the window) / (what is left / days that are left). None below three complete days of the period,
    and where nothing is left: then there is nothing to be slow about.
    """
    elapsed = (days.first - days.period.first).days
    if min(elapsed, len(days.series)) < _SHORT or left <= 0:
        return None
    amounts = [amount for _, amount in days.series]
    slower = min(sum(window, Decimal(0)) / len(window) for window in (amounts[-_SHORT:], amounts[-_LONG:]))
    days_left = Decimal(int((days.period.end - at).total_seconds())) / 86400
    return (slower * days_left / left).quantize(_PLACES)


def _nothing(first: date, until: date) -> list[tuple[date, Decimal]]:
    """Days on which nothing was spent, as far as the bills reach: that is known, too."""
    start = max(first, until - timedelta(days=_ZEROS))
    return [(start + timedelta(days=n), Decimal(0)) for n in range((until - start).days)]
