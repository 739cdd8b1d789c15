"""Azure Monitor: one platform metric of a resource, a day a point (Metrics - List, api-version 2023-10-01).

A dimension tells each key of `by` (`labels: {model-version: ModelDeploymentName}`). Azure keeps 93 days. A day without
a value had no traffic, if the metric has any value at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from finops_guard.costs import endpoints
from finops_guard.costs.counts._counted import Asked, Counted, Tally, meaning, number, quiet_days
from finops_guard.costs.web import Site
from finops_guard.errors import ScanError

PERMISSIONS = ("Microsoft.Insights/metrics/read",)

_VERSION = "2023-10-01"
_SERIES = "1000"
_AGGREGATIONS = {"sum": "Total", "mean": "Average", "max": "Maximum", "min": "Minimum", "count": "Count"}


def count(asked: Asked) -> Counted:
    """The metric by day. ScanError where Azure does not answer as it does."""
    there, resource = endpoints.azure(asked.reach), asked.text("resource").strip("/")
    aggregation = _AGGREGATIONS[asked.statistic]
    query = [
        ("api-version", _VERSION),
        ("metricnames", asked.text("metric")),
        ("timespan", f"{asked.start:%Y-%m-%dT%H:%M:%SZ}/{asked.end:%Y-%m-%dT%H:%M:%SZ}"),
        ("interval", "P1D"),
        ("aggregation", aggregation),
    ]
    if wanted := " and ".join(_filters(asked)):
        query += [("$filter", wanted), ("top", _SERIES)]
    answer = there.get(f"/{quote(resource)}/providers/Microsoft.Insights/metrics", query)
    tally = Tally()
    for labels, day, value in _points(answer, there, aggregation.lower()):
        if asked.first <= day <= asked.last:
            tally.add(day, asked.key(labels), value)
    remarks = quiet_days(asked, tally, "Azure Monitor")
    named = f"{_type(resource)} {asked.text('metric')}"
    return Counted(
        tally.amounts,
        f"Azure Monitor {named}, {aggregation} of a UTC day{meaning('azure-monitor', named)}",
        f"azure-monitor {resource.rpartition('/')[2]}",
        gauge=asked.gauge,
        estimated=bool(remarks),
        remarks=remarks,
    )


def _filters(asked: Asked) -> Iterator[str]:
    """OData: dimensions of the policy with their value, those that tell a key with every value."""
    fixed = asked.texts("dimensions")
    for name, value in fixed.items():
        yield f"{name} eq '{value.replace(chr(39), chr(39) * 2)}'"
    labels = asked.texts("labels")
    for name in labels.values():
        if name not in fixed:
            yield f"{name} eq '*'"


def _points(answer: Any, there: Site, aggregation: str) -> Iterator[tuple[Mapping[str, str], date, Decimal]]:  # noqa: ANN401 # a parsing border
    try:
        for metric in answer["value"]:
            if metric.get("errorCode", "Success") != "Success":
                raise ScanError(f"Azure Monitor answers {metric['errorCode']}")
            for series in metric["timeseries"]:
                labels = {str(each["name"]["value"]): str(each["value"]) for each in series.get("metadatavalues", [])}
                for point in series["data"]:
                    if point.get(aggregation) is not None:
                        when = datetime.fromisoformat(point["timeStamp"]).astimezone(UTC)
                        yield labels, when.date(), number(point[aggregation], "a value of Azure Monitor")
    except (TypeError, KeyError, ValueError, AttributeError):
        raise ScanError(f"{there.said} did not answer as Azure Monitor does") from None


def _type(resource: str) -> str:
    """The resource's type: what stands behind `providers` without the names."""
    provider, *rest = resource.rpartition("providers/")[2].split("/")
    return "/".join([provider, *rest[::2]])
