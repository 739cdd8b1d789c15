"""Say how budgets stand: billed, accrued since the last bill, and the forecast, the worst first."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click

from finops_guard.cli import _options
from finops_guard.cli._again import again
from finops_guard.cli._estate import Target
from finops_guard.errors import InputError, ScanError
from finops_guard.language.diagnostics import printable

if TYPE_CHECKING:
    from finops_guard.cli._budgets_open import Answer

SCHEMA = "finops-guard/budgets/1"
_LIVE = frozenset({"aws", "azure", "gcp"})


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...", type=Target())
@_options.costs
@_options.max_api_cost
@click.option("--at", callback=_options.instant, metavar="TIME", envvar=(), help="As of a time (UTC).")
@_options.policy
@_options.common("table", "json", "csv")
def command(  # noqa: D103 - click shows the help below
    targets: tuple[str, ...],
    costs: tuple[str, ...],
    max_api_cost: Decimal | None,
    at: datetime | None,
    policy_path: Path | None,
    shape: str,
    quiet: bool,
    verbose: bool,
) -> None:
    from finops_guard.cli._budgets_open import Asked, answer
    from finops_guard.cli._progress import progress

    now = datetime.now(UTC)
    if at is not None and at < now and not _LIVE.isdisjoint(targets):
        raise InputError("what ran at a past time is in no live cloud", help="name a snapshot of that time")
    with progress(quiet=quiet, verbose=verbose) as say:
        found = answer(Asked(targets, costs, policy_path, at or now, say, max_api_cost))
    now = at or now
    _write(found, shape, now, (targets, policy_path, costs))
    lines = [f"refused: {reason}" for reason in found.refused]
    lines += [f"not read: {gap.type}: {gap.reason}" for gap in found.lost]
    for line in [*lines, *(found.remarks if not quiet else ())]:
        click.echo(printable(line), err=True)
    raise click.exceptions.Exit(InputError.exit_code if found.refused else ScanError.exit_code if found.lost else 0)


command.help = """Say how budgets stand: billed, accrued since the last bill, and the forecast, the worst first.

    Bills come a day or more late. With a TARGET (as in scan: aws, sandbox, a snapshot file) what runs now is looked at
    too, and what it cost since the last complete billed hour is accrued; without, that is unknown, and said so. Every
    amount is in the budget's own currency, by the policy's dated rates; what cannot be counted is listed, never 0.

    Exit 2 when cost data was refused, 3 when some of the inventory or a billing API could not be read; the rest is
    shown all the same.
    """


Given: TypeAlias = tuple[tuple[str, ...], Path | None, tuple[str, ...]]
"""What was typed: targets, the policy, cost data."""


def _write(found: Answer, shape: str, at: datetime, given: Given) -> None:
    from finops_guard.outputs import _budgets as shown

    if shape == "json":
        from finops_guard.cli._paint import write_json

        write_json(_document(found, at))
    elif shape == "csv":
        shown.write_csv(found.statuses, sys.stdout)
    else:
        from finops_guard.outputs._screen import screen
        from finops_guard.outputs._units import when

        to = screen(sys.stdout)
        to.say((f"budgets of {found.policy.name}", "bold"), f" · {when(at)}")
        for rate in _rates(found):
            to.say((f"{rate['rate']} {rate['to']} for one {rate['from']}, of {rate['as_of']}", "dim"))
        to.say()
        shown.write(found.statuses, to, at)
        to.title("Next")
        line, good_for = _next(found, *given)
        to.say(("$ ", "dim"), (line, "bold cyan"))
        to.indented(good_for, len("$ "))


def _document(found: Answer, at: datetime) -> dict[str, object]:
    from finops_guard.outputs._budgets import worst_first
    from finops_guard.outputs._money_rows import budget_row
    from finops_guard.outputs._units import utc

    return {
        "schema": SCHEMA,
        "at": utc(at),
        "policy": found.policy.name,
        "rates": _rates(found),
        "files": [
            {"path": file.path, "format": file.format, "rows": file.rows, "refused": list(file.refused)}
            for file in found.files
        ],
        "budgets": [budget_row(status) for status in worst_first(found.statuses)],
        "gaps": [
            {"cloud": gap.cloud, "account": gap.account, "region": gap.region, "type": gap.type, "reason": gap.reason}
            for gap in found.lost
        ],
    }


def _rates(found: Answer) -> list[dict[str, str]]:
    """The rates that amounts may have been changed by."""
    units = {status.budget.unit for status in found.statuses}
    return [
        {"from": one, "to": other, "rate": str(rate), "as_of": as_of.isoformat()}
        for (one, other), (rate, as_of) in sorted(found.policy.fx.items())
        if {one, other} & units
    ]


def _next(found: Answer, targets: tuple[str, ...], policy: Path | None, costs: tuple[str, ...]) -> tuple[str, str]:
    """A command, and what it is good for."""
    if not targets:
        return again("budgets", "aws", policy=policy, costs=costs), "looks at what runs now, which no bill knows yet"
    if all(status.actual is None for status in found.statuses) and not costs:
        return f"{again('budgets', *targets, policy=policy)} --costs PATH", "reads what was billed"
    if all(binding.pack.name != "budgets" for binding in found.policy.bindings):
        return again(
            "explain", "budgets/forecast", policy=policy
        ), "use: budgets in the policy lets a scan warn and act"
    return again("scan", *targets, policy=policy, costs=costs), "judges them, and plans what follows"
