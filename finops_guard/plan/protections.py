"""What forbids touching a resource, whatever the policy allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.fields import COMPUTED_KINDS, DATA_STORES
from finops_guard.model import DESTRUCTIVE, LIFECYCLE

if TYPE_CHECKING:
    from finops_guard.plan.context import Context, Draft

KEEPS_DATA = DATA_STORES | {"registry", "log-store", "stream"}
"""No verb stops or deletes what keeps data; LANGUAGE §5 names the stores, these three keep some too."""

_NOT_THINGS = frozenset({"licence", *COMPUTED_KINDS})


def check(draft: Draft, context: Context) -> None:
    """Add to a draft of a writing verb what its resource says against it."""
    resource, verb = draft.finding.resource, draft.rung.do
    if resource.kind in _NOT_THINGS:
        draft.refused += (f"there is nothing to {verb} in a {resource.kind}",)
    elif verb in DESTRUCTIVE and resource.kind in KEEPS_DATA:
        draft.refused += (f"no verb stops or deletes what keeps data ({resource.kind})",)
    if resource.fields.get("protected"):
        draft.refused += ("it is protected",)
    elif verb in DESTRUCTIVE and "protected" in resource.unknown:
        draft.refused += (f"whether it is protected is unknown: {resource.unknown['protected']}",)
    if verb in LIFECYCLE and resource.fields.get("managed_by"):
        draft.refused += ("something else manages it and would revert this",)
    if not draft.refused and not context.can(kind := resource.text("type"), verb):
        why = f"{verb} of {kind or 'this type'} is not available in this version"
        if context.mode == "enforce":
            draft.refused += (why,)
        else:
            draft.idle += (why,)
