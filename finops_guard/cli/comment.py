"""Put a Markdown report on a pull request, as one comment that is updated in place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from finops_guard.cli._options import manners
from finops_guard.errors import GuardError, InputError
from finops_guard.language.diagnostics import printable

if TYPE_CHECKING:
    from finops_guard.notify._sticky import Conversation
    from finops_guard.notify._suggestions import Fixes

_NAMED = 200
"""Room for the name of a comment."""


@click.command()
@click.argument("report", type=click.Path(path_type=Path), metavar="REPORT")
@click.option("--update-only", is_flag=True, help="Update the comment that is there, begin none.")
@click.option(
    "--suggestions",
    "suggested",
    multiple=True,
    type=click.Path(path_type=Path),
    envvar=(),
    metavar="FILE",
    help="Show the fixes of this file, by `fix --suggestions`, below the report; repeatable.",
)
@click.option("--review", is_flag=True, envvar=(), help="Also suggest them on the request's own lines, each once.")
@click.option("--name", default="", envvar=(), help="Of several comments on one request, which this is.")
@click.option("--summary-only", is_flag=True, envvar=(), help="Only add the report to the job's summary.")
@click.option("--pull-request", type=click.IntRange(min=1), metavar="N", help="Instead of the workflow's own.")
@manners
def command(  # noqa: D103 - click shows the help below
    report: Path,
    update_only: bool,
    suggested: tuple[Path, ...],
    review: bool,
    name: str,
    summary_only: bool,
    pull_request: int | None,
    quiet: bool,
    verbose: bool,
) -> None:
    del verbose
    from finops_guard.notify._sticky import conversation, named

    fixes = _suggestions(suggested)
    body = _with(named(_read(report), name), fixes)
    summary = _summarized(body)
    if summary_only:
        return
    try:
        place = conversation(os.environ, pull_request)
        address = place.tell(body, new=not update_only)
    except GuardError as wrong:
        where = "the report is in the job summary" if summary else "the report is in the file"
        click.echo(f"not commented: {printable(wrong.what)}; {where}", err=True)
        return
    if address and not quiet:
        click.echo(printable(address))
    if review:
        _review(place, fixes, quiet=quiet)


command.help = """Put a Markdown report on a pull request, as one comment that is updated in place.

    REPORT is what `scan -o markdown=REPORT` wrote; the request is the one that a GitHub workflow runs for. The report
    also goes to the job's summary. Where commenting fails or is not permitted (a request from a fork), that is all, it
    is said on stderr, and the exit code is 0 all the same. The token is GITHUB_TOKEN; it needs `pull-requests: write`.

    With --suggestions the fixes stand below the report, as far as there is room. With --review those on lines that are
    part of the request's diff are suggested there as well, to be applied with a click: in one review, at most 20 a run,
    the most severe first, and none twice.
    """


def _suggestions(paths: tuple[Path, ...]) -> Fixes:
    """Those of all files."""
    from functools import reduce

    from finops_guard.notify._suggestions import Fixes, read

    return reduce(Fixes.and_, map(read, paths), Fixes())


def _with(body: str, fixes: Fixes) -> str:
    """The report with the fixes below it."""
    from finops_guard.notify._sticky import LONGEST
    from finops_guard.notify._suggestions import section

    told = section(fixes, LONGEST - len(body) - 1)
    return f"{body}\n{told}" if told and len(body) + len(told) < LONGEST else body


def _review(place: Conversation, fixes: Fixes, *, quiet: bool) -> None:
    """Suggest what can be suggested; where that fails the comment has it, and that is said."""
    from finops_guard.notify._review import suggest

    try:
        made = suggest(place, fixes)
    except GuardError as wrong:
        click.echo(f"not suggested on lines: {printable(wrong.what)}; the comment has the fixes", err=True)
        return
    if fixes.found and not quiet:
        click.echo(str(made))


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
    if len(body) > LONGEST - _NAMED:
        raise InputError(f"{path}: {len(body):,} characters, and GitHub takes {LONGEST - _NAMED:,} of a report")
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
