"""What CloudWatch would have recorded, computed when it is asked for: months of hours cost nothing."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOUR = timedelta(hours=1)
_QUIET_FOR = timedelta(days=9)
_SAMPLES = 12
"""Five-minute data: what EC2 publishes without detailed monitoring."""


@dataclass(frozen=True, slots=True)
class Series:
    """One metric of one thing, published from `since` until `until` (None: still).

    `level` is its usual value: of a gauge at any moment, of a counter in a whole hour; `wobble` how far it strays from
    there, as a share; `top` is what a gauge cannot pass.
    """

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    level: float
    since: datetime
    until: datetime | None = None
    counter: bool = False
    top: float = float("inf")
    wobble: float = 0.1

    def points(self, start: datetime, end: datetime, period: timedelta, stat: str) -> Iterator[tuple[datetime, float]]:
        """One point for each whole period between `start` and `end` in which it was published, oldest first."""
        first = max(start, self.since)
        last = end if self.until is None else min(end, self.until)
        at = start + ((first - start) // period) * period
        while at + period <= last:
            if at >= self.since:
                yield at, self._value(at, period, stat)
            at += period

    def _value(self, at: datetime, period: timedelta, stat: str) -> float:
        hours = max(1, period // _HOUR)
        values = [self._hour(at + _HOUR * index) for index in range(hours)]
        mean = sum(values) / hours
        share = period / _HOUR
        if self.counter:
            mean, total, samples = mean / 60, mean * share, 60 * share
        else:
            samples = _SAMPLES * share
            total = mean * samples
        match stat:
            case "Sum":
                return total
            case "SampleCount":
                return samples
            case "Average" | "p50":
                return mean
            case "Minimum":
                return mean * 0.9
            case _:  # Maximum and the upper percentiles
                return min(self.top, mean * 1.1)

    def _hour(self, at: datetime) -> float:
        """The level, a little off by what follows from the metric and the hour alone."""
        hour = int(at.replace(tzinfo=at.tzinfo or UTC).timestamp()) // 3600
        dice = zlib.crc32(f"{self.name}{self.dimensions}{hour}".encode()) / 2**32
        return min(self.top, self.level * (1 + self.wobble * (2 * dice - 1)))


def traffic(
    namespace: str, name: str, dimensions: tuple[tuple[str, str], ...], level: float, made: tuple[datetime, datetime]
) -> Series:
    """A counter that is published only while there is traffic, of something `made` then and looked at now.

    With a level of 0 the last traffic was nine days ago: CloudWatch still lists the metric (it does for two weeks),
    which is how silence can be told from a metric that never was.
    """
    since, now = made
    if level:
        return Series(namespace, name, dimensions, level, since, counter=True)
    return Series(namespace, name, dimensions, 2.0, since, until=now - _QUIET_FOR, counter=True)
