"""CloudWatch over computed series.

Moto walks all its data once for each period of each query, and knows no percentiles: a week by the hour of some
hundred metrics would take minutes. It answers SEARCH with nothing and Metrics Insights with a wrong number.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import CloudWatchBackend, MetricDatumBase

if TYPE_CHECKING:
    from finops_guard.sources.sandbox.metrics import Series

_PAGE = 500
_LISTED = timedelta(days=14)
"""ListMetrics forgets what has not been published for two weeks (the CloudWatch API reference)."""
_Answer = dict[str, Any]


class Metrics(CloudWatchBackend):
    """What it publishes is `series`, until `now`."""

    series: tuple[Series, ...] = ()
    now: datetime = datetime.max.replace(tzinfo=UTC)

    def list_metrics(
        self, next_token: str | None, namespace: str, metric_name: str, dimensions: list[dict[str, str]]
    ) -> tuple[str | None, list[MetricDatumBase]]:
        """The metrics that match, 500 a page as CloudWatch has it."""
        found = [
            MetricDatumBase(one.namespace, one.name, [{"Name": k, "Value": v} for k, v in one.dimensions], None)
            for one in self.series
            if (one.until is None or one.until > self.now - _LISTED)
            and namespace in (None, one.namespace)
            and metric_name in (None, one.name)
            and all(_has(one, want) for want in dimensions)
        ]
        start = int(next_token or 0)
        end = start + _PAGE
        return (str(end) if end < len(found) else None), found[start:end]

    def get_metric_data(
        self,
        queries: list[_Answer],
        start_time: datetime,
        end_time: datetime,
        scan_by: str = "TimestampAscending",
    ) -> list[_Answer]:
        """The points of each query; an expression is refused rather than answered wrongly."""
        known = {(one.namespace, one.name, frozenset(one.dimensions)): one for one in self.series}
        start, end = _aware(start_time), min(_aware(end_time), self.now)
        results = []
        for query in queries:
            if "MetricStat" not in query:
                raise ValidationError("The sandbox's CloudWatch evaluates no expressions.")
            stat, metric = query["MetricStat"], query["MetricStat"]["Metric"]
            dimensions = frozenset((each["Name"], each["Value"]) for each in metric.get("Dimensions") or [])
            one = known.get((metric["Namespace"], metric["MetricName"], dimensions))
            period = timedelta(seconds=int(stat["Period"]))
            points = list(one.points(start, end, period, stat["Stat"])) if one and start < end else []
            if scan_by == "TimestampDescending":
                points.reverse()
            results.append(
                {
                    "id": query["Id"],
                    "label": query.get("Label") or metric["MetricName"],
                    "timestamps": [at for at, _ in points],
                    "values": [value for _, value in points],
                    "status_code": "Complete",
                }
            )
        return results


def _has(one: Series, want: dict[str, str]) -> bool:
    return any(key == want["Name"] and want.get("Value") in (None, value) for key, value in one.dimensions)


def _aware(moment: datetime) -> datetime:
    """Moto hands over UTC without saying so."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).replace(microsecond=0)
