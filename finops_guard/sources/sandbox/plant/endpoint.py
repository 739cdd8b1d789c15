"""SageMaker endpoints with their model and configuration: busy, idle, silent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.sagemaker.models import sagemaker_backends

from finops_guard.sources.sandbox.metrics import Series
from finops_guard.sources.sandbox.site import naive, pairs

if TYPE_CHECKING:
    from finops_guard.sources.sandbox.estate import Item
    from finops_guard.sources.sandbox.site import Site

_ALLOWED = "ml.t2.medium"


def plant(item: Item, site: Site) -> Iterator[Series]:
    """A model, a configuration and an endpoint of one name; only the endpoint is tagged, for it is what costs."""
    sagemaker = sagemaker_backends[site.account][site.region]
    made = naive(item.created)
    model = sagemaker.create_model(
        model_name=item.name,
        execution_role_arn=site.role,
        primary_container={"Image": f"{site.account}.dkr.ecr.{site.region}.amazonaws.com/serve:latest"},
        vpc_config={},
        containers=[],
        tags=[],
    )
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": item.name,
        "InitialInstanceCount": item.facts["nodes"],
        "InstanceType": _ALLOWED,
        "InitialVariantWeight": 1.0,
    }
    config = sagemaker.create_endpoint_config(item.name, [variant], {}, {}, [], "")
    variant["InstanceType"] = item.facts["type"]  # moto's list of allowed types ends at ml.p3 and ml.g4dn
    vars(config)["arn"] = config.endpoint_config_arn  # moto keeps a tuple there, which no tagging call can read
    endpoint = sagemaker.create_endpoint(item.name, item.name, pairs(item.tags))
    endpoint.creation_time = endpoint.last_modified_time = config.creation_time = made
    vars(model)["creation_time"] = made
    if item.load:
        yield from _metrics(item)


def _metrics(item: Item) -> Iterator[Series]:
    """Percentages add up over the cards of a host, as SageMaker says them; an endpoint nobody calls has no Invocations."""
    load, since = item.load, item.created
    own = (("EndpointName", item.name), ("VariantName", "AllTraffic"))
    machine = INSTANCE_TYPES[item.facts["type"].removeprefix("ml.")]
    cards = sum(gpu["Count"] for gpu in (machine.get("GpuInfo") or {}).get("Gpus", ()))
    space = "/aws/sagemaker/Endpoints"
    yield Series(space, "CPUUtilization", own, load["cpu"], since)
    yield Series(space, "MemoryUtilization", own, load["memory"], since, top=100)
    if cards:
        yield Series(space, "GPUUtilization", own, load["gpu"] * cards, since, top=100.0 * cards)
        yield Series(space, "GPUMemoryUtilization", own, load["gpu_memory"] * cards, since, top=100.0 * cards)
    if load["requests"]:
        yield Series("AWS/SageMaker", "Invocations", own, load["requests"], since, counter=True)
