"""Utilisation from CloudWatch, asked with GetMetricData for named metrics: never SEARCH, never Metrics Insights.

Which metric answers which field is `data/cloudwatch.tsv`. No data is not idle: what nobody measured is unknown. A
missing point counts as 0 only where AWS publishes the metric while there is traffic, and the metric exists.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from finops_guard.costs.accelerators import accelerator
from finops_guard.costs.tables import vcpus
from finops_guard.model import Series, Unknown
from finops_guard.sources.aws._errors import Unreadable
from finops_guard.sources.aws._measures import HOST, OTHERS, measure_of, spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from finops_guard.model import Need, Resource
    from finops_guard.sources.aws._measures import Measure, Span

PERMISSIONS = ("cloudwatch:GetMetricData", "cloudwatch:ListMetrics")
USD_PER_METRIC = Decimal("0.00001")
"""$0.01 per 1,000 metrics requested (FOCUS sample data 1.0, ChargeDescription, 2024-09)."""

_METRICS_A_CALL = 500
_POINTS_A_CALL = 100_800
"""GetMetricData's own limits; with the second one kept, an answer seldom has a second page."""

Dimensions = tuple[tuple[str, str], ...]


class Asks(Protocol):
    """What of a cell is used here."""

    @property
    def need(self) -> Need:
        """What the rules can reach."""

    @property
    def now(self) -> datetime:
        """The run's time."""

    def pages(
        self,
        operation: str,
        key: str,
        *,
        client: str = "",
        region: str = "",
        **params: Any,  # noqa: ANN401 - as the SDK takes them
    ) -> Iterator[list[Any]]:
        """The list under `key` of each page; Unreadable when there is no usable answer."""

    def gap(self, reason: str) -> None:
        """Note that the cell could not be read whole."""


@dataclass(slots=True)
class Job:
    """One field of one resource: the sets to ask for, and what came, by set, part and slot of the span.

    `exists`: there were no points, but the metric is known to exist.
    """

    resource: Resource
    name: str
    measure: Measure
    span: Span
    divisor: int = 1
    sets: list[Dimensions] = field(default_factory=list)
    exists: bool = False
    failed: str | None = None
    came: dict[tuple[Dimensions, str], dict[int, float]] = field(default_factory=lambda: defaultdict(dict))

    def fail(self, reason: str) -> None:
        """Keep the first reason why the field is unknown."""
        self.failed = self.failed or reason


class Meter:
    """Measures the resources of one cell, batch after batch; what exists to be measured is listed once."""

    def __init__(self, cell: Asks) -> None:
        self._cell = cell
        self._listing = _Listing(cell)

    def measure(self, resources: Sequence[Resource]) -> Decimal:
        """Fill the usage fields that `cell.need.metrics` asks for: a Series, or the reason why it is unknown.

        A request that fails is a gap of the cell, and its fields are unknown. Returns what asking cost, in USD.
        """
        jobs = [job for resource in resources for job in _jobs(self._cell, resource)]
        for job in jobs:
            _find(job, self._listing)
        asked = _ask(self._cell, [job for job in jobs if job.failed is None])
        for job in jobs:
            _settle(job, self._cell.now, self._listing)
        return asked * USD_PER_METRIC


def _jobs(cell: Asks, resource: Resource) -> Iterator[Job]:
    for name, span in sorted(spans(cell.need.metrics).items()):
        how = measure_of(resource, name)
        if name.startswith("usage.accelerator") and resource.fields.get("accelerators.count") == 0:
            resource.fields[name] = None  # nothing there to be used: a fact, not a lack of data
        elif how is None:
            resource.unknown[name] = f"CloudWatch does not measure it for {resource.text('type')}"
        else:
            yield Job(resource, name, how, span)


class _Listing:
    """Which dimension sets exist, by the value of the first one: ListMetrics, once for each metric.

    It knows what had data in the last two weeks.
    """

    def __init__(self, cell: Asks) -> None:
        self._cell = cell
        self._known: dict[tuple[str, str], Mapping[str, list[Dimensions]] | Unknown] = {}

    def of(self, how: Measure) -> Mapping[str, list[Dimensions]] | Unknown:
        place = how.namespace, how.parts[0]
        if place not in self._known:
            self._known[place] = self._read(how)
        return self._known[place]

    def _read(self, how: Measure) -> Mapping[str, list[Dimensions]] | Unknown:
        first = how.dimensions[0].removesuffix(HOST)
        names = {first, *how.dimensions[1:]} - {OTHERS}
        found: dict[str, dict[Dimensions, None]] = defaultdict(dict)
        asked = {"Namespace": how.namespace, "MetricName": how.parts[0]}
        pages = self._cell.pages("ListMetrics", "Metrics", client="cloudwatch", **asked)
        try:
            for page in pages:
                for metric in page:
                    one = {str(part["Name"]): str(part["Value"]) for part in metric["Dimensions"]}
                    if one.keys() == names or (OTHERS in how.dimensions and names <= one.keys()):
                        key = one[first]
                        host = key.partition("/")[0] if how.dimensions[0].endswith(HOST) else key
                        found[host][tuple(sorted(one.items()))] = None
        except Unreadable as error:
            self._cell.gap(error.reason)
            return Unknown(error.reason)
        return {host: list(sets) for host, sets in found.items()}


def _find(job: Job, listing: _Listing) -> None:
    """The dimension sets of a job, and what its values have to be divided by."""
    how = job.measure
    if how.share in {"accelerators", "vcpus"}:
        divisor = _accelerators(job.resource) if how.share == "accelerators" else _vcpus(job.resource)
        if not divisor:
            # SageMaker adds up what every core and every accelerator of an instance does: 8 GPUs go to 800 %.
            job.fail(f"CloudWatch gives a sum over the machine's {how.share}, whose number is not known")
            return
        job.divisor = divisor
    key = how.of(job.resource)
    if not how.listed:
        job.sets = [((how.dimensions[0], key),)]
        return
    found = listing.of(how)
    if isinstance(found, Unknown):
        job.fail(found.reason)
        return
    sets = found.get(key, [])
    # An agent may publish totals beside the parts: the sets with most dimensions are the parts.
    job.sets = [one for one in sets if len(one) == max(map(len, sets))]


def _ask(cell: Asks, jobs: Sequence[Job]) -> int:
    """Send the queries of all jobs, as few calls as the limits allow; returns how many metrics were asked for."""
    by_span: dict[Span, list[tuple[Job, Dimensions, str]]] = defaultdict(list)
    for job in jobs:
        by_span[job.span] += [(job, one, part) for one in job.sets for part in job.measure.parts]
    asked = 0
    hopeless: Unreadable | None = None
    for span, queries in sorted(by_span.items()):
        size = max(1, min(_METRICS_A_CALL, _POINTS_A_CALL // span.points))
        for start in range(0, len(queries), size):
            some = queries[start : start + size]
            try:
                if hopeless is not None:
                    raise hopeless
                _call(cell, span, some)
                asked += len(some)
            except Unreadable as error:
                hopeless = error if error.denied else None
                cell.gap(error.reason)
                for job, _, _ in some:
                    job.fail(error.reason)
    return asked


def _call(cell: Asks, span: Span, queries: Sequence[tuple[Job, Dimensions, str]]) -> None:
    start = span.start(cell.now)
    status: dict[int, str] = {}
    pages = cell.pages(
        "GetMetricData",
        "MetricDataResults",
        client="cloudwatch",
        MetricDataQueries=[_query(f"q{at}", span, *query) for at, query in enumerate(queries)],
        StartTime=start,
        EndTime=span.end(cell.now),
        ScanBy="TimestampAscending",
    )
    for page in pages:
        for result in page:
            at = int(result["Id"][1:])
            job, one, part = queries[at]
            status[at] = str(result.get("StatusCode", "Complete"))
            for when, value in zip(result["Timestamps"], result["Values"], strict=True):
                slot = int((when - start).total_seconds()) // span.step
                if 0 <= slot < span.points:
                    job.came[one, part][slot] = float(value)
    for at, query in enumerate(queries):
        if status.get(at) != "Complete":
            reason = f"{status.get(at, 'no answer')} cloudwatch:GetMetricData"
            cell.gap(reason)
            query[0].fail(reason)


def _query(name: str, span: Span, job: Job, one: Dimensions, part: str) -> dict[str, object]:
    metric = {
        "Namespace": job.measure.namespace,
        "MetricName": part,
        "Dimensions": [{"Name": key, "Value": value} for key, value in one],
    }
    return {"Id": name, "MetricStat": {"Metric": metric, "Period": span.step, "Stat": job.measure.stat}}


def _settle(job: Job, now: datetime, listing: _Listing) -> None:
    """Write the field's Series, or why it is unknown."""
    how, resource = job.measure, job.resource
    if how.zero and not job.came and not job.exists and job.failed is None:
        found = listing.of(how)
        if isinstance(found, Unknown):
            job.fail(found.reason)
        else:
            job.exists = how.of(resource) in found
    by_set = [points for points in (_points(job, one, now) for one in job.sets) if points]
    if not by_set:
        job.fail(_silence(job))
    expected = _accelerators(resource) if how.share == "each" else None
    if expected and len(by_set) < expected and any(name == "index" for one in job.sets for name, _ in one):
        job.fail(f"{len(by_set)} of {expected} accelerators report to CloudWatch")
    if job.failed is not None:
        resource.fields.pop(job.name, None)
        resource.unknown[job.name] = job.failed
        return
    weight = job.divisor * (len(by_set) if how.across == "mean" else 1)
    # One silent set leaves the point open: seven idle GPUs say nothing about the eighth.
    points = tuple(
        sum(points[slot] for points in by_set) / weight if all(slot in points for points in by_set) else None
        for slot in range(job.span.points)
    )
    resource.fields[job.name] = Series(job.span.end(now), job.span.step, points)
    resource.unknown.pop(job.name, None)


def _points(job: Job, one: Dimensions, now: datetime) -> dict[int, float]:
    """Slot -> value of one dimension set, its parts combined."""
    how, span = job.measure, job.span
    parts = [job.came.get((one, part), {}) for part in how.parts]
    slots = set[int]().union(*parts)
    if how.zero and (slots or job.exists):
        created = job.resource.fields.get("created")
        born = (created - span.start(now)).total_seconds() // span.step if isinstance(created, datetime) else 0
        return {slot: sum(part.get(slot, 0.0) for part in parts) for slot in range(max(0, int(born)), span.points)}
    whole = [slot for slot in slots if all(slot in part for part in parts)]
    if how.ratio:
        used, total = parts
        return {slot: 100 * used[slot] / total[slot] for slot in whole if total[slot]}
    return {slot: sum(part[slot] for part in parts) for slot in whole}


def _silence(job: Job) -> str:
    state = job.resource.text("state")
    if state not in {"", "running"}:
        return f"no CloudWatch data; it is {state}"
    if job.measure.namespace == "CWAgent":
        return "no CloudWatch data; is the agent installed, and does it add the InstanceId?"
    return "no CloudWatch data"


def _accelerators(resource: Resource) -> int | None:
    """Accelerators of one machine; the field counts those of all instances."""
    known = accelerator("aws", str(resource.facts.get("instance_type", "")))
    if known is not None:
        return known.count
    count, machines = resource.fields.get("accelerators.count"), resource.facts.get("instances", 1)
    if isinstance(count, int) and isinstance(machines, int) and machines > 0 and count % machines == 0:
        return count // machines
    return None


def _vcpus(resource: Resource) -> int | None:
    count = resource.facts.get("vcpus")
    return count if isinstance(count, int) else vcpus("aws", str(resource.facts.get("instance_type", "")))
