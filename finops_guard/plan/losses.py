"""What goes with a stop and does not come back.

Read from what sources put into `Resource.facts`: `local_disks` (instance-store disks: a count or true),
`capacity_block` (true), `running_work` (work on a node: a count or true); and from the field `checkpointed`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.model import DESTRUCTIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finops_guard.model import Resource
    from finops_guard.plan.context import Draft

ACCEPT = "local-data-loss"
_CAPACITY = "accelerator capacity that may not come back"
_WORKS = frozenset({"training-job", "job"})


def check(draft: Draft) -> None:
    """Say what a draft would lose; refuse it where that is data or work and the binding does not accept it."""
    if draft.rung.do not in DESTRUCTIVE:
        return
    resource = draft.finding.resource
    lost = tuple(_lost(resource))
    accelerators = resource.fields.get("accelerators.count")
    scarce = (_CAPACITY,) if isinstance(accelerators, int | float) and accelerators > 0 else ()
    draft.step.loses = lost + scarce
    if lost and ACCEPT not in draft.binding.accept:
        draft.refused += (f"it would lose {' and '.join(lost)}; only accept: [{ACCEPT}] allows that",)


def _lost(resource: Resource) -> Iterator[str]:
    facts = resource.facts
    if facts.get("local_disks"):
        yield "the data on its local disks"
    if resource.kind in _WORKS and resource.fields.get("checkpointed") is not True:
        known = "checkpointed" in resource.fields
        yield "its work: it has no checkpoint" if known else "its work: whether it has a checkpoint is unknown"
    if facts.get("running_work"):
        yield "the work running on it"
    if facts.get("capacity_block"):
        yield "its capacity block, which is paid for"
