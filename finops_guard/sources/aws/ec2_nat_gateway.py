"""NAT gateways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from finops_guard.model import Tags, Unknown
from finops_guard.sources.aws._cells import NOT_HOURS, tag_map
from finops_guard.sources.aws._managed import managed_by
from finops_guard.sources.aws._reading import batches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from finops_guard.model import Resource
    from finops_guard.sources.aws._cells import Cell

TYPE = "AWS::EC2::NatGateway"
KIND = "gateway"
ARN = "arn:*:ec2:*:*:natgateway/*"
CLIENT = "ec2"
PERMISSIONS = {"collect": ["ec2:DescribeNatGateways"], "tag": ["ec2:CreateTags", "ec2:DeleteTags"]}

_FILTERED = 200
"""Values of a filter, at most."""
_STATES = {"pending": "creating", "available": "running", "failed": "failed", "deleting": "deleting"}


def collect(cell: Cell) -> Iterator[Resource]:
    """Every NAT gateway; AWS lists deleted ones for an hour more, they are left out."""
    return _read(cell)


def read(cell: Cell, resources: Sequence[Resource]) -> Iterator[Resource]:
    """Those gateways as they are now."""
    for ids in batches(resources, _FILTERED):
        yield from _read(cell, Filter=[{"Name": "nat-gateway-id", "Values": ids}])


def _read(cell: Cell, **asked: Any) -> Iterator[Resource]:  # noqa: ANN401 - as the SDK has them
    for page in cell.pages("DescribeNatGateways", "NatGateways", MaxResults=1000, **asked):
        for gateway in page:
            if gateway["State"] == "deleted":
                continue
            raw = tag_map(gateway.get("Tags"))
            yield cell.resource(
                cell.arn(f"natgateway/{gateway['NatGatewayId']}"),
                raw.get("Name") or gateway["NatGatewayId"],
                Tags.of(raw),
                {
                    "state": _STATES.get(gateway["State"], Unknown("a state we do not know")),
                    "created": gateway["CreateTime"],
                    "managed_by": managed_by(raw),
                    **NOT_HOURS,
                    "network.role": "nat",
                    "network.attached": Unknown("route tables were not read"),
                },
                facts={"vpc": gateway.get("VpcId"), "subnet": gateway.get("SubnetId")},
            )
