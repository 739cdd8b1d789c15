"""RDS instances."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.rds.models import rds_backends

from finops_guard.sources.sandbox.metrics import Series
from finops_guard.sources.sandbox.site import naive, pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finops_guard.sources.sandbox.estate import Item
    from finops_guard.sources.sandbox.site import Site


def plant(item: Item, site: Site) -> Iterator[Series]:
    """One PostgreSQL instance; production ones are protected against deletion."""
    database = rds_backends[site.account][site.region].create_db_instance(
        {
            "db_instance_identifier": item.name,
            "db_instance_class": item.facts["type"],
            "engine": "postgres",
            "engine_version": "16.4",
            "allocated_storage": item.facts["size"],
            "storage_type": "gp3",
            "storage_encrypted": True,
            "kms_key_id": f"arn:aws:kms:{site.region}:{site.account}:key/polderzicht",
            "master_username": "polderzicht",
            "deletion_protection": item.tags.get("environment") == "prod",
            "license_model": "postgresql-license",
            "tags": pairs(item.tags),
        }
    )
    database.created = database.instance_create_time = naive(item.created)
    own = (("DBInstanceIdentifier", item.name),)
    yield Series("AWS/RDS", "CPUUtilization", own, item.load["cpu"], item.created, top=100)
    yield Series("AWS/RDS", "DatabaseConnections", own, item.load["connections"], item.created)
