"""Who may act: `lease/<n>`, each with a holder and an end; the highest number counts.

Taking, renewing and releasing each make number n+1, and a key is made once: of two that race for a number one gets it.
Numbers may be compacted away below the highest, so having made one proves nothing; being the highest does, and every
check looks at that.

What clocks can do. A check passes only for the holder of the highest number, so of two holders the one that was
overtaken fails at its next check whatever its clock says: set back, it believes its lease still runs, but sees the
higher number; set ahead, it believes its lease has ended, and fails at once. Whoever takes over needs the end of the
lease in its own clock; set ahead, it takes over too early, and the other then fails as above; set back, it waits too
long. Between a check and the act that follows nobody can look, so the order is: intent, check, act; and after taking
over: lease, then read the intents without outcome. Then either the check sees the new lease, or the new holder sees
the intent. A takeover while an act is under way (it lasted longer than the lease, or a clock is ahead) finds it there.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from finops_guard.errors import ActError
from finops_guard.state.lines import Line, from_line, stamp, to_line, utc
from finops_guard.state.numbered import highest, key_of
from finops_guard.state.store import Store, write_once
from finops_guard.state.values import time_of

PREFIX = "lease"
_TRIES = 10


@dataclass(slots=True)
class Lease:
    """The right to act, until `expires`. Only the thread or process that acquired it uses it."""

    store: Store
    holder: str
    ttl: timedelta
    number: int
    expires: datetime
    token: str = field(repr=False)

    def check(self, now: datetime) -> None:
        """Pass if the lease is ours and has not ended; ActError names who has it. Two reads at most."""
        self._ours()
        if utc(now) >= self.expires:
            raise ActError(
                f"the lease of {self.holder} ended at {stamp(self.expires)}", help="Nothing more was done; run again."
            )

    def renew(self, now: datetime) -> None:
        """Let the lease run for its time from now, if nobody took it, even where it has ended. ActError if lost."""
        self._ours()
        number, expires = self.number + 1, utc(now) + self.ttl
        if not self._put(number, self.holder, expires, now):
            self._lost(number)
        self.number, self.expires = number, expires
        self._ours()

    def release(self, now: datetime) -> None:
        """Leave it to others at once; nothing happens where it is no longer ours."""
        if highest(self.store, PREFIX, self.number - 1) == self.number:
            self._put(self.number + 1, None, utc(now), now)

    def _put(self, number: int, holder: str | None, expires: datetime, now: datetime) -> bool:
        return _put(self.store, number, holder, expires, now, self.token)

    def _ours(self) -> None:
        """Pass if the highest number is ours; one that we made without getting the answer is."""
        top = highest(self.store, PREFIX, self.number - 1)
        there = _read(self.store, top) if top > self.number else None
        if there and there.get("token") == self.token and there["holder"] is not None:
            self.number, self.expires = top, time_of(there["expires"])
        if top != self.number:
            self._lost(top)

    def _lost(self, number: int) -> None:
        there = _read(self.store, number) if number >= self.number else None
        who = there["holder"] if there else None
        told = f"{who} has it, until {there['expires']}" if there and who else "it was released or taken over"
        raise ActError(
            f"the lease of {self.holder} is lost: {told}",
            help="Nothing more was done; run again when that run is over.",
        )


def acquire(store: Store, holder: str, now: datetime, ttl: timedelta) -> Lease:
    """The lease, if nobody has it or the one who had it did not renew it. ActError names who has it, and until when.

    `holder` is told to others: the run and where it runs. After it, look for what an earlier holder left unfinished.
    """
    if ttl <= timedelta(0):
        raise ValueError("a lease lasts some time")
    lease = Lease(store, holder, ttl, 0, utc(now) + ttl, secrets.token_hex(16))
    for _ in range(_TRIES):
        top = highest(store, PREFIX, max(0, lease.number - 1))
        there = _read(store, top)
        if there and there["holder"] is not None and utc(now) < time_of(there["expires"]):
            raise ActError(
                f"{there['holder']} holds the lease until {there['expires']}",
                help="One run acts at a time: run again when that one is over.",
            )
        lease.number = top + 1
        if _put(store, top + 1, holder, lease.expires, now, lease.token) and (highest(store, PREFIX, top) == top + 1):
            return lease
    raise ActError("the lease changes hands too fast to be taken", help="Run again.")


def _put(store: Store, number: int, holder: str | None, expires: datetime, now: datetime, token: str) -> bool:
    content = {"at": stamp(now), "expires": stamp(expires), "holder": holder, "token": token}
    return write_once(store, key_of(PREFIX, number), to_line(content))


def _read(store: Store, number: int) -> Line | None:
    """The lease of a number, None if there is none. ActError if it cannot be made out: then somebody may hold it."""
    data = store.get(key_of(PREFIX, number)) if number else None
    if data is None:
        return None
    try:
        content = from_line(data)
        time_of(content["expires"])
        if isinstance(content["holder"], str | None):
            return content
    except (ValueError, KeyError):
        pass
    raise ActError(f"the state is damaged: {key_of(PREFIX, number)} is not a lease")
