"""What the rest of a period will cost, from the complete days before it.

A week's mean goes on, in one of several ways; which one is chosen for each series by how far it was off in the series'
own last periods, and that error stands beside every number. Heavier models were measured and are not better at
mid-month; what matters is that no incomplete day is among those given, which is the caller's to see to (`complete`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from finops_guard.model import Forecast

ENOUGH_DAYS = 14
PERIODS = 6
"""Past periods that a method is tried on, at most."""
FEWEST_PERIODS = 3
"""Below this many tried periods there is no band: it would be a guess."""
WIDEST = 0.75
"""A band wider than this share of the period's cost is no forecast."""
SHORTEST_MONTH = 28
BETTER = 0.9
"""The usual method is left only for one that erred less than this share of its error."""

Days = Mapping[date, Decimal]
Method = Callable[[Days, date, date, date], Decimal | None]
"""(complete days, the first day that is not complete, first and end day of what is asked) -> cost, None if it cannot.

It reads days before the first incomplete one only.
"""


def complete(days: Mapping[date, Decimal] | Iterable[tuple[date, Decimal]], until: date) -> list[tuple[date, Decimal]]:
    """Every day from the first that cost something to `until` (exclusive), zero where nothing was billed.

    Only for a caller whose cost rows cover these days: a day that was not exported is unknown, not zero, and stays out
    of what `forecast` is given. `until` is the first day that is not completely billed (`Ledger.complete_until`).
    """
    known = dict(days)
    first = min((day for day, amount in known.items() if amount), default=until)
    return [(day, known.get(day, Decimal(0))) for day in _range(first, until)]


def forecast(
    days: Sequence[tuple[date, Decimal]],
    first: date,
    end: date,
    start: date | None = None,
) -> Forecast:
    """The cost of the days `first` to `end` (exclusive), with the 80 % band of that amount.

    `days`: complete daily usage, oldest first; a day that is left out is not known. `start`: the first day of the
    period that ends at `end`; with it the error and the width of the band are told of the whole period, of which the
    days before `first` are sure; without it of the rest alone. Days between the last complete one and `first` (what
    is accrued) belong to neither history nor forecast.
    """
    if first >= end:
        return Forecast(Decimal(0), Decimal(0), Decimal(0), 0.0, "nothing left to forecast")
    known = dict(days)
    if not known:
        return Forecast(None, because="not forecastable: no complete day yet")
    until = max(known) + timedelta(days=1)
    if len(known) < ENOUGH_DAYS:
        return Forecast(
            _run_rate(known, until, first, end),
            method="run rate",
            because=f"low confidence: {len(known)} complete days, fewer than {ENOUGH_DAYS}",
        )
    window = _Window(start or first, until, first, end)
    name, trials = _chosen(known, window)
    amount = METHODS[name](known, until, first, end)
    if amount is None:
        return Forecast(None, because="not forecastable: too few of its last days are known")
    return _banded(name, amount, _sum(known, window.start, first), trials)


@dataclass(frozen=True, slots=True)
class _Window:
    """A period from `start` to `end`, its history complete until `until`, asked from `first` on."""

    start: date
    until: date
    first: date
    end: date

    def back(self, periods: int) -> _Window:
        """The same cut, so many periods earlier: by the calendar where the period is whole months."""
        months = 12 * (self.end.year - self.start.year) + self.end.month - self.start.month
        if self.start.day == self.end.day <= SHORTEST_MONTH and months:
            start, end = (_months_back(day, periods * months) for day in (self.start, self.end))
        else:
            length = (self.end - self.start) * periods
            start, end = self.start - length, self.end - length
        moved = start - self.start
        # At the end of a long month the shorter one before it is over already: its last day is still asked.
        first = min(self.first + moved, end - timedelta(days=1))
        return _Window(start, first + (self.until - self.first), first, end)


@dataclass(frozen=True, slots=True)
class _Trial:
    """What a method said of a past period, and what that cost."""

    said: Decimal
    was: Decimal

    @property
    def off(self) -> Decimal:
        return abs(self.said - self.was)


def _chosen(known: Days, window: _Window) -> tuple[str, list[_Trial]]:
    """The method that erred least on the last periods, and its trials; the first unless another is clearly better."""
    tried = {name: list(_trials(method, known, window)) for name, method in METHODS.items()}
    usual = next(iter(METHODS))
    errors = {name: sum(trial.off for trial in tried[name]) for name in METHODS if len(tried[name]) >= FEWEST_PERIODS}
    best = min(errors, key=lambda name: errors[name], default=usual)
    if usual in errors and errors[best] > errors[usual] * Decimal(BETTER):
        best = usual
    return best, tried[best]


def _trials(method: Method, known: Days, window: _Window) -> Iterator[_Trial]:
    oldest = min(known)
    for periods in range(1, PERIODS + 1):
        past = window.back(periods)
        if past.until < oldest + timedelta(days=ENOUGH_DAYS) or past.end > window.until:
            continue
        if any(day not in known for day in _range(max(past.start, oldest), past.end)):
            continue
        said = method(known, past.until, past.first, past.end)
        if said is not None:
            sure = _sum(known, past.start, past.first)
            yield _Trial(sure + said, sure + _sum(known, past.first, past.end))


def _banded(name: str, amount: Decimal, sure: Decimal, trials: Sequence[_Trial]) -> Forecast:
    error = _error(trials)
    if len(trials) < FEWEST_PERIODS:
        return Forecast(amount, error=error, method=name, because="no band: too few earlier periods")
    share = _share(trials)
    if share is None or 2 * share > WIDEST:
        width = "wider than any forecast" if share is None else f"{200 * share:.0f} % wide"
        low, high = (None, None) if share is None else _band(amount, sure, share)
        because = f"not forecastable: its 80 % band would be {width}; use commitments and what is running"
        return Forecast(None, low, high, error, name, because)
    return Forecast(amount, *_band(amount, sure, share), error, name)


def _band(amount: Decimal, sure: Decimal, share: float) -> tuple[Decimal, Decimal]:
    half = abs(sure + amount) * Decimal(share)
    return (max(amount - half, Decimal(0)) if amount >= 0 else amount - half), amount + half


def _share(trials: Sequence[_Trial]) -> float | None:
    """Half the width of the band: the error that 80 % of periods stay within, relative to what was forecast.

    Of n earlier errors the one of rank 0.8 (n + 1), between two by interpolation: with four or fewer the largest, and
    a fresh one exceeds that in one of five periods. None where something was spent when nothing was forecast.
    """
    errors = []
    for trial in trials:
        if trial.off and not trial.said:
            return None
        errors.append(float(trial.off / abs(trial.said)) if trial.off else 0.0)
    errors.sort()
    rank = min(0.8 * (len(errors) + 1), float(len(errors)))
    below = int(rank)
    above = min(below, len(errors) - 1)
    return errors[below - 1] + (rank - below) * (errors[above] - errors[below - 1])


def _error(trials: Sequence[_Trial]) -> float | None:
    """The weighted absolute percentage error (WAPE)."""
    off = sum((trial.off for trial in trials), Decimal(0))
    was = sum((trial.was for trial in trials), Decimal(0))
    if was > 0:
        return float(off / was)
    return 0.0 if trials and not off else None


def _run_rate(known: Days, _until: date, first: date, end: date) -> Decimal:
    return sum(known.values(), Decimal(0)) / len(known) * (end - first).days


def _trailing(known: Days, until: date, first: date, end: date) -> Decimal | None:
    level = _mean(known, until, 7)
    return None if level is None else level * (end - first).days


def _by_weekday(known: Days, until: date, first: date, end: date) -> Decimal | None:
    """The last week's mean, each day of the rest by what its weekday had of the mean in the last four weeks."""
    level, usual = _mean(known, until, 7), _mean(known, until, 28)
    if level is None or not usual:
        return None
    of_weekday: dict[int, list[Decimal]] = {}
    for day in _range(until - timedelta(days=28), until):
        if day in known:
            of_weekday.setdefault(day.weekday(), []).append(known[day])
    if len(of_weekday) < 7:  # noqa: PLR2004 # the days of a week
        return None
    share = {weekday: sum(some, Decimal(0)) / len(some) / usual for weekday, some in of_weekday.items()}
    return level * sum((share[day.weekday()] for day in _range(first, end)), Decimal(0))


def _four_weeks(known: Days, until: date, first: date, end: date) -> Decimal | None:
    level = _mean(known, until, 28)
    return None if level is None else level * (end - first).days


METHODS: Mapping[str, Method] = {
    "trailing 7 days": _trailing,
    "trailing 7 days by weekday": _by_weekday,
    "trailing 28 days": _four_weeks,
}
"""The usual method first."""


def _mean(known: Days, until: date, days: int) -> Decimal | None:
    """Of the last days that are known; None where fewer than half of them are."""
    some = [known[day] for day in _range(until - timedelta(days=days), until) if day in known]
    return sum(some, Decimal(0)) / len(some) if 2 * len(some) >= days else None


def _sum(known: Days, start: date, end: date) -> Decimal:
    return sum((known[day] for day in _range(start, end) if day in known), Decimal(0))


def _range(start: date, end: date) -> Iterator[date]:
    return (start + timedelta(days=number) for number in range((end - start).days))


def _months_back(day: date, months: int) -> date:
    year, month = divmod(12 * day.year + day.month - 1 - months, 12)
    return day.replace(year=year, month=month + 1)
