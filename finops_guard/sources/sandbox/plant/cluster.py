"""EKS clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.eks.models import eks_backends
from moto.moto_api._internal import mock_random

from finops_guard.sources.sandbox.site import naive

if TYPE_CHECKING:
    from finops_guard.sources.sandbox.estate import Item
    from finops_guard.sources.sandbox.metrics import Series
    from finops_guard.sources.sandbox.site import Site


def plant(item: Item, site: Site) -> list[Series]:
    """One cluster. Moto draws its two addresses when it is imported, before anybody can seed it: draw them again."""
    cluster = eks_backends[site.account][site.region].create_cluster(
        name=item.name,
        role_arn=site.role,
        resources_vpc_config={"subnetIds": site.subnets, "vpcId": site.vpc},
        version=item.facts["version"],
        tags=dict(item.tags),
    )
    identity = mock_random.get_random_hex(32).upper()
    cluster.endpoint = f"https://{identity}.gr7.{site.region}.eks.amazonaws.com"
    cluster.identity = {"oidc": {"issuer": f"https://oidc.eks.{site.region}.amazonaws.com/id/{identity}"}}
    cluster.created_at = naive(item.created)
    return []
