"""Approve a plan file, as whoever the cloud says you are."""

from __future__ import annotations

import os
from pathlib import Path

import click

from finops_guard.cli import _acts
from finops_guard.cli._options import common, counted, policy


@click.command()
@click.argument("plan_path", metavar="PLAN", type=click.Path(path_type=Path))
@policy
@_acts.state
@common("text", "json")
def command(  # noqa: D103 - click shows the help below
    plan_path: Path, policy_path: Path | None, state: str | None, shape: str, quiet: bool, verbose: bool
) -> None:
    del quiet, verbose
    from finops_guard import orders
    from finops_guard.language.diagnostics import printable
    from finops_guard.model import Notes
    from finops_guard.plan import approvals, file

    plan = file.read_plan(plan_path)
    desk = _acts.desk(policy_path, state)
    now = _acts.now_utc()
    with orders.verbs_of(desk.policy, Notes(), now, os.environ) as verbs:
        who = _acts.identities(verbs, (account for _, account in plan.accounts))
        me = _acts.caller(verbs)
    file.check(plan, desk.policy, who, now)
    given = approvals.approve(desk.store, plan.digest, me, now)
    all_given = approvals.approvals(desk.store, plan.digest)
    if shape == "json":
        import json

        click.echo(json.dumps({"plan": plan.digest, "approved": [each.principal for each in all_given]}))
    else:
        click.echo(
            f"{printable(given.principal)} approves plan {plan.digest[:12]}; {counted(len(all_given), 'approval')}"
        )


command.help = """Approve a plan file, as whoever the cloud says you are.

    The policy's `approve` says which verbs need how many principals other than the one who applies.
    """
