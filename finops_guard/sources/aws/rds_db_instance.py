"""RDS database instances, those of Aurora, Neptune and DocumentDB among them: one API lists them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from finops_guard.model import Tags, Unknown
from finops_guard.sources.aws._cells import tag_map
from finops_guard.sources.aws._managed import managed_by
from finops_guard.sources.aws._reading import batches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from finops_guard.model import Resource
    from finops_guard.sources.aws._cells import Cell

TYPE = "AWS::RDS::DBInstance"
KIND = "database"
ARN = "arn:*:rds:*:*:db:*"
CLIENT = "rds"
PERMISSIONS = {
    "collect": ["rds:DescribeDBInstances", "rds:ListTagsForResource"],
    "tag": ["rds:AddTagsToResource", "rds:RemoveTagsFromResource"],
}

_FILTERED = 100
_STATES = {
    "creating": "creating",
    "starting": "creating",
    "stopping": "stopping",
    "stopped": "stopped",
    "deleting": "deleting",
    "failed": "failed",
    "restore-error": "failed",
    "incompatible-restore": "failed",
    "incompatible-network": "failed",
}
"""All other statuses (backing-up, modifying, storage-full, …) are of an instance that runs and is paid for."""


def collect(cell: Cell) -> Iterator[Resource]:
    """Every database instance. Capacity in GiB; those that share a cluster's storage have none of their own."""
    return _read(cell)


def read(cell: Cell, resources: Sequence[Resource]) -> Iterator[Resource]:
    """Those database instances as they are now."""
    for ids in batches(resources, _FILTERED):
        yield from _read(cell, Filters=[{"Name": "db-instance-id", "Values": ids}])


def _read(cell: Cell, **asked: Any) -> Iterator[Resource]:  # noqa: ANN401 - as the SDK has them
    for page in cell.pages("DescribeDBInstances", "DBInstances", MaxRecords=100, **asked):
        for database in page:
            raw = tag_map(database.get("TagList"))
            own_storage = not str(database.get("Engine", "")).startswith(("aurora", "neptune", "docdb"))
            yield cell.resource(
                database["DBInstanceArn"],
                database["DBInstanceIdentifier"],
                Tags.of(raw),
                {
                    "state": _STATES.get(database.get("DBInstanceStatus", ""), "running"),
                    "created": database.get("InstanceCreateTime") or Unknown("it is being created"),
                    "purchase": "on-demand",
                    "interruptible": False,
                    "checkpointed": None,
                    "protected": database.get("DeletionProtection", Unknown("RDS does not say")),
                    "managed_by": managed_by(raw),
                    "capacity.provisioned": database.get("AllocatedStorage") if own_storage else None,
                },
                facts={
                    "instance_type": database.get("DBInstanceClass"),
                    # A standby in another zone is paid for like the instance itself.
                    "instances": 2 if own_storage and database.get("MultiAZ") else 1,
                    "engine": database.get("Engine"),
                    "multi_az": database.get("MultiAZ"),
                    "cluster": database.get("DBClusterIdentifier"),
                },
            )
