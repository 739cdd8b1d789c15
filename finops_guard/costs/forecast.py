"""What the rest of a period will cost, from the complete days before it.

A week's mean goes on, in one of a few ways (`forecast_methods`). Which one is chosen for each series by how far it was
off in the series' own last periods, and that error stands beside every number. Heavier models were measured and are
not better at mid-month; what matters more is that no incomplete day is among those given (`complete`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from finops_guard.costs.forecast_methods import METHODS, Days, Method, months_back, span, total
from finops_guard.model import Forecast

ENOUGH_DAYS = 14
PERIODS = 6
"""Past periods that a method is tried on, at most."""
FEWEST_PERIODS = 3
"""With fewer tried periods there is no band: it would be a guess."""
WIDEST = 0.75
"""A band wider than this share of the period's cost is no forecast."""
BETTER = Decimal("0.8")
"""The usual method is left only for one that erred less than this share of its error: a smaller lead is mostly luck."""
RANK = 0.85
WEEK = timedelta(days=7)


def complete(days: Mapping[date, Decimal] | Iterable[tuple[date, Decimal]], until: date) -> list[tuple[date, Decimal]]:
    """Every day from the first that cost something to `until` (exclusive), zero where nothing was billed.

    Only for a caller whose cost rows cover these days: a day that was not exported is unknown, not zero, and stays out
    of what `forecast` is given. `until`: the first day that is not completely billed (`Ledger.complete_until`).
    """
    known = dict(days)
    first = min((day for day, amount in known.items() if amount), default=until)
    return [(day, known.get(day, Decimal(0))) for day in span(first, until)]


def forecast(days: Sequence[tuple[date, Decimal]], first: date, end: date, start: date | None = None) -> Forecast:
    """The cost of the days `first` to `end` (exclusive), with the 80 % band of that amount.

    `days`: complete daily usage, without purchases, fees, taxes and corrections, which do not go on; a day that is
    left out is not known. `start`: the first day of the period that ends at `end`; with it the error and the width of
    the band are those of the whole period, of which the days before `first` are sure; without it, of the rest alone.
    Days between the last complete one and `first` (accrued, not billed) belong to neither history nor forecast.
    """
    if first >= end:
        return Forecast(Decimal(0), Decimal(0), Decimal(0), 0.0, "nothing is left to forecast")
    known = dict(days)
    if not known:
        return Forecast(None, because="not forecastable: no complete day yet")
    window = _Window(start or first, max(known) + timedelta(days=1), first, end)
    if len(known) < ENOUGH_DAYS:
        rate = sum(known.values(), Decimal(0)) / len(known)
        short = f"low confidence: {len(known)} complete days, fewer than {ENOUGH_DAYS}"
        return Forecast(rate * window.rest, method="run rate", because=short)
    can = {name: said for name, method in METHODS.items() if (said := window.ask(method, known)) is not None}
    if not can:
        return Forecast(None, because="not forecastable: too few of the last days are known")
    name, trials = _chosen(known, window, list(can))
    return _banded(name, can[name], total(known, window.start, first), trials)


@dataclass(frozen=True, slots=True)
class _Window:
    """A period from `start` to `end`, its history complete until `until`, asked from `first` on."""

    start: date
    until: date
    first: date
    end: date

    @property
    def rest(self) -> int:
        return (self.end - self.first).days

    def ask(self, method: Method, known: Days) -> Decimal | None:
        return method(known, self.until, self.first, self.end)

    def periods_back(self, periods: int) -> _Window:
        """The same cut, so many periods earlier: by the calendar where the period is whole months."""
        months = 12 * (self.end.year - self.start.year) + self.end.month - self.start.month
        if self.start.day != self.end.day or not months:
            return self.moved((self.end - self.start) * periods)
        start, end = (months_back(day, periods * months) for day in (self.start, self.end))
        # At the end of a long month the shorter one before it is over already: its last day is still asked.
        first = min(start + (self.first - self.start), end - timedelta(days=1))
        return _Window(start, first - (self.first - self.until), first, end)

    def moved(self, back: timedelta) -> _Window:
        return _Window(self.start - back, self.until - back, self.first - back, self.end - back)

    def pasts(self, known: Days) -> list[_Window]:
        """Cuts of the past: of the last whole periods, else of as many days as are asked for where few are known."""
        rest = max(timedelta(days=self.rest), WEEK)
        whole = [self.periods_back(number) for number in range(1, PERIODS + 1)]
        usable = [past for past in whole if past.known(known)]
        if len(usable) >= FEWEST_PERIODS:
            return usable
        return [past for number in range(PERIODS) if (past := self.moved(rest * (number + 1))).known(known)]

    def known(self, known: Days) -> bool:
        """Whether it has been seen to its end, with enough before it to try a method on."""
        oldest = min(known)
        return self.until >= oldest + timedelta(days=ENOUGH_DAYS) and all(
            day in known for day in span(max(self.start, oldest), self.end)
        )


@dataclass(frozen=True, slots=True)
class _Trial:
    """What a method said of a past period, and what that cost."""

    said: Decimal
    was: Decimal

    @property
    def off(self) -> Decimal:
        return abs(self.said - self.was)


def _chosen(known: Days, window: _Window, names: Sequence[str]) -> tuple[str, list[_Trial]]:
    """The method that erred least on the last periods, and its trials; the first unless another is clearly better."""
    pasts = window.pasts(known)
    tried = {name: dict(_trials(METHODS[name], known, pasts)) for name in names}
    usual, *others = names
    best, least = usual, BETTER
    for name in others:
        # Compared on the periods that both could be tried on.
        both = [(tried[name][past].off, tried[usual][past].off) for past in tried[name].keys() & tried[usual].keys()]
        off, usually = (sum(some, Decimal(0)) for some in zip(*both, strict=True)) if both else (Decimal(0), Decimal(0))
        if len(both) >= FEWEST_PERIODS and usually and off / usually < least:
            best, least = name, off / usually
    return best, list(tried[best].values())


def _trials(method: Method, known: Days, pasts: Iterable[_Window]) -> Iterator[tuple[_Window, _Trial]]:
    for past in pasts:
        if (said := past.ask(method, known)) is not None:
            sure = total(known, past.start, past.first)
            yield past, _Trial(sure + said, sure + total(known, past.first, past.end))


def _banded(name: str, amount: Decimal, sure: Decimal, trials: Sequence[_Trial]) -> Forecast:
    error = _error(trials)
    if len(trials) < FEWEST_PERIODS:
        return Forecast(amount, error=error, method=name, because="no band: too few earlier periods to try it on")
    share = _share(trials)
    if share is None or 2 * share > WIDEST:
        width = "without bounds" if share is None else f"{200 * share:.0f} % wide"
        low, high = (None, None) if share is None else _band(amount, sure, share)
        because = f"not forecastable: its 80 % band would be {width}; look at what runs and what is committed"
        return Forecast(None, low, high, error, name, because)
    return Forecast(amount, *_band(amount, sure, share), error, name)


def _band(amount: Decimal, sure: Decimal, share: float) -> tuple[Decimal, Decimal]:
    half = abs(sure + amount) * Decimal(share)
    return (max(amount - half, Decimal(0)) if amount >= 0 else amount - half), amount + half


def _share(trials: Sequence[_Trial]) -> float | None:
    """Half the width of the band: the error that 80 % of periods stay within, relative to what was forecast.

    Of n earlier errors the one of rank 0.85 (n + 1), between two by interpolation, at most the largest. A fresh error
    is as likely to fall between any two of them, so 0.8 would do if the method had not been chosen for erring little
    in them. None where something was spent when nothing was forecast.
    """
    if any(trial.off and not trial.said for trial in trials):
        return None
    errors = sorted(float(trial.off / abs(trial.said)) if trial.off else 0.0 for trial in trials)
    rank = min(RANK * (len(errors) + 1), float(len(errors)))
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
