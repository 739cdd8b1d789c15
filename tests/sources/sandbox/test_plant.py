"""Real clients see what `estate.yaml` describes: every kind, where it should be, with its tags, dates and states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from finops_guard.sources.sandbox import plant
from finops_guard.sources.sandbox.estate import Estate, Item
from tests.sources.sandbox.conftest import NOW, Cloud

Counts = Counter[str]
LISTS = {
    "bucket": None,
    "volume": None,
    "instance": ("ec2", "describe_instances", "Reservations"),
    "notebook": ("sagemaker", "list_notebook_instances", "NotebookInstances"),
    "training_job": ("sagemaker", "list_training_jobs", "TrainingJobSummaries"),
    "endpoint": ("sagemaker", "list_endpoints", "Endpoints"),
    "database": ("rds", "describe_db_instances", "DBInstances"),
    "function": ("lambda", "list_functions", "Functions"),
    "cluster": ("eks", "list_clusters", "clusters"),
    "node_group": None,
    "load_balancer": ("elbv2", "describe_load_balancers", "LoadBalancers"),
    "nat_gateway": ("ec2", "describe_nat_gateways", "NatGateways"),
    "address": None,
    "vpc_endpoint": ("ec2", "describe_vpc_endpoints", "VpcEndpoints"),
    "transit_gateway": ("ec2", "describe_transit_gateways", "TransitGateways"),
    "log_group": ("logs", "describe_log_groups", "logGroups"),
}


def planted(estate: Estate, kind: str, account: str, region: str) -> list[Item]:
    return [i for i in estate.items if (i.kind, i.account, i.region) == (kind, account, region)]


def cells(estate: Estate) -> list[tuple[str, str]]:
    return [(account.id, region) for account in estate.accounts for region in estate.regions]


def denied(estate: Estate, account: str, region: str) -> bool:
    return any((cell.account, cell.region) == (account, region) for cell in estate.denied)


def test_every_kind_has_a_module_and_every_module_a_kind(estate: Estate) -> None:
    modules = {path.stem for path in Path(str(plant.__file__)).parent.glob("[!_]*.py")}
    assert modules == {item.kind for item in estate.items} == LISTS.keys()


@pytest.mark.parametrize("kind", [kind for kind, asked in LISTS.items() if asked])
def test_as_many_as_the_data_says(cloud: Cloud, estate: Estate, kind: str) -> None:
    asked = LISTS[kind]
    assert asked is not None
    service, operation, key = asked
    for account, region in cells(estate):
        if service == "logs" and denied(estate, account, region):
            continue
        found = cloud.pages(service, account, region, operation, key)
        assert len(found) == len(planted(estate, kind, account, region)), (account, region)


def test_buckets_are_where_they_were_planted(cloud: Cloud, estate: Estate) -> None:
    for account in estate.accounts:
        s3 = cloud.client("s3", account.id, "eu-west-1")
        found = {one["Name"]: one["CreationDate"] for one in s3.list_buckets()["Buckets"]}
        items = [item for item in estate.items if item.kind == "bucket" and item.account == account.id]
        assert found == {item.name: item.created for item in items}
        for item in items:
            assert s3.get_bucket_location(Bucket=item.name)["LocationConstraint"] == item.region


def test_every_machine_has_its_disks_and_some_disks_no_machine(cloud: Cloud, estate: Estate) -> None:
    for account, region in cells(estate):
        machines = planted(estate, "instance", account, region)
        found = cloud.pages("ec2", account, region, "describe_volumes", "Volumes")
        loose = [one for one in found if one["State"] == "available"]
        assert len(found) - len(loose) == len(machines) + sum("data" in item.facts for item in machines)
        assert len(loose) == len(planted(estate, "volume", account, region))
        assert all(one["CreateTime"] < NOW - timedelta(days=29) for one in loose)


def test_addresses_are_those_of_gateways_and_the_forgotten_ones(cloud: Cloud, estate: Estate) -> None:
    for account, region in cells(estate):
        found = cloud.client("ec2", account, region).describe_addresses()["Addresses"]
        assert sum("AssociationId" not in one for one in found) == len(planted(estate, "address", account, region))


def test_node_groups_belong_to_their_clusters(cloud: Cloud, estate: Estate) -> None:
    for account, region in cells(estate):
        eks = cloud.client("eks", account, region)
        for item in planted(estate, "node_group", account, region):
            group = eks.describe_nodegroup(clusterName=item.facts["cluster"], nodegroupName=item.name)["nodegroup"]
            assert group["instanceTypes"] == item.facts["types"]
            assert group["scalingConfig"]["desiredSize"] == item.facts["size"]
            assert group["createdAt"] == item.created
            assert group["tags"] == item.tags


def machines(cloud: Cloud, estate: Estate) -> dict[str, dict[str, Any]]:
    found = {}
    for account, region in cells(estate):
        for reservation in cloud.pages("ec2", account, region, "describe_instances", "Reservations"):
            (one,) = reservation["Instances"]  # a reservation each, so that paging is real
            found[one["InstanceId"]] = one
    return found


def test_machines_are_as_the_fleets_say(cloud: Cloud, estate: Estate) -> None:
    found = list(machines(cloud, estate).values())
    items = [item for item in estate.items if item.kind == "instance"]

    def seen(one: dict[str, Any]) -> tuple[str, datetime, str, bool]:
        spot = one.get("InstanceLifecycle") == "spot"
        return one["InstanceType"], one["LaunchTime"], one["State"]["Name"], spot

    assert sorted(map(seen, found)) == sorted(
        (i.facts["type"], i.created, i.facts.get("state", "running"), i.facts.get("purchase") == "spot") for i in items
    )
    for one in found:
        assert one["BlockDeviceMappings"][0]["Ebs"]["AttachTime"] == one["LaunchTime"]
        if one["State"]["Name"] == "stopped":
            assert one["StateTransitionReason"].startswith("User initiated (2026-")
            assert len(one["BlockDeviceMappings"]) == 2


def test_machines_are_protected_and_managed(cloud: Cloud, estate: Estate, account: Callable[[str], str]) -> None:
    ec2 = cloud.client("ec2", account("training"), "eu-central-1")
    (teacher,) = ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": ["meldpunt-teacher"]}])["Reservations"]
    stop = ec2.describe_instance_attribute(InstanceId=teacher["Instances"][0]["InstanceId"], Attribute="disableApiStop")
    assert stop["DisableApiStop"]["Value"] is True
    tags = [{t["Key"]: t["Value"] for t in one.get("Tags", [])} for one in machines(cloud, estate).values()]
    groups = Counter(each["aws:autoscaling:groupName"] for each in tags if "aws:autoscaling:groupName" in each)
    assert groups == {"dijkscan-trainers": 6, "eks-gpu-t4": 4, "dijkscan-serve": 6}
    assert sum("<" in value or "=" in value[:1] for each in tags for value in each.values()) == 0
    codes = [code for one in machines(cloud, estate).values() for code in one["ProductCodes"]]
    assert {code["ProductCodeId"] for code in codes} == {"fw-vm-series-bundle", "c8000v-payg"}


def test_notebooks_are_forgotten_and_stopped(cloud: Cloud, estate: Estate) -> None:
    found = [
        one
        for account, region in cells(estate)
        for one in cloud.pages("sagemaker", account, region, "list_notebook_instances", "NotebookInstances")
    ]
    items = [item for item in estate.items if item.kind == "notebook"]
    assert {one["NotebookInstanceName"]: one["InstanceType"] for one in found} == {
        item.name: item.facts["type"] for item in items
    }
    running = [one for one in found if one["NotebookInstanceStatus"] == "InService"]
    assert sum(NOW - one["CreationTime"] > timedelta(days=40) for one in running) >= 7
    assert any(one["NotebookInstanceStatus"] == "Stopped" for one in found)


def test_training_jobs_have_states_dates_and_checkpoints(cloud: Cloud, estate: Estate) -> None:
    states: Counts = Counter()
    for account, region in cells(estate):
        sagemaker = cloud.client("sagemaker", account, region)
        for item in planted(estate, "training_job", account, region):
            job = sagemaker.describe_training_job(TrainingJobName=item.name)
            states[job["TrainingJobStatus"]] += 1
            assert job["CreationTime"] == item.created
            assert job["ResourceConfig"]["InstanceType"] == item.facts["type"]
            assert ("CheckpointConfig" in job) == bool(item.facts.get("checkpoints"))
            assert ("TrainingEndTime" in job) == (job["TrainingJobStatus"] != "InProgress")
            if "TrainingEndTime" in job:
                assert job["TrainingStartTime"] < job["TrainingEndTime"] <= NOW
    assert states == {"Completed": 18, "InProgress": 13, "Failed": 3, "Stopped": 2}


def test_jobs_can_be_asked_for_by_date_and_state(cloud: Cloud, estate: Estate, account: Callable[[str], str]) -> None:
    sagemaker = cloud.client("sagemaker", account("training"), "eu-central-1")
    recent = sagemaker.list_training_jobs(CreationTimeAfter=NOW - timedelta(days=30), MaxResults=100)
    names = {one["TrainingJobName"] for one in recent["TrainingJobSummaries"]}
    jobs = planted(estate, "training_job", account("training"), "eu-central-1")
    assert names == {item.name for item in jobs if item.created > NOW - timedelta(days=30)} != {i.name for i in jobs}
    running = sagemaker.list_training_jobs(StatusEquals="InProgress", MaxResults=100)["TrainingJobSummaries"]
    assert {one["TrainingJobName"] for one in running} == {i.name for i in jobs if i.facts["status"] == "InProgress"}


def test_endpoints_run_on_todays_machines(cloud: Cloud, estate: Estate) -> None:
    for account, region in cells(estate):
        sagemaker = cloud.client("sagemaker", account, region)
        for item in planted(estate, "endpoint", account, region):
            endpoint = sagemaker.describe_endpoint(EndpointName=item.name)
            config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
            assert endpoint["EndpointStatus"] == "InService"
            assert endpoint["CreationTime"] == item.created
            assert endpoint["ProductionVariants"][0]["CurrentInstanceCount"] == item.facts["nodes"]
            assert config["ProductionVariants"][0]["InstanceType"] == item.facts["type"]
    assert any(item.facts["type"].startswith("ml.g5.") for item in estate.items if item.kind == "endpoint")


def test_log_groups_keep_and_hold_what_they_should(cloud: Cloud, estate: Estate) -> None:
    for account, region in cells(estate):
        if denied(estate, account, region):
            continue
        found = {
            one["logGroupName"]: one for one in cloud.pages("logs", account, region, "describe_log_groups", "logGroups")
        }
        for item in planted(estate, "log_group", account, region):
            one = found[item.name]
            assert one.get("retentionInDays") == item.facts.get("retention")
            assert one["storedBytes"] == int(float(item.facts["size"]))
            assert one["creationTime"] == int(item.created.timestamp()) * 1000


def test_hostile_values_arrive_as_they_were_written(cloud: Cloud, account: Callable[[str], str]) -> None:
    training, serving = account("training"), account("serving")
    s3 = cloud.client("s3", serving, "eu-west-1")
    tags = {t["Key"]: t["Value"] for t in s3.get_bucket_tagging(Bucket="polderzicht-script")["TagSet"]}
    assert tags["note"] == "<script>alert(1)</script>"
    arn = f"arn:aws:sagemaker:eu-central-1:{training}:notebook-instance/ansi-nb"
    listed = cloud.client("sagemaker", training, "eu-central-1").list_tags(ResourceArn=arn)["Tags"]
    assert "\x1b[31m" in {t["Key"]: t["Value"] for t in listed}["note"]
    arn = f"arn:aws:sagemaker:eu-west-1:{serving}:endpoint/formule"
    listed = cloud.client("sagemaker", serving, "eu-west-1").list_tags(ResourceArn=arn)["Tags"]
    assert {t["Key"]: t["Value"] for t in listed}["contact"].startswith("=HYPERLINK(")
    arn = f"arn:aws:logs:eu-west-1:{serving}:log-group:/polderzicht/pijp"
    note = cloud.client("logs", serving, "eu-west-1").list_tags_for_resource(resourceArn=arn)["tags"]["note"]
    assert "|" in note
    assert "`" in note
