"""The books of a run: cost data opened once, and everything about money that is told from it and the inventory.

    cost sources ─► ledger ─► billed rates ─► prices of the inventory ─► accrued ─► budgets, unit costs, charges

What a policy says nothing about costs nothing: without cost sources no ledger is opened, without budgets none is told,
and of unit costs, charges and readiness not even the modules are imported.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeAlias

from finops_guard.costs.accrued import accrues
from finops_guard.costs.budgets import lasting_rules, statuses
from finops_guard.costs.budgets_joined import Covers, budget_resource, thresholds_of
from finops_guard.costs.periods import period_of, previous
from finops_guard.costs.plan_judged import plan_resource, put_remaining
from finops_guard.costs.pricing import Pricer, pricer_of
from finops_guard.costs.reach import COSTS, Reach
from finops_guard.enrich import derived, enrich
from finops_guard.evaluate import need_of
from finops_guard.evaluate.fold import reads
from finops_guard.model import BudgetStatus, Condition, CostSource, Gap, Notes, PlanDelta, Policy, Resource, UnitCost
from finops_guard.sources import targets

if TYPE_CHECKING:
    from finops_guard.costs.ledger import FileRead, Ledger
    from finops_guard.costs.readiness import Readiness

Inventory: TypeAlias = Callable[[], Iterable[Resource]]
"""The inventory as sources say it, as often as it is asked for."""

_RATES_OF = timedelta(days=7)
_TEAM = "team"
_FEW = 3


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run knows about money. `computed`: budgets, unit costs, charges and bills as resources, to be judged."""

    budgets: tuple[BudgetStatus, ...]
    units: tuple[UnitCost, ...]
    computed: tuple[Resource, ...]
    covers: Covers | None
    ready: Readiness | None = None

    def joined(self, resources: Iterable[Resource]) -> Iterator[Resource]:
        """Resources, each told of the budget that covers it and of its bill, where a rule asks for that."""
        for resource in resources:
            if self.ready is not None:
                self.ready.join(resource)
            if self.covers is not None:
                self.covers.join(resource)
            yield resource


@dataclass(frozen=True, slots=True)
class Books:
    """The open books: `ledger` is None without cost sources. `pricer` knows what the same resources were billed."""

    policy: Policy
    at: datetime
    reach: Reach
    ledger: Ledger | None
    pricer: Pricer

    def priced(self, inventory: Iterable[Resource]) -> Iterator[Resource]:
        """An inventory with prices and every derived field."""
        return enrich(inventory, self.policy, self.at, self.pricer)

    def figures(self, inventory: Inventory | None) -> Figures:
        """Budgets, unit costs and charges; without an inventory, what accrued is unknown."""
        policy = self.policy
        budgets, held = self.budgets(inventory), thresholds_of(policy)
        units, of_units = self._units(inventory) if policy.units else ([], [])
        computed = [*(budget_resource(each, held) for each in budgets), *of_units, *self._charges()]
        ready = None
        if self._asked("exports."):
            ready, others = self._readiness(inventory)
            computed += others
        return Figures(
            tuple(budgets),
            tuple(units),
            tuple(derived(computed, policy, self.at)),
            Covers(budgets, self.at, policy.fx, held) if self._asked("budget.") else None,
            ready,
        )

    def plans(self, deltas: Iterable[PlanDelta], figures: Figures) -> Iterator[Resource]:
        """What a plan adds as resources, to be judged: each with the budget that covers it."""
        policy = self.policy
        covers = Covers(figures.budgets, self.at, policy.fx, thresholds_of(policy))
        for delta in deltas:
            resource = plan_resource(delta)
            covers.join(resource, delta.budget)
            put_remaining(resource, delta, figures.budgets, policy.fx)
            yield from derived([resource], policy, self.at)

    def _readiness(self, inventory: Inventory | None) -> tuple[Readiness, Iterable[Resource]]:
        """What the bills show of each account, and the accounts that no source found."""
        from finops_guard.costs.readiness import accounts_of, readiness

        policy = self.policy
        ready = readiness(
            self.ledger, keys_of(policy), self.at, aliases=policy.aliases, currency=policy.currency, fx=policy.fx
        )
        there = accounts_of(inventory()) if inventory is not None and ready.bills else ()
        return ready, ready.others(there)

    def _asked(self, group: str) -> bool:
        """Whether a rule asks for a field of a group."""
        return any(name.startswith(group) for name in need_of(self.policy).fields)

    def budgets(self, inventory: Inventory | None) -> list[BudgetStatus]:
        """The budgets as they stand; without an inventory, what accrued is unknown."""
        policy = self.policy
        if not policy.budgets:
            return []
        ran = None if inventory is None else self.priced(inventory())
        return statuses(
            policy.budgets.values(),
            self.ledger,
            ran,
            self.at,
            policy.fx,
            self._unread(),
            refused=[_gap(gap) for gap in self.reach.notes.gaps if gap.cloud == COSTS],
            lasting=lasting_rules(policy),
        )

    def _unread(self) -> Iterator[str]:
        """What could have accrued in places that could not be read; asked for when all is read."""
        gaps = targets.expected(self.reach.notes.gaps, self.policy, self.at.date())
        lost = [gap for gap in gaps if not gap.expected and gap.cloud != COSTS and accrues(gap.type)]
        yield from (_gap(gap) for gap in lost[:_FEW])
        if len(lost) > _FEW:
            yield f"not read: {len(lost) - _FEW} more cells"

    def _units(self, inventory: Inventory | None) -> tuple[list[UnitCost], Iterable[Resource]]:
        """Unit costs, and what of them is judged."""
        from finops_guard.costs.units import unit_costs
        from finops_guard.costs.units_inventory import needs_inventory
        from finops_guard.costs.units_judged import unit_resources

        policy = self.policy
        there = self.priced(inventory()) if inventory is not None and needs_inventory(policy) else None
        units = unit_costs(policy, self.ledger, self.reach, there)
        return units, unit_resources(units)

    def _charges(self) -> list[Resource]:
        """Charges, where a rule judges them."""
        kinds = need_of(self.policy).kinds
        if self.ledger is None or (kinds is not None and "charge" not in kinds):
            return []
        from finops_guard.costs.charges import charges

        return [*charges(self.ledger, self.at, key=_TEAM, currency=self.policy.currency, fx=self.policy.fx)]


def _gap(gap: Gap) -> str:
    if gap.cloud == COSTS and gap.reason.startswith(f"{gap.type}:"):  # what a file is refused for names it
        return f"not read: {gap.reason}"
    where = "/".join(part for part in (gap.cloud, gap.account, gap.region, gap.type) if part != "*")
    return f"not read: {where}: {gap.reason}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What opens the books: a policy, cost files instead of its own sources, and how much looking may cost."""

    policy: Policy
    at: datetime
    costs: Sequence[str] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    max_usd: Decimal | None = None


@contextmanager
def opened(asked: Asked, notes: Notes) -> Iterator[Books]:
    """The books of a policy, for as long as the context.

    A file that is refused is a gap in `notes`: whatever is told from the rest is a lower bound. InputError where what
    reads them is not installed.
    """
    policy = asked.policy
    if not (policy.costs or asked.costs or policy.budgets or policy.units):
        yield Books(policy, asked.at, Reach(asked.at, Path(), Path()), None, pricer_of(policy, asked.at))
        return
    sources = [CostSource("focus", {"path": _here(path)}) for path in asked.costs] or policy.costs
    with ExitStack() as stack:
        folder, keys, since = Path(policy.path).absolute().parent, keys_of(policy), _since(policy, asked.at)
        reach = stack.enter_context(reaching(folder, asked.at, notes, asked.environ))
        reach = replace(reach, max_usd=asked.max_usd, keys=keys, since=since)
        ledger = None
        if sources:
            from finops_guard.costs.ledger import open_ledger

            ledger = stack.enter_context(open_ledger(sources, reach, aliases=policy.aliases, keys=keys))
            refused = [(read.path, reason) for read in ledger.files for reason in read.refused]
            notes.gaps += [Gap(COSTS, "*", "*", path, reason) for path, reason in refused]
        billed = ledger.effective_rates(asked.at - _RATES_OF) if ledger is not None else {}
        yield Books(policy, asked.at, reach, ledger, pricer_of(policy, asked.at, billed))


def unread(notes: Notes, files: Iterable[FileRead]) -> list[Gap]:
    """Gaps without those that are refused files, which tell for themselves."""
    told = {file.path for file in files if file.refused}
    return [gap for gap in notes.gaps if gap.cloud != COSTS or gap.type not in told]


def _here(path: str) -> str:
    """A path of the command line starts where we are, one of the policy where that is."""
    return path if "://" in path else str(Path(path).absolute())


@contextmanager
def reaching(folder: Path, at: datetime, notes: Notes, environ: Mapping[str, str]) -> Iterator[Reach]:
    """The outside, from `folder`, where relative paths start; clients are made when they are asked for."""
    with ExitStack() as stack:
        yield Reach(at, folder, _cache(stack, environ), environ, notes, _Aws(stack, notes).client)


def keys_of(policy: Policy) -> tuple[str, ...]:
    """The tag keys that a policy asks cost data for, those that most ask for first; teams always."""
    asked: Counter[str] = Counter({_TEAM: 1})
    for budget in policy.budgets.values():
        asked.update(_tags(budget.covers))
    for unit in policy.units.values():
        asked.update((*_tags(unit.covers), *unit.by))
    return tuple(key for key, _ in sorted(asked.items(), key=lambda item: (-item[1], item[0])))


def _since(policy: Policy, at: datetime) -> date | None:
    """The first day of the period before this one, of the budget that looks back longest."""
    before = [previous(budget, period_of(budget, at)).start.date() for budget in policy.budgets.values()]
    return min(before, default=None)


def _tags(condition: Condition | None) -> set[str]:
    return {ref.name for ref in reads(condition) if ref.space == "tag"} if condition is not None else set()


class _Aws:
    """Clients that count what they send; the SDK is imported with the first of them."""

    def __init__(self, stack: ExitStack, notes: Notes) -> None:
        self._stack = stack
        self._notes = notes
        self._make: Any = None

    def client(self, service: str, region: str | None) -> Any:  # noqa: ANN401 - what a client is, only boto3 knows
        if self._make is None:
            self._make = self._stack.enter_context(targets.reading(self._notes))
        return self._make(service, region)


def _cache(stack: ExitStack, environ: Mapping[str, str]) -> Path:
    """Where what was read once is kept; for this run alone where the user's cache cannot be written."""
    base = environ.get("XDG_CACHE_HOME")
    try:
        folder = (Path(base) if base else Path.home() / ".cache") / "finops-guard"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (OSError, RuntimeError):
        folder = None
    if folder is not None and os.access(folder, os.W_OK):
        return folder
    return Path(stack.enter_context(TemporaryDirectory(prefix="finops-guard-cache-")))
