"""What journals say was done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from finops_guard.apply.intended import UNDO
from finops_guard.model import Outcome
from finops_guard.plan.file import PlanFile
from finops_guard.state.entries import PREFIX, open_acts, read
from finops_guard.state.journal import Act, Entry
from finops_guard.state.store import Store

PLAN = "plan "
"""What the reason of an act under a plan begins with; its digest follows."""


def done(entries: Iterable[Entry], *, half: bool = False) -> Iterator[tuple[Act, Outcome]]:
    """The acts that were done, each with its outcome, in the order in which they were.

    With `half`, also tags of which one request was carried out and another not, so that there is something to put back.
    """
    waiting: dict[tuple[str, str, str], Act] = {}
    found: list[tuple[Entry, Act, Outcome]] = []
    for entry in entries:
        for step, open_ in open_acts([entry]).items():
            waiting[entry.run, entry.shard, step] = open_.act
        for outcome in entry.outcomes:
            act = waiting.pop((entry.run, entry.shard, outcome.step), None)
            if act is not None and (outcome.state == "done" or (half and _half_done(act, outcome))):
                found.append((entry, act, outcome))
    for _, act, outcome in sorted(found, key=lambda each: (each[0].at, each[0].seq)):
        yield act, outcome


def _half_done(act: Act, outcome: Outcome) -> bool:
    return act.verb == "tag" and outcome.state == "failed" and bool(outcome.after) and outcome.after != outcome.before


def changing(entries: Iterable[Entry]) -> Iterator[str]:
    """The runs in which something was done, if only half, or may have been, that was no undo; some more than once."""
    intended: dict[tuple[str, str], Act] = {}
    for entry in entries:
        intended |= {(entry.run, act.step): act for act in entry.acts if not act.verb.startswith(UNDO)}
        for outcome in entry.outcomes:
            act = intended.pop((entry.run, outcome.step), None)
            if act is not None and (outcome.state == "done" or _half_done(act, outcome)):
                yield entry.run
    yield from (run for run, _ in intended)


def done_under(plan: PlanFile, store: Store) -> Iterator[tuple[Act, Outcome]]:
    """The acts that earlier runs did under a plan."""
    keys = store.list(PREFIX, after=f"{PREFIX}/{plan.made:%Y%m%dT%H%M%SZ}")
    return ((act, outcome) for act, outcome in done(read(store, keys)) if act.why == under(plan))


def undone(run: str, store: Store) -> Iterator[str]:
    """The steps of a run that an undo put back."""
    keys = store.list(PREFIX, after=f"{PREFIX}/{run}" if run[:1].isdigit() else "")
    return (act.step for act, _ in done(read(store, keys)) if act.why == undoes(run))


def under(plan: PlanFile) -> str:
    """How the journal names a plan as the reason of an act."""
    return f"{PLAN}{plan.digest}"


def undoes(run: str) -> str:
    """How the journal names the undo of a run as the reason of an act."""
    return f"undo {run}"
