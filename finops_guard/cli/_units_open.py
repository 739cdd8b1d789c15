"""Computes what `units` shows: from a policy's cost data and counts, and the inventory where that is counted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from finops_guard.cli._estate import estate
from finops_guard.costs.ledger import FileRead
from finops_guard.costs.units import unit_costs
from finops_guard.costs.units_inventory import needs_inventory
from finops_guard.errors import InputError
from finops_guard.evaluate import need_of
from finops_guard.model import Gap, Need, Notes, Policy, UnitCost


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line. Without `targets` nothing is looked for, and what is counted in the inventory is unknown."""

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
    remarks: tuple[str, ...]

    @property
    def refused(self) -> list[str]:
        """What of the input cannot be used."""
        of_files = [reason for file in self.files for reason in file.refused]
        return [*of_files, *dict.fromkeys(cost.refused for cost in self.costs if cost.refused)]

    @property
    def lost(self) -> list[Gap]:
        """What could not be read, and the policy does not know."""
        return [gap for gap in self.gaps if not gap.expected]


def answer(asked: Asked) -> Answer:
    """Every unit cost of the policy. InputError without a policy, without units, or for a target that is none."""
    from finops_guard import books
    from finops_guard.sources import targets

    with estate(asked.targets, asked.policy_path, asked.now) as (policy, wanted):
        if not policy.units:
            raise InputError(f"policy {policy.name} has no units", help="units: {NAME: {of: …, cost: …, count: …}}")
        if not (asked.paths or policy.costs):
            raise InputError("no cost data to take unit costs from", help="--costs PATH, or costs: in the policy")
        for target in wanted:  # also where no unit counts what is there
            targets.known(target)
        notes = Notes(say=asked.say)
        with books.opened(books.Asked(policy, asked.now, asked.paths, os.environ), notes) as money:
            there = None
            if asked.targets and needs_inventory(policy):
                found = targets.collect(policy, wanted, _need(policy), asked.now, notes, jobs=8, environ=os.environ)
                there = money.priced(found)
            costs = unit_costs(policy, money.ledger, money.reach, there, over=asked.days)
            files = tuple(money.ledger.files) if money.ledger else ()
        gaps = targets.expected(books.unread(notes, files), policy, asked.now.date())
        return Answer(policy, tuple(_by_money(costs)), files, tuple(gaps), tuple(dict.fromkeys(notes.remarks)))


def _need(policy: Policy) -> Need:
    """What units count, and no more: rules are not judged here."""
    return need_of(replace(policy, bindings=(), exempt=(), also_ai=()))


def _by_money(costs: Iterable[UnitCost]) -> Iterator[UnitCost]:
    """Units by what they cost as a whole; the rows of a unit stay together."""
    units: dict[str, list[UnitCost]] = {}
    for cost in costs:
        units.setdefault(cost.unit.name, []).append(cost)
    yield from (row for rows in sorted(units.values(), key=_rank) for row in rows)


def _rank(rows: list[UnitCost]) -> tuple[object, ...]:
    whole = rows[0].cost
    return (whole is None, -whole.amount if whole else 0, rows[0].unit.name)
