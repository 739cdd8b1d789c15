"""Transit gateways, the hubs between the company's networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.sources.sandbox.site import naive, pairs

if TYPE_CHECKING:
    from finops_guard.sources.sandbox.estate import Item
    from finops_guard.sources.sandbox.metrics import Series
    from finops_guard.sources.sandbox.site import Site


def plant(item: Item, site: Site) -> list[Series]:
    """One hub without attachments of its own."""
    gateway = site.ec2.create_transit_gateway(item.name, tags=pairs(item.tags))
    vars(gateway)["_created_at"] = naive(item.created)
    return []
