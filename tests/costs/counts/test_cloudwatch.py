from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from finops_guard.costs.counts import Asked, cloudwatch, counted
from finops_guard.costs.reach import Reach
from finops_guard.errors import InputError, ScanError
from tests.costs.counts.asking import asked, told

SETTINGS: dict[str, object] = {"namespace": "AWS/Bedrock", "metric": "Invocations", "region": "eu-west-1"}
SPLIT = {"labels": {"model-version": "ModelId"}}


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield


def client(service: str, region: str | None) -> Any:
    return boto3.client(service, region_name=region)


def published(day: int, value: float, *, namespace: str = "AWS/Bedrock", hour: int = 12, **dimensions: str) -> None:
    datum = {
        "MetricName": "Invocations",
        "Dimensions": [{"Name": name, "Value": one} for name, one in dimensions.items()],
        "Timestamp": datetime(2026, 11, day, hour, tzinfo=UTC),
        "Value": value,
    }
    client("cloudwatch", "eu-west-1").put_metric_data(Namespace=namespace, MetricData=[datum])


def asking(**more: Any) -> Asked:
    settings = {**SETTINGS, **more.pop("settings", {})}
    return asked("cloudwatch", settings, aws=client, **more)


def test_points_are_added_up_by_utc_day_and_silence_of_aws_is_nothing() -> None:
    published(1, 10, hour=0)
    published(1, 5, hour=23)
    published(4, 2)
    published(6, 99)
    question = asking()
    found = counted(question)
    assert told(found) == {1: {(): Decimal(15)}, 2: {}, 3: {}, 4: {(): Decimal(2)}, 5: {}}
    assert found.estimated
    assert found.remarks == ("on 3 days CloudWatch has no point: they count as 0",)
    assert "documentation" in found.definition  # what AWS says that it counts, which changed
    assert question.reach.notes.calls["aws"].usd == Decimal("0.00001")


def test_silence_of_others_is_not_known() -> None:
    published(1, 10, namespace="Bot")
    assert told(counted(asking(settings={"namespace": "Bot"}))) == {1: {(): Decimal(10)}}


def test_a_metric_that_nobody_publishes_counts_nothing_at_all() -> None:
    assert told(counted(asking())) == {}


def test_a_dimension_tells_the_key() -> None:
    published(1, 10, ModelId="a")
    published(1, 3, ModelId="b")
    published(2, 7, ModelId="b")
    published(1, 1000, ModelId="a", Region="x")  # another set: it would count twice
    published(1, 1000)
    found = counted(asking(by=("model-version",), settings=SPLIT))
    assert told(found)[1] == {("a",): Decimal(10), ("b",): Decimal(3)}
    assert told(found)[2] == {("b",): Decimal(7)}


def test_dimensions_of_the_policy_select(monkeypatch: pytest.MonkeyPatch) -> None:
    published(1, 10, ModelId="a", Project="bot")
    published(1, 3, ModelId="b", Project="bot")
    published(1, 500, ModelId="a", Project="other")
    monkeypatch.setattr(cloudwatch, "_METRICS_A_CALL", 1)  # two calls
    found = counted(asking(by=("model-version",), settings={**SPLIT, "dimensions": {"Project": "bot"}}))
    assert told(found)[1] == {("a",): Decimal(10), ("b",): Decimal(3)}


def test_a_level_is_no_sum() -> None:
    published(1, 10, hour=3)
    published(1, 20, hour=9)
    found = counted(asking(settings={"statistic": "mean"}))
    assert told(found) == {1: {(): Decimal(15)}}
    assert found.gauge
    assert not found.remarks


def test_asking_costs_no_more_than_allowed() -> None:
    question = asking()
    reach = Reach(
        question.reach.now, question.reach.folder, question.reach.cache, aws=client, max_usd=Decimal("0.000001")
    )
    question = Asked(question.count, question.first, question.last, (), reach)
    with pytest.raises(InputError, match="would cost more"):
        counted(question)


class Refusing:
    def get_metric_data(self, **_: object) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "arn:aws:iam::1:user/secret"}}, "GetMetricData")


class Partial:
    def get_metric_data(self, **_: object) -> Any:
        return {"MetricDataResults": [{"Id": "q0", "StatusCode": "InternalError", "Timestamps": [], "Values": []}]}


@pytest.mark.parametrize(
    ("answering", "says"),
    [(Refusing(), "AccessDenied cloudwatch:GetMetricData"), (Partial(), "InternalError cloudwatch:GetMetricData")],
)
def test_no_answer_is_an_error_and_no_zero(answering: Any, says: str) -> None:
    with pytest.raises(ScanError) as wrong:
        counted(asked("cloudwatch", SETTINGS, aws=lambda _service, _region: answering))
    assert wrong.value.what == says
