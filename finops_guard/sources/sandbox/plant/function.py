"""Lambda functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.awslambda.models import lambda_backends

from finops_guard.sources.sandbox.metrics import Series

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finops_guard.sources.sandbox.estate import Item
    from finops_guard.sources.sandbox.site import Site


def plant(item: Item, site: Site) -> Iterator[Series]:
    """One function made from an image, which moto does not need to have."""
    function = lambda_backends[site.account][site.region].create_function(
        {
            "FunctionName": item.name,
            "PackageType": "Image",
            "Code": {"ImageUri": f"{site.account}.dkr.ecr.{site.region}.amazonaws.com/{item.name}:latest"},
            "Role": site.role,
            "MemorySize": item.facts["memory"],
            "Timeout": 60,
            "Tags": dict(item.tags),
        }
    )
    function.last_modified = f"{item.created:%Y-%m-%dT%H:%M:%S.000+0000}"
    own = (("FunctionName", item.name),)
    yield Series("AWS/Lambda", "Invocations", own, item.load["requests"], item.created, counter=True)
