"""The index of everything taggable."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from finops_guard.model import Gap
from finops_guard.sources.aws import _kinds
from tests.sources.aws.cloud import EVERYTHING, OWN, answer, denied, need, scan

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from tests.sources.aws.cloud import Cloud

REGIONS = ("eu-west-1", "us-east-1")
TABLE = f"arn:aws:dynamodb:eu-west-1:{OWN}:table/never-tagged"
ROLE = f"arn:aws:iam::{OWN}:role/global"
INSTANCE = f"arn:aws:ec2:eu-west-1:{OWN}:instance/i-1"
ELSEWHERE = f"arn:aws:sqs:eu-west-3:{OWN}:elsewhere"
QUEUE = f"arn:aws:sqs:eu-west-1:{OWN}:jobs"


@pytest.fixture
def indexed(cloud: Cloud) -> Cloud:
    """Resource Explorer in one region, of which the other region's answer is no part."""
    found = {
        "eu-west-1": [
            {"Arn": TABLE, "CfnResourceType": "AWS::DynamoDB::Table", "Region": "eu-west-1"},
            {"Arn": INSTANCE, "Region": "eu-west-1"},
            {"Arn": ROLE, "CfnResourceType": "AWS::IAM::Role", "Region": "global"},
            {"Arn": ELSEWHERE, "Region": "eu-west-3"},
            {
                "Arn": QUEUE,
                "Region": "eu-west-1",
                "Properties": [{"Name": "tags", "Data": [{"Key": "a", "Value": "b"}]}],
            },
        ],
        "us-east-1": [{"Arn": ROLE, "CfnResourceType": "AWS::IAM::Role", "Region": "global"}],
    }

    def resources(asked: dict[str, Any]) -> Response:
        region = asked["Filters"]["FilterString"].removeprefix("region:")
        return answer({"Resources": found[region]})

    indexes = [{"Region": region, "Type": "LOCAL"} for region in REGIONS]
    cloud.instead = {"ListIndexes": lambda _: answer({"Indexes": indexes}), "ListResources": resources}
    return cloud


def test_never_tagged_resources_of_other_types_come_from_resource_explorer(indexed: Cloud) -> None:
    resources, notes = scan(EVERYTHING, REGIONS)
    told = Counter(found.id for found in resources)
    assert {arn: told[arn] for arn in (TABLE, QUEUE, ROLE, INSTANCE, ELSEWHERE)} == {
        TABLE: 1,
        QUEUE: 1,
        ROLE: 1,
        INSTANCE: 0,
        ELSEWHERE: 0,
    }
    others = {found.id: found for found in resources if found.id in {TABLE, ROLE, QUEUE}}
    assert (others[TABLE].kind, others[TABLE].fields["type"]) == ("database", "AWS::DynamoDB::Table")
    assert (others[TABLE].tags.raw, others[TABLE].tags.open_because) == ({}, None)
    assert (others[ROLE].fields["region"], others[ROLE].fields["service"]) == ("global", "iam")
    assert (notes.gaps, notes.remarks) == ([], [])
    assert [operation for _, operation, _ in indexed.asked].count("ListIndexes") == 1
    assert indexed.writes == []


def test_tags_of_the_index_stand_in_for_a_sweep_that_was_denied(indexed: Cloud) -> None:
    indexed.denied = {("tagging", "GetResources")}
    resources, notes = scan(EVERYTHING)
    tags = {found.id: found.tags for found in resources if found.id in {TABLE, QUEUE}}
    assert tags[QUEUE].raw == {"a": "b"}
    assert tags[TABLE].open_because == "AccessDenied tag:GetResources"
    assert notes.gaps == [Gap("aws", OWN, "eu-west-1", "*", "AccessDenied tag:GetResources")]


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1"])
def test_without_an_index_there_is_a_remark_and_no_gap(cloud: Cloud, region: str) -> None:
    cloud.instead = {"ListIndexes": lambda _: denied("resource-explorer-2")}
    _, notes = scan(EVERYTHING, (region,))
    assert notes.gaps == []
    assert len(notes.remarks) == 1
    assert "AccessDenied resource-explorer-2:ListIndexes" in notes.remarks[0]


def test_the_index_is_not_asked_when_rules_reach_only_some_kinds(indexed: Cloud) -> None:
    scan(need("vm"))
    assert "ListIndexes" not in {operation for _, operation, _ in indexed.asked}


@pytest.mark.parametrize(
    ("arn", "kind", "cfn_type"),
    [
        ("arn:aws:sns:eu-west-1:1:topic", "stream", "AWS::SNS::Topic"),
        ("arn:aws:ec2:eu-west-1:1:snapshot/snap-1", "snapshot", "AWS::EC2::Snapshot"),
        ("arn:aws:apigateway:eu-west-1::/restapis/x", "gateway", "AWS::ApiGateway::RestApi"),
        (
            "arn:aws:bedrock:eu-west-1:1:provisioned-model/x",
            "model-deployment",
            "AWS::Bedrock::ProvisionedModelThroughput",
        ),
        ("arn:aws:new:eu-west-1:1:thing/x", "other", "new:thing"),
    ],
)
def test_an_arn_tells_type_and_kind(arn: str, kind: str, cfn_type: str) -> None:
    assert (_kinds.of(arn).kind, _kinds.of(arn).type) == (kind, cfn_type)


def test_an_unknown_type_may_have_accelerators_only_where_machines_are_rented() -> None:
    assert not _kinds.of("arn:aws:sagemaker:eu-west-1:1:brand-new/x").plain
    assert _kinds.of("arn:aws:config:eu-west-1:1:config-rule/x").plain
