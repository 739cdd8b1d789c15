"""`start`: only what our journal stopped, and only for the pack whose rule stopped it.

A machine that an idle rule stopped is not a schedule's to start, and what a person stopped is nobody's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.fields import FIELDS
from finops_guard.model import Stop, Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finops_guard.model import Resource
    from finops_guard.plan.context import Context, Draft

_STATES = {"state": "running"}


def check(draft: Draft, context: Context) -> None:
    """Refuse to start what is not ours to start."""
    by = draft.finding.resource.look("stopped_by")
    if isinstance(by, Unknown):
        why = (f"whether we stopped it is unknown: {by.reason}",)
        if context.mode == "enforce":
            draft.refused += why
        else:
            draft.idle += why
    elif by is None:
        draft.refused += ("our journal does not say that we stopped it",)
    elif str(by).partition("/")[0] != draft.finding.rule.pack:
        draft.refused += (f"{by} stopped it, which is not of this pack",)


def change(resource: Resource) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """Before and after: the state, or of what was scaled to zero what its type put on record to scale it back."""
    stop = resource.stop
    if isinstance(stop, Stop) and stop.verb == "scale_to_zero":
        return dict(stop.after), {name: value for name, value in stop.before.items() if name not in FIELDS}
    return {"state": resource.fields.get("state")}, dict(_STATES)
