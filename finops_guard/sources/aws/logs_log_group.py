"""CloudWatch log groups."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from finops_guard.model import Unknown
from finops_guard.sources.aws._cells import NOT_HOURS
from finops_guard.sources.aws._managed import manager_of
from finops_guard.sources.aws._reading import one_by_one

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from finops_guard.model import Resource
    from finops_guard.sources.aws._cells import Answer, Cell

TYPE = "AWS::Logs::LogGroup"
KIND = "log-store"
ARN = "arn:*:logs:*:*:log-group:*"
CLIENT = "logs"
SWEPT = True
PERMISSIONS = {
    "collect": ["logs:DescribeLogGroups", "logs:ListTagsForResource"],
    "tag": ["logs:TagResource", "logs:UntagResource"],
}

_DAY = 86_400
_GIB = 2**30


def collect(cell: Cell) -> Iterator[Resource]:
    """Every log group. Without a retention it keeps for ever, which is absent; capacity in GiB stored."""
    for page in cell.pages("DescribeLogGroups", "logGroups", limit=50):
        for group in page:
            yield _resource(cell, group)


def read(cell: Cell, resources: Sequence[Resource]) -> Iterator[Resource]:
    """Those log groups as they are now; they are looked up by the beginning of a name, the shortest comes first."""

    def one(arn: str) -> Resource | None:
        name = arn.split(":", 6)[6]
        pages = cell.pages("DescribeLogGroups", "logGroups", logGroupNamePrefix=name, limit=50)
        return next((_resource(cell, group) for page in pages for group in page if group["logGroupName"] == name), None)

    return one_by_one(resources, one)


def _resource(cell: Cell, group: Answer) -> Resource:
    # `arn` ends in :* for policies; tags and everybody else know the group without it.
    arn = str(group.get("logGroupArn") or group["arn"]).removesuffix(":*")
    tags = cell.tags(arn, cell.reader("ListTagsForResource", "tags", resourceArn=arn))
    days = group.get("retentionInDays")
    stored = group.get("storedBytes")
    return cell.resource(
        arn,
        group["logGroupName"],
        tags,
        {
            "state": None,
            "created": datetime.fromtimestamp(group["creationTime"] / 1000, UTC),
            "log.retention": days * _DAY if days else None,
            "capacity.provisioned": None,
            "capacity.used": Unknown("CloudWatch does not say") if stored is None else stored / _GIB,
            "managed_by": manager_of(tags),
            **NOT_HOURS,
        },
        facts={"class": group.get("logGroupClass", "STANDARD")},
    )
