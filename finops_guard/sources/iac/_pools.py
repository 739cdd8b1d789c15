"""Node pools inside a cluster's own block: they run, cost and are tagged by themselves, as any other pool."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from finops_guard.sources.iac._looking import below
from finops_guard.sources.iac._plan_values import Values

if TYPE_CHECKING:
    from finops_guard.sources.iac._looking import Look
    from finops_guard.sources.iac._types import Path

AKS, GKE = "azurerm_kubernetes_cluster", "google_container_cluster"
CLUSTERS = frozenset({AKS, GKE})
POOLS = {AKS: "azurerm_kubernetes_cluster_node_pool", GKE: "google_container_node_pool"}
"""A cluster and the type of its pools."""
_SHARED = ("location", "node_locations", "initial_node_count")


class Part(Values):
    """A block inside of another, with `Unknown` in it where it cannot be told."""

    __slots__ = ()

    def look(self, path: Path) -> object:
        """The value at a path; None where there is none."""
        return below(self.values, path)


def pools_of(type_: str, look: Look, written: Collection[str]) -> Iterator[tuple[str, Part]]:
    """The pools of a cluster: the end of the address and what it says. `written`: what its block says, not its state.

    The pool that a GKE cluster begins with is one where its nodes are described and it is kept; of an Autopilot
    cluster there are none. What stands in the state alone may be pools that are resources of their own.
    """
    if type_ == AKS:
        pool = look(("default_node_pool", 0))
        if isinstance(pool, dict):
            yield ".default_node_pool", Part({"location": look(("location",)), **pool})
    elif type_ == GKE and look(("enable_autopilot",)) is not True:
        shared = {name: value for name in _SHARED if (value := look((name,))) is not None}
        inside = look(("node_pool",)) if "node_pool" in written else None
        for number, pool in enumerate(inside if isinstance(inside, list) else ()):
            if isinstance(pool, dict):
                yield f".node_pool[{number}]", Part({**_but_count(shared), **pool})
        nodes = look(("node_config", 0)) if "node_config" in written and not inside else None
        if isinstance(nodes, dict) and look(("remove_default_node_pool",)) is not True:
            yield ".node_config", Part({**shared, "node_config": [nodes]})


def _but_count(shared: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in shared.items() if name != "initial_node_count"}
