"""EKS managed node groups, most with GPUs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.eks.models import eks_backends

from finops_guard.sources.sandbox.site import naive

if TYPE_CHECKING:
    from finops_guard.sources.sandbox.estate import Item
    from finops_guard.sources.sandbox.metrics import Series
    from finops_guard.sources.sandbox.site import Site


def plant(item: Item, site: Site) -> list[Series]:
    """One node group of a cluster planted before it."""
    facts = item.facts
    group = eks_backends[site.account][site.region].create_nodegroup(
        cluster_name=facts["cluster"],
        node_role=site.role,
        nodegroup_name=item.name,
        subnets=site.subnets,
        scaling_config={"minSize": 0, "maxSize": facts["size"] + 4, "desiredSize": facts["size"]},
        disk_size=100,
        instance_types=list(facts["types"]),
        capacity_type="SPOT" if facts.get("purchase") == "spot" else "ON_DEMAND",
        tags=dict(item.tags),
    )
    group.created_at = group.modified_at = naive(item.created)
    return []
