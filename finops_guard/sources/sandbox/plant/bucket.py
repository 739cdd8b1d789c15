"""S3 buckets with datasets, checkpoints and models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.s3.models import s3_backends

from finops_guard.sources.sandbox.metrics import Series

if TYPE_CHECKING:
    from finops_guard.sources.sandbox.estate import Item
    from finops_guard.sources.sandbox.site import Site


def plant(item: Item, site: Site) -> list[Series]:
    """One bucket; its size is the daily storage metric, the only place where S3 says it."""
    s3 = s3_backends[site.account]["aws"]
    bucket = s3.create_bucket(item.name, site.region)
    bucket.creation_date = item.created
    if item.tags:
        s3.put_bucket_tagging(item.name, dict(item.tags))
    dimensions = (("BucketName", item.name), ("StorageType", "StandardStorage"))
    return [Series("AWS/S3", "BucketSizeBytes", dimensions, float(item.facts["size"]), item.created, wobble=0)]
