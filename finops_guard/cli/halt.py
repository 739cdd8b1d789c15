"""Stop every act of a policy, everywhere, until resume."""

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
    from finops_guard.state import halts

    desk = _acts.desk(policy_path, state)
    halts.halt(desk.store, _acts.person(), why, _acts.now_utc())
    _acts.alarm(desk)
    click.echo(f"halted: nothing acts under policy {desk.policy.name} until finops-guard resume")


command.help = """Stop every act of a policy, everywhere, until resume.

    Checked before every batch, by runs that are under way too. Scans still judge and report. The policy's channels are
    alerted.
    """
