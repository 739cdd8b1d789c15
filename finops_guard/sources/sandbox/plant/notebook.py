"""SageMaker notebook instances, some forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.sagemaker.models import sagemaker_backends

from finops_guard.sources.sandbox.site import naive, pairs

if TYPE_CHECKING:
    from finops_guard.sources.sandbox.estate import Item
    from finops_guard.sources.sandbox.metrics import Series
    from finops_guard.sources.sandbox.site import Site

_ALLOWED = "ml.t3.medium"


def plant(item: Item, site: Site) -> list[Series]:
    """One notebook; SageMaker publishes no metric of it."""
    notebook = sagemaker_backends[site.account][site.region].create_notebook_instance(
        item.name,
        _ALLOWED,
        site.role,
        subnet_id=site.subnets[0],
        security_group_ids=[],
        tags=pairs(item.tags),
        volume_size_in_gb=item.facts["size"],
        root_access="Enabled",
    )
    notebook.instance_type = item.facts["type"]  # moto's list of allowed types ends at ml.p3
    notebook.status = item.facts.get("state", "InService")
    notebook.creation_time = naive(item.created)
    stopped = item.created + (site.now - item.created) / 3
    notebook.last_modified_time = naive(stopped if notebook.status == "Stopped" else item.created)
    return []
