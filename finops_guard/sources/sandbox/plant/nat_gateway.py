"""NAT gateways: the ones everything goes through, and one that was forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.sources.sandbox.metrics import Series
from finops_guard.sources.sandbox.site import naive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finops_guard.sources.sandbox.estate import Item
    from finops_guard.sources.sandbox.site import Site

_BYTES = ("BytesInFromDestination", "BytesInFromSource", "BytesOutToDestination", "BytesOutToSource")


def plant(item: Item, site: Site) -> Iterator[Series]:
    """One public gateway with its address; unlike most of the network, NAT gateways publish zeros."""
    address = site.ec2.allocate_address("vpc", tags=dict(item.tags))
    gateway = site.ec2.create_nat_gateway(site.subnets[0], str(address.allocation_id), tags=dict(item.tags))
    vars(gateway)["_created_at"] = naive(item.created)
    own = (("NatGatewayId", gateway.id),)
    for name in _BYTES:
        yield Series("AWS/NATGateway", name, own, item.load["bytes"] / 4, item.created, counter=True)
    yield Series("AWS/NATGateway", "ActiveConnectionCount", own, item.load["connections"], item.created)
