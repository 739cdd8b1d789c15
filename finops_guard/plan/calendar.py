"""When a verb may act: freezes are days in UTC, both ends included; windows are local time, see `evaluate.hours`.

Where a change to summer time skips the time at which a window opens, it opens at the change.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

from finops_guard.evaluate.hours import inside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from finops_guard.model import Freeze, Window
    from finops_guard.plan.context import Context, Draft

_ALWAYS = frozenset({"suggest", "block"})  # they stand in the report; nothing is sent or changed
_MINUTE = timedelta(minutes=1)
_TURNS = 100


def check(draft: Draft, context: Context) -> None:
    """Move a draft to the first moment from its due time on that allows its verb."""
    step, verb = draft.step, draft.rung.do
    if step.due is None or verb in _ALWAYS:
        return
    wanted = max(step.due, context.now)
    key = ("calendar", verb, wanted)
    found = context.known.get(key)
    if found is None:
        policy = context.policy
        found = context.known[key] = earliest(verb, wanted, policy.freeze, policy.windows)
    moment, why = cast("tuple[datetime | None, str | None]", found)
    if moment is None:
        draft.refused += (why or "",)
    elif why is not None:
        draft.step.due = moment
        draft.waits += (why,)


def earliest(
    verb: str, when: datetime, freezes: Iterable[Freeze], windows: Mapping[str, Window]
) -> tuple[datetime | None, str | None]:
    """The first moment from `when` on at which `verb` may act, and what made it later; None if there is none."""
    holding = [freeze for freeze in freezes if verb not in freeze.allowed]
    window = windows.get(verb)
    why = None
    for _ in range(_TURNS):
        day = when.astimezone(UTC).date()
        frozen = next((freeze for freeze in holding if freeze.start <= day <= freeze.end), None)
        if frozen is not None:
            why = f"frozen from {frozen.start} to {frozen.end}"
            when = datetime.combine(frozen.end + timedelta(days=1), time(), UTC)
        elif window is not None and not inside(window, when):
            why = why or f"outside the window of {verb}"
            opening = next(_openings(window, when), None)
            if opening is None:
                break
            when = opening
        else:
            return when, why
    return None, f"no window of {verb} opens outside the freezes"


def _openings(window: Window, when: datetime) -> Iterator[datetime]:
    """Moments after `when` at which the window opens, within three weeks (a skipped hour can close a week)."""
    zone = ZoneInfo(window.timezone)
    first = when.astimezone(zone).date()
    for offset in range(22):
        day = first + timedelta(days=offset)
        wall = datetime.combine(day, time(*divmod(window.start, 60)), zone)
        # Where the wall time is skipped the two readings lie around the change, where it comes twice on its ends.
        moment, last = sorted(wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        while moment <= last:
            if moment > when and inside(window, moment):
                yield moment
                break
            moment += _MINUTE
