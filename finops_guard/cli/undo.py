"""Put back what a run changed, where that can be done."""

from __future__ import annotations

from pathlib import Path

import click

from finops_guard.cli import _acts
from finops_guard.cli._options import common, policy
from finops_guard.errors import InputError

LAST = "last"


@click.command()
@click.argument("run")
@policy
@_acts.state
@common("text", "json")
def command(  # noqa: D103 - click shows the help below
    run: str, policy_path: Path | None, state: str | None, shape: str, quiet: bool, verbose: bool
) -> None:
    del quiet, verbose
    from finops_guard.apply import record
    from finops_guard.state.journal import entries
    from finops_guard.undo import undo

    desk = _acts.desk(policy_path, state)
    chosen = run
    if run == LAST:
        chosen = max(record.changing(entries(desk.store)), default="")
        if not chosen:
            raise InputError("no run has changed anything")
    try:
        accounts = {act.account for entry in entries(desk.store, chosen) for act in entry.acts}
    except ValueError:
        raise InputError(f"not a run: {chosen!r}") from None
    with _acts.acting(desk, _acts.new_run(_acts.now_utc()), accounts, some=True) as (ours, verbs, _who):
        back = undo(chosen, ours, verbs)
        _acts.spread(ours)
    acts = {act.step: act for act in back.acts}
    rows = [
        _acts.Row(f"undo {acts[outcome.step].verb.removeprefix('undo_')}", acts[outcome.step].resource, outcome)
        for outcome in back.outcomes
        if outcome.step in acts
    ]
    _acts.tell(ours.run, rows, back.short, shape, lasting=back.lasting)
    raise click.exceptions.Exit(back.exit_code)


command.help = """Put back what a run changed, where that can be done.

    RUN is a run's id, or `last`. What others changed since is left as it is, and said so; what no verb can put back is
    listed. The findings are held for a day at least, so that the next run does not do the same again.
    """
