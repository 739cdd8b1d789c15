"""What a scan of a seeded moto estate tells."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.sources.aws.cloud import EVERYTHING, OWN, need, scan
from tests.sources.aws.estate import seed

if TYPE_CHECKING:
    from finops_guard.model import Resource
    from tests.sources.aws.cloud import Cloud

REGIONS = ("eu-west-1", "us-east-1", "eu-central-1", "ap-south-1")
SEEDED = need(
    "vm", "bucket", "function", "database", "cluster", "node-pool", "notebook", "endpoint", "training-job",
    "load-balancer", "gateway", "endpoint-link", "log-store",
)  # fmt: skip


@pytest.fixture(scope="module")
def truth(server: Cloud) -> dict[str, dict[str, str]]:
    return seed(server, *REGIONS)


def _raw(resources: list[Resource]) -> dict[str, dict[str, str]]:
    assert max(Counter(found.id for found in resources).values()) == 1
    return {found.id: found.tags.raw for found in resources}


@pytest.mark.parametrize("one_a_page", [False, True])
def test_every_seeded_resource_is_told_once_with_its_tags(
    cloud: Cloud, truth: dict[str, dict[str, str]], *, one_a_page: bool
) -> None:
    cloud.one_a_page = one_a_page
    resources, notes = scan(SEEDED, REGIONS)
    assert _raw(resources) == truth
    assert notes.gaps == []
    assert cloud.writes == []
    assert notes.calls["aws"].requests == len(cloud.asked)
    assert notes.calls["aws"].retries == 0


def test_the_order_is_always_the_same(cloud: Cloud, truth: dict[str, dict[str, str]]) -> None:
    del cloud, truth
    first, _ = scan(SEEDED, REGIONS, jobs=8)
    second, _ = scan(SEEDED, REGIONS, jobs=1)
    assert [found.id for found in first] == [found.id for found in second]


def test_the_tags_of_a_region_are_read_in_one_go(cloud: Cloud, truth: dict[str, dict[str, str]]) -> None:
    logs = cloud.client("logs", "us-east-1")
    for number in range(40):
        logs.create_log_group(logGroupName=f"many/{number}", tags={f"k{key}": "v" for key in range(10)})
    cloud.reset()
    resources, _ = scan(SEEDED, ("us-east-1",))
    asked = Counter(operation for _, operation, _ in cloud.asked)
    for number in range(40):
        logs.delete_log_group(logGroupName=f"many/{number}")
    assert len(resources) == 40 + len(truth) // len(REGIONS)
    # EKS alone says nothing in its lists. 400 tags make five pages of 100, as moto gives them unasked, and one of 500.
    assert asked["GetResources"] <= 2
    assert asked.total() - asked["DescribeCluster"] - asked["ListNodegroups"] - asked["DescribeNodegroup"] <= 25


def test_a_region_that_is_not_in_scope_is_not_told(cloud: Cloud, truth: dict[str, dict[str, str]]) -> None:
    resources, notes = scan(SEEDED, ("us-east-1",))
    here = {arn: tags for arn, tags in truth.items() if ":us-east-1:" in arn or arn.endswith("-us-east-1")}
    assert _raw(resources) == here
    assert notes.gaps == []
    # STS and Organizations have no region; buckets are told apart by asking region by region.
    assert {region for service, _, region in cloud.asked if service not in {"sts", "organizations", "s3"}} == {
        "us-east-1"
    }


def test_only_the_kinds_that_rules_reach_are_asked_for(cloud: Cloud, truth: dict[str, dict[str, str]]) -> None:
    resources, _ = scan(need("notebook"))
    assert {found.id for found in resources} <= truth.keys()
    assert {found.kind for found in resources} == {"notebook"}
    asked = {operation for service, operation, _ in cloud.asked if service not in {"sts", "organizations"}}
    assert asked == {"ListNotebookInstances", "GetResources", "DescribeInstanceTypes"}


def test_everything_else_that_has_a_tag_comes_from_the_index_once(
    cloud: Cloud, truth: dict[str, dict[str, str]]
) -> None:
    topic = cloud.client("sns").create_topic(Name="alerts", Tags=[{"Key": "team", "Value": "nlp"}])["TopicArn"]
    resources, notes = scan(EVERYTHING, ("eu-west-1", "us-east-1"))
    told = _raw(resources)
    assert {arn: told[arn] for arn in truth if arn in told} == {arn: truth[arn] for arn in truth if arn in told}
    assert told[topic] == {"team": "nlp"}
    found = next(found for found in resources if found.id == topic)
    assert (found.kind, found.fields["type"], found.fields["service"]) == ("stream", "AWS::SNS::Topic", "sns")
    assert notes.gaps == []
    assert ["Resource Explorer" in remark for remark in notes.remarks] == [True]


def test_what_the_apis_say_becomes_fields(cloud: Cloud, truth: dict[str, dict[str, str]]) -> None:
    del truth
    wanted = need(*(SEEDED.kinds or ()), "volume", fields=["accelerators.count", "purchase", "checkpointed"])
    resources, _ = scan(wanted)
    by_kind = {found.kind: found for found in resources if found.tags.raw.get("project") or found.kind == "volume"}
    by_type = {str(found.facts.get("instance_type")): found for found in resources}
    assert {found.fields["account"] for found in resources} == {OWN}
    assert {found.fields["region"] for found in resources} == {"eu-west-1"}
    assert all(found.fields["taggable"] is True for found in resources)
    assert [by_type["m5.large"].fields[f"accelerators.{name}"] for name in ("count", "model")] == [0, None]
    assert (by_type["ml.p3.8xlarge"].fields["accelerators.count"], by_type["ml.p3.8xlarge"].facts["instances"]) == (
        8,
        2,
    )
    assert by_type["ml.p3.16xlarge"].fields["accelerators.count"] == 16
    assert by_type["ml.p3.2xlarge"].fields["accelerators.model"] == "V100"
    assert by_kind["node-pool"].fields["accelerators.count"] == 16
    assert [found.fields["state"] for found in resources if found.kind == "node-pool"].count("stopped") == 1
    assert [operation for _, operation, _ in cloud.asked].count("DescribeEndpointConfig") == 1
    machine = next(f for f in resources if f.kind == "vm" and f.facts["instance_type"] == "p4d.24xlarge")
    assert machine.fields["accelerators.memory"] == 40 * 2**30
    assert machine.facts["local_disk_gb"] == 8000
    assert (machine.fields["state"], machine.fields["purchase"]) == ("running", "on-demand")
    assert isinstance(machine.started, datetime)
    assert machine.started.tzinfo is UTC
    assert isinstance(machine.fields["created"], datetime)
    assert machine.fields["created"].tzinfo is UTC
    job = by_kind["training-job"]
    assert (job.fields["state"], job.fields["checkpointed"], job.started) == ("completed", False, None)
    retention = {found.text("name"): found.fields["log.retention"] for found in resources if found.kind == "log-store"}
    assert retention == {"/x/good": 30 * 86400, "/x/empty": None, "/x/bare": None}
    assert by_kind["database"].fields["capacity.provisioned"] == 20
    assert by_kind["gateway"].fields["network.role"] == "nat"
    link = by_kind["endpoint-link"]
    assert (link.fields["state"], link.facts["endpoint_type"], link.facts["zones"]) == ("running", "Interface", 2)
    assert by_kind["volume"].fields["capacity.provisioned"] == 8
    assert by_kind["bucket"].fields["accelerators.count"] == 0


def test_what_no_rule_asks_for_is_not_described(cloud: Cloud, truth: dict[str, dict[str, str]]) -> None:
    del truth
    resources, _ = scan(need("endpoint", "training-job"))
    assert all("accelerators.count" not in found.fields for found in resources)
    assert {found.unknown["accelerators.count"] for found in resources} == {"no rule asked for it"}
    assert not {operation for _, operation, _ in cloud.asked if operation.startswith("Describe")} - {"DescribeAccount"}
