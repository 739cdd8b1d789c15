"""Carry out a plan file: the steps that are due, each looked at again just before."""

from __future__ import annotations

from pathlib import Path

import click

from finops_guard.cli import _acts
from finops_guard.cli._options import common, counted, policy
from finops_guard.model import DESTRUCTIVE, Step


@click.command()
@click.argument("plan_path", metavar="PLAN", type=click.Path(path_type=Path))
@policy
@_acts.state
@click.option("--only", multiple=True, metavar="STEP", help="Only this step (repeatable); ids stand in the plan.")
@click.option("--confirm", is_flag=True, help="Show what is due and ask before anything is done.")
@common("text", "json")
def command(  # noqa: D103 - click shows the help below
    plan_path: Path,
    policy_path: Path | None,
    state: str | None,
    only: tuple[str, ...],
    confirm: bool,
    shape: str,
    quiet: bool,
    verbose: bool,
) -> None:
    del quiet, verbose
    from finops_guard import notify
    from finops_guard.apply import apply, choice
    from finops_guard.language.diagnostics import printable
    from finops_guard.orders import as_planned, judge_of
    from finops_guard.plan import approvals, file

    plan = file.read_plan(plan_path)
    desk = _acts.desk(policy_path, state)
    now = _acts.now_utc()
    if confirm:
        due = choice.due(plan.steps, now, only or None)
        for step in due:
            click.echo(printable(f"{step.do:<14} {step.resource.id}"), err=True)
            for other in _dependants(step):
                click.echo(printable(f"{'':<14} {other} depends on it"), err=True)
        click.confirm(f"Do {counted(len(due), 'step')}?", abort=True, err=True)
    accounts = {account for _, account in plan.accounts}
    with _acts.acting(desk, _acts.new_run(now), accounts) as (ours, verbs, who):
        file.check(plan, desk.policy, who, ours.now())
        given = approvals.counted(approvals.approvals(desk.store, plan.digest), (*who, _acts.caller(verbs)))
        judge = judge_of(desk.policy, as_planned(desk.policy, plan.steps, now))
        done = apply(
            plan.steps, ours, verbs, judge, plan=plan, approved=given, only=only or None, because=notify.reasons
        )
        _acts.spread(ours)
    steps = {step.id: step for step in plan.steps}
    rows = [_acts.Row(steps[outcome.step].do, steps[outcome.step].resource.id, outcome) for outcome in done.outcomes]
    _acts.tell(done.run, rows, done.short, shape)
    raise click.exceptions.Exit(done.exit_code)


def _dependants(step: Step) -> list[str]:
    found = step.resource.facts.get("dependants") if step.do in DESTRUCTIVE else None
    return [str(each) for each in found] if isinstance(found, list) else []


command.help = """Carry out a plan file: the steps that are due, each looked at again just before.

    PLAN is what `scan --mode enforce --plan-out PLAN` wrote. It is refused when it was altered, expired, or made for
    another policy or account. Steps that are not due yet are left; apply the same file again later. Exit 4 when an act
    failed or had no room.
    """
