"""The ids that moto drew for what is planted, as a bill writes them: bills and inventory speak of the same things."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby
from typing import TypeAlias

from moto.ec2.models import EC2Backend, ec2_backends
from moto.elbv2.models import elbv2_backends

from finops_guard.sources.sandbox.estate import Estate, Item

Find: TypeAlias = Callable[[list[Item], EC2Backend, str], dict[str, str]]


def planted(estate: Estate) -> Mapping[str, str]:
    """Name of an item (and name/disk, name/data) -> ResourceId, of the kinds whose id is not their name.

    The estate must be planted. Moto keeps things in the order in which they were made, which is that of the estate.
    """
    ids: dict[str, str] = {}
    items = sorted(estate.items, key=lambda item: (item.account, item.region, item.kind))
    for (account, region, kind), same in groupby(items, key=lambda item: (item.account, item.region, item.kind)):
        if kind == "load_balancer":
            balancers = elbv2_backends[account][region].load_balancers.values()
            ids |= {balancer.name: str(balancer.arn) for balancer in balancers}
        elif kind in _IN_ORDER:
            prefix = f"arn:aws:ec2:{region}:{account}:"
            ids |= _IN_ORDER[kind](list(same), ec2_backends[account][region], prefix)
    return ids


def _instances(items: list[Item], ec2: EC2Backend, _prefix: str) -> dict[str, str]:
    machines = [machine for reservation in ec2.reservations.values() for machine in reservation.instances]
    ids = {item.name: str(machine.id) for item, machine in zip(items, machines, strict=True)}
    for item, machine in zip(items, machines, strict=True):
        for disk, device in (("disk", "/dev/xvda"), ("data", "/dev/sdf")):
            if device in machine.block_device_mapping:
                ids[f"{item.name}/{disk}"] = str(machine.block_device_mapping[device].volume_id)
    return ids


def _volumes(items: list[Item], ec2: EC2Backend, _prefix: str) -> dict[str, str]:
    loose = (str(volume.id) for volume in ec2.volumes.values() if volume.attachment is None)
    return dict(zip((item.name for item in items), loose, strict=True))


def _addresses(items: list[Item], ec2: EC2Backend, prefix: str) -> dict[str, str]:
    loose = (f"{prefix}elastic-ip/{one.allocation_id}" for one in ec2.addresses if one.association_id is None)
    return dict(zip((item.name for item in items), loose, strict=True))


def _keyed(kept: Callable[[EC2Backend], Mapping[str, object]], type_: str) -> Find:
    def found(items: list[Item], ec2: EC2Backend, prefix: str) -> dict[str, str]:
        ids = (f"{prefix}{type_}/{identity}" for identity in kept(ec2))
        return dict(zip((item.name for item in items), ids, strict=True))

    return found


_IN_ORDER: dict[str, Find] = {
    "instance": _instances,
    "volume": _volumes,
    "address": _addresses,
    "nat_gateway": _keyed(lambda ec2: ec2.nat_gateways, "natgateway"),
    "vpc_endpoint": _keyed(lambda ec2: ec2.vpc_end_points, "vpc-endpoint"),
    "transit_gateway": _keyed(lambda ec2: ec2.transit_gateways, "transit-gateway"),
}
