"""What unit costs take from the inventory, in one pass: what each unit counts, and the accelerator hours of teams."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from finops_guard.costs.counts._counted import DAY
from finops_guard.costs.counts.inventory import hours_of
from finops_guard.evaluate import predicate
from finops_guard.model import All, Policy, Resource


@dataclass(slots=True)
class Found:
    """Resources of the inventory that a unit counts, and how many it cannot tell of."""

    resources: list[Resource] = field(default_factory=list)
    unclear: int = 0


def needs_inventory(policy: Policy) -> bool:
    """Whether the unit costs of a policy need to know what there is."""
    shared = any(split.by == "accelerator_hours" for split in policy.shared)
    return bool(policy.units) and (shared or any(unit.count.source == "inventory" for unit in policy.units.values()))


def read(
    policy: Policy, inventory: Iterable[Resource], now: datetime, seen: datetime, *, over: int
) -> tuple[dict[str, Found], dict[str, Decimal]]:
    """What each unit counts in the inventory, and the accelerator hours of each team in the last `over` days."""
    wanted = {
        unit.name: (predicate(unit.count.match or All(()), now, policy.fx), Found())
        for unit in policy.units.values()
        if unit.count.source == "inventory"
    }
    hours: dict[str, Decimal] = defaultdict(Decimal)
    last = seen.date() - DAY
    for resource in inventory if wanted or over else ():
        team = resource.tags.look("team") if over else None
        if isinstance(team, str) and (ran := hours_of(resource, seen, last - DAY * (over - 1), last)):
            hours[team] += ran
        for holds, found in wanted.values():
            verdict = holds(resource)
            if verdict:
                found.resources.append(resource)
            elif verdict is None:
                found.unclear += 1
    return {name: found for name, (_, found) in wanted.items()}, hours
