"""Killed between an act and its outcome: what the intent holds is enough to put back what was scaled to zero."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from finops_guard.apply import session, settle
from finops_guard.apply.own import found_by
from finops_guard.apply.reading import reread
from finops_guard.state.journal import act_of
from finops_guard.state.store import MemoryStore
from finops_guard.undo import undo
from tests.apply.world import policy
from tests.sources.aws.acts import acting, step
from tests.sources.aws.cloud import ROLE, answer, need, pairs, scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finops_guard.model import Outcome, Resource
    from tests.sources.aws.cloud import Cloud

REGION = "eu-west-1"
SIZES = {"minSize": 1, "maxSize": 5, "desiredSize": 3}


@pytest.fixture
def group(cloud: Cloud) -> Iterator[Resource]:
    eks = cloud.client("eks", REGION)
    network: dict[str, list[str]] = {"subnetIds": [], "securityGroupIds": []}
    eks.create_cluster(name="c", roleArn=ROLE, resourcesVpcConfig=network)
    eks.create_nodegroup(clusterName="c", nodegroupName="a", nodeRole=ROLE, subnets=[], scalingConfig=SIZES)
    (found,) = scan(need("node-pool"))[0]
    yield found
    cloud.reset()
    eks.delete_nodegroup(clusterName="c", nodegroupName="a")
    eks.delete_cluster(name="c")


@pytest.fixture
def endpoint(cloud: Cloud) -> Iterator[Resource]:
    sagemaker = cloud.client("sagemaker", REGION)
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.p3.8xlarge", "InitialInstanceCount": 2}
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "image"})
    sagemaker.create_endpoint_config(EndpointConfigName="config", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="config", Tags=pairs({"team": "vision"}))
    (found,) = scan(need("endpoint", fields=["capacity.provisioned"]))[0]
    yield found
    cloud.reset()
    for remove, name in (("endpoint", "Endpoint"), ("endpoint_config", "EndpointConfig"), ("model", "Model")):
        with suppress(sagemaker.exceptions.ClientError):
            getattr(sagemaker, f"delete_{remove}")(**{f"{name}Name": "config" if "Config" in name else name[0].lower()})


def killed_after(resource: Resource) -> tuple[Outcome, list[Outcome]]:
    """Scale it to zero, with no outcome on record; then what the next run finds out, and what undo does."""
    store, now, verbs = MemoryStore(), datetime.now(UTC), acting()
    permit = frozenset({"notify", "scale_to_zero"})

    def held(run: str, later: timedelta) -> Any:
        return session(store, run, lambda: now + later, by=run, policy=policy(permit=permit))

    wanted = step(resource, "scale_to_zero", {"capacity": resource.fields["capacity.provisioned"]}, {"capacity": 0})
    with held("a-run", timedelta()) as ours:
        live = reread(verbs, [resource], ())[resource.id]
        assert live is not None
        act = act_of(wanted)
        before = {**act.before, **found_by(act.verb, live)}
        ours.journal().intents([replace(act, before=before)], now)
        assert [outcome.state for outcome in verbs.act("scale_to_zero", [replace(wanted, resource=live)])] == ["done"]
    with held("b-run", timedelta(minutes=1)) as ours:
        (settled,) = settle(ours, verbs)
        return settled, list(undo("a-run", ours, verbs).outcomes)


def test_a_node_group_gets_its_sizes_back(cloud: Cloud, group: Resource) -> None:
    settled, back = killed_after(group)
    assert (settled.state, settled.before["scaling"]) == ("done", SIZES)
    assert [(outcome.state, outcome.error) for outcome in back] == [("done", None)]
    now = cloud.client("eks", REGION).describe_nodegroup(clusterName="c", nodegroupName="a")["nodegroup"]
    assert {name: now["scalingConfig"][name] for name in SIZES} == SIZES


def test_an_endpoint_gets_its_instances_back(cloud: Cloud, endpoint: Resource) -> None:
    settled, back = killed_after(endpoint)
    assert (settled.state, settled.before["counts"]) == ("done", {"v": 2})
    assert [(outcome.state, outcome.error) for outcome in back] == [("done", None)]
    now = cloud.client("sagemaker", REGION).describe_endpoint(EndpointName="e")["ProductionVariants"][0]
    assert now["DesiredInstanceCount"] == 2


def test_an_endpoint_that_was_deleted_is_made_anew_with_its_tags(cloud: Cloud, endpoint: Resource) -> None:
    refused = {"__type": "ValidationException", "message": "Desired instance count must be at least 1"}
    cloud.instead["UpdateEndpointWeightsAndCapacities"] = lambda _asked: answer(refused, 400)
    settled, back = killed_after(endpoint)
    assert (settled.state, settled.after["deleted"]) == ("done", True)
    assert [(outcome.state, outcome.error) for outcome in back] == [("done", None)]
    sagemaker = cloud.client("sagemaker", REGION)
    assert sagemaker.describe_endpoint(EndpointName="e")["EndpointConfigName"] == "config"
    assert sagemaker.list_tags(ResourceArn=endpoint.id)["Tags"] == pairs({"team": "vision"})
