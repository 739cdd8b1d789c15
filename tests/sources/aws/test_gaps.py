"""What cannot be read is a gap of its own cell: never an empty result, never an aborted run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.wrappers import Response

from finops_guard.model import Gap, Need, Notes, Unknown
from finops_guard.sources import aws
from finops_guard.sources.aws import _modules, logs_log_group
from tests.sources.aws.cloud import EVERYTHING, OWN, answer, denied, html, need, scan
from tests.sources.aws.estate import seed

if TYPE_CHECKING:
    from finops_guard.model import Resource
    from tests.sources.aws.cloud import Cloud

REGION = "eu-west-1"
ALL = need(
    "vm", "bucket", "function", "database", "cluster", "node-pool", "notebook", "endpoint", "training-job",
    "load-balancer", "gateway", "endpoint-link", "log-store",
)  # fmt: skip
SAGEMAKER = need("notebook", "endpoint", "training-job")
DENIALS = [
    ("ec2", "DescribeInstances", ["AWS::EC2::Instance"], "ec2:DescribeInstances"),
    ("ec2", "DescribeNatGateways", ["AWS::EC2::NatGateway"], "ec2:DescribeNatGateways"),
    ("ec2", "DescribeVpcEndpoints", ["AWS::EC2::VPCEndpoint"], "ec2:DescribeVpcEndpoints"),
    ("s3", "ListBuckets", ["AWS::S3::Bucket"], "s3:ListAllMyBuckets"),
    ("rds", "DescribeDBInstances", ["AWS::RDS::DBInstance"], "rds:DescribeDBInstances"),
    ("lambda", "ListFunctions", ["AWS::Lambda::Function"], "lambda:ListFunctions"),
    ("eks", "ListClusters", ["AWS::EKS::Cluster", "AWS::EKS::Nodegroup"], "eks:ListClusters"),
    ("eks", "DescribeNodegroup", ["AWS::EKS::Nodegroup"], "eks:DescribeNodegroup"),
    ("sagemaker", "ListNotebookInstances", ["AWS::SageMaker::NotebookInstance"], "sagemaker:ListNotebookInstances"),
    ("sagemaker", "ListEndpoints", ["AWS::SageMaker::Endpoint"], "sagemaker:ListEndpoints"),
    ("sagemaker", "ListTrainingJobs", ["AWS::SageMaker::TrainingJob"], "sagemaker:ListTrainingJobs"),
    ("logs", "DescribeLogGroups", ["AWS::Logs::LogGroup"], "logs:DescribeLogGroups"),
    (
        "elasticloadbalancing",
        "DescribeLoadBalancers",
        ["AWS::ElasticLoadBalancingV2::LoadBalancer"],
        "elasticloadbalancing:DescribeLoadBalancers",
    ),
]


@pytest.fixture(scope="module")
def truth(server: Cloud) -> dict[str, dict[str, str]]:
    return seed(server, REGION)


def _raw(resources: list[Resource]) -> dict[str, dict[str, str]]:
    return {found.id: found.tags.raw for found in resources}


def _gap(kind: str, reason: str) -> Gap:
    return Gap("aws", OWN, REGION, kind, reason)


@pytest.mark.parametrize(("service", "operation", "types", "action"), DENIALS, ids=[d[3] for d in DENIALS])
def test_a_denied_operation_is_a_gap_of_exactly_its_cells(
    cloud: Cloud, truth: dict[str, dict[str, str]], service: str, operation: str, types: list[str], action: str
) -> None:
    cloud.denied = {(service, operation)}
    resources, notes = scan(ALL)
    assert notes.gaps == [_gap(kind, f"AccessDenied {action}") for kind in types]
    unread = _modules.matcher([module for module in _modules.types() if module.TYPE in types])
    assert _raw(resources) == {arn: tags for arn, tags in truth.items() if not unread(arn)}


def test_without_the_tag_sweep_each_service_is_asked_for_its_tags(
    cloud: Cloud, truth: dict[str, dict[str, str]]
) -> None:
    cloud.denied = {("tagging", "GetResources")}
    resources, notes = scan(ALL)
    assert _raw(resources) == truth
    assert notes.gaps == []
    assert [operation for _, operation, _ in cloud.asked].count("GetResources") == 1


def test_tags_that_nobody_says_are_unknown_and_a_gap(cloud: Cloud, truth: dict[str, dict[str, str]]) -> None:
    cloud.denied = {("tagging", "GetResources"), ("sagemaker", "ListTags"), ("s3", "GetBucketTagging")}
    resources, notes = scan(need("notebook", "bucket", "function"))
    reasons = {"notebook": "AccessDenied sagemaker:ListTags", "bucket": "AccessDenied s3:GetBucketTagging"}
    for found in resources:
        if found.kind == "function":
            assert found.tags.raw == truth[found.id]
        else:
            assert found.tags.look("team") == Unknown(reasons[found.kind])
    assert sorted((gap.type, gap.reason) for gap in notes.gaps) == [
        ("AWS::S3::Bucket", reasons["bucket"]),
        ("AWS::SageMaker::NotebookInstance", reasons["notebook"]),
    ]
    asked = [operation for _, operation, _ in cloud.asked]
    assert (asked.count("ListTags"), asked.count("GetBucketTagging")) == (3 + 1, 1)  # three functions, one refusal


def test_an_index_without_the_sweep_is_a_gap(cloud: Cloud, truth: dict[str, dict[str, str]]) -> None:
    del truth
    cloud.denied = {("tagging", "GetResources")}
    _, notes = scan(EVERYTHING)
    assert notes.gaps == [_gap("*", "AccessDenied tag:GetResources")]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (html, "ResponseParserError ec2:DescribeInstances"),
        (lambda _: Response("<html>what?", 200, content_type="text/html"), "ResponseParserError ec2:DescribeInstances"),
        (lambda _: denied("ec2"), "AccessDenied ec2:DescribeInstances"),
    ],
)
def test_an_answer_that_is_none_is_a_gap(
    cloud: Cloud, truth: dict[str, dict[str, str]], reply: Any, reason: str
) -> None:
    del truth
    cloud.instead = {"DescribeInstances": reply}
    resources, notes = scan(need("vm", "notebook"))
    assert notes.gaps == [_gap("AWS::EC2::Instance", reason)]
    assert {found.kind for found in resources} == {"notebook"}


def test_an_operation_that_an_emulator_lacks_is_a_gap(cloud: Cloud) -> None:
    cloud.instead = {"ListNotebookInstances": html}
    resources, notes = scan(need("notebook"))
    assert (resources, notes.gaps) == (
        [],
        [_gap("AWS::SageMaker::NotebookInstance", "HTTP 500 sagemaker:ListNotebookInstances")],
    )


def test_a_service_that_does_not_answer_is_a_gap(
    cloud: Cloud, truth: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    del cloud, truth
    monkeypatch.setenv("AWS_ENDPOINT_URL_RDS", "http://127.0.0.1:9")
    resources, notes = scan(need("database", "notebook"))
    assert notes.gaps == [_gap("AWS::RDS::DBInstance", "EndpointConnectionError rds:DescribeDBInstances")]
    assert {found.kind for found in resources} == {"notebook"}


def test_our_own_crash_is_a_gap_too(
    cloud: Cloud, truth: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_: object) -> list[Resource]:
        raise KeyError("never")

    del cloud, truth
    monkeypatch.setattr(logs_log_group, "collect", crash)
    resources, notes = scan(need("log-store", "notebook"))
    assert notes.gaps == [_gap("AWS::Logs::LogGroup", "KeyError: 'never'")]
    assert len(resources) == 3


def _buckets(*names: str, **more: str) -> str:
    told = "".join(f"<{key}>{value}</{key}>" for key, value in more.items())
    date = "<CreationDate>2026-01-01T00:00:00Z</CreationDate>"
    found = "".join(f"<Bucket><Name>{name}</Name>{date}{told}</Bucket>" for name in names)
    return f"<ListAllMyBucketsResult><Buckets>{found}</Buckets></ListAllMyBucketsResult>"


def test_the_list_places_buckets_where_it_can(cloud: Cloud) -> None:
    body = _buckets("far-away", BucketRegion="ap-south-1")
    cloud.instead = {"ListBuckets": lambda _: Response(body, content_type="application/xml")}
    resources, _ = scan(need("bucket"), regions=("eu-west-1", "ap-south-1"))
    assert [(found.text("name"), found.text("region")) for found in resources] == [("far-away", "ap-south-1")]
    assert scan(need("bucket"))[0] == []
    assert [operation for service, operation, _ in cloud.asked if service == "s3"] == ["ListBuckets"] * 2


def test_buckets_are_placed_one_by_one_by_a_server_that_knows_no_other_way(
    cloud: Cloud, truth: dict[str, dict[str, str]]
) -> None:
    names = [arn.rpartition(":")[2] for arn in truth if ":s3:" in arn]
    cloud.instead = {"ListBuckets": lambda _: Response(_buckets(*names), content_type="application/xml")}
    resources, notes = scan(need("bucket"), regions=("eu-west-1", "us-east-1"))
    assert [(found.text("name"), found.text("region")) for found in resources] == [(name, REGION) for name in names]
    assert notes.gaps == []
    assert [operation for _, operation, _ in cloud.asked].count("GetBucketLocation") == len(names)


def _job(name: str, status: str, ended: datetime | None = None) -> dict[str, object]:
    now = datetime.now(UTC)
    times = {} if ended is None else {"TrainingEndTime": ended.timestamp()}
    arn = f"arn:aws:sagemaker:{REGION}:{OWN}:training-job/{name}"
    created = (now - timedelta(days=50)).timestamp()
    return {
        "TrainingJobName": name,
        "TrainingJobArn": arn,
        "TrainingJobStatus": status,
        "CreationTime": created,
        **times,
    }


def test_what_was_read_before_a_failure_is_told(cloud: Cloud) -> None:
    def pages(asked: dict[str, Any]) -> Response:
        if asked.get("NextToken"):
            return denied("sagemaker")
        return answer({"TrainingJobSummaries": [_job("a", "InProgress")], "NextToken": "more"})

    cloud.instead = {"ListTrainingJobs": pages}
    resources, notes = scan(need("training-job"))
    assert [found.text("name") for found in resources] == ["a"]
    assert notes.gaps == [_gap("AWS::SageMaker::TrainingJob", "AccessDenied sagemaker:ListTrainingJobs")]


def test_training_jobs_that_run_or_ended_lately_behind_empty_pages(cloud: Cloud) -> None:
    now = datetime.now(UTC)
    jobs = {
        "InProgress": [_job("runs", "InProgress")],
        "Stopping": [_job("stops", "Stopping")],
        None: [
            _job("runs", "InProgress"),
            _job("fresh", "Failed", now - timedelta(days=29)),
            _job("old", "Completed", now - timedelta(days=31)),
        ],
    }
    asked_for: list[dict[str, Any]] = []

    def pages(asked: dict[str, Any]) -> Response:
        asked_for.append(asked)
        step = int(asked.get("NextToken") or 0)
        found = jobs[asked.get("StatusEquals")] if step == 2 else []  # two empty pages, then all of them
        return answer({"TrainingJobSummaries": found, **({"NextToken": str(step + 1)} if step < 3 else {})})

    cloud.instead = {"ListTrainingJobs": pages}
    resources, notes = scan(need("training-job"))
    assert [(found.text("name"), found.fields["state"]) for found in resources] == [
        ("runs", "running"),
        ("stops", "stopping"),
        ("fresh", "failed"),
    ]
    assert [found.facts.get("ended") is not None for found in resources] == [False, False, True]
    assert notes.gaps == []
    # AWS filters by status after it took a page: no list goes back without end.
    assert all(asked.keys() & {"CreationTimeAfter", "LastModifiedTimeAfter"} for asked in asked_for)


def test_accelerators_come_from_the_table_when_the_api_does_not_say(
    cloud: Cloud, truth: dict[str, dict[str, str]]
) -> None:
    del truth
    cloud.denied = {("ec2", "DescribeInstanceTypes")}
    resources, notes = scan(need("vm"))
    counts = {found.facts["instance_type"]: found.look("accelerators.count") for found in resources}
    reason = "AccessDenied ec2:DescribeInstanceTypes"
    assert counts == {"p4d.24xlarge": 8, "g5.xlarge": 1, "m5.large": Unknown(reason)}
    assert notes.gaps == [_gap("AWS::EC2::Instance", reason)]


def test_a_description_that_is_denied_leaves_fields_unknown(cloud: Cloud, truth: dict[str, dict[str, str]]) -> None:
    cloud.denied = {("sagemaker", "DescribeEndpointConfig")}
    resources, notes = scan(need("endpoint", fields=["accelerators.count"]))
    reason = "AccessDenied sagemaker:DescribeEndpointConfig"
    assert {found.look("accelerators.count") == Unknown(reason) for found in resources} == {True}
    assert {found.id: found.tags.raw for found in resources}.items() <= truth.items()
    assert notes.gaps == [_gap("AWS::SageMaker::Endpoint", reason)]
    assert [operation for _, operation, _ in cloud.asked].count("DescribeEndpointConfig") == 1


def test_usage_is_measured_where_a_rule_asks_and_else_nobody_is(cloud: Cloud, truth: dict[str, dict[str, str]]) -> None:
    asked = Need(frozenset({"vm"}), frozenset(), frozenset({("usage.cpu_percent", 86_400)}))
    cloud.denied = {("monitoring", "GetMetricData")}
    resources, notes = scan(asked)
    reason = "AccessDenied cloudwatch:GetMetricData"
    assert {found.id: found.tags.raw for found in resources}.items() <= truth.items()
    assert [found.look("usage.cpu_percent") for found in resources] == [Unknown(reason)] * 3
    assert notes.gaps == [_gap("AWS::EC2::Instance", reason)]
    cloud.reset()
    _, notes = scan(asked)
    assert (notes.gaps, notes.calls["aws"].usd > 0) == ([], True)
    cloud.reset()
    scan(need("vm"))
    assert not [service for service, _, _ in cloud.asked if service == "monitoring"]


def test_an_endpoint_deleted_during_the_scan_is_left_out(cloud: Cloud, truth: dict[str, dict[str, str]]) -> None:
    del truth
    gone = {"__type": "ValidationException", "message": 'Could not find endpoint "x".'}
    cloud.instead = {"DescribeEndpoint": lambda _: answer(gone, 400)}
    resources, notes = scan(need("endpoint", fields=["accelerators.count"]))
    assert (resources, notes.gaps) == ([], [])


def test_regions_that_cannot_be_listed_are_a_gap(cloud: Cloud, truth: dict[str, dict[str, str]]) -> None:
    del truth
    cloud.denied = {("ec2", "DescribeRegions")}
    resources, notes = scan(need("notebook"), regions=None)
    assert {found.fields["region"] for found in resources} == {REGION}
    reason = f"AccessDenied ec2:DescribeRegions: only {REGION} was read"
    assert notes.gaps == [Gap("aws", OWN, "*", "*", reason)]


def test_without_credentials_nothing_is_read_and_that_is_a_gap(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    resources, notes = scan()
    assert (resources, cloud.asked) == ([], [])
    assert [(gap.account, gap.type, gap.reason[:22]) for gap in notes.gaps] == [("*", "*", "no AWS credentials fou")]


def test_whoever_stops_listening_stops_the_scan(cloud: Cloud, truth: dict[str, dict[str, str]]) -> None:
    del truth
    resources = aws.collect({"regions": [REGION]}, SAGEMAKER, datetime.now(UTC), Notes(), jobs=2)
    assert next(iter(resources)).kind == "endpoint"
    resources.close()  # type: ignore[attr-defined] # an iterator by contract, a generator in fact
    asked = len(cloud.asked)
    assert list(resources) == []
    assert len(cloud.asked) == asked
