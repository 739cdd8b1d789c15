"""Application, network and gateway load balancers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.model import NOT_ASKED, Unknown
from finops_guard.sources.aws._cells import NOT_HOURS, tag_map
from finops_guard.sources.aws._managed import manager_of
from finops_guard.sources.aws._reading import one_by_one

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from finops_guard.model import Resource
    from finops_guard.sources.aws._cells import Answer, Cell
    from finops_guard.sources.aws._writes import Site

TYPE = "AWS::ElasticLoadBalancingV2::LoadBalancer"
KIND = "load-balancer"
ARN = "arn:*:elasticloadbalancing:*:*:loadbalancer/*/*/*"
CLIENT = "elbv2"
SWEPT = True
PERMISSIONS = {
    "collect": [
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeLoadBalancerAttributes",
        "elasticloadbalancing:DescribeTags",
    ],
    "tag": ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"],
}

_STATES = {"provisioning": "creating", "failed": "failed"}


def collect(cell: Cell) -> Iterator[Resource]:
    """Every load balancer of the second generation."""
    for page in cell.pages("DescribeLoadBalancers", "LoadBalancers", PageSize=400):
        for balancer in page:
            yield _resource(cell, balancer)


def read(cell: Cell, resources: Sequence[Resource]) -> Iterator[Resource]:
    """Those load balancers as they are now; one that is gone would refuse a list of them."""

    def one(arn: str) -> Resource:
        return _resource(cell, cell.call("DescribeLoadBalancers", LoadBalancerArns=[arn])["LoadBalancers"][0])

    return one_by_one(resources, one)


def tag(site: Site, arn: str, put: Mapping[str, str], drop: Sequence[str]) -> None:
    """Write and remove tags with Elastic Load Balancing itself."""
    if put:
        site.write("AddTags", ResourceArns=[arn], Tags=[{"Key": key, "Value": value} for key, value in put.items()])
    if drop:
        site.write("RemoveTags", ResourceArns=[arn], TagKeys=drop)


def _resource(cell: Cell, balancer: Answer) -> Resource:
    arn = balancer["LoadBalancerArn"]
    tags = cell.tags(arn, _reader(cell, arn))
    return cell.resource(
        arn,
        balancer["LoadBalancerName"],
        tags,
        {
            **NOT_HOURS,
            "state": _STATES.get((balancer.get("State") or {}).get("Code", ""), "running"),
            "created": balancer["CreatedTime"],
            "protected": _protected(cell, arn),
            "managed_by": manager_of(tags),
            "network.role": "balancer",
            "network.attached": Unknown("its target groups were not read"),
        },
        facts={"lb_type": balancer.get("Type"), "vpc": balancer.get("VpcId"), "scheme": balancer.get("Scheme")},
    )


def _protected(cell: Cell, arn: str) -> bool | Unknown:
    if "protected" not in cell.need.fields:
        return Unknown(NOT_ASKED)
    answer = cell.detail("DescribeLoadBalancerAttributes", LoadBalancerArn=arn)
    if answer is None or isinstance(answer, Unknown):
        return answer or Unknown("it was deleted during the scan")
    return tag_map(answer.get("Attributes")).get("deletion_protection.enabled") == "true"


def _reader(cell: Cell, arn: str) -> Callable[[], Mapping[str, str]]:
    def read() -> Mapping[str, str]:
        described = cell.call("DescribeTags", ResourceArns=[arn])["TagDescriptions"]
        return tag_map([tag for found in described for tag in found.get("Tags") or []])

    return read
