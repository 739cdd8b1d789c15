"""EBS volumes attached to nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.sources.sandbox.site import naive

if TYPE_CHECKING:
    from finops_guard.sources.sandbox.estate import Item
    from finops_guard.sources.sandbox.metrics import Series
    from finops_guard.sources.sandbox.site import Site


def plant(item: Item, site: Site) -> list[Series]:
    """One available volume; it publishes nothing."""
    volume = site.ec2.create_volume(
        size=item.facts["size"], zone_name=f"{site.region}a", volume_type=item.facts["type"], encrypted=True
    )
    volume.add_tags(dict(item.tags))
    volume.create_time = naive(item.created)
    return []
