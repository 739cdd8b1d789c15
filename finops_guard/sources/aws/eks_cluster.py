"""EKS clusters; their machines are node groups and instances of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.model import Tags, Unknown
from finops_guard.sources.aws._cells import NOT_HOURS, tag_map
from finops_guard.sources.aws._managed import managed_by
from finops_guard.sources.aws._reading import one_by_one

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from finops_guard.model import Resource
    from finops_guard.sources.aws._cells import Answer, Cell
    from finops_guard.sources.aws._writes import Site

TYPE = "AWS::EKS::Cluster"
KIND = "cluster"
ARN = "arn:*:eks:*:*:cluster/*"
CLIENT = "eks"
PERMISSIONS = {
    "collect": ["eks:ListClusters", "eks:DescribeCluster"],
    "tag": ["eks:TagResource", "eks:UntagResource"],
}

_STATES = {"CREATING": "creating", "PENDING": "creating", "DELETING": "deleting", "FAILED": "failed"}


def collect(cell: Cell) -> Iterator[Resource]:
    """Every cluster that EKS runs; its list holds names only, so each is described."""
    for page in cell.pages("ListClusters", "clusters", maxResults=100):
        for name in page:
            answer = cell.detail("DescribeCluster", name=name)
            if answer is None:
                continue
            if isinstance(answer, Unknown):
                fields = {"state": answer, "created": answer, "managed_by": answer, "protected": answer}
                yield cell.resource(cell.arn(f"cluster/{name}"), name, Tags.unreadable(answer.reason), fields)
            else:
                yield _resource(cell, answer["cluster"])


def read(cell: Cell, resources: Sequence[Resource]) -> Iterator[Resource]:
    """Those clusters as they are now."""

    def one(arn: str) -> Resource:
        return _resource(cell, cell.call("DescribeCluster", name=arn.rpartition("/")[2])["cluster"])

    return one_by_one(resources, one)


def tag(site: Site, arn: str, put: Mapping[str, str], drop: Sequence[str]) -> None:
    """Write and remove tags with EKS itself; moto removes one key a request."""
    if put:
        site.write("TagResource", resourceArn=arn, tags=put)
    for key in drop:
        site.write("UntagResource", resourceArn=arn, tagKeys=[key])


def _resource(cell: Cell, cluster: Answer) -> Resource:
    raw = tag_map(cluster.get("tags"))
    return cell.resource(
        cluster.get("arn") or cell.arn(f"cluster/{cluster['name']}"),
        cluster["name"],
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
