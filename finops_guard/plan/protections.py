"""What forbids touching a resource, whatever the policy allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.fields import COMPUTED_KINDS, DATA_STORES
from finops_guard.model import DESTRUCTIVE, LIFECYCLE, NOT_ASKED, Unknown

if TYPE_CHECKING:
    from finops_guard.plan.context import Context, Draft

KEEPS_DATA = DATA_STORES | {"registry", "log-store", "stream"}
"""No verb stops or deletes what keeps data; LANGUAGE §5 names the stores, these three keep some too."""

_NOT_THINGS = frozenset({"licence", *COMPUTED_KINDS})


def check(draft: Draft, context: Context) -> None:
    """Add to a draft of a writing verb what its resource says against it. What is not known does not act."""
    resource, verb = draft.finding.resource, draft.rung.do
    if resource.kind in _NOT_THINGS:
        draft.refused += (f"there is nothing to {verb} in a {resource.kind}",)
    elif verb in DESTRUCTIVE and resource.kind in KEEPS_DATA:
        draft.refused += (f"no verb stops or deletes what keeps data ({resource.kind})",)
    protected, manager = resource.look("protected"), resource.look("managed_by")
    if protected is True:
        draft.refused += ("it is protected",)
    if verb not in LIFECYCLE:
        protected = manager = None
    if isinstance(protected, Unknown) and (context.reread or protected.reason != NOT_ASKED):
        _doubt(draft, context, f"whether it is protected is unknown: {protected.reason}")
    if isinstance(manager, Unknown):
        _doubt(draft, context, f"whether something else manages it is unknown: {manager.reason}")
    elif manager is not None:
        draft.refused += ("something else manages it and would revert this",)
    cannot = resource.facts.get("cannot")
    if isinstance(cannot, dict) and verb in cannot:
        draft.refused += (str(cannot[verb]),)
    if not draft.refused and not context.can(kind := resource.text("type"), verb):
        _doubt(draft, context, f"{verb} of {kind or 'this type'} is not available in this version")


def _doubt(draft: Draft, context: Context, why: str) -> None:
    """A dry-run shows the step and says what is missing; an enforcing run refuses it."""
    if context.mode == "enforce":
        draft.refused += (why,)
    else:
        draft.idle += (why,)
