"""Say what a policy would have done, over snapshots of the past."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from finops_guard.cli import _acts, _options
from finops_guard.cli._policy import policy_for
from finops_guard.errors import InputError

if TYPE_CHECKING:
    from finops_guard.advice.backtest import Inventory
    from finops_guard.model import Policy, Resource

_LOOK = 4096


def since(ctx: click.Context, param: click.Parameter, value: str) -> datetime:
    """`--since`: a duration before now, or a date."""
    from finops_guard.language.literals import PATTERNS, duration

    if re.fullmatch(PATTERNS["duration"], value):
        return _acts.now_utc() - timedelta(seconds=duration(value))
    when = _options.instant(ctx, param, value)
    if when is None:
        raise click.BadParameter("write 90d or 2026-09-01", ctx, param)
    return when


@click.command()
@click.option(
    "--since",
    "start",
    default="90d",
    show_default=True,
    callback=since,
    envvar=(),
    help="How far back, or from which date on.",
)
@click.option(
    "--against", type=click.Path(path_type=Path), envvar=(), metavar="POLICY", help="Compare with another policy."
)
@click.option(
    "--snapshots",
    type=click.Path(path_type=Path),
    envvar=(),
    metavar="FOLDER",
    help="Snapshot files of scans, instead of those in the state.",
)
@_options.costs
@_acts.state
@_options.policy
@_options.common("table", "json", "markdown")
def command(
    start: datetime,
    against: Path | None,
    snapshots: Path | None,
    costs: tuple[str, ...],
    state: str | None,
    policy_path: Path | None,
    shape: str,
    quiet: bool,
    verbose: bool,
) -> None:
    """Say what a policy would have done, over snapshots of the past.

    Replays an enforcing run at the time of each snapshot: waiting times, windows, freezes, exemptions and caps
    count, notices count as delivered, and what was done stays done. Says what would have been done, when, to what and
    for how much, by rule and verb; with --against also what another policy finds and does instead.

    Enforcing and scheduled runs keep their snapshots in the state. Without them, `scan --snapshot-out FILE` once a day
    into one folder, and --snapshots FOLDER here. Nothing is sent, and nothing is written.

    Rules about budgets, unit costs and charges are judged by the cost data of --costs, as far as it reaches at the
    time of each snapshot; without it they are not judged, and named. What was corrected later is taken as it is now.
    """
    from finops_guard.advice.backtest import Replay, backtest
    from finops_guard.cli import _backtested
    from finops_guard.cli._progress import progress
    from finops_guard.sources.targets import can

    now = _acts.now_utc()
    policies = [policy_for(path, now.date()) for path in (policy_path, *([against] if against else []))]
    replays = [Replay(policy, can, partial(_books, policy, costs) if costs else None) for policy in policies]
    with _stored(snapshots, policy_path, state, start) as (count, paths), progress(quiet=quiet) as say:
        done = iter(range(1, count + 1))
        times = backtest(replays, paths, start, now, lambda _now: say("snapshots", next(done, count), count))
    if not times:
        where = snapshots or "the state"
        raise InputError(
            f"no snapshots since {start:%Y-%m-%d} in {where}",
            help="scan --snapshot-out FILE keeps one, once a day, for --snapshots FOLDER",
        )
    _backtested.write(list(zip(policies, replays, strict=True)), times, shape, everything=verbose)


@contextmanager
def _books(
    policy: Policy, costs: tuple[str, ...], at: datetime, inventory: Inventory
) -> Iterator[tuple[Sequence[Resource], Callable[[Iterable[Resource]], Iterator[Resource]]]]:
    """What cost data says of an inventory at a time. InputError where some of it cannot be read."""
    from finops_guard.books import Asked, opened
    from finops_guard.model import Notes

    notes = Notes()
    with opened(Asked(policy, at, costs, os.environ), notes) as books:
        if notes.gaps:
            raise InputError(f"{notes.gaps[0].type}: {notes.gaps[0].reason}")
        figures = books.figures(inventory)
        yield figures.computed, lambda resources: figures.joined(books.priced(resources))


@contextmanager
def _stored(
    folder: Path | None, policy_path: Path | None, state: str | None, start: datetime
) -> Iterator[tuple[int, Iterator[Path]]]:
    """How many snapshots there are at most, and they, oldest first; one from the state is a file while it is used."""
    if folder is not None:
        files = _files(folder)
        yield len(files), iter(files)
        return
    from finops_guard.cli._state import reading
    from finops_guard.state import inventories
    from finops_guard.state.lines import began_at

    store = reading(policy_path, state)
    runs = [run for run in inventories.runs(store) if (began := began_at(run)) is not None and began >= start]
    with TemporaryDirectory(prefix="finops-guard-") as place:
        yield len(runs), inventories.fetched(store, runs, Path(place))


def _files(folder: Path) -> list[Path]:
    """The snapshots in a folder, by the time they were taken."""
    from finops_guard.state.spool import is_snapshot, read_head

    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    found = []
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        with path.open("rb") as file:
            first = file.read(_LOOK)
        if is_snapshot(first):
            found.append((read_head(path).now, path))
    return [path for _, path in sorted(found)]
