"""Sending: each channel by itself, so that one that fails touches no other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from finops_guard.errors import GuardError
from finops_guard.notify._channels import To, identity, label, load, means
from finops_guard.notify._notice import Notice
from finops_guard.notify._quiet import postponed

_DOWN = 3
"""So many notices in a row that a channel did not take, and the others of this run are not tried."""


@dataclass(slots=True)
class Delivered:
    """What came of it.

    `taken`: by (finding, rung), the channels that took the notice that carries it out. `warned`: the (finding, rung)
    whose reminder some channel took. Neither counts what comes late, from an earlier run. `sent`: the notices that were
    taken. `waiting`: those that were not, because of quiet hours or a failure. `errors`: (channel, what), no secrets.
    """

    taken: dict[tuple[str, int], tuple[str, ...]] = field(default_factory=dict)
    warned: set[tuple[str, int]] = field(default_factory=set)
    sent: list[Notice] = field(default_factory=list)
    waiting: list[Notice] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)

    @property
    def findings(self) -> frozenset[str]:
        """The findings whose notice was taken by at least one channel."""
        return frozenset(finding for finding, _ in self.taken)

    @property
    def owed(self) -> list[Notice]:
        """Of `waiting`, what must be kept: no later run plans it again, since some channel was told, or it is done."""
        told = self.taken.keys() | self.warned
        kept = (
            notice.of(
                frozenset(
                    item.key
                    for item in notice.items
                    if notice.kind in ("act", "alert") or (item.finding, item.rung) in told
                )
            )
            for notice in self.waiting
        )
        return [notice for notice in kept if notice.groups]


def deliver(notices: Iterable[Notice], channels: Sequence[To], environ: Mapping[str, str], now: datetime) -> Delivered:
    """Send every notice to its channel, once; nothing is raised. One whose channel the policy no longer has is gone."""
    found = Delivered()
    known = {identity(to): to for to in channels}
    fails: Counter[str] = Counter()
    for notice in {notice.key: notice for notice in notices}.values():
        to = known.get(notice.channel)
        if to is None:
            continue
        if postponed(notice, to, now) is not None:
            found.waiting.append(notice)
            continue
        wrong = f"not tried: {_DOWN} notices before it were not taken" if fails[notice.channel] >= _DOWN else None
        wrong = wrong or _try(notice, to, environ)
        if wrong is None:
            fails[notice.channel] = 0
            _take(found, notice, label(to))
        else:
            fails[notice.channel] += 1
            found.waiting.append(notice)
            found.errors.append((label(to), wrong))
    return found


def _try(notice: Notice, to: To, environ: Mapping[str, str]) -> str | None:
    """Why the channel did not take it, None if it did."""
    try:
        load(means(to)).send(notice, to, environ)
    except GuardError as wrong:
        return wrong.what
    except ImportError as wrong:
        return f"needs the package {wrong.name}"
    except Exception as wrong:  # noqa: BLE001 - whatever it says could hold a secret, so only its name is told
        return f"failed: {type(wrong).__name__}"
    return None


def _take(found: Delivered, notice: Notice, by: str) -> None:
    found.sent.append(notice)
    for item in notice.items:
        about = (item.finding, item.rung)
        if notice.late:
            continue
        if notice.kind == "finding":
            found.taken[about] = tuple(dict.fromkeys((*found.taken.get(about, ()), by)))
        elif notice.kind == "reminder":
            found.warned.add(about)
