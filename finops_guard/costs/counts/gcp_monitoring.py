"""Google Cloud Monitoring: one metric of a project, a day a point (API v3, projects.timeSeries.list).

`dimensions` filter by label (`metric.labels.x`, `resource.labels.y`), and a label tells each key of `by`
(`labels: {model-version: resource.labels.deployed_model_id}`). A day without a point had no traffic, if the metric has
any point at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from finops_guard.costs import endpoints
from finops_guard.costs.counts._counted import Asked, Counted, Tally, meaning, number, quiet_days
from finops_guard.costs.web import Site
from finops_guard.errors import InputError, ScanError

PERMISSIONS = ("monitoring.timeSeries.list",)

_SCOPE = "https://www.googleapis.com/auth/monitoring.read"
_ALIGNERS = {"sum": "DELTA", "mean": "MEAN", "max": "MAX", "min": "MIN", "count": "COUNT"}
_REDUCERS = {"sum": "SUM", "mean": "MEAN", "max": "MAX", "min": "MIN", "count": "SUM"}
_PAGES = 1000
_INSTANT = timedelta(microseconds=1)


def count(asked: Asked) -> Counted:
    """The metric by day. ScanError where Google does not answer as it does."""
    there = endpoints.gcp(asked.reach, "monitoring.googleapis.com", _SCOPE)
    metric, tally = asked.text("metric"), Tally()
    for series in _series(asked, there):
        labels = _labels(series)
        for day, value in _points(series, there):
            if asked.first <= day <= asked.last:
                tally.add(day, asked.key(labels), value)
    remarks = quiet_days(asked, tally, "Cloud Monitoring")
    return Counted(
        tally.amounts,
        f"Cloud Monitoring {metric}, {_ALIGNERS[asked.statistic]} of a UTC day{meaning('gcp-monitoring', metric)}",
        f"gcp-monitoring {asked.text('project')}",
        gauge=asked.gauge,
        estimated=bool(remarks),
        remarks=remarks,
    )


def _series(asked: Asked, there: Site) -> Iterator[Any]:
    query = [
        ("filter", " AND ".join(_filters(asked))),
        ("interval.startTime", f"{asked.start:%Y-%m-%dT%H:%M:%SZ}"),
        ("interval.endTime", f"{asked.end:%Y-%m-%dT%H:%M:%SZ}"),
        ("aggregation.alignmentPeriod", "86400s"),
        ("aggregation.perSeriesAligner", f"ALIGN_{_ALIGNERS[asked.statistic]}"),
        ("aggregation.crossSeriesReducer", f"REDUCE_{_REDUCERS[asked.statistic]}"),
        *(("aggregation.groupByFields", name) for name in asked.texts("labels").values()),
    ]
    token: list[tuple[str, str]] = []
    for _ in range(_PAGES):
        answer = there.get(f"/v3/projects/{quote(asked.text('project'), safe='')}/timeSeries", [*query, *token])
        if not isinstance(answer, dict) or not isinstance(answer.get("timeSeries", []), list):
            raise _strange(there)
        yield from answer.get("timeSeries", [])
        if not answer.get("nextPageToken"):
            return
        token = [("pageToken", str(answer["nextPageToken"]))]
    raise ScanError(f"{there.said} answers without an end")


def _filters(asked: Asked) -> Iterator[str]:
    for name, value in (("metric.type", asked.text("metric")), *asked.texts("dimensions").items()):
        if '"' in value or "\\" in value:
            raise InputError(f"'{value}' cannot be asked of Cloud Monitoring", help="leave out quotes and backslashes")
        yield f'{name} = "{value}"'


def _labels(series: Any) -> dict[str, str]:  # noqa: ANN401 # a parsing border
    """Labels by the names that `groupByFields` has for them, and by their own."""
    found: dict[str, str] = {}
    for space in ("resource", "metric"):
        labels = (series.get(space) or {}).get("labels") or {}
        for name, value in labels.items():
            found[name] = found[f"{space}.labels.{name}"] = found[f"{space}.label.{name}"] = str(value)
    return found


def _points(series: Any, there: Site) -> Iterator[tuple[date, Decimal]]:  # noqa: ANN401 # as above
    try:
        for point in series["points"]:
            # A day ends at the next midnight; a point may end a moment before it.
            when = datetime.fromisoformat(point["interval"]["endTime"]).astimezone(UTC) - _INSTANT
            yield when.date(), _value(point["value"])
    except (TypeError, KeyError, ValueError, AttributeError):
        raise _strange(there) from None


def _value(value: Mapping[str, Any]) -> Decimal:
    """int64Value is text in JSON; of a distribution, the sum of what it holds."""
    if "int64Value" in value:
        return number(int(value["int64Value"]), "a point of Cloud Monitoring")
    if "distributionValue" in value:
        spread = value["distributionValue"]
        return number(int(spread["count"]), "a point") * number(spread.get("mean", 0), "a point of Cloud Monitoring")
    return number(value["doubleValue"], "a point of Cloud Monitoring")


def _strange(there: Site) -> ScanError:
    return ScanError(f"{there.said} did not answer as Cloud Monitoring does")
