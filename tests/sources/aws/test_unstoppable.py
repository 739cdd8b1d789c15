"""What EC2 cannot stop is known before it is tried; who manages something is unknown where its tags are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from finops_guard.model import Tags, Unknown
from finops_guard.sources.aws._errors import Unreadable
from finops_guard.sources.aws._managed import manager_of
from finops_guard.sources.aws._unstoppable import unstoppable
from tests.sources.aws.acts import IMAGE, acting
from tests.sources.aws.cloud import need, scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finops_guard.sources.aws._cells import Cell
    from tests.sources.aws.cloud import Cloud

SPOT = {"InstanceLifecycle": "spot", "RootDeviceType": "ebs"}
FOUND = (
    {"InstanceId": "i-1", "RootDeviceType": "ebs"},
    {"InstanceId": "i-2", "RootDeviceType": "instance-store"},
    {"InstanceId": "i-3", "SpotInstanceRequestId": "sir-once", **SPOT},
    {"InstanceId": "i-4", "SpotInstanceRequestId": "sir-persistent", **SPOT},
    {"InstanceId": "i-5", **SPOT},
)


def cell(*, asked: bool = True, wrong: Unreadable | None = None) -> Cell:
    def pages(operation: str, key: str, **_more: Any) -> Iterator[list[dict[str, str]]]:
        assert (operation, key) == ("DescribeSpotInstanceRequests", "SpotInstanceRequests")
        if wrong is not None:
            raise wrong
        yield [{"SpotInstanceRequestId": "sir-persistent"}]

    return cast("Cell", SimpleNamespace(needs=lambda *_names: asked, pages=pages))


def test_an_instance_store_and_a_spot_request_for_once_cannot_be_stopped() -> None:
    found = unstoppable(cell(), FOUND)
    assert sorted(found) == ["i-2", "i-3", "i-5"]
    assert "instance store" in found["i-2"]
    assert "one-time request" in found["i-3"] == found["i-5"]


def test_what_cannot_be_asked_is_unknown_and_only_asked_where_it_matters() -> None:
    denied = Unreadable("AccessDenied ec2:DescribeSpotInstanceRequests", denied=True)
    found = unstoppable(cell(wrong=denied), FOUND)
    assert sorted(found) == ["i-2", "i-3", "i-4", "i-5"]
    assert found["i-4"].endswith("is unknown: AccessDenied ec2:DescribeSpotInstanceRequests")
    assert sorted(unstoppable(cell(asked=False, wrong=denied), FOUND)) == ["i-2"]


@pytest.mark.parametrize(
    ("tags", "manager"),
    [
        (Tags.of({"aws:cloudformation:stack-name": "s"}), "cloudformation/s"),
        (Tags.of({"team": "x"}), None),
        (Tags.unreadable("denied"), Unknown("denied")),
    ],
)
def test_whose_tags_could_not_be_read_may_be_managed(tags: Tags, manager: object) -> None:
    assert manager_of(tags) == manager


def test_it_is_said_of_the_instance_that_is_read_before_an_act(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    made = ec2.run_instances(
        ImageId=IMAGE, MinCount=1, MaxCount=1, InstanceType="m5.large", InstanceMarketOptions={"MarketType": "spot"}
    )["Instances"][0]
    (vm,) = [found for found in scan(need("vm"))[0] if found.facts["instance_id"] == made["InstanceId"]]
    assert "cannot" not in vm.facts
    (vm,) = acting().read([vm], ())
    ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
    assert "one-time request" in str(vm.facts["cannot"])
