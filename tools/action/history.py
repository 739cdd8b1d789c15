"""What the request's policy would have done over stored runs, instead of the base's: told, and obeyed by nobody.

The only state that is asked is the one the workflow names. What the policies say of one is a stranger's, or would be
asked with the credentials of this run.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from finops_guard.advice.backtest import Replay, Told, backtest
from finops_guard.advice.compared import Sum, sums, total
from finops_guard.errors import GuardError, InputError
from finops_guard.model import DESTRUCTIVE
from finops_guard.outputs._markdown import heading, row, text
from finops_guard.sources import targets
from finops_guard.state import inventories
from finops_guard.state.lines import began_at
from finops_guard.state.store import open_store
from tools.action.base import Repository
from tools.action.own import alone

if TYPE_CHECKING:
    from finops_guard.state.store import Store

SINCE = timedelta(days=90)
PATIENCE = 240.0
"""Seconds for reading and replaying runs, the oldest first; what is left then is said."""
_SHOWN = 15
_CENT = Decimal("0.01")


def told(repository: Repository, own: Path, base: Path) -> tuple[str, str]:
    """One line, and a folded table by rule or nothing. What cannot be read is one line, and no error."""
    if not repository.inputs.state:
        return "What it would have done is not known: no stored runs were given (`state`).", ""
    try:
        policies = [alone(own), alone(base)]
    except GuardError:
        return "What it would have done is not known: it does not load.", ""
    replays = [Replay(policy, targets.can) for policy in policies]
    now = datetime.now(UTC)
    try:
        store = _opened(repository)
        runs = [run for run in inventories.runs(store) if (began := began_at(run)) is not None and began >= now - SINCE]
        with TemporaryDirectory(prefix="finops-guard-", dir=repository.inputs.temporary) as folder:
            times = backtest(replays, _in_time(store, runs, Path(folder)), now - SINCE, now)
    except GuardError as wrong:
        return f"What it would have done is not known: {text(wrong.what.splitlines()[0])}.", ""
    if not times:
        return f"What it would have done is not known: no runs of the last {SINCE.days} days are stored.", ""
    return _line(replays, times, len(runs)), _table(replays)


def _opened(repository: Repository) -> Store:
    """The state. InputError for a folder that is not there, and for one that is the request's."""
    inputs = repository.inputs
    if "://" not in inputs.state:
        place = inputs.workspace / Path(inputs.state).expanduser()
        if not place.is_dir():
            raise InputError("the state is no folder that is here")
        if repository.tracks(place) or repository.tracks(place.resolve()):
            raise InputError("the state is a part of the request")
    return open_store(inputs.state, inputs.workspace)


def _in_time(store: Store, runs: Sequence[str], folder: Path) -> Iterator[Path]:
    end = time.monotonic() + PATIENCE
    for path in inventories.fetched(store, runs, folder):
        if time.monotonic() > end:
            return
        yield path


def _line(replays: Sequence[Replay], times: Sequence[datetime], stored: int) -> str:
    """The sums of both, and of how many runs; a run that cost too much time to replay is said."""
    new, old = (sums(each.told) for each in replays)
    some = f"{len(times):,} stored run{'' if len(times) == 1 else 's'}"
    late = f" (of {stored:,}: there was no time for more)" if len(times) < stored else ""
    period = f"{min(times):%Y-%m-%d} to {max(times):%Y-%m-%d}"
    found = f"{sum(each.findings for each in new):,} findings instead of {sum(each.findings for each in old):,}"
    done = f"{_acts(new)} instead of {_acts(old)}"
    saves = f"{_saves(new)} saved a month"
    saved = f"{saves} instead of {_saves(old)}"
    return (
        f"Over {some}{late}, {period}, an enforcing run would have had {found}, done {done}, {saved}; budgets and unit "
        "costs aside."
    )


def _table(replays: Sequence[Replay]) -> str:
    new, old = ({each.rule: each for each in sums(replay.told)} for replay in replays)
    rules = sorted(new.keys() | old.keys(), key=lambda rule: (_same(new, old, rule), rule))
    lines = [
        row([text(rule), *_cells(new.get(rule) or Sum(rule), old.get(rule) or Sum(rule))]) for rule in rules[:_SHOWN]
    ]
    more = f"\n{len(rules) - _SHOWN:,} more rules are not shown.\n" if len(rules) > _SHOWN else ""
    notes = "".join(f"\n{text(note)}\n" for note in dict.fromkeys(_remarks(replays)))
    top = heading("Rule", "Findings:", "instead of:", "Done", "instead of", "Saves a month:", "instead of:")
    return f"<details><summary>Over stored runs, by rule</summary>\n\n{top}{''.join(lines)}{more}{notes}\n</details>\n"


def _cells(new: Sum, old: Sum) -> Iterator[str]:
    yield from (f"{new.findings:,}", f"{old.findings:,}", _acts([new]), _acts([old]))
    yield from (_saves([new]), _saves([old]))


def _same(new: Mapping[str, Sum], old: Mapping[str, Sum], rule: str) -> bool:
    """What changes comes first."""
    return new.get(rule) == old.get(rule)


def _remarks(replays: Sequence[Replay]) -> Iterator[str]:
    """What a reader must know; channels were left out by us."""
    for replay in replays:
        yield from (remark for remark in replay.told.remarks if "names no channel" not in remark)
        if missing := _missing(replay.told):
            yield f"Not looked for in some of the runs, so unknown there: {missing}"


def _missing(of: Told) -> str:
    return ", ".join(sorted(of.missing))


def _acts(rules: Sequence[Sum]) -> str:
    """Acts by verb, notices aside."""
    verbs = {verb for each in rules for verb in each.acts if verb != "notify"}
    return ", ".join(f"{sum(each.acts[verb] for each in rules):,} {verb}" for verb in sorted(verbs)) or "nothing"


def _saves(rules: Sequence[Sum]) -> str:
    """What is known to be saved a month; stops of a rule that has no price for any are no amount, and not nothing."""
    amounts = sorted(total(each.saves_month for each in rules).items())
    unpriced = any(each.acts[verb] for each in rules for verb in DESTRUCTIVE if not each.saves_month)
    said = ", ".join(f"{amount.quantize(_CENT):,} {currency}" for currency, amount in amounts)
    if not said:
        return "no known amount" if unpriced else "nothing"
    return f"at least {said}" if unpriced else said
