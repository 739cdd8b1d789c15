"""NAT gateways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.model import Tags, Unknown
from finops_guard.sources.aws._cells import NOT_HOURS, tag_map
from finops_guard.sources.aws._managed import managed_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finops_guard.model import Resource
    from finops_guard.sources.aws._cells import Cell

TYPE = "AWS::EC2::NatGateway"
KIND = "gateway"
ARN = "arn:*:ec2:*:*:natgateway/*"
CLIENT = "ec2"
PERMISSIONS = {"collect": ["ec2:DescribeNatGateways"]}

_STATES = {"pending": "creating", "available": "running", "failed": "failed", "deleting": "deleting"}


def collect(cell: Cell) -> Iterator[Resource]:
    """Every NAT gateway; AWS lists deleted ones for an hour more, they are left out."""
    for page in cell.pages("DescribeNatGateways", "NatGateways", MaxResults=1000):
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
