"""Lift a halt."""

from __future__ import annotations

from pathlib import Path

import click

from finops_guard.cli import _acts
from finops_guard.cli._options import manners, policy


@click.command()
@click.option("--why", required=True, help="What others are told.")
@policy
@_acts.state
@manners
def command(why: str, policy_path: Path | None, state: str | None, quiet: bool, verbose: bool) -> None:  # noqa: D103 - click shows the help below
    del quiet, verbose
    from finops_guard.language.diagnostics import printable
    from finops_guard.state import halts

    desk = _acts.desk(policy_path, state)
    before = halts.halted(desk.store)
    if before is None:
        click.echo("nothing was halted")
        return
    halts.resume(desk.store, _acts.person(), why, _acts.now_utc())
    _acts.alarm(desk)
    click.echo(printable(f"resumed: the halt of {before.who} ({before.why}) is lifted"))


command.help = "Lift a halt; runs act again from now on. The policy's channels are alerted."
