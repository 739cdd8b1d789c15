from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sources.sandbox.conftest import NOW, Cloud

HOUR = timedelta(hours=1)


def gpu(name: str) -> dict[str, Any]:
    dimensions = [{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "AllTraffic"}]
    return {"Namespace": "/aws/sagemaker/Endpoints", "MetricName": "GPUUtilization", "Dimensions": dimensions}


def measured(watch: Any, metric: dict[str, Any], stat: str = "Average", days: int = 7) -> list[float]:
    answer = watch.get_metric_data(
        MetricDataQueries=[{"Id": "q", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": stat}}],
        StartTime=NOW - timedelta(days=days),
        EndTime=NOW,
    )["MetricDataResults"]
    assert [one["StatusCode"] for one in answer] == ["Complete"]
    values: list[float] = answer[0]["Values"]
    return values


def test_busy_idle_and_silent_endpoints(cloud: Cloud, account: Callable[[str], str]) -> None:
    west = cloud.client("cloudwatch", account("serving"), "eu-west-1")
    busy, idle = measured(west, gpu("dijkscan-live-01")), measured(west, gpu("kasoogst-demo-01"))
    assert len(busy) == len(idle) == 7 * 24
    assert min(busy) > 50
    assert max(idle) == 0
    central = cloud.client("cloudwatch", account("serving"), "eu-central-1")
    assert not measured(central, gpu("waterstand-oud-01"))
    assert not central.list_metrics(Dimensions=[{"Name": "EndpointName", "Value": "waterstand-oud-01"}])["Metrics"]


def test_silence_is_known_where_there_was_traffic(cloud: Cloud, account: Callable[[str], str]) -> None:
    watch = cloud.client("cloudwatch", account("serving"), "eu-west-1")
    invocations = gpu("kasoogst-demo-01") | {"Namespace": "AWS/SageMaker", "MetricName": "Invocations"}
    assert not measured(watch, invocations, "Sum")
    assert measured(watch, invocations, "Sum", days=14)
    listed = watch.list_metrics(Namespace="AWS/SageMaker", MetricName="Invocations")["Metrics"]
    assert invocations["Dimensions"] in [one["Dimensions"] for one in listed]


def test_percentages_add_up_over_the_cards_as_sagemaker_says_them(cloud: Cloud, account: Callable[[str], str]) -> None:
    watch = cloud.client("cloudwatch", account("serving"), "eu-west-1")
    assert min(measured(watch, gpu("meldpunt-chat-01"))) > 200  # four L4 cards


def test_percentiles_and_order(cloud: Cloud, account: Callable[[str], str]) -> None:
    watch = cloud.client("cloudwatch", account("serving"), "eu-west-1")
    mean, p95 = measured(watch, gpu("dijkscan-live-01")), measured(watch, gpu("dijkscan-live-01"), "p95")
    assert all(low < high for low, high in zip(mean, p95, strict=True))


def test_the_agent_of_a_machine_reports_each_card(cloud: Cloud, account: Callable[[str], str]) -> None:
    watch = cloud.client("cloudwatch", account("training"), "eu-west-1")
    found = cloud.pages(
        "cloudwatch",
        account("training"),
        "eu-west-1",
        "list_metrics",
        "Metrics",
        Namespace="CWAgent",
        MetricName="nvidia_smi_utilization_gpu",
    )
    ec2 = cloud.client("ec2", account("training"), "eu-west-1")
    (lab,) = ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": ["dijkscan-trainer-01"]}])["Reservations"]
    own = {"Name": "InstanceId", "Value": lab["Instances"][0]["InstanceId"]}
    cards = [metric for metric in found if own in metric["Dimensions"]]
    assert len(cards) == 8
    assert all(min(measured(watch, card, days=2)) > 50 for card in cards)


def test_nothing_is_known_before_a_thing_was_made_or_after_now(cloud: Cloud, account: Callable[[str], str]) -> None:
    watch = cloud.client("cloudwatch", account("serving"), "eu-west-1")
    young = measured(watch, gpu("formule"), days=30)  # made between 15 and 16 days ago
    assert 15 * 24 - 1 <= len(young) <= 16 * 24


def test_lists_are_paged(cloud: Cloud, account: Callable[[str], str]) -> None:
    watch = cloud.client("cloudwatch", account("training"), "eu-west-1")
    first = watch.list_metrics()
    assert len(first["Metrics"]) == 500
    rest = watch.list_metrics(NextToken=first["NextToken"])["Metrics"]
    assert rest
    assert rest[0] not in first["Metrics"]


def test_expressions_are_refused_rather_than_answered_wrongly(cloud: Cloud, account: Callable[[str], str]) -> None:
    watch = cloud.client("cloudwatch", account("training"), "eu-west-1")
    with pytest.raises(ClientError, match="evaluates no expressions"):
        watch.get_metric_data(
            MetricDataQueries=[{"Id": "q", "Expression": 'SELECT AVG(CPUUtilization) FROM "AWS/EC2"', "Period": 3600}],
            StartTime=NOW - HOUR,
            EndTime=NOW,
        )
