"""What an earlier run left open: each act is looked at, and what came of it is written where it was intended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby

from finops_guard.apply.intended import UNDO, reached, untouched
from finops_guard.apply.perform import kept
from finops_guard.apply.ports import Verbs
from finops_guard.apply.reading import reread, resource_of
from finops_guard.apply.record import done
from finops_guard.apply.session import Session
from finops_guard.model import Outcome, Resource
from finops_guard.state.entries import PREFIX, chains, entries, open_acts, read
from finops_guard.state.journal import Act, Unfinished, seal, unsealed
from finops_guard.state.store import Store

_PATIENCE = timedelta(hours=24)
_CUT_SHORT = "its run was cut short"


def settle(session: Session, verbs: Verbs) -> tuple[Outcome, ...]:
    """Settle the runs that were cut short, and seal those of which nothing stays open. Once a session."""
    if session.settled:
        return ()
    found: list[Outcome] = []
    for run in unsealed(session.store):
        found += _run(session, verbs, run)
        if run == session.run:  # it was cut short itself, and goes on
            for act, outcome in done(entries(session.store, run)):
                session.did(act, outcome)
        elif not _left(session.store, run):
            seal(session.store, run, session.now())
    session.recount()
    session.settled = True
    return tuple(found)


def _run(session: Session, verbs: Verbs, run: str) -> Iterator[Outcome]:
    for chain, keys in chains(session.store.list(f"{PREFIX}/{run}")):
        left = list(open_acts(read(session.store, keys)).values())
        outcomes = list(_decided(session, verbs, left))
        if outcomes:
            began = min(open_.at for open_ in left)  # done then at the earliest: what changed since is not ours
            session.keep(kept([open_.act for open_ in left], outcomes, session, began))
            session.chain(run, chain.rpartition("/")[2]).outcomes(outcomes, session.now())
            yield from outcomes


def _left(store: Store, run: str) -> bool:
    """Whether anything of a run is still open."""
    return any(open_acts(read(store, keys)) for _, keys in chains(store.list(f"{PREFIX}/{run}")))


def _decided(session: Session, verbs: Verbs, left: Sequence[Unfinished]) -> Iterator[Outcome]:
    for _, group in groupby(sorted(left, key=_place), key=_place):
        some = list(group)
        live = reread(verbs, [resource_of(open_.act) for open_ in some])
        for open_ in some:
            outcome = _outcome(session, open_, live[open_.act.resource])
            if outcome is not None:
                yield outcome


def _place(open_: Unfinished) -> tuple[str, ...]:
    act = open_.act
    return act.verb, act.account, act.region, act.type


def _outcome(session: Session, open_: Unfinished, live: Resource | None) -> Outcome | None:
    """What came of an act, None where it cannot be told yet."""
    act = open_.act
    so = reached(act, live)
    if so:
        gone = {"deleted": True} if live is None and act.verb == "scale_to_zero" else {}
        return Outcome(act.step, "done", act.before, {**act.after, **gone})
    if live is None:
        if session.now() - open_.at < _PATIENCE:
            return None
        return Outcome(act.step, "failed", act.before, {}, f"{_CUT_SHORT}, and it is gone")
    if so is None:
        return None
    if untouched(act, live):
        return Outcome(act.step, "failed", act.before, act.before, f"{_CUT_SHORT}, and it was not done")
    if (found := _half(act, live)) is not None:
        return Outcome(act.step, "failed", act.before, found, f"{_CUT_SHORT}, and it was half done")
    return Outcome(act.step, "failed", act.before, {}, f"{_CUT_SHORT}, and others changed it since")


def _half(act: Act, live: Resource) -> dict[str, object] | None:
    """The tags of an act that takes two requests and was cut short between them; None where others changed some."""
    if act.verb.removeprefix(UNDO) != "tag":
        return None
    found: dict[str, object] = {key: live.tags.raw.get(key) for key in act.after}
    known = all(value in (act.before.get(key), act.after[key]) for key, value in found.items())
    return found if known else None
