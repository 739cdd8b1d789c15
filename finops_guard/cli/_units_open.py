"""Computes what `units` shows: from a policy's cost data and counts, and the inventory where that is counted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from finops_guard.cli._estate import estate
from finops_guard.cli._reach import reaching
from finops_guard.costs.ledger import FileRead, Ledger, open_ledger
from finops_guard.costs.reach import Reach
from finops_guard.costs.units import needs_inventory, unit_costs
from finops_guard.enrich import enrich
from finops_guard.errors import InputError
from finops_guard.evaluate import need_of
from finops_guard.language.conditions import EVERYTHING
from finops_guard.model import Condition, CostSource, Gap, Notes, Policy, Resource, UnitCost
from finops_guard.model.report import Calls


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line."""

    targets: tuple[str, ...]
    paths: tuple[str, ...]
    policy_path: Path | None
    now: datetime
    days: int
    say: Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """Unit costs, the dearest unit first, and what they were read from."""

    policy: Policy
    costs: tuple[UnitCost, ...]
    files: tuple[FileRead, ...]
    gaps: tuple[Gap, ...]
    calls: dict[str, Calls]
    remarks: tuple[str, ...]

    @property
    def refused(self) -> list[str]:
        """What of the input cannot be used."""
        of_files = [reason for file in self.files for reason in file.refused]
        return [*of_files, *dict.fromkeys(cost.refused for cost in self.costs if cost.refused)]


def answer(asked: Asked) -> Answer:
    """Every unit cost of the policy. InputError without a policy, without units, or for a target that is none."""
    from finops_guard.sources import targets

    with estate(asked.targets, asked.policy_path, asked.now) as (policy, wanted):
        if not policy.units:
            raise InputError(f"policy {policy.name} has no units", help="units: {NAME: {of: …, cost: …, count: …}}")
        notes = Notes(say=asked.say)
        folder = Path(policy.path).absolute().parent
        with reaching(folder, asked.now, notes) as reach, _ledger(asked, policy, reach) as ledger:
            costs = unit_costs(policy, ledger, reach, _inventory(asked, policy, wanted, notes), over=asked.days)
            files = tuple(ledger.files)
        gaps = targets.expected(notes.gaps, policy, asked.now.date())
        ranked = tuple(_by_money(costs))
        return Answer(policy, ranked, files, tuple(gaps), notes.calls, tuple(dict.fromkeys(notes.remarks)))


def _ledger(asked: Asked, policy: Policy, reach: Reach) -> Ledger:
    sources = [_path(path) for path in asked.paths] or policy.costs
    if not sources:
        raise InputError("no cost data to take unit costs from", help="--costs PATH, or costs: in the policy")
    return open_ledger(sources, reach, aliases=policy.aliases, keys=_keys(policy), default_currency=policy.currency)


def _path(text: str) -> CostSource:
    """A path of the command line starts where we are; what has a scheme is left as it is."""
    return CostSource("focus", {"path": text if "://" in text else str(Path(text).absolute())})


def _keys(policy: Policy) -> set[str]:
    """Tag keys that the units ask for."""
    from finops_guard.evaluate.fold import reads

    conditions: list[Condition] = [unit.covers for unit in policy.units.values()]
    conditions += [split.charge for split in policy.shared]
    conditions += [unit.count.match or EVERYTHING for unit in policy.units.values()]
    found = {ref.name for condition in conditions for ref in reads(condition) if ref.space == "tag"}
    return found | {"team"} | {key for unit in policy.units.values() for key in unit.by}


def _inventory(asked: Asked, policy: Policy, wanted: tuple[str, ...], notes: Notes) -> Iterable[Resource]:
    """What there is, read only where a unit counts it."""
    from finops_guard.sources import targets

    if not needs_inventory(policy):
        return ()
    found = targets.collect(policy, wanted, need_of(policy), asked.now, notes, jobs=8, environ=os.environ)
    return enrich(found, policy, asked.now)


def _by_money(costs: Iterable[UnitCost]) -> Iterator[UnitCost]:
    """Units by what they cost as a whole; the rows of a unit stay together."""
    units: dict[str, list[UnitCost]] = {}
    for cost in costs:
        units.setdefault(cost.unit.name, []).append(cost)
    yield from (row for rows in sorted(units.values(), key=_rank) for row in rows)


def _rank(rows: list[UnitCost]) -> tuple[object, ...]:
    whole = rows[0].cost
    return (whole is None, -whole.amount if whole else 0, rows[0].unit.name)
