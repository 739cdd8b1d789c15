"""What is read again is what a scan would read: every type, by its ARN alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from finops_guard.model import Resource, Tags
from finops_guard.sources.aws import _modules
from tests.sources.aws.acts import acting
from tests.sources.aws.cloud import OWN, html, need, scan
from tests.sources.aws.estate import GOOD, seed

if TYPE_CHECKING:
    from tests.sources.aws.cloud import Cloud

TYPES = [module.TYPE for module in _modules.types() if module.KIND != "account"]
"""An account is read again in `test_account.py`: moto knows nothing of bills."""
READS_OF = {
    "AWS::EC2::Instance": "DescribeInstances",
    "AWS::EC2::NatGateway": "DescribeNatGateways",
    "AWS::EC2::VPCEndpoint": "DescribeVpcEndpoints",
    "AWS::EC2::Volume": "DescribeVolumes",
    "AWS::EKS::Cluster": "DescribeCluster",
    "AWS::EKS::Nodegroup": "DescribeNodegroup",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "DescribeLoadBalancers",
    "AWS::Lambda::Function": "GetFunctionConfiguration",
    "AWS::Logs::LogGroup": "DescribeLogGroups",
    "AWS::RDS::DBInstance": "DescribeDBInstances",
    "AWS::S3::Bucket": "ListBuckets",
    "AWS::SageMaker::Endpoint": "DescribeEndpoint",
    "AWS::SageMaker::NotebookInstance": "DescribeNotebookInstance",
    "AWS::SageMaker::TrainingJob": "DescribeTrainingJob",
}
FIELDS = frozenset({"protected", "accelerators.count", "capacity.provisioned", "purchase", "checkpointed"})


@pytest.fixture(scope="module")
def estate(server: Cloud) -> dict[str, list[Resource]]:
    seed(server, "eu-west-1")
    kinds = [module.KIND for module in _modules.types()]
    found: dict[str, list[Resource]] = {}
    for resource in scan(need(*kinds, fields=FIELDS))[0]:
        found.setdefault(resource.text("type"), []).append(resource)
    return found


def _journalled(resource: Resource) -> Resource:
    """What a journal keeps of it."""
    known = {name: resource.fields[name] for name in ("cloud", "account", "region", "type", "id")}
    return Resource(dict(known), Tags.unreadable("only its name is on record"))


@pytest.mark.parametrize("type_name", TYPES)
def test_a_re_read_tells_what_a_scan_tells(cloud: Cloud, estate: dict[str, list[Resource]], type_name: str) -> None:
    there = estate[type_name]
    gone = _journalled(there[0])
    gone.fields["id"] = there[0].id[:-1] + "0123456789abcdef0"[: 1 + (there[0].id[-1] == "0")]
    again = list(acting().read([*there, gone], ()))
    assert [found.id for found in again] == [found.id for found in there]
    for before, now in zip(there, again, strict=True):
        facts = {key: value for key, value in now.facts.items() if not key.startswith("before ")}
        assert (now.fields, now.unknown, facts) == (before.fields, before.unknown, before.facts)
        assert (now.tags.raw, now.tags.open_because, now.started) == (before.tags.raw, None, before.started)
    assert not any(operation == "GetResources" for _, operation, _ in cloud.asked)
    assert cloud.writes == []


@pytest.mark.parametrize("type_name", TYPES)
def test_the_journal_knows_enough_to_read_it_again(estate: dict[str, list[Resource]], type_name: str) -> None:
    there = estate[type_name]
    again = list(acting().read([_journalled(found) for found in there], ()))
    assert [(found.id, found.fields.get("state"), found.tags.raw) for found in again] == [
        (found.id, found.fields.get("state"), found.tags.raw) for found in there
    ]


@pytest.mark.parametrize("type_name", TYPES)
def test_what_does_not_answer_is_unknown_and_not_gone(
    cloud: Cloud, estate: dict[str, list[Resource]], type_name: str
) -> None:
    operation = READS_OF[type_name]
    cloud.instead = {operation: html}
    again = list(acting().read(estate[type_name], ()))
    assert [found.id for found in again] == [found.id for found in estate[type_name]]
    for found in again:
        assert "state" not in found.fields
        assert found.unknown["state"].endswith(f":{operation}") or operation == "ListBuckets"
        assert found.tags.open_because == found.unknown["state"]
        assert found.text("type") == type_name


def test_one_that_is_denied_hides_no_other(cloud: Cloud, estate: dict[str, list[Resource]]) -> None:
    cloud.instead = {
        "DescribeNotebookInstance": lambda asked: html(None) if asked["NotebookInstanceName"] == "empty" else None
    }
    again = list(acting().read(estate["AWS::SageMaker::NotebookInstance"], ()))
    assert {found.text("name"): "state" in found.fields for found in again} == {
        "bare": True,
        "empty": False,
        "good": True,
    }


def test_a_type_that_no_module_describes_is_read_by_its_tags(cloud: Cloud) -> None:
    queue = cloud.client("sqs").create_queue(QueueName="q", tags=GOOD)["QueueUrl"]
    assert queue
    arn = f"arn:aws:sqs:eu-west-1:{OWN}:q"
    found = {resource.id: resource for resource in scan()[0]}[arn]
    (again,) = acting().read([found], ())
    assert (again.tags.raw, again.fields) == (GOOD, found.fields)
    assert cloud.asked[-1][1] == "GetResources"
