"""Begin: write a policy, a pack and its test; with --from-live from the tags in use."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from finops_guard.cli import _options
from finops_guard.cli._estate import Target
from finops_guard.language.diagnostics import printable

if TYPE_CHECKING:
    from finops_guard.advice.in_use import InUse
    from finops_guard.cli._scaffold import Written
    from finops_guard.model import Gap

_STARTER = """\
# A first policy: it looks and reports, and changes nothing. Make it yours from top to bottom; each step below the line
# is a comment until you want it.
"""
_SHOWN = 5


@click.command()
@click.argument(
    "folder", required=False, default=".", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False)
)
@click.option(
    "--from-live",
    "target",
    type=Target(),
    is_flag=False,
    flag_value="aws",
    metavar="[TARGET]",
    envvar=(),
    help="Read an inventory first, and write the teams, spellings and accounts in use: aws (also when nothing is "
    "named), sandbox, or a snapshot.",
)
@_options.policy
@_options.common("text", "json")
def command(folder: Path, target: str | None, policy_path: Path | None, shape: str, quiet: bool, verbose: bool) -> None:
    """Begin: write a policy, a pack and its test; with --from-live from the tags in use.

    In DIR (here, when none is given): finops-guard.yaml, rules/ with a pack and its test, the schemas that editors
    complete from, and a line in .gitignore. Nothing that is there is written over. -p names the policy whose scope says
    what --from-live reads.

    Exit 2 when a file is there already, 3 when --from-live could not read everything (what it could read is written).
    """
    del verbose
    from finops_guard.cli import _scaffold

    name = _scaffold.name_of(folder)
    gaps: Sequence[Gap] = ()
    if target is None:
        written = _scaffold.write(folder, _scaffold.files(name, _STARTER))
    else:
        _scaffold.refuse(folder, _scaffold.files(name, "", ""))
        written, gaps = _from_live(folder, name, target, policy_path, quiet=quiet)
    if shape == "json":
        from finops_guard.cli._paint import write_json

        write_json({"written": list(written.paths), "kept": list(written.kept), "gaps": len(gaps)})
    else:
        _say(folder, written, target, quiet=quiet)
    if any(not gap.expected for gap in gaps):
        click.echo("not everything could be read (exit 3): the head of finops-guard.yaml says what", err=True)
        raise click.exceptions.Exit(3)


def _from_live(
    folder: Path, name: str, target: str, policy_path: Path | None, *, quiet: bool
) -> tuple[Written, Sequence[Gap]]:
    from finops_guard.cli import _live, _scaffold
    from finops_guard.cli._estate import estate
    from finops_guard.cli._progress import progress
    from finops_guard.errors import ScanError

    at = datetime.now(UTC)
    with estate((target,), policy_path, at) as (policy, targets), progress(quiet=quiet) as say:
        from finops_guard.advice.in_use import in_use, keys_read
        from finops_guard.pipeline import Request, inventory
        from finops_guard.sources.targets import expected

        resources, notes = inventory(Request(policy, at, targets, environ=os.environ, say=say))
        found = in_use(resources, keys_read(rule for binding in policy.bindings for rule in binding.rules))
    gaps = expected(notes.gaps, policy, at.date())
    if not found.resources and gaps:
        raise ScanError(f"nothing could be read: {gaps[0].reason}", help=f"finops-guard doctor {target} says more")
    about = _about(target, at, found, gaps)
    live = _live.sections(found, policy.scope if targets == ("aws",) else {})
    return _scaffold.write(folder, _scaffold.files(name, about, live)), gaps


def _about(target: str, at: datetime, found: InUse, gaps: Sequence[Gap]) -> str:
    from finops_guard.cli._live import wrapped

    text = (
        f"Written by finops-guard init --from-live {printable(target)} on {at.date()}, from {found.resources:,} "
        "resources. It looks and reports, and changes nothing. Its names are those that people gave to things: read "
        "it, and keep what is right."
    )
    lines = wrapped(text)
    if gaps:
        lines += ["#", "# Not everything could be read, so names may be missing:"]
        lines += [f"#   {printable(f'{gap.account} {gap.region} {gap.type}: {gap.reason}')}" for gap in gaps[:_SHOWN]]
        lines += [f"#   and {len(gaps) - _SHOWN} more"] if len(gaps) > _SHOWN else []
    return "\n".join(lines) + "\n"


def _say(folder: Path, written: Written, target: str | None, *, quiet: bool) -> None:
    from finops_guard.cli._paint import write

    for path in written.paths:
        write(f"wrote {printable(str(folder / path))}")
    for path in written.kept:
        write(f"kept  {printable(str(folder / path))}")
    if quiet:
        return
    steps = [
        ("finops-guard validate", "is everything well written?"),
        ("finops-guard test", "do the rules say what they should?"),
        (f"finops-guard scan {printable(target or '')}".rstrip(), "judge; nothing is written to a cloud"),
        ("finops-guard doctor", "what cannot be judged, and what to do about it"),
    ]
    if folder != Path():
        steps.insert(0, (f"cd {printable(str(folder))}", ""))
    wide = max(len(do) for do, _ in steps)
    write("", "Next:", *(f"  {do:<{wide}}  {why}".rstrip() for do, why in steps))
