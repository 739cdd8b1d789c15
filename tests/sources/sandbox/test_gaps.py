from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from finops_guard.sources.sandbox.estate import Estate
from tests.sources.sandbox.conftest import EXTERNAL_ID, Cloud

ROLE = "arn:aws:iam::{}:role/finops-guard-scan"


def test_a_role_leads_to_its_own_account_only(cloud: Cloud, estate: Estate) -> None:
    for account in estate.accounts:
        identity = cloud.client("sts", account.id, "eu-west-1").get_caller_identity()
        assert identity["Account"] == account.id
        assert identity["Arn"] == f"arn:aws:sts::{account.id}:assumed-role/finops-guard-scan/test"
        names = {b["Name"] for b in cloud.client("s3", account.id, "eu-west-1").list_buckets()["Buckets"]}
        assert names == {i.name for i in estate.items if i.kind == "bucket" and i.account == account.id}


@pytest.mark.parametrize(
    ("role", "external_id"),
    [
        (ROLE.format("214365870912"), "somebody-else"),
        (ROLE.format("214365870912"), None),
        (ROLE.format("999999999999"), EXTERNAL_ID),
        ("arn:aws:iam::214365870912:role/Admin", EXTERNAL_ID),
    ],
)
def test_no_role_without_its_external_id(cloud: Cloud, role: str, external_id: str | None) -> None:
    asked = {"ExternalId": external_id} if external_id else {}
    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole") as error:
        cloud.home("sts").assume_role(RoleArn=role, RoleSessionName="test", **asked)
    assert error.value.response["Error"]["Code"] == "AccessDenied"


def test_the_organization_has_its_units_and_accounts(cloud: Cloud, estate: Estate) -> None:
    organizations = cloud.home("organizations")
    accounts = {one["Id"]: one for one in organizations.list_accounts()["Accounts"]}
    assert accounts.keys() == {estate.management.id, *(account.id for account in estate.accounts)}
    for account in estate.accounts:
        assert accounts[account.id]["Name"] == account.name
        path, child = list[str](), account.id
        while (parent := organizations.list_parents(ChildId=child)["Parents"][0])["Type"] != "ROOT":
            unit = organizations.describe_organizational_unit(OrganizationalUnitId=parent["Id"])["OrganizationalUnit"]
            path.insert(0, unit["Name"])
            child = parent["Id"]
        assert "/".join(path) == account.unit
        tags = organizations.list_tags_for_resource(ResourceId=account.id)["Tags"]
        assert {tag["Key"]: tag["Value"] for tag in tags} == account.tags


def test_instance_types_can_be_found_by_wildcard(cloud: Cloud, account: Callable[[str], str]) -> None:
    ec2 = cloud.client("ec2", account("training"), "eu-west-1")
    asked = [{"Name": "instance-type", "Values": ["p4d.*", "g6.xlarge"]}]
    found = {one["InstanceType"]: one for one in ec2.describe_instance_types(Filters=asked)["InstanceTypes"]}
    assert found.keys() == {"p4d.24xlarge", "g6.xlarge"}
    assert found["p4d.24xlarge"]["GpuInfo"]["Gpus"][0]["Count"] == 8


def test_a_tag_written_again_replaces_the_old_value(cloud: Cloud, account: Callable[[str], str]) -> None:
    sagemaker = cloud.client("sagemaker", account("training"), "eu-central-1")
    arn = f"arn:aws:sagemaker:eu-central-1:{account('training')}:notebook-instance/ansi-nb"
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "vision"}])
    tags = [tag for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"] if tag["Key"] == "team"]
    assert tags == [{"Key": "team", "Value": "vision"}]
