"""Say what was spent: totals, by tag and service, what is nobody's, network money, anomalies."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from finops_guard.cli import _options
from finops_guard.errors import InputError, ScanError
from finops_guard.language.diagnostics import printable


def names(_ctx: click.Context, _param: click.Parameter, value: str) -> tuple[str, ...]:
    """`--by`: words between commas, each once."""
    return tuple(dict.fromkeys(word for word in (part.strip() for part in value.split(",")) if word))


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--by",
    default="team",
    callback=names,
    envvar=(),
    show_default=True,
    metavar="NAMES",
    help="Tag keys, or day, month, cloud, account, region, service, …, with commas.",
)
@click.option(
    "--metric",
    type=_options.Word(("effective", "billed", "list")),
    default="effective",
    envvar=(),
    show_default=True,
    help="Which cost.",
)
@click.option("--since", callback=_options.instant, metavar="DATE", envvar=(), help="From this day on (UTC).")
@click.option("--until", callback=_options.day_end, metavar="DATE", envvar=(), help="To the end of this day.")
@click.option("--default-currency", metavar="CODE", envvar=(), help="Of rows that name no currency.")
@_options.policy
@_options.common("table", "json", "csv", "markdown")
def command(  # noqa: D103 - click shows the help below
    paths: tuple[str, ...],
    by: tuple[str, ...],
    metric: str,
    since: datetime | None,
    until: datetime | None,
    default_currency: str | None,
    policy_path: Path | None,
    shape: str,
    quiet: bool,
    verbose: bool,
) -> None:
    if since is not None and until is not None and since >= until:
        raise InputError("--since lies behind --until")
    from finops_guard.books import unread
    from finops_guard.cli._costs_open import Asked, opened
    from finops_guard.cli._costs_show import show
    from finops_guard.cli._costs_told import told

    asked = Asked(paths, by, metric, since, until, default_currency, policy_path, datetime.now(UTC))
    with opened(asked) as (ledger, wanted, notes):
        answer = told(ledger, wanted)
    show(answer, shape, everything=verbose)
    if not quiet:
        for note in (*notes.remarks, *answer.doubts):
            click.echo(printable(note), err=True)
    refused = [reason for file in answer.files for reason in file.refused]
    for reason in refused:
        click.echo(f"refused: {printable(reason)}", err=True)
    lost = unread(notes, answer.files)
    for gap in lost:
        click.echo(f"not read: {printable(gap.type)}: {printable(gap.reason)}", err=True)
    raise click.exceptions.Exit(InputError.exit_code if refused else ScanError.exit_code if lost else 0)


command.help = """Say what was spent: totals, by tag and service, what is nobody's, network money, anomalies.

    PATH is a file or folder of cost data (FOCUS, AWS CUR, Azure and GCP exports, told by their columns; CSV, also
    packed, or Parquet), an address in a bucket, or `sandbox`, the bills of the embedded company; without PATH, the
    sources that the policy of -p names. With -p amounts are in the policy's currency, by its dated rates; without,
    each stays in its own.

    Exit 2 when a file was refused, 3 when a billing API did not answer; that counts not at all, and the others do.
    """
