"""What goes with a stop and does not come back.

Read from what sources put into `Resource.facts`: `local_disk_gb` (disks that a stop empties), `lifecycle`
(`capacity-block`), `running_work` (how much runs on nodes); and from the field `checkpointed`. What is not known is
taken for lost.
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
_NODES = frozenset({"node-pool", "cluster"})
_LOSES_DISKS = frozenset({"vm", "node-pool"})  # services that run machines for us keep their data elsewhere


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
    facts, kind = resource.facts, resource.kind
    if kind in _LOSES_DISKS and facts.get("local_disk_gb") != 0:
        known = "local_disk_gb" in facts
        yield "the data on its local disks" if known else "its local disks: whether it has any is unknown"
    if kind in _WORKS and resource.fields.get("checkpointed") is not True:
        known = "checkpointed" in resource.fields
        yield "its work: it has no checkpoint" if known else "its work: whether it has a checkpoint is unknown"
    if kind in _NODES and facts.get("running_work") != 0:
        yield "the work running on it" if "running_work" in facts else "the work on it: whether any runs is unknown"
    if facts.get("lifecycle") == "capacity-block":
        yield "its capacity block, which is paid for"
