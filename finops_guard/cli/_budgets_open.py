"""Computes what `budgets` shows: from a policy's cost data, and from what runs where somebody says where to look."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from finops_guard.cli._estate import estate
from finops_guard.cli._reach import reaching
from finops_guard.costs.budgets import lasting_rules, statuses
from finops_guard.costs.ledger import FileRead, Ledger, open_ledger
from finops_guard.costs.pricing import pricer_of
from finops_guard.enrich import enrich
from finops_guard.errors import InputError
from finops_guard.evaluate import need_of
from finops_guard.evaluate.fold import reads
from finops_guard.model import BudgetStatus, CostSource, Gap, Notes, Policy, Resource

_RATES = timedelta(days=7)
"""What a machine was billed longer ago says little of what it costs now."""
_FEW = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line. Without `targets` nothing is looked for, and what accrued is unknown."""

    targets: tuple[str, ...]
    paths: tuple[str, ...]
    policy_path: Path | None
    at: datetime
    say: Callable[[str, int, int], None]


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
        """What could not be read, and the policy does not know."""
        return [gap for gap in self.gaps if not gap.expected]


def answer(asked: Asked) -> Answer:
    """The budgets as they stand. InputError without a policy, without budgets, or for a target that is none."""
    from finops_guard.sources import targets

    with ExitStack() as stack:
        policy, wanted = stack.enter_context(estate(asked.targets, asked.policy_path, asked.at))
        if not policy.budgets:
            help_ = "budgets: {NAME: {limit: 1000 EUR, every: month}}, or from: budgets.csv"
            raise InputError(f"policy {policy.name} has no budgets", help=help_)
        notes = Notes(say=asked.say)
        ledger = _ledger(asked, policy, notes, stack)
        running = _running(asked, policy, wanted, ledger, notes) if asked.targets else None
        unread = _unread(notes, policy, asked.at)
        lasting = lasting_rules(policy)
        found = statuses(policy.budgets.values(), ledger, running, asked.at, policy.fx, unread, lasting=lasting)
        files = () if ledger is None else tuple(ledger.files)
        gaps = targets.expected(notes.gaps, policy, asked.at.date())
        return Answer(policy, tuple(found), files, tuple(gaps), tuple(dict.fromkeys(notes.remarks)))


def _ledger(asked: Asked, policy: Policy, notes: Notes, stack: ExitStack) -> Ledger | None:
    sources = [_path(path) for path in asked.paths] or policy.costs
    if not sources:
        return None
    reach = stack.enter_context(reaching(Path(policy.path).absolute().parent, asked.at, notes))
    opened = open_ledger(sources, reach, aliases=policy.aliases, keys=_keys(policy), default_currency=policy.currency)
    return stack.enter_context(opened)


def _path(text: str) -> CostSource:
    """A path of the command line starts where we are; what has a scheme is left as it is."""
    return CostSource("focus", {"path": text if "://" in text else str(Path(text).absolute())})


def _keys(policy: Policy) -> set[str]:
    """Tag keys that the budgets ask for."""
    conditions = [budget.covers for budget in policy.budgets.values() if budget.covers is not None]
    return {ref.name for condition in conditions for ref in reads(condition) if ref.space == "tag"}


def _running(
    asked: Asked, policy: Policy, wanted: tuple[str, ...], ledger: Ledger | None, notes: Notes
) -> Iterable[Resource]:
    """What there is, priced as it was billed lately, else by what the policy and the snapshot say."""
    from finops_guard.sources import targets

    found = targets.collect(policy, wanted, need_of(policy), asked.at, notes, jobs=8, environ=os.environ)
    billed = {} if ledger is None else ledger.effective_rates(asked.at - _RATES)
    return enrich(found, policy, asked.at, pricer_of(policy, asked.at, billed))


def _unread(notes: Notes, policy: Policy, at: datetime) -> Iterator[str]:
    """What of the inventory could not be read; asked for when it was read."""
    from finops_guard.sources import targets

    gaps: Sequence[Gap] = [gap for gap in targets.expected(notes.gaps, policy, at.date()) if not gap.expected]
    for gap in gaps[:_FEW]:
        yield f"not read: {gap.type} in {gap.cloud} {gap.account} {gap.region}: {gap.reason}"
    if len(gaps) > _FEW:
        yield f"not read: {len(gaps) - _FEW} more cells of the inventory"
