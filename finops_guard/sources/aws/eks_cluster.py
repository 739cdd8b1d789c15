"""EKS clusters; their machines are node groups and instances of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.model import Tags, Unknown
from finops_guard.sources.aws._cells import NOT_HOURS, tag_map
from finops_guard.sources.aws._managed import managed_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finops_guard.model import Resource
    from finops_guard.sources.aws._cells import Cell

TYPE = "AWS::EKS::Cluster"
KIND = "cluster"
ARN = "arn:*:eks:*:*:cluster/*"
CLIENT = "eks"
PERMISSIONS = {"collect": ["eks:ListClusters", "eks:DescribeCluster"]}

_STATES = {"CREATING": "creating", "PENDING": "creating", "DELETING": "deleting", "FAILED": "failed"}


def collect(cell: Cell) -> Iterator[Resource]:
    """Every cluster that EKS runs; its list holds names only, so each is described."""
    for page in cell.pages("ListClusters", "clusters", maxResults=100):
        for name in page:
            answer = cell.detail("DescribeCluster", name=name)
            if answer is None:
                continue
            arn = cell.arn(f"cluster/{name}")
            if isinstance(answer, Unknown):
                fields = {"state": answer, "created": answer, "managed_by": answer, "protected": answer}
                yield cell.resource(arn, name, Tags.unreadable(answer.reason), fields)
                continue
            cluster = answer["cluster"]
            raw = tag_map(cluster.get("tags"))
            yield cell.resource(
                cluster.get("arn") or arn,
                name,
                Tags.of(raw),
                {
                    **NOT_HOURS,
                    "state": _STATES.get(cluster.get("status", ""), "running"),
                    "created": cluster["createdAt"],
                    "managed_by": managed_by(raw),
                    "protected": cluster.get("deletionProtection", Unknown("EKS does not say")),
                },
                facts={"version": cluster.get("version")},
            )
