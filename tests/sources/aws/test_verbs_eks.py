"""Node groups lose their nodes and get them back; what is sent is asserted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.wrappers import Response

from finops_guard.model import Outcome
from tests.sources.aws.acts import act, acting, impatient, sent, states, step, undo
from tests.sources.aws.cloud import ROLE, answer, denied, need, scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finops_guard.model import Resource
    from tests.sources.aws.cloud import Cloud

REGION = "eu-west-1"
UPDATE = "UpdateNodegroupConfig"


@pytest.fixture
def groups(cloud: Cloud) -> Iterator[list[Resource]]:
    eks = cloud.client("eks", REGION)
    network: dict[str, list[str]] = {"subnetIds": [], "securityGroupIds": []}
    eks.create_cluster(name="c", roleArn=ROLE, resourcesVpcConfig=network)
    for name, sizes in (("a", (1, 5, 3)), ("b", (0, 2, 1))):
        scaling = dict(zip(("minSize", "maxSize", "desiredSize"), sizes, strict=True))
        eks.create_nodegroup(clusterName="c", nodegroupName=name, nodeRole=ROLE, subnets=[], scalingConfig=scaling)
    yield scan(need("node-pool"))[0]
    cloud.reset()
    for name in ("a", "b"):
        eks.delete_nodegroup(clusterName="c", nodegroupName=name)
    eks.delete_cluster(name="c")


def _sizes(cloud: Cloud, name: str) -> dict[str, int]:
    group = cloud.client("eks", REGION).describe_nodegroup(clusterName="c", nodegroupName=name)["nodegroup"]
    return {key: group["scalingConfig"][key] for key in ("minSize", "maxSize", "desiredSize")}


def test_no_nodes_and_back_again(cloud: Cloud, groups: list[Resource]) -> None:
    requests = sent(cloud, UPDATE)
    steps = [step(group, "scale_to_zero") for group in groups]
    outcomes = act(steps)
    before = {"minSize": 1, "maxSize": 5, "desiredSize": 3}
    none = {"minSize": 0, "maxSize": 5, "desiredSize": 0}
    assert outcomes[0] == Outcome(
        steps[0].id, "done", {"capacity": 3, "scaling": before}, {"capacity": 0, "scaling": none}
    )
    assert [asked["scalingConfig"] for _, asked in requests] == [none, {"minSize": 0, "maxSize": 2, "desiredSize": 0}]
    assert len({asked["clientRequestToken"] for _, asked in requests}) == 2
    assert _sizes(cloud, "a") == none
    assert [(found.fields["state"], found.fields["capacity.provisioned"]) for found in acting().read(groups, ())] == [
        ("stopped", 0)
    ] * 2

    assert {(again.state, again.error) for again in act(steps)} == {("skipped", "already scaled to zero")}
    assert len(requests) == 2
    assert states(undo(steps, outcomes)) == ["done"] * 2
    assert (_sizes(cloud, "a"), requests[2][1]["scalingConfig"]) == (before, before)
    assert {back.error for back in undo(steps, outcomes)} == {"its sizes are as before already"}
    assert len(requests) == 4


def activities(*found: tuple[str, str]) -> Any:
    rows = "".join(
        f"<member><ActivityId>{n}</ActivityId><AutoScalingGroupName>g</AutoScalingGroupName><Cause>x</Cause>"
        f"<Description>{what} EC2 instance: i-1</Description><StatusCode>Successful</StatusCode>"
        f"<StartTime>{when}</StartTime></member>"
        for n, (what, when) in enumerate(found)
    )
    told = f"<DescribeScalingActivitiesResult><Activities>{rows}</Activities></DescribeScalingActivitiesResult>"
    whole = f"<DescribeScalingActivitiesResponse>{told}</DescribeScalingActivitiesResponse>"
    return lambda _asked: Response(whole, content_type="text/xml")


def test_of_a_group_without_nodes_it_is_known_when_its_last_node_was_launched(
    cloud: Cloud, groups: list[Resource]
) -> None:
    act([step(group, "scale_to_zero") for group in groups])
    ended, launched = "Terminating", "Launching a new"
    cloud.instead["DescribeScalingActivities"] = activities(
        (ended, "2026-11-24T20:00:00Z"), (launched, "2026-11-23T20:00:00Z"), (launched, "2026-11-20T20:00:00Z")
    )
    (one, _) = acting().read(groups, ())
    assert one.started == datetime(2026, 11, 23, 20, tzinfo=UTC)
    cloud.instead["DescribeScalingActivities"] = activities((ended, "2026-11-24T20:00:00Z"))
    (one, _) = acting().read(groups)
    assert (one.started, "starts_unread" in one.facts) == (None, False)
    cloud.instead["DescribeScalingActivities"] = lambda _asked: denied("autoscaling")
    (one, _) = acting().read(groups)
    assert one.facts["starts_unread"] == "AccessDenied autoscaling:DescribeScalingActivities"


def test_only_who_asks_who_stopped_a_group_reads_what_was_launched(cloud: Cloud, groups: list[Resource]) -> None:
    act([step(group, "scale_to_zero") for group in groups])
    asked = sent(cloud, "DescribeScalingActivities")
    scan(need("node-pool", fields=["state"]))
    assert asked == []
    scan(need("node-pool", fields=["stopped_by"]))
    assert len(asked) == 2


def test_a_start_gives_back_the_sizes_and_leaves_alone_what_others_resized(
    cloud: Cloud, groups: list[Resource]
) -> None:
    stopped = act([step(group, "scale_to_zero") for group in groups])
    requests = sent(cloud, UPDATE)
    steps = [
        step(group, "start", did.after, {name: did.before[name] for name in did.after})
        for group, did in zip(groups, stopped, strict=True)
    ]
    grown = {"minSize": 0, "maxSize": 2, "desiredSize": 2}
    cloud.client("eks", REGION).update_nodegroup_config(clusterName="c", nodegroupName="b", scalingConfig=grown)
    requests.clear()
    outcomes = act(steps)
    assert [(each.state, each.error) for each in outcomes] == [
        ("done", None),
        ("skipped", "left alone, its sizes were changed by others since"),
    ]
    sizes = {"minSize": 1, "maxSize": 5, "desiredSize": 3}
    assert (_sizes(cloud, "a"), [asked["scalingConfig"] for _, asked in requests]) == (sizes, [sizes])
    assert states(undo(steps, outcomes)) == ["done"]
    assert _sizes(cloud, "a") == {"minSize": 0, "maxSize": 5, "desiredSize": 0}


def test_what_others_resized_since_is_left_alone(cloud: Cloud, groups: list[Resource]) -> None:
    steps = [step(group, "scale_to_zero") for group in groups]
    outcomes = act(steps)
    grown = {"minSize": 0, "maxSize": 5, "desiredSize": 1}
    cloud.client("eks", REGION).update_nodegroup_config(clusterName="c", nodegroupName="a", scalingConfig=grown)
    back = undo(steps, outcomes)
    assert [(o.state, o.error) for o in back] == [
        ("skipped", "left alone, its sizes were changed by others since"),
        ("done", None),
    ]
    assert _sizes(cloud, "a") == grown


def test_one_denied_holds_up_no_other(cloud: Cloud, groups: list[Resource]) -> None:
    refusals = [denied("eks")]
    cloud.instead = {UPDATE: lambda _: refusals.pop() if refusals else None}
    outcomes = act([step(group, "scale_to_zero") for group in groups])
    assert [(o.state, o.error) for o in outcomes] == [
        ("failed", "AccessDenied eks:UpdateNodegroupConfig"),
        ("done", None),
    ]


def test_a_lost_answer_is_looked_after(cloud: Cloud, groups: list[Resource], monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch)
    cloud.lost = {UPDATE}
    requests = sent(cloud, UPDATE)
    assert states(act([step(groups[0], "scale_to_zero")])) == ["done"]
    assert len(requests) == 1


def test_a_group_that_is_being_changed_waits(cloud: Cloud, groups: list[Resource]) -> None:
    scaling = {"minSize": 1, "maxSize": 5, "desiredSize": 3}
    group: dict[str, Any] = {"nodegroupArn": groups[0].id, "status": "UPDATING", "scalingConfig": scaling}
    cloud.instead = {"DescribeNodegroup": lambda _: answer({"nodegroup": group})}
    requests = sent(cloud, UPDATE)
    (outcome,) = act([step(groups[0], "scale_to_zero")])
    assert (outcome.state, outcome.error) == ("scheduled", "it is UPDATING: try again when it is ACTIVE")
    assert requests == []


def test_a_new_group_of_the_same_name_is_another_one(cloud: Cloud, groups: list[Resource]) -> None:
    steps = [step(groups[0], "scale_to_zero")]
    eks = cloud.client("eks", REGION)
    eks.delete_nodegroup(clusterName="c", nodegroupName="a")
    eks.create_nodegroup(
        clusterName="c",
        nodegroupName="a",
        nodeRole=ROLE,
        subnets=[],
        scalingConfig={"minSize": 1, "maxSize": 1, "desiredSize": 1},
    )
    assert list(acting().read([groups[0]], ())) == []
    assert [(o.state, o.error) for o in act(steps)] == [("skipped", "it is gone")]
    assert _sizes(cloud, "a")["desiredSize"] == 1
