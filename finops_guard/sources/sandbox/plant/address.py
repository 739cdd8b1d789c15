"""Elastic addresses that nothing uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finops_guard.sources.sandbox.estate import Item
    from finops_guard.sources.sandbox.metrics import Series
    from finops_guard.sources.sandbox.site import Site


def plant(item: Item, site: Site) -> list[Series]:
    """One address; EC2 does not say how old it is."""
    site.ec2.allocate_address("vpc", tags=dict(item.tags))
    return []
