"""Machines of Google's that are not one attribute: slices of TPUs, and nodes in every zone.

A node pool of a region has its number of nodes in each of its zones, a pool of a zone has it once.

(`google_container_node_pool`, "node_count: the number of nodes per instance group"; a region has three zones unless
node_locations says otherwise, in the documentation of regional clusters.)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from finops_guard.costs.tpu import ONE_CORE
from finops_guard.model import Unknown
from finops_guard.sources.iac._planned import Machines, scaled

if TYPE_CHECKING:
    from finops_guard.sources.iac._looking import Look
    from finops_guard.sources.iac._types import Path

POOL = "google_container_node_pool"
_ZONE = re.compile(r"[a-z]+-[a-z]+\d-[a-z]")
_TOPOLOGY = re.compile(r"[1-9]\d{0,3}(x[1-9]\d{0,3}){0,2}")
_ZONES = 3
_TOTAL: tuple[Path, Path] = (("autoscaling", 0, "total_min_node_count"), ("autoscaling", 0, "total_max_node_count"))
ACCELERATORS: Mapping[str, Path] = {
    "accelerator_type": ("guest_accelerator", 0, "type"),
    "accelerator_count": ("guest_accelerator", 0, "count"),
}
"""What an instance template has beside its machine type."""


def machines_of(declared: str, machines: Machines, look: Look) -> Machines:
    """The machines of a node pool, all its zones together, and the slice of a TPU; anything else as it is."""
    if machines.machine is None and "tpu_topology" in machines.facts:
        return replace(machines, machine=_slice(machines.facts["tpu_type"], machines.facts["tpu_topology"]))
    if declared != POOL:
        return machines
    if isinstance(machines.instances, Unknown) and look(_TOTAL[1]):
        return scaled(machines, *(look(path) for path in _TOTAL))
    zones, place = look(("node_locations",)), look(("location",))
    if isinstance(zones, list) and zones and not any(isinstance(zone, Unknown) for zone in zones):
        return _times(machines, len(zones), len(zones))
    if isinstance(place, str) and _ZONE.fullmatch(place):
        return machines
    return _times(machines, 1, _ZONES)


def _slice(kind: object, topology: object) -> object:
    """`V5P` of `2x2x1` as the slice `v5p-8`, which counts the cores of those generations that have two on a chip."""
    for value in (kind, topology):
        if isinstance(value, Unknown):
            return value
    if not isinstance(topology, str) or not _TOPOLOGY.fullmatch(topology):
        return None
    chips = prod(map(int, topology.split("x")))
    name = str(kind or "V2").casefold().replace("v5lite_pod", "v5litepod")
    return f"{name}-{chips if name in ONE_CORE else chips * 2}"


def _times(machines: Machines, least: int, most: int) -> Machines:
    low, high = machines.between or (machines.instances, machines.instances)
    if not isinstance(low, int) or not isinstance(high, int):
        return machines
    found = scaled(machines, low * least, high * most)
    if machines.between is None and isinstance(found.instances, Unknown):
        why = f"{low} in each of its zones, which are not in the document"
        return replace(found, instances=Unknown(why))
    return found
