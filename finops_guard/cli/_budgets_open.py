"""Computes what `budgets` shows: from a policy's cost data, and from what runs where somebody says where to look."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from finops_guard import books
from finops_guard.cli._estate import estate
from finops_guard.costs.ledger import FileRead
from finops_guard.errors import InputError
from finops_guard.evaluate import need_of
from finops_guard.model import BudgetStatus, Gap, Notes, Policy, Resource
from finops_guard.sources import targets


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line. Without `targets` nothing is looked for, and what accrued is unknown."""

    targets: tuple[str, ...]
    paths: tuple[str, ...]
    policy_path: Path | None
    at: datetime
    say: Callable[[str, int, int], None]
    max_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Every budget of the policy, and what was read for them."""

    policy: Policy
    statuses: tuple[BudgetStatus, ...]
    files: tuple[FileRead, ...]
    gaps: tuple[Gap, ...]
    remarks: tuple[str, ...]

    @property
    def refused(self) -> list[str]:
        """Why files do not count."""
        return [reason for file in self.files for reason in file.refused]

    @property
    def lost(self) -> list[Gap]:
        """What of the inventory and of cost data could not be read, and the policy does not know."""
        return [gap for gap in self.gaps if not gap.expected]


def answer(asked: Asked) -> Answer:
    """The budgets as they stand. InputError without a policy, without budgets, or for a target that is none."""
    with estate(asked.targets, asked.policy_path, asked.at) as (policy, wanted):
        if not policy.budgets:
            help_ = "budgets: {NAME: {limit: 1000 EUR, every: month}}, or from: budgets.csv"
            raise InputError(f"policy {policy.name} has no budgets", help=help_)
        notes = Notes(say=asked.say)

        def inventory() -> Iterator[Resource]:
            need = need_of(policy)
            return targets.collect(policy, wanted, need, asked.at, notes, jobs=8, environ=os.environ)

        with books.opened(books.Asked(policy, asked.at, asked.paths, os.environ, asked.max_usd), notes) as money:
            found = money.budgets(inventory if asked.targets else None)
            files = () if money.ledger is None else tuple(money.ledger.files)
        gaps = targets.expected(books.unread(notes, files), policy, asked.at.date())
        return Answer(policy, tuple(found), files, tuple(gaps), tuple(dict.fromkeys(notes.remarks)))
