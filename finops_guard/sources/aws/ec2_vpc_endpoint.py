"""Endpoints of a VPC: private ways to services, most of them paid by the hour in each zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.model import Tags, Unknown
from finops_guard.sources.aws._cells import NOT_HOURS, tag_map
from finops_guard.sources.aws._managed import managed_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from finops_guard.model import Resource
    from finops_guard.sources.aws._cells import Cell

TYPE = "AWS::EC2::VPCEndpoint"
KIND = "endpoint-link"
ARN = "arn:*:ec2:*:*:vpc-endpoint/*"
CLIENT = "ec2"
PERMISSIONS = {"collect": ["ec2:DescribeVpcEndpoints"], "tag": ["ec2:CreateTags", "ec2:DeleteTags"]}

_STATES = {
    "pendingacceptance": "creating",
    "pending": "creating",
    "available": "running",
    "rejected": "failed",
    "expired": "failed",
    "failed": "failed",
    "deleting": "deleting",
}


def collect(cell: Cell) -> Iterator[Resource]:
    """Every endpoint; one that AWS still lists after its end is left out."""
    return _read(cell)


def read(cell: Cell, resources: Sequence[Resource]) -> Iterator[Resource]:
    """Those endpoints as they are now: a region has few, and asked for one that is gone the service tells of none."""
    wanted = {resource.id for resource in resources}
    return (found for found in _read(cell) if found.id in wanted)


def _read(cell: Cell) -> Iterator[Resource]:
    for page in cell.pages("DescribeVpcEndpoints", "VpcEndpoints", MaxResults=1000):
        for endpoint in page:
            # The service writes states in other cases than its documents do.
            state = endpoint["State"].casefold()
            if state == "deleted":
                continue
            raw = tag_map(endpoint.get("Tags"))
            yield cell.resource(
                cell.arn(f"vpc-endpoint/{endpoint['VpcEndpointId']}"),
                raw.get("Name") or endpoint["VpcEndpointId"],
                Tags.of(raw),
                {
                    "state": _STATES.get(state, Unknown("a state we do not know")),
                    "created": endpoint["CreationTimestamp"],
                    "managed_by": managed_by(raw),
                    **NOT_HOURS,
                    "network.attached": Unknown("route tables were not read"),
                },
                facts={
                    "endpoint_type": endpoint["VpcEndpointType"],
                    "zones": len(endpoint.get("SubnetIds") or ()),  # one subnet a zone; a gateway has none
                    "vpc": endpoint.get("VpcId"),
                    "service": endpoint.get("ServiceName"),
                },
            )
