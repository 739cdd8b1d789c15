from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from finops_guard.model import Notes
from finops_guard.sources import aws

if TYPE_CHECKING:
    from tests.sources.aws.cloud import Cloud


def test_clients_read_where_they_are_told_and_count_what_they_send(cloud: Cloud) -> None:
    notes = Notes()
    with aws.reading(notes) as client:
        here = client("cloudwatch", "eu-central-1")
        assert here is client("cloudwatch", "eu-central-1")
        assert cast("Any", here).list_metrics()["Metrics"] == []
        assert client("cloudwatch", None).meta.region_name == "eu-west-1"  # where the environment points
    assert [(operation, region) for _, operation, region in cloud.asked] == [("ListMetrics", "eu-central-1")]
    assert notes.calls["aws"].requests == 1


def test_what_writes_is_not_sent(cloud: Cloud) -> None:
    with aws.reading(Notes()) as client, pytest.raises(RuntimeError, match="PutMetricData writes"):
        client("cloudwatch", None).put_metric_data(Namespace="x", MetricData=[])  # type: ignore[attr-defined] # botocore's own
    assert cloud.asked == []
