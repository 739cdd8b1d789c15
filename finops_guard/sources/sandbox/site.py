"""Where a thing is planted: one account and region of moto, and the moment of the estate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from moto.ec2.models import ec2_backends

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.ec2.models import EC2Backend

SERVICE_ROLE = "polderzicht-service"


def naive(moment: datetime) -> datetime:
    """The way moto keeps times: UTC without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as most AWS services write them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


@dataclass(frozen=True, slots=True)
class Site:
    """One account and region."""

    account: str
    region: str
    now: datetime

    @property
    def role(self) -> str:
        """The role the company's services run under."""
        return f"arn:aws:iam::{self.account}:role/{SERVICE_ROLE}"

    @property
    def ec2(self) -> EC2Backend:
        """The EC2 of this account and region."""
        return ec2_backends[self.account][self.region]

    @property
    def subnets(self) -> list[str]:
        """The subnets of the default VPC, in the order of their zones."""
        return [subnet.id for _, subnet in sorted(self.ec2.get_default_subnets().items())]

    @property
    def vpc(self) -> str:
        """The default VPC."""
        return str(self.ec2.get_subnet(self.subnets[0]).vpc_id)
