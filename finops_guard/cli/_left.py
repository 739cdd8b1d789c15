"""What a choice would leave of a budget: by what is billed, for no inventory is read before a choice is made."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.errors import InputError
from finops_guard.language.near import suggest
from finops_guard.model import ACCELERATOR_HOURS, BudgetStatus, money_in

if TYPE_CHECKING:
    from finops_guard.costs.choices import Choice


@dataclass(frozen=True, slots=True)
class Left:
    """A budget before and after a choice, in the budget's unit; what is None is unknown, and `because` says why."""

    status: BudgetStatus
    before: Decimal | None
    takes: Decimal | None
    because: tuple[str, ...]

    @property
    def after(self) -> Decimal | None:
        """What is left then; negative beyond the limit."""
        return None if self.before is None or self.takes is None else self.before - self.takes


def status_of(name: str, paths: Collection[str], policy_path: Path | None, at: datetime) -> BudgetStatus:
    """A budget of the policy as its cost data has it. InputError for one that is not there, or data refused."""
    from finops_guard.cli._budgets_open import Asked, answer

    found = answer(Asked((), tuple(paths), policy_path, at, lambda *_: None))
    if found.refused:
        raise InputError("\n".join(found.refused))
    known = {status.budget.name: status for status in found.statuses}
    if name not in known:
        near = suggest(name, known)
        raise InputError(f"no budget '{name}' in the policy" + (f" (did you mean '{near}'?)" if near else ""))
    return known[name]


def left(
    status: BudgetStatus, choice: Choice, count: int, hours: Decimal, fx: Mapping[tuple[str, str], tuple[Decimal, date]]
) -> Left:
    """What a budget has left by the bill, and what the choice takes of it."""
    before = None if status.actual is None else status.limit - status.actual
    because = [] if before is not None else ["nothing tells what was billed: give cost data with --costs"]
    unit = status.budget.unit
    if unit == ACCELERATOR_HOURS:
        each = 0 if choice.machine.accelerator is None else choice.machine.accelerator.count
        takes = None if each is None else each * count * hours
        because += [] if takes is not None else ["how many accelerators it has is not known"]
        return Left(status, before, takes, tuple(because))
    cost = choice.basis.total(count, hours)
    money = None if cost is None else money_in(cost, unit, fx)
    if cost is None:
        because.append(f"no {choice.basis.purchase} price is known")
    elif money is None:
        because.append(f"no rate from {cost.currency} to {unit}")
    return Left(status, before, None if money is None else money.amount, tuple(because))
