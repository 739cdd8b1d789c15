"""The machines of an ARM resource, and the node pools that stand inside a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from finops_guard.sources.iac import _planned
from finops_guard.sources.iac._arm.nested import looked_up
from finops_guard.sources.iac._either import Choice
from finops_guard.sources.iac._planned import Machines

if TYPE_CHECKING:
    from finops_guard.sources.iac._types import IacType, Path

_CLUSTER = "microsoft.containerservice/managedclusters"
_COMPUTES = "microsoft.machinelearningservices/workspaces/computes"
_SPOT: tuple[tuple[Path, str], ...] = (
    (("properties", "priority"), "spot"),
    (("properties", "virtualMachineProfile", "priority"), "spot"),
    (("properties", "scaleSetPriority"), "spot"),
    (("properties", "properties", "vmPriority"), "lowpriority"),
)


def machines_of(type_: str, row: IacType | None, values: Mapping[str, object]) -> Machines:
    """What a resource runs; a cluster runs nothing itself, its pools do."""
    if row is None or type_.casefold() == _CLUSTER:
        return Machines()
    look = partial(looked_up, values)
    spot = any(str(look(path)).casefold() == wanted for path, wanted in _SPOT)
    found = _planned.machines_of(row, look)
    size = found.size if not isinstance(found.size, dict | list) else None
    choices = found.machine.of if isinstance(found.machine, Choice) else found.choices
    return replace(found, spot=spot, size=size, choices=choices)


def kind_of(row: IacType | None, values: Mapping[str, object]) -> str | None:
    """What a type is in this resource, where its table has it for most: one person's compute is a notebook."""
    if row is None or row.type.casefold() != _COMPUTES:
        return None
    properties = values.get("properties")
    said = properties.get("computeType") if isinstance(properties, dict) else None
    return "notebook" if str(said).casefold() == "computeinstance" else None


def pools_of(type_: str, values: Mapping[str, object]) -> Iterator[tuple[str, str, Mapping[str, object]]]:
    """The pools inside a cluster as (end of the address, type, resource).

    They run, cost and are tagged by themselves.
    """
    if type_.casefold() != _CLUSTER:
        return
    properties = values.get("properties")
    pools = properties.get("agentPoolProfiles") if isinstance(properties, dict) else None
    for number, pool in enumerate(pools if isinstance(pools, list) else ()):
        if isinstance(pool, dict):
            name = pool.get("name")
            shown = name if isinstance(name, str) else number
            inside = {"properties": pool, "location": values.get("location")}
            yield f".agentPoolProfiles[{shown}]", "Microsoft.ContainerService/managedClusters/agentPools", inside
