"""Say what one prediction, token, transaction or training run costs, with target and change."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from finops_guard.cli import _options
from finops_guard.cli._estate import Target
from finops_guard.errors import InputError, ScanError
from finops_guard.language.diagnostics import printable

SCHEMA = "finops-guard/units/1"


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...", type=Target())
@click.option("--costs", "paths", multiple=True, metavar="PATH", envvar=(), help="Cost data, instead of the policy's.")
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
    paths: tuple[str, ...],
    days: int,
    at: datetime | None,
    policy_path: Path | None,
    shape: str,
    quiet: bool,
    verbose: bool,
) -> None:
    from finops_guard.cli._progress import progress
    from finops_guard.cli._units_open import Asked, answer

    with progress(quiet=quiet, verbose=verbose) as say:
        found = answer(Asked(targets, paths, policy_path, at or datetime.now(UTC), days, say))
    if shape == "json":
        from finops_guard.cli._paint import write_json
        from finops_guard.outputs._money_rows import unit_row

        units = [unit_row(cost) for cost in found.costs]
        gaps = [{"type": gap.type, "cloud": gap.cloud, "reason": gap.reason} for gap in found.gaps if not gap.expected]
        write_json({"schema": SCHEMA, "days": days, "units": units, "gaps": gaps})
    else:
        from finops_guard.cli._units_show import show

        show(found)
    lost = [gap for gap in found.gaps if not gap.expected]
    lines = [f"refused: {reason}" for reason in found.refused] + [f"not read: {gap.type}: {gap.reason}" for gap in lost]
    for line in [*lines, *(found.remarks if not quiet else ())]:
        click.echo("\n".join(printable(part) for part in line.split("\n")), err=True)
    raise click.exceptions.Exit(InputError.exit_code if found.refused else ScanError.exit_code if lost else 0)


command.help = """Say what one prediction, token, transaction or training run costs, with target and change.

    Units are in the policy: money that a selection cost, by what was counted. Both are of the same complete days, so
    that a bill that is late or a count that is not there makes no unit look cheap. With a TARGET (as in scan: aws,
    sandbox, a snapshot file) what there is can be counted too; without, that is unknown. The change is against the
    days before.

    Exit 2 when cost data or a count was refused, 3 when a count could not be read; the rest is shown all the same.
    """
