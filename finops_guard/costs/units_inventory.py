"""What unit costs take from the inventory, in one pass: the resources that each unit counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from finops_guard.evaluate import predicate
from finops_guard.model import All, Policy, Resource


@dataclass(slots=True)
class Found:
    """Resources of the inventory that a unit counts, and how many it cannot tell of."""

    resources: list[Resource] = field(default_factory=list)
    unclear: int = 0


def needs_inventory(policy: Policy) -> bool:
    """Whether the unit costs of a policy need to know what there is."""
    return any(unit.count.source == "inventory" for unit in policy.units.values())


def read(policy: Policy, inventory: Iterable[Resource], now: datetime) -> dict[str, Found]:
    """What each unit counts in the inventory, which is read where one does."""
    wanted = {
        unit.name: (predicate(unit.count.match or All(()), now, policy.fx), Found())
        for unit in policy.units.values()
        if unit.count.source == "inventory"
    }
    for resource in inventory if wanted else ():
        for holds, found in wanted.values():
            verdict = holds(resource)
            if verdict:
                found.resources.append(resource)
            elif verdict is None:
                found.unclear += 1
    return {name: found for name, (_, found) in wanted.items()}
