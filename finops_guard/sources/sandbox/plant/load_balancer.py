"""Application, network and gateway load balancers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.elbv2.models import elbv2_backends

from finops_guard.sources.sandbox.metrics import Series, traffic
from finops_guard.sources.sandbox.site import naive, pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finops_guard.sources.sandbox.estate import Item
    from finops_guard.sources.sandbox.site import Site

_SPACE = {"application": "AWS/ApplicationELB", "network": "AWS/NetworkELB", "gateway": "AWS/GatewayELB"}


def plant(item: Item, site: Site) -> Iterator[Series]:
    """One load balancer; without traffic nothing is published."""
    kind = item.facts["type"]
    balancer = elbv2_backends[site.account][site.region].create_load_balancer(
        item.name,
        [],
        site.subnets[:2],
        scheme="internal" if kind == "gateway" else "internet-facing",
        loadbalancer_type=kind,
        tags=pairs(item.tags),
    )
    balancer.created_time = f"{naive(item.created):%Y-%m-%dT%H:%M:%S.000Z}"
    balancer.state = "active"
    own = (("LoadBalancer", balancer.arn.split(":loadbalancer/")[-1]),)
    space, load, made = _SPACE[kind], item.load, (item.created, site.now)
    yield traffic(space, "ProcessedBytes", own, load["bytes"], made)
    if kind == "application":
        yield traffic(space, "RequestCount", own, load["requests"], made)
    if load["connections"]:
        flows = "ActiveConnectionCount" if kind == "application" else "ActiveFlowCount"
        yield Series(space, flows, own, load["connections"], item.created)
