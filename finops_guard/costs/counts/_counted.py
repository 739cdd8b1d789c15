"""What is asked of a source of counts, and what it answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from finops_guard.costs.reach import Reach
from finops_guard.costs.tables import rows
from finops_guard.errors import InputError
from finops_guard.model import Condition, Count, Resource, canonical

if TYPE_CHECKING:
    from finops_guard.costs.ledger import Ledger

Key: TypeAlias = tuple[str | None, ...]
"""The value of each key of `by`, None where the source does not say."""
Amounts: TypeAlias = Mapping[date, Mapping[Key, Decimal]]
DAY = timedelta(days=1)
_GAUGES = ("mean", "max", "min")


@dataclass(frozen=True, slots=True)
class Asked:
    """What to count for one unit on the UTC days `first` to `last` (inclusive), split by the tag keys `by`.

    `covers` selects the cost; `resources` are those of the inventory that `count.match` selects, as they were `seen`.
    """

    count: Count
    first: date
    last: date
    by: tuple[str, ...]
    reach: Reach
    covers: Condition | None = None
    ledger: Ledger | None = None
    resources: Sequence[Resource] = ()
    seen: datetime | None = None

    def text(self, name: str, default: str = "") -> str:
        """A setting that is text."""
        value = self.count.settings.get(name)
        return value if isinstance(value, str) else default

    def texts(self, name: str) -> dict[str, str]:
        """A setting that maps text to text."""
        value = self.count.settings.get(name)
        return {str(k): str(v) for k, v in value.items()} if isinstance(value, Mapping) else {}

    @property
    def statistic(self) -> str:
        """What a metric's points of a day become."""
        return self.text("statistic", "sum")

    @property
    def gauge(self) -> bool:
        """Whether a day has a level instead of an amount, so that days are averaged and not added."""
        return self.statistic in _GAUGES

    @property
    def start(self) -> datetime:
        """The first moment."""
        return midnight(self.first)

    @property
    def end(self) -> datetime:
        """The first moment that is not asked for."""
        return midnight(self.last + DAY)

    def days(self) -> Iterator[date]:
        """Every day that is asked for."""
        return each_day(self.first, self.last)

    def label(self, key: str, there: Iterable[str]) -> str | None:
        """What the source calls a key of `by`: what `labels` says, else what has the same canonical spelling."""
        named = {canonical(k): v for k, v in self.texts("labels").items()}
        return named.get(key) or next((name for name in there if canonical(name) == key), None)

    def key(self, labels: Mapping[str, str]) -> Key:
        """The key that a series with these labels counts for."""
        return tuple(
            (labels.get(name) or None) if (name := self.label(key, labels)) is not None else None for key in self.by
        )


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted. A day that is not in `amounts` is not known; a key that a day does not have counted nothing.

    `gauge`: days have levels, which are averaged. `estimated`: some of it was inferred. `definition` says what is
    counted, `source` where that stands, `remarks` what a reader must know.
    """

    amounts: Amounts
    definition: str
    source: str
    gauge: bool = False
    estimated: bool = False
    remarks: tuple[str, ...] = ()


@dataclass(slots=True)
class Tally:
    """Amounts as they come."""

    amounts: dict[date, dict[Key, Decimal]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, day: date, key: Key, amount: Decimal) -> None:
        """One more."""
        of_day = self.amounts[day]
        of_day[key] = of_day.get(key, Decimal(0)) + amount

    def known(self, days: Iterable[date]) -> None:
        """On these days everything was counted, even if it was nothing."""
        for day in days:
            self.amounts[day]  # made when it is looked at


def quiet_days(asked: Asked, tally: Tally, who: str) -> tuple[str, ...]:
    """Take days without a point as days with nothing, where the metric has any: that they were so is a remark.

    Providers publish a metric of use only while there is use. A level that nobody published stays unknown.
    """
    silent = [day for day in asked.days() if day not in tally.amounts]
    if not silent or not tally.amounts or asked.gauge:
        return ()
    tally.known(silent)
    return (f"on {len(silent)} days {who} has no point: they count as 0",)


def each_day(first: date, last: date) -> Iterator[date]:
    """Days from `first` to `last`."""
    return (first + DAY * at for at in range((last - first).days + 1))


def midnight(day: date) -> datetime:
    """The start of a UTC day."""
    return datetime.combine(day, time(), UTC)


def number(value: object, what: str) -> Decimal:
    """A count as a Decimal; InputError, which names `what`, for anything that is no count."""
    found = value if isinstance(value, Decimal) else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        found = Decimal(str(value))
    if found is None or not found.is_finite() or found < 0:
        raise InputError(f"{what} is not a count")
    return found


def meaning(source: str, metric: str) -> str:
    """What a provider says that a metric counts, with the date of that reading, in brackets; empty if not known."""
    said = _meanings().get((source, metric.casefold()))
    return f" ({said})" if said else ""


@cache
def _meanings() -> Mapping[tuple[str, str], str]:
    return {
        (row["source"], row["metric"].casefold()): f"{row['counts']}; {row['read']}" for row in rows("unit_metrics")
    }
