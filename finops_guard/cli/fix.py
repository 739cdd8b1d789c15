"""Put tags right in infrastructure as code, where the right value is known."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from finops_guard.cli._options import counted, manners, policy
from finops_guard.cli._policy import policy_for
from finops_guard.cli._variables import InOrder, given, variables
from finops_guard.errors import ActError, InputError, ScanError
from finops_guard.language.diagnostics import printable


@click.command(cls=InOrder)
@click.argument("path", type=click.Path(path_type=Path), metavar="PATH")
@policy
@click.option("--diff/--write", "shows", default=True, show_default=True, help="Show the edits, or make them.")
@click.option(
    "--set", "values", multiple=True, metavar="KEY=VALUE", help="Value of a tag where it is missing; repeatable."
)
@click.option(
    "--suggestions",
    "suggested",
    type=click.Path(path_type=Path),
    metavar="FILE",
    envvar=(),
    help="Also write the edits as JSON, for comment --suggestions.",
)
@variables
@manners
@click.pass_context
def command(  # noqa: D103 - click shows the help below
    ctx: click.Context,
    path: Path,
    policy_path: Path | None,
    shows: bool,
    values: tuple[str, ...],
    suggested: Path | None,
    pairs: tuple[tuple[str, str], ...],
    var_files: tuple[Path, ...],
    quiet: bool,
    verbose: bool,
) -> None:
    del verbose
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    at = datetime.now(UTC)
    rules = policy_for(policy_path, at.date(), starter=True)
    from finops_guard import fixing
    from finops_guard.cli import _suggested
    from finops_guard.pipeline import Request

    request = Request(
        policy=rules,
        at=at,
        targets=(str(path),),
        asked=(str(path),),
        environ=os.environ,
        given=given(ctx, pairs, var_files),
    )
    fixed = fixing.fixes(request, _values(values, rules.aliases))
    if suggested is not None:
        _suggested.write(suggested, fixed)
    if shows:
        _show(fixing.diff(fixed.texts, fixed.edits))
    else:
        fixing.write(fixed.texts, path)
    told = [f"not fixed: {each.rule.id} on {each.resource.id}: {why}" for each, why in fixed.left]
    told += [
        f"no longer fails, but not known to pass: {each.finding.rule.id} on {each.finding.resource.id}: {each.unknown}"
        for each in fixed.repaired
        if each.unknown is not None
    ]
    told += [f"not read: {gap.reason}" for gap in fixed.report.gaps]
    done = "can be fixed" if shows else "fixed"
    files = counted(len(fixed.texts), "file")
    told.append(f"{counted(len(fixed.repaired), 'finding')} {done} in {files}, {len(fixed.left):,} not")
    for line in [*fixed.said, *told] if not quiet else ():
        click.echo(printable(line), err=True)
    code = 1 if shows and fixed.texts else 0
    unread = InputError.exit_code if fixed.report.wrong else ScanError.exit_code
    raise click.exceptions.Exit(code if fixed.report.complete else unread)


command.help = f"""Put tags right in infrastructure as code, where the right value is known.

    PATH is a folder of Terraform sources or CloudFormation templates, or one template. It is judged by the policy as
    scan does; of what fails for its tags, this corrects values with one allowed value that was clearly meant, keys in
    another spelling, and missing tags whose value --set gives or of which there is one. Everything else is listed
    with the reason. Edits are judged before they are shown or made; a file that changed since is not written
    ({ActError.exit_code}). With --diff the exit code is 1 when there is something to fix.

    Exit {InputError.exit_code} when a file is not what it should be, {ScanError.exit_code} when something else was
    not read; what could be read is fixed all the same.
    """


def _show(patch: bytes) -> None:
    """As it is to a file or a pipe; what steers a terminal is not sent to one."""
    if not sys.stdout.isatty():
        click.echo(patch, nl=False)
        return
    for line in patch.decode(errors="backslashreplace").split("\n")[:-1]:
        click.echo(printable(line.expandtabs(4)))


def _values(pairs: tuple[str, ...], aliases: object) -> dict[str, str]:
    from finops_guard.model import canonical

    found: dict[str, str] = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or not key.strip() or not value.strip():
            raise click.BadParameter(
                f"'{printable(pair)}' is not KEY=VALUE, for example team=vision", param_hint="--set"
            )
        name = canonical(key, aliases if isinstance(aliases, dict) else None)
        if found.setdefault(name, value) != value:
            raise click.BadParameter(f"tag '{printable(name)}' is given two values")
    return found
