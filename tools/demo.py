"""The demonstration: scan a made-up company's estate, look at its money, enforce a policy (`demo.yaml`), undo that.

Everything happens in this process and on loopback, with what an installed package can do. Exit 1 where something did
not go as it should; findings, and the cell that is denied on purpose, are what a demonstration is for.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard import orders
from finops_guard.apply import session
from finops_guard.cli._acts import new_run
from finops_guard.cli._costs_open import Asked, opened
from finops_guard.cli._costs_sections import headline, sections
from finops_guard.cli._costs_show import tables
from finops_guard.cli._costs_told import DEFAULT, told
from finops_guard.cli._estate import SANDBOX, estate
from finops_guard.cli._outputs import write
from finops_guard.cli._progress import progress
from finops_guard.language.policy import load_policy
from finops_guard.model import Notes, Policy, Report
from finops_guard.outputs import _budgets
from finops_guard.outputs._screen import screen
from finops_guard.outputs._view import short_name, total
from finops_guard.pipeline import Request, run
from finops_guard.undo import undo

if TYPE_CHECKING:
    from finops_guard.outputs._screen import Screen

POLICY = Path(__file__).with_name("demo.yaml")
WHOSE = ("Allocation", "Nobody's")
ROWS = 6
SHOWN = 3


def now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def main() -> int:
    """Scan, look at the money, enforce, undo; the exit code."""
    out = screen(sys.stdout)
    with estate((SANDBOX,), None, now()) as (policy, targets), progress(quiet=False) as say:
        looked = run(Request(policy, now(), targets, environ=os.environ, say=say, asked=(SANDBOX,)))
        write(looked, "table", ())
        budgets(looked, policy, out)
        untagged(policy, out)
        # Its state and its notices lie beside a policy: here they are gone with the sandbox.
        path = shutil.copy(POLICY, Path(policy.path).parent)
        enforced = load_policy(Path(path), date.today())  # noqa: DTZ011 - exemptions end by the day
        acted = run(Request(enforced, now(), mode="enforce", environ=os.environ, say=say))
        tell(acted, out)
        back = put_back(enforced, acted.run_id, out)
    return 0 if back and not acted.short else 1


def budgets(report: Report, policy: Policy, out: Screen) -> None:
    """How the budgets of the scan stand, in their currency, on bills in another."""
    out.title("Budgets in EUR on bills in USD", "budgets sandbox")
    for (source, target), (rate, as_of) in sorted(policy.fx.items()):
        out.say((f"{rate} {target} for one {source}, of {as_of}", "dim"))
    _budgets.write(report.budgets, out, now())


def untagged(policy: Policy, out: Screen) -> None:
    """What the company's bills say of whose they are, team by team, and what is nobody's."""
    asked = Asked((), DEFAULT, "effective", None, None, None, Path(policy.path), now())
    with opened(asked) as (ledger, wanted, _):
        spent = told(ledger, wanted)
    out.title("Whose the bills are", "costs sandbox")
    out.say(headline(spent))
    tables((section for section in sections(spent) if section.title in WHOSE), out)


def tell(report: Report, out: Screen) -> None:
    """What was done, with what it saves; what was not, and why."""
    out.title("Enforce: one account, nothing waits", "scan --mode enforce")
    saved: dict[str, Decimal] = defaultdict(Decimal)
    for verb in dict.fromkeys(step.do for step in report.steps):
        done = [step for step in report.steps if (step.do, step.state) == (verb, "done")]
        if done:
            names = list(dict.fromkeys(short_name(step.resource) for step in done))
            more = f", +{len(names) - SHOWN} more" if len(names) > SHOWN else ""
            out.say((f"{verb:<12}", "bold"), ("done    ", "green"), f"{len(done):>4}  {', '.join(names[:SHOWN])}{more}")
        for money in (step.saves_month for step in done if step.saves_month):
            saved[money.currency] += money.amount
    left = Counter((step.do, step.because) for step in report.steps if step.state in ("refused", "failed"))
    for (verb, because), count in left.most_common(ROWS):
        out.say((f"{verb:<12}", "bold"), ("refused ", "yellow"), f"{count:>4}  {because}")
    out.say(f"It saves {total(saved) or 'nothing'} a month")
    out.indented(report.remarks[-1], 0)


def put_back(policy: Policy, run_id: str, out: Screen) -> bool:
    """Undo a run; whether all of it went as it should."""
    out.title("Undo of that run", "undo last")
    store = orders.state_of(policy, None, os.environ)
    with (
        orders.verbs_of(policy, Notes(), now(), os.environ) as verbs,
        session(store, new_run(now()), now, by=orders.by_whom("demo"), policy=policy) as ours,
    ):
        undone = undo(run_id, ours, verbs)
    verb = {act.step: act.verb for act in undone.acts}
    counts = Counter((verb[outcome.step], outcome.state, outcome.error or "") for outcome in undone.outcomes)
    for (did, state, error), count in counts.most_common():
        style = "green" if state == "done" else "yellow"
        out.say((f"undo {did:<7}", "bold"), (f"{state:<8}", style), f"{count:>4}  {error}")
    return undone.exit_code == 0


if __name__ == "__main__":
    sys.exit(main())
