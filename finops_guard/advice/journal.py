"""How the journal stands: whether it is as it was written, which runs are open, which acts have no outcome."""

from __future__ import annotations

from dataclasses import dataclass, field

from finops_guard.errors import ActError
from finops_guard.state import audit
from finops_guard.state.entries import PREFIX, chains, open_acts, read
from finops_guard.state.journal import SEALS, Unfinished, newest_seal, unsealed
from finops_guard.state.store import Store


@dataclass(slots=True)
class Standing:
    """`problems` as `audit.verify` says them; `head` is the newest seal's hash, empty where nothing was sealed.

    `open_runs` were cut short or are under way; `unfinished` are their acts that may have been done.
    """

    runs: int
    lines: int
    seals: int
    head: str
    problems: list[str]
    open_runs: list[str]
    unfinished: list[Unfinished] = field(default_factory=list)


def standing(store: Store, head: str | None = None) -> Standing:
    """Read all of the journal. `head` is a hash that was sent out, and must still be led to."""
    problems = audit.verify(store, head)
    found = Standing(
        runs=len(store.folders(PREFIX)),
        lines=len(store.list(PREFIX)),
        seals=len(store.list(SEALS)),
        head=newest_seal(store)[1],
        problems=problems,
        open_runs=unsealed(store),
    )
    for run in found.open_runs:
        for _, keys in chains(store.list(f"{PREFIX}/{run}")):
            try:
                found.unfinished += open_acts(read(store, keys)).values()
            except ActError as damaged:
                if not problems:  # it was written since, by no run of ours
                    problems.append(damaged.what)
    return found
