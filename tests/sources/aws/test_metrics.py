"""CloudWatch, answered by moto in this process; the queries that were sent are recorded by the SDK's own events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from finops_guard.fields import FIELDS
from finops_guard.model import Need, Resource, Series, Tags, Unknown
from finops_guard.sources.aws._errors import unreadable
from finops_guard.sources.aws._measures import Span, spans
from finops_guard.sources.aws._metrics import Meter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from finops_guard.model import Value

NOW = datetime.now(UTC)
END = NOW.replace(minute=0, second=0, microsecond=0)
HOUR, DAY = 3600, 86400
ARN = "arn:aws:{}:eu-west-1:123456789012:{}"
CPU, GPU, GPU_MEMORY = "usage.cpu_percent", "usage.accelerator_percent", "usage.accelerator_memory_percent"
REQUESTS, CONNECTIONS = "usage.requests", "usage.connections"


class Cell:
    """A cell as far as metrics go, over a real client."""

    def __init__(self, client: Any, *metrics: tuple[str, int], now: datetime = NOW) -> None:
        self.need = Need(None, frozenset(), frozenset(metrics))
        self.now = now
        self.gaps: list[str] = []
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.cloudwatch = client
        client.meta.events.register("provide-client-params", self._record)

    def _record(self, params: dict[str, Any], model: Any, **_: object) -> None:
        self.sent.append((model.name, params))

    def pages(
        self, operation: str, key: str, *, client: str = "", region: str = "", **params: Any
    ) -> Iterator[list[Any]]:
        assert (client, region) == ("cloudwatch", "")
        method = {"GetMetricData": "get_metric_data", "ListMetrics": "list_metrics"}[operation]
        try:
            for page in self.cloudwatch.get_paginator(method).paginate(**params):
                yield page[key]
        except ClientError as error:
            raise unreadable(error, client, operation) from error

    def gap(self, reason: str) -> None:
        if reason not in self.gaps:
            self.gaps.append(reason)

    def named(self, operation: str) -> list[dict[str, Any]]:
        return [params for name, params in self.sent if name == operation]

    def stats(self) -> list[tuple[str, str, dict[str, str], str, int]]:
        """Namespace, metric, dimensions, statistic and period of every query sent."""
        queries = [query["MetricStat"] for call in self.named("GetMetricData") for query in call["MetricDataQueries"]]
        return [
            (
                query["Metric"]["Namespace"],
                query["Metric"]["MetricName"],
                {one["Name"]: one["Value"] for one in query["Metric"]["Dimensions"]},
                query["Stat"],
                query["Period"],
            )
            for query in queries
        ]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield boto3.client("cloudwatch", "eu-west-1")


def put(client: Any, metric: str, values: dict[int, float], **dimensions: str) -> None:
    """Values of a metric by how many whole hours before the end their hour began; namespace and name joined by `:`."""
    namespace, _, name = metric.rpartition(":")
    client.put_metric_data(
        Namespace=namespace,
        MetricData=[
            {
                "MetricName": name,
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
                "Timestamp": END - timedelta(hours=hours) + timedelta(minutes=5),
                "Value": value,
            }
            for hours, value in values.items()
        ],
    )


def resource(
    kind: str, service: str, part: str, facts: Mapping[str, object] | None = None, **fields: Value
) -> Resource:
    known: dict[str, Value] = {"cloud": "aws", "type": kind, "id": ARN.format(service, part), "state": "running"}
    return Resource({**known, **fields}, Tags.of({}), facts=dict(facts or {}))


def instance(number: int = 1, state: str = "running", accelerators: Value = None) -> Resource:
    one = resource("AWS::EC2::Instance", "ec2", f"instance/i-{number}", state=state)
    return counted(one, accelerators)


def counted(one: Resource, accelerators: Value) -> Resource:
    if accelerators is not None:
        one.fields["accelerators.count"] = accelerators
    return one


def endpoint(machine: str = "ml.g5.12xlarge", name: str = "Chat") -> Resource:
    facts: dict[str, object] = {"instance_type": machine, "instances": 2}
    return resource("AWS::SageMaker::Endpoint", "sagemaker", f"endpoint/{name.lower()}", facts, name=name)


def points(one: Resource, name: str) -> tuple[float | None, ...]:
    series = one.look(name)
    assert isinstance(series, Series)
    assert series.end == END
    assert series.step == HOUR
    return series.points


def because(one: Resource, name: str) -> str:
    value = one.look(name)
    assert isinstance(value, Unknown)
    return value.reason


def test_nothing_is_asked_when_no_rule_needs_a_metric(client: Any) -> None:
    cell = Cell(client)
    assert Meter(cell).measure([instance()]) == 0
    assert cell.sent == []


def test_a_metric_of_one_dimension_is_asked_by_name_and_period(client: Any) -> None:
    put(client, "AWS/EC2:CPUUtilization", {1: 10.0, 2: 20.0, 4: 40.0}, InstanceId="i-1")
    put(client, "AWS/EC2:CPUUtilization", {1: 99.0}, InstanceId="i-2")
    cell, one = Cell(client, (CPU, 4 * HOUR), (CPU, 2 * HOUR)), instance()
    assert Meter(cell).measure([one]) == Decimal("0.00001")
    assert points(one, CPU) == (40.0, None, 20.0, 10.0)
    assert cell.stats() == [("AWS/EC2", "CPUUtilization", {"InstanceId": "i-1"}, "Average", HOUR)]
    (call,) = cell.named("GetMetricData")
    assert (call["StartTime"], call["EndTime"]) == (END - timedelta(hours=4), END)
    assert not any("Expression" in query for query in call["MetricDataQueries"])
    assert not cell.named("ListMetrics")


def test_two_metrics_are_added_where_both_are_there(client: Any) -> None:
    put(client, "AWS/EC2:NetworkIn", {1: 10.0, 2: 20.0}, InstanceId="i-1")
    put(client, "AWS/EC2:NetworkOut", {1: 5.0}, InstanceId="i-1")
    cell, one = Cell(client, ("usage.network_bytes", 2 * HOUR)), instance()
    Meter(cell).measure([one])
    assert points(one, "usage.network_bytes") == (None, 15.0)
    assert [(name, stat) for _, name, _, stat, _ in cell.stats()] == [("NetworkIn", "Sum"), ("NetworkOut", "Sum")]


def test_a_gpu_counts_once_and_totals_beside_the_parts_do_not(client: Any) -> None:
    for index, used in (("0", 90.0), ("1", 10.0)):
        put(client, "CWAgent:nvidia_smi_utilization_gpu", {1: used}, InstanceId="i-1", index=index, name="A10G")
    put(client, "CWAgent:nvidia_smi_utilization_gpu", {1: 100.0}, InstanceId="i-1")
    put(client, "CWAgent:nvidia_smi_utilization_gpu", {1: 77.0}, InstanceId="i-2", index="0", name="A10G")
    cell = Cell(client, (GPU, HOUR))
    first, second, third = instance(1), instance(2), instance(3)
    Meter(cell).measure([first, second, third])
    assert points(first, GPU) == (50.0,)
    assert points(second, GPU) == (77.0,)
    assert because(third, GPU) == "no CloudWatch data; is the agent installed, and does it add the InstanceId?"
    assert len(cell.named("ListMetrics")) == 1
    assert cell.named("ListMetrics")[0]["Namespace"] == "CWAgent"
    assert len(cell.stats()) == 3


def test_metrics_are_listed_once_for_all_batches_of_a_cell(client: Any) -> None:
    put(client, "CWAgent:nvidia_smi_utilization_gpu", {1: 5.0}, InstanceId="i-2", index="0")
    cell, last = Cell(client, (GPU, HOUR)), instance(2)
    meter = Meter(cell)
    meter.measure([instance(1)])
    meter.measure([last])
    assert points(last, GPU) == (5.0,)
    assert len(cell.named("ListMetrics")) == 1


def test_a_silent_gpu_says_nothing(client: Any) -> None:
    put(client, "CWAgent:nvidia_smi_utilization_gpu", {1: 0.0, 2: 0.0}, InstanceId="i-1", index="0")
    put(client, "CWAgent:nvidia_smi_utilization_gpu", {2: 0.0}, InstanceId="i-1", index="1")
    two, eight = instance(accelerators=2), instance(accelerators=8)
    Meter(Cell(client, (GPU, 2 * HOUR))).measure([two, eight])
    assert points(two, GPU) == (0.0, None)
    assert because(eight, GPU) == "2 of 8 accelerators report to CloudWatch"


def test_accelerator_memory_is_the_memory_in_use(client: Any) -> None:
    put(client, "CWAgent:nvidia_smi_memory_used", {1: 6000.0, 2: 1.0}, InstanceId="i-1", index="0")
    put(client, "CWAgent:nvidia_smi_memory_total", {1: 24000.0}, InstanceId="i-1", index="0")
    one = instance()
    Meter(Cell(client, (GPU_MEMORY, 2 * HOUR))).measure([one])
    assert points(one, GPU_MEMORY) == (None, 25.0)


def test_a_machine_without_accelerators_has_no_utilisation_of_them(client: Any) -> None:
    cell, one = Cell(client, (GPU, HOUR)), instance(accelerators=0)
    Meter(cell).measure([one])
    assert one.look(GPU) is None
    assert cell.sent == []


def test_an_endpoint_adds_up_its_gpus_and_we_take_the_mean_of_its_variants(client: Any) -> None:
    # A variant that left the endpoint weeks ago has no points and does not count.
    for variant, used in (("blue", 400.0), ("green", 100.0)):
        put(
            client,
            "/aws/sagemaker/Endpoints:GPUUtilization",
            {1: used},
            EndpointName="Chat",
            VariantName=variant,
        )
    put(
        client,
        "/aws/sagemaker/Endpoints:GPUUtilization",
        {400: 8.0},
        EndpointName="Chat",
        VariantName="old",
    )
    put(
        client,
        "/aws/sagemaker/Endpoints:GPUUtilization",
        {1: 1.0},
        EndpointName="Chat",
        VariantName="blue",
        InstanceId="i-9",
    )
    cell, one = Cell(client, (GPU, HOUR)), endpoint()
    Meter(cell).measure([one])
    assert points(one, GPU) == (62.5,)
    assert all(sorted(dimensions) == ["EndpointName", "VariantName"] for _, _, dimensions, _, _ in cell.stats())


@pytest.mark.parametrize(("machine", "percent"), [("ml.g5.12xlarge", 50.0), ("ml.p4d.24xlarge", 25.0)])
def test_cpu_of_an_endpoint_is_divided_by_its_cores(client: Any, machine: str, percent: float) -> None:
    put(client, "/aws/sagemaker/Endpoints:CPUUtilization", {1: 2400.0}, EndpointName="Chat", VariantName="blue")
    one = endpoint(machine)
    Meter(Cell(client, (CPU, HOUR))).measure([one])
    assert points(one, CPU) == (percent,)


def test_a_sum_over_an_unknown_number_is_unknown(client: Any) -> None:
    put(client, "/aws/sagemaker/Endpoints:CPUUtilization", {1: 2400.0}, EndpointName="Chat", VariantName="blue")
    cell, one = Cell(client, (CPU, HOUR)), endpoint("ml.m5.large")
    Meter(cell).measure([one])
    assert because(one, CPU) == "CloudWatch gives a sum over the machine's vcpus, whose number is not known"
    assert cell.named("GetMetricData") == []
    known = endpoint("ml.m5.large")
    known.facts["vcpus"] = 48
    Meter(cell).measure([known])
    assert points(known, CPU) == (50.0,)


def test_accelerators_of_all_instances_are_shared_out(client: Any) -> None:
    put(client, "/aws/sagemaker/Endpoints:GPUUtilization", {1: 40.0}, EndpointName="Chat", VariantName="blue")
    one = counted(endpoint("ml.g99.xlarge"), 8)
    Meter(Cell(client, (GPU, HOUR))).measure([one])
    assert points(one, GPU) == (10.0,)


def test_hosts_of_a_training_job_are_found_by_its_name(client: Any) -> None:
    for host, used in (("train-7/algo-1", 800.0), ("train-7/algo-2", 400.0), ("train-77/algo-1", 1.0)):
        put(client, "/aws/sagemaker/TrainingJobs:GPUUtilization", {1: used}, Host=host)
    facts: dict[str, object] = {"instance_type": "ml.p5.48xlarge", "instances": 2}
    one = resource("AWS::SageMaker::TrainingJob", "sagemaker", "training-job/train-7", facts, name="train-7")
    Meter(Cell(client, (GPU, HOUR))).measure([one])
    assert points(one, GPU) == (75.0,)


def test_no_requests_are_nothing_only_where_requests_are_counted(client: Any) -> None:
    put(client, "AWS/SageMaker:Invocations", {100: 3.0}, EndpointName="Chat", VariantName="blue")
    used, never = endpoint(), endpoint(name="Never")
    Meter(Cell(client, (REQUESTS, 3 * HOUR))).measure([used, never])
    assert points(used, REQUESTS) == (0.0, 0.0, 0.0)
    assert because(never, REQUESTS) == "no CloudWatch data"


def test_a_load_balancer_that_had_requests_has_none_in_the_hours_between(client: Any) -> None:
    arn = "loadbalancer/app/front/50dc6c495c0c9188"
    put(client, "AWS/ApplicationELB:RequestCount", {2: 30.0}, LoadBalancer="app/front/50dc6c495c0c9188")
    kind = "AWS::ElasticLoadBalancingV2::LoadBalancer"
    born = END - timedelta(hours=3)
    busy = resource(kind, "elasticloadbalancing", arn)
    young = resource(kind, "elasticloadbalancing", arn, created=born)
    never = resource(kind, "elasticloadbalancing", "loadbalancer/app/idle/1")
    cell = Cell(client, (REQUESTS, 4 * HOUR))
    Meter(cell).measure([busy, young, never])
    assert points(busy, REQUESTS) == (0.0, 0.0, 30.0, 0.0)
    assert points(young, REQUESTS) == (None, 0.0, 30.0, 0.0)
    assert because(never, REQUESTS) == "no CloudWatch data"
    assert len(cell.named("ListMetrics")) == 1  # only for the one without any point


def test_a_balancer_long_without_requests_is_idle_when_its_metric_exists(client: Any) -> None:
    put(client, "AWS/ApplicationELB:RequestCount", {90: 1.0}, LoadBalancer="app/front/1")
    one = resource("AWS::ElasticLoadBalancingV2::LoadBalancer", "elasticloadbalancing", "loadbalancer/app/front/1")
    Meter(Cell(client, (REQUESTS, 2 * HOUR))).measure([one])
    assert points(one, REQUESTS) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("part", "namespace", "metric"),
    [
        ("loadbalancer/app/a/1", "AWS/ApplicationELB", "ActiveConnectionCount"),
        ("loadbalancer/net/a/1", "AWS/NetworkELB", "ActiveFlowCount"),
        ("loadbalancer/gwy/a/1", "AWS/GatewayELB", "ActiveFlowCount"),
    ],
)
def test_each_kind_of_load_balancer_has_its_own_metric(client: Any, part: str, namespace: str, metric: str) -> None:
    cell = Cell(client, (CONNECTIONS, HOUR))
    one = resource("AWS::ElasticLoadBalancingV2::LoadBalancer", "elasticloadbalancing", part)
    Meter(cell).measure([one])
    assert [(ns, name, stat) for ns, name, _, stat, _ in cell.stats()] == [(namespace, metric, "Maximum")]


@pytest.mark.parametrize(
    ("kind", "service", "part", "field", "query"),
    [
        (
            "AWS::EC2::NatGateway",
            "ec2",
            "natgateway/nat-1",
            "usage.bytes_processed",
            ("AWS/NATGateway", "BytesOutToDestination", {"NatGatewayId": "nat-1"}, "Sum"),
        ),
        (
            "AWS::RDS::DBInstance",
            "rds",
            "db:pg",
            CPU,
            ("AWS/RDS", "CPUUtilization", {"DBInstanceIdentifier": "pg"}, "Average"),
        ),
        (
            "AWS::Lambda::Function",
            "lambda",
            "function:f",
            REQUESTS,
            ("AWS/Lambda", "Invocations", {"FunctionName": "f"}, "Sum"),
        ),
        (
            "AWS::ElasticLoadBalancing::LoadBalancer",
            "elasticloadbalancing",
            "loadbalancer/old",
            REQUESTS,
            ("AWS/ELB", "RequestCount", {"LoadBalancerName": "old"}, "Sum"),
        ),
    ],
)
def test_what_is_asked_for_a_type(
    client: Any, kind: str, service: str, part: str, field: str, query: tuple[object, ...]
) -> None:
    cell = Cell(client, (field, HOUR))
    one = resource(kind, service, part)
    Meter(cell).measure([one])
    assert cell.stats()[0][:4] == query
    assert because(one, field) == "no CloudWatch data"


def test_a_field_nobody_measures_for_a_type_says_so(client: Any) -> None:
    cell, bucket = Cell(client, (CPU, HOUR)), resource("AWS::S3::Bucket", "s3", "b")
    Meter(cell).measure([bucket])
    assert because(bucket, CPU) == "CloudWatch does not measure it for AWS::S3::Bucket"
    assert cell.sent == []


def test_a_stopped_machine_has_no_data_because_it_is_stopped(client: Any) -> None:
    one = instance(state="stopped")
    Meter(Cell(client, (CPU, HOUR))).measure([one])
    assert because(one, CPU) == "no CloudWatch data; it is stopped"


def test_calls_are_full_and_stay_under_the_limit_of_points(client: Any) -> None:
    machines = [instance(number) for number in range(1200)]
    day = Cell(client, (CPU, DAY))
    assert Meter(day).measure(machines) == Decimal("0.012")
    assert [len(call["MetricDataQueries"]) for call in day.named("GetMetricData")] == [500, 500, 200]
    month = Cell(client, (CPU, 30 * DAY))
    Meter(month).measure(machines[:200])
    assert [len(call["MetricDataQueries"]) for call in month.named("GetMetricData")] == [140, 60]


def test_an_answer_in_pages_is_read_to_its_end(client: Any) -> None:
    start = END - timedelta(hours=2)
    pages = [
        [{"Id": "q0", "Timestamps": [start], "Values": [1.0], "StatusCode": "PartialData"}],
        [{"Id": "q0", "Timestamps": [start + timedelta(hours=1)], "Values": [2.0], "StatusCode": "Complete"}],
    ]
    cell, one = Answers(client, pages), instance()
    Meter(cell).measure([one])
    assert points(one, CPU) == (1.0, 2.0)
    assert cell.gaps == []


@pytest.mark.parametrize("status", ["InternalError", "Forbidden", "PartialData"])
def test_an_answer_that_is_not_whole_is_a_gap(client: Any, status: str) -> None:
    cell = Answers(client, [[{"Id": "q0", "Timestamps": [], "Values": [], "StatusCode": status}]])
    one = instance()
    Meter(cell).measure([one])
    assert because(one, CPU) == f"{status} cloudwatch:GetMetricData"
    assert cell.gaps == [f"{status} cloudwatch:GetMetricData"]


class Answers(Cell):
    """A cell to which CloudWatch answers with given pages, as moto never does."""

    def __init__(self, client: Any, pages: list[list[Any]]) -> None:
        super().__init__(client, (CPU, 2 * HOUR))
        self._pages = pages

    def pages(
        self, operation: str, key: str, *, client: str = "", region: str = "", **params: Any
    ) -> Iterator[list[Any]]:
        assert (operation, key, client, region) == ("GetMetricData", "MetricDataResults", "cloudwatch", "")
        assert params
        yield from self._pages


class Refused(Cell):
    """A cell to which CloudWatch denies some operations."""

    denied = frozenset({"GetMetricData"})
    code = "AccessDenied"
    asked = 0

    def pages(
        self, operation: str, key: str, *, client: str = "", region: str = "", **params: Any
    ) -> Iterator[list[Any]]:
        if operation in self.denied:
            self.asked += 1
            error = ClientError({"Error": {"Code": self.code, "Message": "no"}}, operation)
            raise unreadable(error, client, operation)
        yield from super().pages(operation, key, client=client, region=region, **params)


def test_a_denied_question_is_a_gap_and_is_not_asked_again(client: Any) -> None:
    cell, machines = Refused(client, (CPU, DAY)), [instance(number) for number in range(501)]
    assert Meter(cell).measure(machines) == 0
    assert cell.gaps == ["AccessDenied cloudwatch:GetMetricData"]
    assert {because(one, CPU) for one in machines} == {"AccessDenied cloudwatch:GetMetricData"}
    assert cell.asked == 1


def test_a_passing_failure_is_a_gap_for_its_own_call_only(client: Any) -> None:
    cell, machines = Refused(client, (CPU, DAY)), [instance(number) for number in range(501)]
    cell.code = "InternalServiceError"
    Meter(cell).measure(machines)
    assert cell.asked == 2
    assert cell.gaps == ["InternalServiceError cloudwatch:GetMetricData"]


def test_a_denied_listing_leaves_what_needs_no_listing(client: Any) -> None:
    put(client, "AWS/EC2:CPUUtilization", {1: 10.0}, InstanceId="i-1")
    cell, one = Refused(client, (CPU, HOUR), (GPU, HOUR)), instance()
    cell.denied = frozenset({"ListMetrics"})
    Meter(cell).measure([one])
    assert points(one, CPU) == (10.0,)
    assert because(one, GPU) == "AccessDenied cloudwatch:ListMetrics"
    assert cell.gaps == ["AccessDenied cloudwatch:ListMetrics"]


def test_spans() -> None:
    assert spans([(CPU, 3 * DAY), (CPU, 7 * DAY), (GPU, 90 * 60), (REQUESTS, 900), (REQUESTS, DAY)]) == {
        CPU: Span(3600, 168),
        GPU: Span(3600, 2),
        REQUESTS: Span(300, 288),
    }


def test_every_measured_field_is_a_metric_of_the_catalogue() -> None:
    from finops_guard.costs.tables import rows

    measured = list(rows("cloudwatch"))
    assert measured
    for row in measured:
        assert FIELDS[row["field"]].metric
        assert row["stat"] in {"Average", "Sum", "Maximum"}
        assert row["across"] in {"mean", "sum"}
        assert row["share"] in {"", "accelerators", "vcpus", "each"}
        assert row["absent"] in {"", "zero"}
        assert row["key"] in {"id", "name"}
        # An average of percentages, a sum of things that are counted.
        assert (row["across"] == "mean") == row["field"].endswith("_percent")
