"""How far the forecast is off on generated series, beside simpler methods, and how often its band holds.

Six kinds of daily cost × 12 series × 6 calendar months × 5 cut days, as billing shows them: of the last day 15 % has
arrived, of the day before 55 %. The forecast gets what `complete` leaves of that (a lag of two days); the simpler
methods get the same days. Synthetic: there is no public daily cost data. The seed is fixed, and a test asserts on the
same suite.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from finops_guard.costs.forecast import complete, forecast
from finops_guard.costs.forecast_methods import METHODS
from finops_guard.model import Forecast

SEED = 20261125
SERIES = 12
FIRST = date(2025, 9, 1)
MONTHS = tuple(date(2026, month, 1) for month in range(1, 7))
"""Those that are forecast; the four before them are history alone."""
CUTS = (5, 10, 15, 20, 25)
LAG = 2
ARRIVED = (Decimal("0.55"), Decimal("0.15"))
"""What has arrived of the last days, the last one last."""
LENGTH = 303
Daily = Sequence[tuple[date, Decimal]]


def steady(random_: random.Random) -> Iterator[float]:
    """Noise of 3 %."""
    return (100 * random_.lognormvariate(0, 0.03) for _ in range(LENGTH))


def inference(random_: random.Random) -> Iterator[float]:
    """A slow trend and quiet weekends."""
    for day in range(LENGTH):
        weekend = (FIRST + timedelta(day)).weekday() >= 5  # noqa: PLR2004 # Saturday
        yield 100 * 1.0012**day * (0.72 if weekend else 1) * random_.lognormvariate(0, 0.06)


def ramp(random_: random.Random) -> Iterator[float]:
    """Growth of 0.8 % a day."""
    return (30 * 1.008032**day * random_.lognormvariate(0, 0.08) for day in range(LENGTH))


def step(random_: random.Random) -> Iterator[float]:
    """Two changes of level, on days nobody knows before."""
    level, changes = 100.0, random_.sample(range(30, LENGTH), 2)
    for day in range(LENGTH):
        if day in changes:
            level *= random_.choice((0.6, 1.5, 2.2))
        yield level * random_.lognormvariate(0, 0.04)


def training(random_: random.Random) -> Iterator[float]:
    """Runs of some days, each day a fortune beside the little that goes on."""
    left, day_cost = 0, 0
    for _ in range(LENGTH):
        if not left and random_.random() < 1 / 9:
            left, day_cost = 1 + int(random_.expovariate(1 / 3.5)), random_.choice((300, 600, 1300))
        yield 15 * random_.lognormvariate(0, 0.05) + (day_cost if left else 0)
        left = max(left - 1, 0)


def fees(random_: random.Random) -> Iterator[float]:
    """Usage with quiet weekends, and what is charged on the first of each month."""
    for number in range(LENGTH):
        day = FIRST + timedelta(number)
        usage = 60 * (0.8 if day.weekday() >= 5 else 1) * random_.lognormvariate(0, 0.04)  # noqa: PLR2004 # Saturday
        yield usage + (900 if day.day == 1 else 0)


KINDS: tuple[Callable[[random.Random], Iterator[float]], ...] = (steady, inference, ramp, step, training, fees)


@dataclass(frozen=True, slots=True)
class Case:
    """A month of a series at a cut day: what it cost, and what was said of it. `sure` is what `said` is added to."""

    kind: str
    cut: int
    was: Decimal
    sure: Decimal
    said: Forecast
    others: dict[str, Decimal]

    @property
    def amount(self) -> Decimal | None:
        """The month's cost as it was forecast."""
        return None if self.said.amount is None else self.sure + self.said.amount

    @property
    def usual(self) -> Decimal:
        """What the usual method says of the month."""
        return self.others[next(iter(METHODS))]

    @property
    def chosen(self) -> Decimal:
        """What the method that was chosen says of the month, whether or not that may be called a forecast."""
        return self.others[self.said.method]

    @property
    def held(self) -> bool | None:
        """Whether the band held what the month cost; None without a band."""
        if self.said.low is None or self.said.high is None:
            return None
        return self.sure + self.said.low <= self.was <= self.sure + self.said.high


def suite(lag: int = LAG) -> Iterator[Case]:
    """Every case, the same each time."""
    for kind in KINDS:
        for number in range(SERIES):
            random_ = random.Random(f"{SEED} {kind.__name__} {number}")
            daily = [(FIRST + timedelta(day), Decimal(f"{cost:.6f}")) for day, cost in enumerate(kind(random_))]
            for month in MONTHS:
                for cut in CUTS:
                    yield case(kind.__name__, daily, month, cut, lag)


def case(kind: str, daily: Daily, month: date, cut: int, lag: int) -> Case:
    """One month of a series as it looks when `cut` days of it have passed."""
    today, end = month + timedelta(days=cut), (month + timedelta(days=31)).replace(day=1)
    shown = dict(arrived(daily, today))
    until = today - timedelta(days=lag)
    days = complete(shown, until)
    known = dict(days)
    sure = sum((amount for day, amount in days if day >= month), Decimal(0))
    was = sum((amount for day, amount in daily if month <= day < end), Decimal(0))
    others = {
        name: sure + said for name, method in METHODS.items() if (said := method(known, until, until, end)) is not None
    }
    others["run rate"] = sure / (until - month).days * (end - month).days
    return Case(kind, cut, was, sure, forecast(days, until, end, month), others)


def arrived(daily: Daily, today: date) -> Iterator[tuple[date, Decimal]]:
    """What billing shows on a day."""
    late = {today - timedelta(days=len(ARRIVED) - number): share for number, share in enumerate(ARRIVED)}
    return ((day, amount * late.get(day, Decimal(1))) for day, amount in daily if day < today)


def wape(pairs: Iterable[tuple[Decimal, Decimal]]) -> float:
    """The weighted absolute percentage error of (said, was), in percent."""
    some = list(pairs)
    return 100 * float(sum(abs(said - was) for said, was in some) / sum(was for _, was in some)) if some else 0.0


def bias(cases: Iterable[Case]) -> float:
    """By how much forecasts are too high (negative: too low) together, in percent."""
    some = [(case.amount, case.was) for case in cases if case.amount is not None]
    return 100 * float(sum(said for said, _ in some) / sum(was for _, was in some) - 1)


def coverage(cases: Iterable[Case]) -> float:
    """How many bands held what came, in percent."""
    held = [case.held for case in cases if case.held is not None]
    return 100 * sum(held) / len(held) if held else 0.0


def compared(cases: Iterable[Case], name: str) -> float:
    """The error of a method on the cases in which it says anything."""
    return wape((case.others[name], case.was) for case in cases if name in case.others)


def main() -> None:
    """Print the figures."""
    start = time.process_time()
    cases = list(suite())
    spent = time.process_time() - start
    naive = list(suite(lag=0))
    names = ("run rate", *METHODS)
    print("Error of the month's total (WAPE, %) on the same complete days; `told`: how often a number was given at all")
    print(
        f"{'':10}{'forecast':>10}{'told':>7}{'band held':>11}" + "".join(f"{name:>{len(name) + 2}}" for name in names)
    )
    for kind in (*(each.__name__ for each in KINDS), "all"):
        some = [case for case in cases if kind in (case.kind, "all")]
        told = sum(case.amount is not None for case in some) / len(some)
        print(
            f"{kind:10}{wape((case.chosen, case.was) for case in some):10.1f}{100 * told:5.0f} %{coverage(some):9.1f} %"
            + "".join(f"{compared(some, name):{len(name) + 2}.1f}" for name in names)
        )
    print("Bias (%): of what was told, against the month; and with the incomplete days in, of the same method")
    for cut in CUTS:
        some = [case for case in cases if case.cut == cut]
        print(f"day {cut:2}{bias(some):+8.2f}{bias(case for case in naive if case.cut == cut):+8.2f}")
    print(f"{len(cases):,} forecasts, {1000 * spent / len(cases):.2f} CPU ms each, comparison included")


if __name__ == "__main__":
    main()
