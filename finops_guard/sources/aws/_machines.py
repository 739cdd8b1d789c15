"""What machine types are made of: the live API first, then the dated table, then the family's name."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from finops_guard.costs.prices import accelerator, is_accelerator_family
from finops_guard.model import Unknown
from finops_guard.sources.aws._cells import NO_ACCELERATORS
from finops_guard.sources.aws._errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from finops_guard.model import Value
    from finops_guard.sources.aws._cells import Answer, Cell

_MIB = 2**20
_BATCH = 100
_DEVICES = (
    ("GpuInfo", "Gpus"),
    ("NeuronInfo", "NeuronDevices"),
    ("InferenceAcceleratorInfo", "Accelerators"),
)
"""Where DescribeInstanceTypes lists what computes models. FPGAs and video transcoders are no AI accelerators."""


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine type. `count` None: it has accelerators, how many is not known. `disk_gb`: local disks, GB."""

    count: int | None
    model: str | None = None
    vendor: str | None = None
    memory: int | None = None
    disk_gb: int | None = None


class Parts(NamedTuple):
    """Fields and facts of a resource made of machines; no instance_type where they are not all alike."""

    fields: dict[str, Value | Unknown]
    facts: dict[str, object]


class Machines:
    """Machine types by region, read once for all accounts of a run."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._regions: dict[str, tuple[Lock, dict[str, Machine | None]]] = {}

    def get(self, cell: Cell, types: Iterable[str]) -> Mapping[str, Machine | Unknown]:
        """What the given types are; `ml.` and `db.` types are the EC2 hardware of that name."""
        names = sorted(set(types))
        with self._lock:
            lock, known = self._regions.setdefault(cell.region, (Lock(), {}))
        failed = None
        with lock:
            missing = sorted({hardware(name) for name in names} - known.keys())
            try:
                for start in range(0, len(missing), _BATCH):
                    batch = missing[start : start + _BATCH]
                    read = _read(cell, batch)
                    known.update({name: read.get(name) for name in batch})
            except Unreadable as error:
                failed = error.reason
        return {name: known.get(hardware(name)) or _from_table(cell, name, failed) for name in names}


def hardware(name: str) -> str:
    """The EC2 type whose hardware a SageMaker type (ml.g5.xlarge) is."""
    return name.removeprefix("ml.")


def fields(machine: Machine | Unknown, times: int = 1) -> dict[str, Value | Unknown]:
    """The accelerators of `times` machines, by field."""
    if isinstance(machine, Unknown):
        return {f"accelerators.{name}": machine for name in ("count", "model", "vendor", "memory")}
    if machine.count == 0:
        return {**NO_ACCELERATORS}
    unsaid = Unknown("neither the API nor the shipped table says")
    return {
        "accelerators.count": unsaid if machine.count is None else machine.count * times,
        "accelerators.model": machine.model or unsaid,
        "accelerators.vendor": machine.vendor or unsaid,
        "accelerators.memory": machine.memory or unsaid,
    }


def of_parts(parts: list[tuple[str, Machine | Unknown, int]]) -> Parts:
    """What a resource of several machine types has, each as (type, machine, how many of them)."""
    kinds = {name for name, _, _ in parts}
    if len(kinds) == 1:
        name, machine, _ = parts[0]
        times = sum(times for _, _, times in parts)
        return Parts(fields(machine, times), facts(name, machine, times))
    unknown = next((machine for _, machine, _ in parts if isinstance(machine, Unknown)), None)
    if unknown is not None:
        return Parts(fields(unknown), {})
    machines = [(machine, times) for _, machine, times in parts if isinstance(machine, Machine)]
    fast = [machine for machine, _ in machines if machine.count != 0]
    if not fast:
        return Parts({**NO_ACCELERATORS}, {})
    counts = [None if machine.count is None else machine.count * times for machine, times in machines]
    known = [count for count in counts if count is not None]
    found = fields(fast[0])
    if len(known) == len(counts):
        found["accelerators.count"] = sum(known)
    return Parts(found, {"accelerator_family": True})


def facts(name: str, machine: Machine | Unknown, times: int = 1) -> dict[str, object]:
    """The facts that prices and verbs read: instance_type, instances, local_disk_gb, accelerator_family."""
    found: dict[str, object] = {"instance_type": name, "instances": times}
    if isinstance(machine, Machine):
        if machine.count != 0:
            found["accelerator_family"] = True
        if machine.disk_gb is not None:
            found["local_disk_gb"] = machine.disk_gb
    return found


def _read(cell: Cell, names: list[str]) -> dict[str, Machine]:
    # A filter, because InstanceTypes refuses the whole list for one name that the region does not offer.
    asked = [{"Name": "instance-type", "Values": names}]
    pages = cell.pages("DescribeInstanceTypes", "InstanceTypes", client="ec2", Filters=asked)
    return {str(info["InstanceType"]): _machine(info) for page in pages for info in page}


def _machine(info: Answer) -> Machine:
    disk = int((info.get("InstanceStorageInfo") or {}).get("TotalSizeInGB") or 0)
    devices = next((found for group, key in _DEVICES if (found := (info.get(group) or {}).get(key))), None)
    if not devices:
        return Machine(0, disk_gb=disk)
    first = devices[0]
    # A share of a GPU is listed as one GPU; how much it is, is no count.
    shared = any(float(device.get("GpuPartitionSize") or 1) < 1 for device in devices)
    size = (first.get("MemoryInfo") or {}).get("SizeInMiB")
    return Machine(
        None if shared else sum(int(device.get("Count") or 0) for device in devices) or None,
        first.get("Name"),
        str(first.get("Manufacturer") or "aws").casefold(),
        int(size) * _MIB if size else None,
        disk,
    )


def _from_table(cell: Cell, name: str, failed: str | None) -> Machine | Unknown:
    known = accelerator("aws", name)
    if known is not None:
        return Machine(known.count, known.model, known.vendor, known.memory_bytes)
    if is_accelerator_family("aws", name):
        return Machine(None)
    if failed is None:
        return Unknown(f"EC2 does not describe {hardware(name)} in {cell.region}")
    cell.gap(failed)
    return Unknown(failed)
