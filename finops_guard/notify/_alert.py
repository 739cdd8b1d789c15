"""Alerts: what concerns the policy as a whole and waits for nobody's morning.

They are made from the state alone, so that whoever runs next tells what a run that was killed could not, with the same
key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.apply import Limits
from finops_guard.notify._channels import identity
from finops_guard.notify._items import clipped
from finops_guard.notify._notice import Group, Item, Notice, key_of
from finops_guard.state.journal import ENDED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from finops_guard.model import Outcome, Policy
    from finops_guard.state.entries import Entry
    from finops_guard.state.halts import Halt

_EXAMPLES = 3


def alert(policy: Policy, about: str, now: datetime, title: str, why: tuple[str, ...] = ()) -> list[Notice]:
    """An alert to every channel that is not for some teams, rules or lesser severities only; to all if none is left.

    Its key is the same for the same `about`, a run or a halt. Owners' channels tell the policy's owner.
    """
    key = key_of(policy.name, "alert", about)
    item = Item(key, clipped(title), tuple(map(clipped, why)), severity="critical")
    channels = [to for to in policy.channels if _general(to.get("for"))] or list(policy.channels)
    return [
        Notice(
            policy=policy.name,
            run=about,
            at=now,
            kind="alert",
            channel=identity(to),
            groups=(Group("", (item,)),),
            recipient=policy.owner if to.get("to") == "owner" else "",
            folder=str(Path(policy.path).parent),
        )
        for to in channels
    ]


def of_halt(halt: Halt, policy: Policy) -> list[Notice]:
    """That all acts were stopped, or go on."""
    title = (
        f"Resumed by {halt.who}: runs act again" if halt.lifted else f"Halted by {halt.who}: nothing acts until resume"
    )
    return alert(policy, f"{'resume' if halt.lifted else 'halt'}-{halt.number}", halt.at, title, (halt.why,))


def of_ended(chain: Iterable[Entry], policy: Policy) -> list[Notice]:
    """That a run failed so often in a row that it was ended, as its journal says; nothing where it was not.

    It says so itself; where it was killed before it could, what failed last says it. What came after another went on
    with the chain is not its own.
    """
    failed: list[str] = []
    for entry in _its_own(chain):
        for outcome in entry.outcomes:
            failed = _counted(failed, outcome)
        said = entry.kind == "note" and entry.body.get("what") == ENDED
        if said or len(failed) >= Limits().failures:
            why = tuple(dict.fromkeys(failed))
            more = (f"and {len(why) - _EXAMPLES} other reasons",) if len(why) > _EXAMPLES else ()
            title = f"Run {entry.run} was ended: {len(failed)} acts failed in a row"
            return alert(policy, entry.run, entry.at, title, (*why[:_EXAMPLES], *more))
    return []


def _its_own(chain: Iterable[Entry]) -> Iterator[Entry]:
    opened = 0
    for entry in chain:
        opened += entry.kind == "open"
        if opened > 1:
            return
        yield entry


def _counted(failed: list[str], outcome: Outcome) -> list[str]:
    if outcome.state == "done":
        return []
    return [*failed, outcome.error or "no reason is known"] if outcome.state == "failed" else failed


def _general(only: object) -> bool:
    if not isinstance(only, Mapping):
        return True
    severities = only.get("severity", "critical")
    return only.keys() <= {"severity"} and "critical" in ([severities] if isinstance(severities, str) else severities)
