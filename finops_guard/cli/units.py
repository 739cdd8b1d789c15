"""Say what one prediction, token, transaction or training run costs, with target and change."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from finops_guard.cli import _options
from finops_guard.cli._estate import Target
from finops_guard.errors import InputError, ScanError
from finops_guard.language.diagnostics import printable

if TYPE_CHECKING:
    from finops_guard.cli._units_open import Answer

SCHEMA = "finops-guard/units/1"


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...", type=Target())
@_options.costs
@click.option(
    "--days",
    type=click.IntRange(1, 366),
    default=28,
    show_default=True,
    envvar=(),
    help="Complete days to look at; the baseline is as many before.",
)
@click.option("--at", callback=_options.instant, metavar="TIME", envvar=(), help="As of a time (UTC).")
@_options.policy
@_options.common("table", "json")
def command(  # noqa: D103 - click shows the help below
    targets: tuple[str, ...],
    costs: tuple[str, ...],
    days: int,
    at: datetime | None,
    policy_path: Path | None,
    shape: str,
    quiet: bool,
    verbose: bool,
) -> None:
    from finops_guard.cli._progress import progress
    from finops_guard.cli._units_open import Asked, answer

    now = at or datetime.now(UTC)
    with progress(quiet=quiet, verbose=verbose) as say:
        found = answer(Asked(targets, costs, policy_path, now, days, say))
    if shape == "json":
        from finops_guard.cli._paint import write_json

        write_json(_document(found, now, days))
    else:
        from finops_guard.cli._units_show import Given, show

        show(found, now, Given(targets, policy_path, costs))
    lines = [f"refused: {reason}" for reason in found.refused]
    lines += [f"not read: {gap.type}: {gap.reason}" for gap in found.lost]
    for line in [*lines, *(found.remarks if not quiet else ())]:
        click.echo("\n".join(printable(part) for part in line.split("\n")), err=True)
    raise click.exceptions.Exit(InputError.exit_code if found.refused else ScanError.exit_code if found.lost else 0)


command.help = """Say what one prediction, token, transaction or training run costs, with target and change.

    Units are in the policy: money that a selection cost, by what was counted. Both are of the same complete days, so
    that a bill that is late or a count that is not there makes no unit look cheap. With a TARGET (as in scan: aws,
    sandbox, a snapshot file) what there is can be counted too; without, that is unknown. The change is against the
    days before.

    Exit 2 when cost data or a count was refused, 3 when a count or a billing API could not be read; the rest is shown
    all the same.
    """


def _document(found: Answer, at: datetime, days: int) -> dict[str, object]:
    from finops_guard.outputs._money_rows import unit_row
    from finops_guard.outputs._units import utc

    return {
        "schema": SCHEMA,
        "at": utc(at),
        "policy": found.policy.name,
        "days": days,
        "rates": [
            {"from": one, "to": other, "rate": str(rate), "as_of": as_of.isoformat()}
            for (one, other), (rate, as_of) in sorted(found.policy.fx.items())
        ],
        "files": [
            {"path": file.path, "format": file.format, "rows": file.rows, "refused": list(file.refused)}
            for file in found.files
        ],
        "units": [unit_row(cost) for cost in found.costs],
        "gaps": [
            {"cloud": gap.cloud, "account": gap.account, "region": gap.region, "type": gap.type, "reason": gap.reason}
            for gap in found.lost
        ],
    }
