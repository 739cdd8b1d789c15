"""Interface endpoints, billed by zone and hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finops_guard.sources.sandbox.estate import Item
    from finops_guard.sources.sandbox.metrics import Series
    from finops_guard.sources.sandbox.site import Site


def plant(item: Item, site: Site) -> list[Series]:
    """One interface endpoint in two zones; moto does not keep when it was made."""
    site.ec2.create_vpc_endpoint(
        site.vpc,
        f"com.amazonaws.{site.region}.{item.facts['service']}",
        "Interface",
        None,
        [],
        subnet_ids=site.subnets[:2],
        tags=dict(item.tags),
    )
    return []
