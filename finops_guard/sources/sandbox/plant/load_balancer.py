"""Application, network and gateway load balancers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.elbv2.models import elbv2_backends

from finops_guard.sources.sandbox.metrics import Series
from finops_guard.sources.sandbox.site import naive, pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finops_guard.sources.sandbox.estate import Item
    from finops_guard.sources.sandbox.site import Site

_SPACE = {"application": "AWS/ApplicationELB", "network": "AWS/NetworkELB", "gateway": "AWS/GatewayELB"}


def plant(item: Item, site: Site) -> Iterator[Series]:
    """One load balancer; nothing is published of one without traffic."""
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
    space, since, load = _SPACE[kind], item.created, item.load
    if not load["connections"]:
        return
    if kind == "application":
        yield Series(space, "RequestCount", own, load["requests"], since, counter=True)
        yield Series(space, "ActiveConnectionCount", own, load["connections"], since)
    else:
        yield Series(space, "ActiveFlowCount", own, load["connections"], since)
    yield Series(space, "ProcessedBytes", own, load["bytes"], since, counter=True)
