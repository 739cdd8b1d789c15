"""Alerts: what concerns the policy as a whole and waits for nobody's morning."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.notify._channels import identity
from finops_guard.notify._items import clipped
from finops_guard.notify._notice import Group, Item, Notice, key_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from finops_guard.model import Outcome, Policy

_EXAMPLES = 3


def alert(policy: Policy, run: str, now: datetime, title: str, why: tuple[str, ...] = ()) -> list[Notice]:
    """An alert to every channel that is not for some teams, rules or lesser severities only; to all if none is left.

    Its key is the same for the same run and title. Owners' channels tell the policy's owner.
    """
    item = Item(key_of(policy.name, "alert", run, title), title, why, severity="critical")
    channels = [to for to in policy.channels if _general(to.get("for"))] or list(policy.channels)
    return [
        Notice(
            policy=policy.name,
            run=run,
            at=now,
            kind="alert",
            channel=identity(to),
            groups=(Group("", (item,)),),
            recipient=policy.owner if to.get("to") == "owner" else "",
            folder=str(Path(policy.path).parent),
        )
        for to in channels
    ]


def tripped(run: str, outcomes: Iterable[Outcome]) -> tuple[str, tuple[str, ...]]:
    """Title and reasons of the alert that a run failed so often that it was ended."""
    failed = [outcome for outcome in outcomes if outcome.state == "failed"]
    why = tuple(dict.fromkeys(clipped(outcome.error or "no reason is known") for outcome in failed))
    more = (f"and {len(why) - _EXAMPLES} other reasons",) if len(why) > _EXAMPLES else ()
    return f"Run {run} was ended: {len(failed)} acts failed", (*why[:_EXAMPLES], *more)


def _general(only: object) -> bool:
    if not isinstance(only, Mapping):
        return True
    severities = only.get("severity", "critical")
    return only.keys() <= {"severity"} and "critical" in ([severities] if isinstance(severities, str) else severities)
