"""EC2 instances with their disks: fleets, spot, stopped, protected, managed by a group, marketplace appliances."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.moto_api._internal import mock_random

from finops_guard.sources.sandbox.metrics import Series
from finops_guard.sources.sandbox.site import naive

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from moto.ec2.models.instances import Instance

    from finops_guard.sources.sandbox.estate import Item
    from finops_guard.sources.sandbox.site import Site

_IMAGE = "ami-0d01de1a17a3b5c2e"
_ARCHITECTURE = {
    "T4": "Turing",
    "A10G": "Ampere",
    "A100": "Ampere",
    "L4": "Ada Lovelace",
    "L40S": "Ada Lovelace",
    "H100": "Hopper",
}


def plant(item: Item, site: Site) -> Iterator[Series]:
    """One instance in a reservation of its own, so that paging is real (moto pages by reservation)."""
    facts = item.facts
    running = facts.get("state", "running") == "running"
    reservation = site.ec2.run_instances(
        _IMAGE,
        1,
        None,
        [],
        instance_type=facts["type"],
        is_instance_type_default=False,
        region_name=site.region,
        tags={"instance": dict(item.tags) | _managed(item), "volume": dict(item.tags)},
        block_device_mappings=_disks(facts),
        disable_api_stop=facts.get("protected") == "stop",
        disable_api_termination=facts.get("protected") == "termination",
        instance_market_options="spot" if facts.get("purchase") == "spot" else None,
        monitoring_state="disabled",
    )
    (instance,) = reservation.instances
    if "product" in facts:
        vars(instance)["product_codes"] = [{"ProductCodeId": facts["product"], "ProductCodeType": "marketplace"}]
    _date(instance, item.created, site)
    if not running:
        instance.stop()
        ended = item.created + (site.now - item.created) / 4
        instance._reason = f"User initiated ({ended:%Y-%m-%d %H:%M:%S} GMT)"  # noqa: SLF001 - moto keeps it there
    if item.load and running:
        yield from _metrics(item, instance.id)


def _managed(item: Item) -> dict[str, str]:
    """The tags that AWS writes itself on what a group or a cluster launched."""
    tags = {}
    if "scaling_group" in item.facts:
        tags["aws:autoscaling:groupName"] = item.facts["scaling_group"]
    if "cluster" in item.facts:
        tags |= {f"kubernetes.io/cluster/{item.facts['cluster']}": "owned", "eks:cluster-name": item.facts["cluster"]}
    return tags


def _disks(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    sizes = {"/dev/xvda": facts["disk"]} | ({"/dev/sdf": facts["data"]} if "data" in facts else {})
    return [
        {
            "DeviceName": name,
            "Ebs": {"VolumeSize": size, "VolumeType": "gp3", "DeleteOnTermination": name == "/dev/xvda"},
        }
        for name, size in sizes.items()
    ]


def _date(instance: Instance, created: datetime, site: Site) -> None:
    instance.launch_time = naive(created)
    for nic in instance.nics.values():
        nic.attach_time = naive(created)
    for device in instance.block_device_mapping.values():
        device.attach_time = naive(created)
        volume = site.ec2.volumes[device.volume_id]
        volume.create_time = naive(created - timedelta(seconds=mock_random.randint(1, 40)))
        volume.iops, volume.throughput = 3000, 125
        if volume.attachment is not None:
            volume.attachment.attach_time = naive(created)


def _metrics(item: Item, identity: str) -> Iterator[Series]:
    load, since = item.load, item.created
    own = (("InstanceId", identity),)
    yield Series("AWS/EC2", "CPUUtilization", own, load["cpu"], since, top=100)
    for name in ("NetworkIn", "NetworkOut"):
        yield Series("AWS/EC2", name, own, load["network"] / 2, since, counter=True)
    if not item.facts.get("agent"):
        return
    # The CloudWatch agent adds where it runs to each of its metrics.
    where = (("ImageId", _IMAGE), *own, ("InstanceType", item.facts["type"]))
    yield Series("CWAgent", "mem_used_percent", where, load["memory"], since, top=100)
    for gpu in (INSTANCE_TYPES[item.facts["type"]].get("GpuInfo") or {}).get("Gpus", ()):
        for index in range(gpu["Count"]):
            card = (
                *where,
                ("arch", _ARCHITECTURE[gpu["Name"]]),
                ("index", str(index)),
                ("name", f"NVIDIA {gpu['Name']}"),
            )
            yield Series("CWAgent", "nvidia_smi_utilization_gpu", card, load["gpu"], since, top=100)
            memory = float(gpu["MemoryInfo"]["SizeInMiB"])
            used = memory * load["gpu_memory"] / 100
            yield Series("CWAgent", "nvidia_smi_memory_used", card, used, since, top=memory)
            yield Series("CWAgent", "nvidia_smi_memory_total", card, memory, since, wobble=0)
