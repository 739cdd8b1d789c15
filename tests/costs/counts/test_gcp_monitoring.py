from __future__ import annotations

import sys
from decimal import Decimal
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from finops_guard.costs import endpoints
from finops_guard.costs.counts import Asked, counted
from finops_guard.errors import InputError, ScanError
from tests.costs.answering import Answer, answering
from tests.costs.answering import Asked as Request
from tests.costs.counts.asking import asked, told

METRIC = "aiplatform.googleapis.com/prediction/online/prediction_count"
SPLIT = {"labels": {"model-version": "resource.labels.deployed_model_id"}}


def point(day: int, value: dict[str, object]) -> dict[str, object]:
    interval = {"startTime": f"2026-11-{day:02}T00:00:00Z", "endTime": f"2026-11-{day + 1:02}T00:00:00Z"}
    return {"interval": interval, "value": value}


def google(request: Request) -> Answer:
    """projects.timeSeries.list: aligned to days, newest first, one series a page."""
    where = urlsplit(request.path)
    query = parse_qs(where.query)
    assert where.path == "/v3/projects/acme-ai/timeSeries"
    assert query["filter"] == [f'metric.type = "{METRIC}" AND resource.labels.endpoint_id = "42"']
    assert query["interval.startTime"] == ["2026-11-01T00:00:00Z"]
    assert query["interval.endTime"] == ["2026-11-06T00:00:00Z"]
    assert query["aggregation.alignmentPeriod"] == ["86400s"]
    assert query["aggregation.perSeriesAligner"] == ["ALIGN_DELTA"]
    assert query["aggregation.crossSeriesReducer"] == ["REDUCE_SUM"]
    assert query["aggregation.groupByFields"] == ["resource.labels.deployed_model_id"]
    if "pageToken" not in query:
        first = {
            "metric": {"labels": {}},
            "resource": {"labels": {"deployed_model_id": "m1"}},
            "points": [point(5, {"int64Value": "9007199254740993"}), point(1, {"int64Value": "3"})],
        }
        return 200, {}, {"timeSeries": [first], "nextPageToken": "more"}
    second = {
        "resource": {"labels": {"deployed_model_id": "m2"}},
        "points": [point(1, {"doubleValue": 0.5}), point(2, {"distributionValue": {"count": "4", "mean": 2.5}})],
    }
    return 200, {}, {"timeSeries": [second]}


def asking(url: str, **more: Any) -> Asked:
    settings = {"project": "acme-ai", "metric": METRIC, "dimensions": {"resource.labels.endpoint_id": "42"}}
    settings |= {**SPLIT, **more.pop("settings", {})}
    environ = {"FINOPS_GUARD_GCP_ENDPOINT": url}
    return asked("gcp-monitoring", settings, by=("model-version",), environ=environ, **more)


def test_a_day_a_point_whatever_its_type_to_the_last_digit() -> None:
    with answering(google) as here:
        found = counted(asking(here.url))
    assert told(found) == {
        1: {("m1",): Decimal(3), ("m2",): Decimal("0.5")},
        2: {("m2",): Decimal(10)},
        3: {},
        4: {},
        5: {("m1",): Decimal(9007199254740993)},
    }
    assert found.remarks == ("on 2 days Cloud Monitoring has no point: they count as 0",)
    assert "online predictions" in found.definition
    assert "Authorization" not in here.asked[0].headers


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((200, {}, {"timeSeries": 1}), "did not answer as Cloud Monitoring does"),
        ((200, {}, {"timeSeries": [{"points": [{"value": {"int64Value": "1"}}]}]}), "did not answer as"),
        ((200, {}, {"timeSeries": [{"points": [point(1, {"stringValue": "x"})]}]}), "did not answer as"),
        ((403, {}, {"error": {"status": "PERMISSION_DENIED", "message": "x"}}), "answered 403 PERMISSION_DENIED"),
        ((200, {}, {"nextPageToken": "again"}), "without an end"),
    ],
)
def test_another_answer_is_an_error_and_no_zero(answer: Answer, says: str) -> None:
    with answering(lambda _: answer) as here, pytest.raises(ScanError, match=says):
        counted(asking(here.url))


def test_a_filter_cannot_be_broken_out_of() -> None:
    dimensions = {"resource.labels.endpoint_id": '42" OR metric.type = "x'}
    with pytest.raises(InputError, match="cannot be asked of Cloud Monitoring"):
        counted(asking("http://127.0.0.1:9", settings={"dimensions": dimensions}))


def test_without_the_package_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("google", "google.auth"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match="asking GCP needs the package google") as wrong:
        counted(asking("https://monitoring.example"))
    assert wrong.value.help == "pip install 'finops-guard-engine[gcp]'"


def test_elsewhere_a_token_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    class Credentials:
        token = ""

        def refresh(self, request: object) -> None:
            assert isinstance(request, Transport)
            self.token = "t0ken"

    class Transport:
        pass

    names = (
        "google",
        "google.auth",
        "google.auth.exceptions",
        "google.auth.transport",
        "google.auth.transport.requests",
    )
    made = {name: ModuleType(name) for name in names}
    for name, module in made.items():
        monkeypatch.setitem(sys.modules, name, module)
    made["google"].auth = made["google.auth"]  # type: ignore[attr-defined] # made up here
    made["google.auth"].default = lambda scopes: (Credentials(), scopes)  # type: ignore[attr-defined] # as above
    made["google.auth.exceptions"].GoogleAuthError = ValueError  # type: ignore[attr-defined] # as above
    made["google.auth.transport.requests"].Request = Transport  # type: ignore[attr-defined] # as above
    site = endpoints.gcp(asking("https://monitoring.example").reach, "monitoring.googleapis.com")
    assert site.headers == {"Authorization": "Bearer t0ken"}
