"""CloudWatch, asked with GetMetricData for one metric, a day a point: never SEARCH, never Metrics Insights.

With `by`, a dimension tells each key (`labels: {model-version: VariantName}`); ListMetrics says which values there are,
of what had data in the last two weeks. AWS publishes its own metrics only while there is traffic: a day without a point
is a day with none, if the metric has any point. What others publish may have failed: such a day is not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops_guard.costs.counts._counted import Asked, Counted, Tally, meaning, number, quiet_days
from finops_guard.errors import InputError, ScanError
from finops_guard.model import Calls

if TYPE_CHECKING:
    from datetime import date

PERMISSIONS = ("cloudwatch:GetMetricData", "cloudwatch:ListMetrics")
USD_PER_METRIC = Decimal("0.00001")
"""$0.01 per 1,000 metrics requested (FOCUS sample data 1.0, ChargeDescription, 2024-09)."""

_DAY = 86_400
_METRICS_A_CALL = 500
_STATISTICS = {"sum": "Sum", "mean": "Average", "max": "Maximum", "min": "Minimum", "count": "SampleCount"}
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
Dimensions = Mapping[str, str]


def count(asked: Asked) -> Counted:
    """The metric by day. ScanError where CloudWatch does not answer, InputError where asking would cost too much."""
    client = asked.reach.aws("cloudwatch", asked.text("region") or None)
    calls = asked.reach.notes.calls.setdefault("aws", Calls())
    sets = _sets(asked, client) if asked.by else [asked.texts("dimensions")]
    tally = Tally()
    for start in range(0, len(sets), _METRICS_A_CALL):
        _ask(asked, client, calls, sets[start : start + _METRICS_A_CALL], tally)
    remarks = quiet_days(asked, tally, "CloudWatch") if asked.text("namespace").startswith("AWS/") else ()
    metric = f"{asked.text('namespace')} {asked.text('metric')}"
    where = "".join(f", {name}={value}" for name, value in sorted(asked.texts("dimensions").items()))
    return Counted(
        tally.amounts,
        f"CloudWatch {metric}{where}, {_STATISTICS[asked.statistic]} of a UTC day{meaning('cloudwatch', metric)}",
        f"cloudwatch {asked.text('region') or 'in the region of the credentials'}",
        gauge=asked.gauge,
        estimated=bool(remarks),
        remarks=remarks,
    )


def _sets(asked: Asked, client: Any) -> list[Dimensions]:  # noqa: ANN401 # only boto3 knows
    """Every set of dimensions that has those of the policy and, besides, only what tells the keys."""
    fixed = asked.texts("dimensions")
    params = {
        "Namespace": asked.text("namespace"),
        "MetricName": asked.text("metric"),
        "Dimensions": [{"Name": name, "Value": value} for name, value in fixed.items()],
    }
    found: dict[tuple[tuple[str, str], ...], Dimensions] = {}
    for page in _pages(client, "list_metrics", params):
        for metric in page["Metrics"]:
            one = {str(part["Name"]): str(part["Value"]) for part in metric["Dimensions"]}
            told = {asked.label(key, one) for key in asked.by}
            if one.keys() == fixed.keys() | told and all(one[name] == value for name, value in fixed.items()):
                found[tuple(sorted(one.items()))] = one
    return [found[key] for key in sorted(found)] or [fixed]


def _ask(asked: Asked, client: Any, calls: Calls, sets: Sequence[Dimensions], tally: Tally) -> None:  # noqa: ANN401 # as above
    _afford(asked, calls, len(sets))
    params = {
        "MetricDataQueries": [_query(asked, f"q{at}", one) for at, one in enumerate(sets)],
        "StartTime": asked.start,
        "EndTime": asked.end,
        "ScanBy": "TimestampAscending",
    }
    status: dict[int, str] = {}
    for page in _pages(client, "get_metric_data", params):
        for result in page["MetricDataResults"]:
            at = int(result["Id"][1:])
            status[at] = str(result.get("StatusCode", "Complete"))
            for day, value in _points(result):
                tally.add(day, asked.key(sets[at]), value)
    for at in range(len(sets)):
        if status.get(at) != "Complete":
            raise ScanError(f"{status.get(at, 'no answer')} cloudwatch:GetMetricData")


def _afford(asked: Asked, calls: Calls, metrics: int) -> None:
    usd = metrics * USD_PER_METRIC
    if asked.reach.max_usd is not None and calls.usd + usd > asked.reach.max_usd:
        raise InputError(
            f"asking CloudWatch would cost more than {asked.reach.max_usd} USD", help="raise --max-api-cost"
        )
    calls.usd += usd


def _query(asked: Asked, name: str, dimensions: Dimensions) -> dict[str, object]:
    metric = {
        "Namespace": asked.text("namespace"),
        "MetricName": asked.text("metric"),
        "Dimensions": [{"Name": key, "Value": value} for key, value in sorted(dimensions.items())],
    }
    return {"Id": name, "MetricStat": {"Metric": metric, "Period": _DAY, "Stat": _STATISTICS[asked.statistic]}}


def _points(result: Mapping[str, Any]) -> Iterator[tuple[date, Decimal]]:
    for when, value in zip(result["Timestamps"], result["Values"], strict=True):
        yield when.astimezone(UTC).date(), number(value, "a point of CloudWatch")


def _pages(client: Any, operation: str, params: Mapping[str, object]) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 # as above
    from botocore.exceptions import BotoCoreError, ClientError

    action = f"cloudwatch:{''.join(word.title() for word in operation.split('_'))}"
    token: dict[str, str] = {}
    while True:
        try:
            page = getattr(client, operation)(**params, **token)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "unknown error"))
            raise ScanError(f"{'AccessDenied' if code in _DENIED else code} {action}") from None
        except BotoCoreError as error:
            raise ScanError(f"{type(error).__name__} {action}") from None
        yield page
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}
