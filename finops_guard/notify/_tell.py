"""Telling what was done: kept in the outbox first, so that it is told at least once, by whoever runs next.

`told/<run>` says that all acts of a run are in the outbox, and that none of them is open. A run without it was killed
before, or left acts open: what the outbox does not hold of it is put there by the next run, with the same keys. So it
is with the alert that a run was ended, which its journal tells, and with halts: `told/halt-<n>`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from finops_guard.notify._alert import of_ended, of_halt
from finops_guard.notify._deeds import deeds, told
from finops_guard.notify._deliver import Delivered, deliver
from finops_guard.notify._notice import Notice
from finops_guard.notify._outbox import keep, kept, sent, waiting
from finops_guard.state import halts
from finops_guard.state.entries import PREFIX, chains, open_acts, read
from finops_guard.state.lines import stamp, to_line
from finops_guard.state.store import Store, write_once

if TYPE_CHECKING:
    from finops_guard.model import Policy

TOLD = "told"
_HALT = "halt-"
_WEEK = timedelta(days=7)


def tell_acts(
    store: Store,
    policy: Policy,
    environ: Mapping[str, str],
    now: datetime,
    *,
    run: str,
    head: str = "",
) -> Delivered:
    """Tell the policy's channels what a run did, and what runs of the last week did that nobody was told.

    `head` is the newest hash of the journal. ActError where the state does not take it.
    """
    done = store.folders(TOLD)
    for each in _untold(store, now, run, done):
        written = [list(read(store, keys)) for _, keys in chains(store.list(f"{PREFIX}/{each}"))]
        made = told([deed for chain in written for deed in deeds(chain)], policy, each, now, head=head)
        made += [replace(notice, head=head) for chain in written for notice in of_ended(chain, policy)]
        there = {(notice.channel, notice.recipient, item.key) for notice in kept(store, each) for item in notice.items}
        keep(store, _without(made, there))
        if not any(open_acts(chain) for chain in written):
            write_once(store, f"{TOLD}/{each}", to_line({"at": stamp(now)}))
    _keep_halts(store, policy, now, done, head)
    return _send(waiting(store, now, ()), store, policy, environ, now)


def tell_halts(store: Store, policy: Policy, environ: Mapping[str, str], now: datetime, *, head: str = "") -> Delivered:
    """Alert the policy's channels to every halt, and to what lifted it, that nobody was told of."""
    _keep_halts(store, policy, now, store.folders(TOLD), head)
    alerts = (notice for notice in waiting(store, now, ()) if notice.kind == "alert")
    return _send(alerts, store, policy, environ, now)


def _keep_halts(store: Store, policy: Policy, now: datetime, done: Iterable[str], head: str) -> None:
    known = {int(name.removeprefix(_HALT)) for name in done if name.startswith(_HALT)}
    for halt in halts.written(store, known):
        if halt.at >= now - _WEEK:
            keep(store, (replace(notice, head=head) for notice in of_halt(halt, policy)))
        write_once(store, f"{TOLD}/{_HALT}{halt.number}", to_line({"at": stamp(halt.at)}))


def _send(
    notices: Iterable[Notice], store: Store, policy: Policy, environ: Mapping[str, str], now: datetime
) -> Delivered:
    delivered = deliver(notices, policy.channels, environ, now)
    sent(store, delivered.sent)
    return delivered


def _untold(store: Store, now: datetime, run: str, done: Iterable[str]) -> list[str]:
    """The runs whose acts are not all told; an open one of before is looked at again until it is settled."""
    since = f"{now - _WEEK:%Y%m%dT%H%M%SZ}"
    runs = set(store.folders(PREFIX)) - set(done)
    return sorted(each for each in runs if each == run or not each[:1].isdigit() or each >= since)


def _without(notices: Iterable[Notice], there: Collection[tuple[str, str, str]]) -> list[Notice]:
    left = (
        notice.of(frozenset(i.key for i in notice.items if (notice.channel, notice.recipient, i.key) not in there))
        for notice in notices
    )
    return [notice for notice in left if notice.groups]
