"""What CloudWatch can say: which metric answers which field of which type, and how far back to ask.

The answers are data, `data/cloudwatch.tsv`; metric names, dimensions and statistics are those of AWS's own pages.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from finops_guard.costs.tables import rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from finops_guard.model import Resource

HOUR, FIVE_MINUTES = 3600, 300
HOST = "/*"
OTHERS = "*"


@dataclass(frozen=True, slots=True)
class Measure:
    """How CloudWatch answers one field of one type.

    `parts` are summed, or the first divided by the second as a percentage (`ratio`). With one dimension it is the
    resource's key; with more, or others (`*`), ListMetrics says which sets exist, and they are averaged or summed
    (`across`). `share`: the value is a sum over the machine's accelerators or vcpus, or there is a set for `each`.
    """

    when: str
    namespace: str
    parts: tuple[str, ...]
    ratio: bool
    stat: str
    dimensions: tuple[str, ...]
    key: str
    across: str
    share: str
    zero: bool

    @property
    def listed(self) -> bool:
        """Whether only ListMetrics knows the dimensions."""
        return len(self.dimensions) > 1 or self.dimensions[0].endswith(HOST)

    def of(self, resource: Resource) -> str:
        """The value of the first dimension for a resource: its name, or its ARN's last part."""
        if self.key == "name":
            return resource.text("name")
        own = resource.id.split(":", 5)[-1]
        return own.partition("/")[2] or own.rpartition(":")[2]


class Span(NamedTuple):
    """How far back, in `points` of `step` seconds."""

    step: int
    points: int

    def end(self, now: datetime) -> datetime:
        """The end of the last whole step: periods begin at multiples of it, and the running one has no value."""
        seconds = int(now.timestamp())
        return datetime.fromtimestamp(seconds - seconds % self.step, UTC)

    def start(self, now: datetime) -> datetime:
        """Where the first point begins."""
        return self.end(now) - timedelta(seconds=self.step * self.points)


@cache
def _measures() -> Mapping[tuple[str, str], tuple[Measure, ...]]:
    found: dict[tuple[str, str], tuple[Measure, ...]] = {}
    for row in rows("cloudwatch"):
        ratio = "/" in row["metrics"]
        one = Measure(
            when=row["when"],
            namespace=row["namespace"],
            parts=tuple(row["metrics"].split("/" if ratio else "+")),
            ratio=ratio,
            stat=row["stat"],
            dimensions=tuple(row["dimensions"].split(",")),
            key=row["key"],
            across=row["across"],
            share=row["share"],
            zero=row["absent"] == "zero",
        )
        place = row["type"], row["field"]
        found[place] = (*found.get(place, ()), one)
    return found


def spans(metrics: Iterable[tuple[str, int]]) -> dict[str, Span]:
    """Field -> the shortest span that covers the longest `over` asked for it, in hours.

    Where an `over` is shorter than an hour the points are five minutes apart, as EC2 publishes without extra charge.
    """
    overs: dict[str, list[int]] = defaultdict(list)
    for name, over in metrics:
        overs[name].append(over)
    steps = {name: HOUR if min(some) >= HOUR else FIVE_MINUTES for name, some in overs.items()}
    return {name: Span(steps[name], -(-max(some) // steps[name])) for name, some in overs.items()}


def measure_of(resource: Resource, name: str) -> Measure | None:
    """How CloudWatch answers a field of a resource; None where it does not."""
    # Load balancers of three kinds are one type: how the key begins tells them apart.
    known = _measures().get((resource.text("type"), name), ())
    return next((one for one in known if one.of(resource).startswith(one.when)), None)
