"""Opens what `costs` reads: files, the sandbox's bills, or the sources of a policy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from finops_guard.cli._estate import SANDBOX
from finops_guard.cli._policy import policy_for
from finops_guard.cli._reach import reaching
from finops_guard.costs.allocation_asked import Wanted, dimension
from finops_guard.costs.ledger import Ledger, open_ledger
from finops_guard.errors import InputError
from finops_guard.model import CostSource, Notes, Policy
from finops_guard.model.money import Metric


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line."""

    paths: tuple[str, ...]
    by: tuple[str, ...]
    metric: str
    since: datetime | None
    until: datetime | None
    default_currency: str | None
    policy_path: Path | None
    now: datetime


@contextmanager
def opened(asked: Asked) -> Iterator[tuple[Ledger, Wanted, Notes]]:
    """The ledger, what to ask of it, and (once it is read) notes of how it was reached.

    InputError for a policy that does not load, a path that is not there, or nothing to read.
    """
    with ExitStack() as stack:
        policy = None if asked.policy_path is None else policy_for(asked.policy_path, asked.now.date())
        sources, folder = _sources(asked, policy)
        if SANDBOX in asked.paths:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="finops-guard-costs-")))
            policy, sources = _sandbox(folder, asked, policy)
        wanted = Wanted(asked.by, cast("Metric", asked.metric), asked.since, asked.until, policy)
        tags = {name.removeprefix("tags.") for name in map(dimension, asked.by) if name.startswith("tags.")}
        notes = Notes()
        reach = stack.enter_context(reaching(folder, asked.now, notes))
        ledger = open_ledger(
            sources,
            reach,
            aliases=policy.aliases if policy else {},
            keys={*tags, *wanted.keys, "team"},
            default_currency=asked.default_currency,
        )
        with ledger:
            yield ledger, wanted, notes


def _sources(asked: Asked, policy: Policy | None) -> tuple[Sequence[CostSource], Path]:
    if asked.paths or policy is None or not policy.costs:
        if not asked.paths:
            raise InputError("nothing to read", help="name files or folders of cost data, or a policy with costs (-p)")
        return [CostSource("focus", {"path": path}) for path in asked.paths], Path.cwd()
    return policy.costs, Path(policy.path).absolute().parent


def _sandbox(folder: Path, asked: Asked, policy: Policy | None) -> tuple[Policy, Sequence[CostSource]]:
    from finops_guard.sources.sandbox.bills import write_bills
    from finops_guard.sources.sandbox.policy import written

    if len(asked.paths) > 1:
        raise InputError("the sandbox's bills are read alone")
    bills = write_bills(folder, asked.now)
    return policy or policy_for(written(folder, asked.now), asked.now.date()), [
        CostSource("focus", {"path": bills.name})
    ]
