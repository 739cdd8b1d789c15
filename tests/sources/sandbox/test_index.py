from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from finops_guard.language.policy import load_policy
from finops_guard.pipeline import Request, run
from finops_guard.sources import sandbox
from finops_guard.sources.sandbox.bills import write_bills
from finops_guard.sources.sandbox.estate import Estate
from finops_guard.sources.sandbox.policy import CARD, SHIPPED
from tests.sources.sandbox.conftest import NOW, Cloud


def swept(cloud: Cloud, account: str, region: str, **asked: object) -> dict[str, dict[str, str]]:
    found = cloud.pages("resourcegroupstaggingapi", account, region, "get_resources", "ResourceTagMappingList", **asked)
    assert max(Counter(one["ResourceARN"] for one in found).values(), default=1) == 1
    return {one["ResourceARN"]: {t["Key"]: t["Value"] for t in one["Tags"]} for one in found}


def test_the_sweep_shows_what_is_tagged_where_it_is(cloud: Cloud, estate: Estate) -> None:
    for account in estate.accounts:
        for region in estate.regions:
            found = swept(cloud, account.id, region)
            here = [i for i in estate.items if i.account == account.id and i.region == region]
            assert all(found.values())
            for kind, part in (
                ("cluster", ":cluster/"),
                ("node_group", ":nodegroup/"),
                ("bucket", ":s3:::"),
                ("vpc_endpoint", ":vpc-endpoint/"),
                ("load_balancer", ":loadbalancer/"),
                ("notebook", ":notebook-instance/"),
                ("database", ":db:"),
                ("log_group", ":log-group:"),
                ("function", ":function:"),
            ):
                tagged = sum(item.kind == kind and bool(item.tags) for item in here)
                assert sum(part in arn for arn in found) == tagged, (kind, account, region)


def test_the_sweep_can_be_narrowed(cloud: Cloud, account: Callable[[str], str]) -> None:
    training = account("training")
    vision = swept(cloud, training, "eu-west-1", TagFilters=[{"Key": "team", "Values": ["vision"]}])
    assert vision
    assert all(tags["team"] == "vision" for tags in vision.values())
    clusters = swept(cloud, training, "eu-west-1", ResourceTypeFilters=["eks"])
    assert {arn.split(":")[2] for arn in clusters} == {"eks"}
    one = next(iter(vision))
    tagging = cloud.client("resourcegroupstaggingapi", training, "eu-west-1")
    assert [r["ResourceARN"] for r in tagging.get_resources(ResourceARNList=[one])["ResourceTagMappingList"]] == [one]


def test_keys_and_values_are_listed_once(cloud: Cloud, account: Callable[[str], str]) -> None:
    keys = cloud.pages("resourcegroupstaggingapi", account("training"), "eu-west-1", "get_tag_keys", "TagKeys")
    assert len(keys) == len(set(keys))
    assert {"team", "Team", "ModelVersion"} <= set(keys)
    values = cloud.pages(
        "resourcegroupstaggingapi", account("training"), "eu-west-1", "get_tag_values", "TagValues", Key="workload-type"
    )
    assert "trainning" in values


def test_the_explorer_also_knows_what_never_had_a_tag(cloud: Cloud, account: Callable[[str], str]) -> None:
    explorer = cloud.client("resource-explorer-2", account("serving"), "eu-west-1")
    assert {one["Region"] for one in explorer.list_indexes()["Indexes"]} == {"eu-west-1", "eu-central-1"}
    found = {one["Arn"]: one for one in explorer.list_resources()["Resources"]}
    sweep = swept(cloud, account("serving"), "eu-west-1")
    assert found.keys() > sweep.keys()
    addresses = [one for one in found.values() if one["ResourceType"] == "ec2:elastic-ip"]
    assert len(addresses) == 2
    assert sum(bool(one["Properties"][0]["Data"]) for one in addresses) == 1


def test_whatever_is_in_the_sweep_can_be_tagged_and_untagged(cloud: Cloud, account: Callable[[str], str]) -> None:
    for place in ("training", "serving", "network"):
        tagging = cloud.client("resourcegroupstaggingapi", account(place), "eu-west-1")
        before = swept(cloud, account(place), "eu-west-1")
        for arn in before:
            assert tagging.tag_resources(ResourceARNList=[arn], Tags={"x": "1", "y": "2"})["FailedResourcesMap"] == {}
        after = swept(cloud, account(place), "eu-west-1")
        assert after == {arn: tags | {"x": "1", "y": "2"} for arn, tags in before.items()}
        for arn in before:
            assert tagging.untag_resources(ResourceARNList=[arn], TagKeys=["x", "y"])["FailedResourcesMap"] == {}
        assert swept(cloud, account(place), "eu-west-1") == before


def test_outside_the_estate_nothing_is_explored(cloud: Cloud, account: Callable[[str], str]) -> None:
    assert cloud.home("resource-explorer-2").list_resources()["Resources"] == []
    assert cloud.client("resource-explorer-2", account("training"), "us-west-2").list_resources()["Resources"] == []


@pytest.mark.parametrize("external_id", ["", "external_id: polderzicht-demo"])
def test_an_organization_is_scanned_with_and_without_the_external_id(
    cloud: Cloud, external_id: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = re.sub(r"until: [\d-]+", "until: 2027-02-28", SHIPPED.read_text())
    text = re.sub(r"(?ms)^scope:\n.*?(?=^\S)", f"scope:\n  aws:\n    organization: {{}}\n    {external_id}\n\n", text)
    (tmp_path / "finops-guard.yaml").write_text(text)
    (tmp_path / CARD.name).write_text(CARD.read_text())
    with sandbox.applied(cloud.box.environment):
        write_bills(tmp_path, NOW)
        policy = load_policy(tmp_path / "finops-guard.yaml", NOW.date())
        report = run(Request(policy, NOW, environ=os.environ))
    assert "Traceback" not in capfd.readouterr().err
    assert report.gaps
