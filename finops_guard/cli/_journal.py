"""What `doctor --journal` and `doctor --compact` say."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from finops_guard.cli import _acts
from finops_guard.cli._options import counted
from finops_guard.cli._paint import painter, write, write_json
from finops_guard.errors import InputError
from finops_guard.language.diagnostics import printable

if TYPE_CHECKING:
    from finops_guard.advice.journal import Standing
    from finops_guard.state.store import Store

SCHEMA = "finops-guard/journal/1"
_SHOWN = 20
_LEASE = timedelta(minutes=15)


def check(store: Store, head: str | None, shape: str, *, everything: bool) -> int:
    """Say how the journal stands; 2 where it is not as it was written, else 0."""
    from finops_guard.advice.journal import standing

    there = standing(store, head)
    if shape == "json":
        write_json(_record(there))
    else:
        _text(there, everything=everything)
    return InputError.exit_code if there.problems else 0


def compact(store: Store, shape: str) -> None:
    """Fold the episodes and the snapshots under the lease; ActError while another run has it."""
    from finops_guard.state import folding, history, lease

    now = _acts.now_utc()
    ours = lease.acquire(store, f"doctor --compact, {_acts.person()}", now, _LEASE)
    try:
        dropped = history.compact(store, ours, _acts.now_utc())
        episodes = len(history.fold(store).records)
        folded = folding.compact(store, ours, _acts.now_utc)
    finally:
        ours.release(_acts.now_utc())
    if shape == "json":
        snapshots = {"folded": folded.folded, "dropped": folded.dropped, "left": folded.left}
        write_json({"schema": SCHEMA, "episodes": episodes, "dropped": dropped, "snapshots": snapshots})
        return
    write(f"{counted(episodes, 'episode')} in one object, {counted(dropped, 'object')} dropped")
    if folded.folded or folded.dropped:
        write(f"{counted(folded.folded, 'snapshot')} folded, {counted(folded.dropped, 'object')} dropped")
    for why in folded.left:
        write(f"{painter()('yellow', '-')} not folded: {printable(why)}")


def _text(there: Standing, *, everything: bool) -> None:
    paint = painter()
    for problem in _first(there.problems, everything=everything):
        write(f"{paint('red', 'x')} {printable(problem)}")
    for run in _first(there.open_runs, everything=everything):
        write(f"{paint('yellow', '-')} run {printable(run)} is open: it was cut short, or is under way")
    acts = [f"{each.act.verb} {each.act.resource} (run {each.run})" for each in there.unfinished]
    for act in _first(acts, everything=everything):
        write(f"{paint('yellow', '-')} no outcome yet: {printable(act)}")
    if there.unfinished:
        write(paint("cyan", "    -> the next enforcing run looks what came of them"))
    size = f"{counted(there.runs, 'run')}, {counted(there.lines, 'line')}, {counted(there.seals, 'seal')}"
    if there.problems:
        wrong = counted(len(there.problems), "problem")
        write(paint("bold", f"The journal is not as it was written: {wrong} in {size} (exit 2)."))
    else:
        write(paint("bold", f"The journal is whole: {size}."))
    if there.head:
        write(f"head {there.head}")


def _first(lines: list[str], *, everything: bool) -> list[str]:
    if everything or len(lines) <= _SHOWN:
        return lines
    return [*lines[:_SHOWN], f"+{len(lines) - _SHOWN} more, -v for all"]


def _record(there: Standing) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "whole": not there.problems,
        "head": there.head or None,
        "runs": there.runs,
        "lines": there.lines,
        "seals": there.seals,
        "problems": there.problems,
        "open_runs": there.open_runs,
        "unfinished": [
            {
                "run": each.run,
                "at": each.at.isoformat().replace("+00:00", "Z"),
                "step": each.act.step,
                "do": each.act.verb,
                "resource": each.act.resource,
                "account": each.act.account,
            }
            for each in there.unfinished
        ],
    }
