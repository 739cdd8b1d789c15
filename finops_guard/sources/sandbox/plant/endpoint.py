"""SageMaker endpoints with their model and configuration: busy, idle, silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.sagemaker.models import sagemaker_backends

from finops_guard.sources.sandbox.metrics import traffic
from finops_guard.sources.sandbox.plant._sagemaker import usage
from finops_guard.sources.sandbox.site import naive, pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finops_guard.sources.sandbox.estate import Item
    from finops_guard.sources.sandbox.metrics import Series
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
    own = (("EndpointName", item.name), ("VariantName", "AllTraffic"))
    if item.load:
        yield from usage("/aws/sagemaker/Endpoints", own, item, item.created)
        yield traffic("AWS/SageMaker", "Invocations", own, item.load["requests"], (item.created, site.now))
