"""What could not be delivered in its own run, kept in the state: `outbox/<when>/<key>`, and `sent/<when>/<key>` for it.

Only what no later run would plan again is kept (`Delivered.owed`). It is tried in every run until it is taken, for a
week. A crash between sending and `sent` sends it once more, with the same key.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from finops_guard.notify._notice import Notice, pack, unpack
from finops_guard.state.lines import from_line, to_line
from finops_guard.state.store import Store, read_all, write_once

OUTBOX, SENT = "outbox", "sent"
_KEPT = timedelta(days=7)


def keep(store: Store, notices: Iterable[Notice]) -> None:
    """Keep notices for later runs; what is kept already stays as it is."""
    for notice in notices:
        if not notice.late:
            write_once(store, _key(OUTBOX, notice), to_line(pack(notice)))


def sent(store: Store, notices: Iterable[Notice]) -> None:
    """Record that notices which were kept have been taken."""
    for notice in notices:
        if notice.late:
            write_once(store, _key(SENT, notice), b"{}\n")


def kept(store: Store, run: str) -> list[Notice]:
    """What was ever kept of the acts of a run, and that it was ended."""
    since = run if run[:1].isdigit() else ""
    lines = read_all(store, store.list(OUTBOX, after=f"{OUTBOX}/{since}" if since else ""))
    found = (_read(line) for _, line in lines)
    return [notice for notice in found if notice is not None and notice.kind in ("act", "alert") and notice.run == run]


def waiting(store: Store, now: datetime, failing: Collection[str]) -> list[Notice]:
    """What is still to be sent, oldest first; `failing` are the findings there are: of others nothing is said any more.

    What was done, or went wrong, is told whatever became of it.
    """
    since = f"{now - _KEPT:%Y%m%dT%H%M%SZ}"
    done = {key.partition("/")[2] for key in store.list(SENT, after=f"{SENT}/{since}")}
    keys = [key for key in store.list(OUTBOX, after=f"{OUTBOX}/{since}") if key.partition("/")[2] not in done]
    found: list[Notice] = []
    for _, line in read_all(store, keys):
        notice = _read(line)
        if notice is not None and notice.kind in ("finding", "reminder"):
            notice = notice.of(frozenset(item.key for item in notice.items if item.finding in failing))
        if notice is not None and notice.groups:
            found.append(replace(notice, late=True))
    return found


def _read(line: bytes | None) -> Notice | None:
    with suppress(ValueError, KeyError, TypeError):  # of another version: one notice stops no run
        return unpack(from_line(line or b""))
    return None


def _key(prefix: str, notice: Notice) -> str:
    return f"{prefix}/{notice.at:%Y%m%dT%H%M%SZ}/{notice.key}"
