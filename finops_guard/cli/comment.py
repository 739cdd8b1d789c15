"""Put a Markdown report on a pull request, as one comment that is updated in place."""

from __future__ import annotations

import os
from pathlib import Path

import click

from finops_guard.cli._options import manners
from finops_guard.errors import GuardError, InputError
from finops_guard.language.diagnostics import printable


@click.command()
@click.argument("report", type=click.Path(path_type=Path), metavar="REPORT")
@click.option("--update-only", is_flag=True, help="Update the comment that is there, begin none.")
@click.option("--pull-request", type=click.IntRange(min=1), metavar="N", help="Instead of the workflow's own.")
@manners
def command(report: Path, update_only: bool, pull_request: int | None, quiet: bool, verbose: bool) -> None:  # noqa: D103 - click shows the help below
    del verbose
    from finops_guard.notify._sticky import conversation

    body = _read(report)
    summary = _summarized(body)
    try:
        address = conversation(os.environ, pull_request).tell(body, new=not update_only)
    except GuardError as wrong:
        where = "the report is in the job summary" if summary else "the report is in the file"
        click.echo(f"not commented: {printable(wrong.what)}; {where}", err=True)
        return
    if address and not quiet:
        click.echo(printable(address))


command.help = """Put a Markdown report on a pull request, as one comment that is updated in place.

    REPORT is what `scan -o markdown=REPORT` wrote; the request is the one that a GitHub workflow runs for. The report
    also goes to the job's summary. Where commenting fails or is not permitted (a request from a fork), that is all, it
    is said on stderr, and the exit code is 0 all the same. The token is GITHUB_TOKEN; it needs `pull-requests: write`.
    """


def _read(path: Path) -> str:
    """The report. InputError where there is none."""
    from finops_guard.notify._sticky import LONGEST
    from finops_guard.outputs.markdown import MARKER

    try:
        body = path.read_text("utf-8")
    except (OSError, ValueError) as wrong:
        why = wrong.strerror if isinstance(wrong, OSError) else "it is not UTF-8"
        raise InputError(f"{path}: cannot be read: {why}") from None
    if not body.startswith(MARKER):
        raise InputError(f"{path}: no Markdown report", help=f"finops-guard scan -o markdown={path}")
    if len(body) > LONGEST:
        raise InputError(f"{path}: {len(body):,} characters, and GitHub takes {LONGEST:,}")
    return body


def _summarized(body: str) -> bool:
    """Whether the report stands in the job's summary now."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return False
    try:
        with Path(path).open("a", encoding="utf-8") as summary:
            summary.write(body + "\n")
    except OSError as wrong:
        click.echo(f"GITHUB_STEP_SUMMARY cannot be written: {wrong.strerror}", err=True)
        return False
    return True
