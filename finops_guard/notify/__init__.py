"""Notices: who is told what. A channel is one module here, found by its file name, with `send`.

`notices` decides (a pure function), `deliver` sends, `outbox` keeps what quiet hours or a failing channel put off;
`tell_acts` and `tell_halts` do all three for what was done, for runs that were ended and for halts.
A name that begins with `_` is shared by the channels and is none.
"""

from __future__ import annotations

from finops_guard.notify._alert import alert
from finops_guard.notify._channels import load, names, unavailable
from finops_guard.notify._choose import notices
from finops_guard.notify._deliver import Delivered, deliver
from finops_guard.notify._items import reasons
from finops_guard.notify._notice import Group, Item, Notice
from finops_guard.notify._outbox import keep, sent, waiting
from finops_guard.notify._tell import tell_acts, tell_halts

__all__ = [
    "Delivered",
    "Group",
    "Item",
    "Notice",
    "alert",
    "deliver",
    "keep",
    "load",
    "names",
    "notices",
    "reasons",
    "sent",
    "tell_acts",
    "tell_halts",
    "unavailable",
    "waiting",
]
