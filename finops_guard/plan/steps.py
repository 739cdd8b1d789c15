"""The whole plan: each finding's ladder, then what one resource, one day and one purse allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.plan.caps import cap
from finops_guard.plan.conflicts import merge_tags, one_lifecycle
from finops_guard.plan.context import Context
from finops_guard.plan.enough import only_enough
from finops_guard.plan.ladder import climb
from finops_guard.plan.money import in_order, savings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from finops_guard.model import Finding, Mode, Policy, Step
    from finops_guard.plan.context import Can, Draft, Episodes


def plan(  # noqa: PLR0913 - all that a plan depends on
    findings: Iterable[Finding],
    policy: Policy,
    now: datetime,
    *,
    mode: Mode = "dry-run",
    can: Can,
    episodes: Episodes | None = None,
    done_24h: Mapping[str, int] | None = None,
    reread: bool = False,
    planned: bool = False,
) -> list[Step]:
    """The steps that follow from `findings`, dearest resource first; the same for any order of the findings.

    `mode` is the command's; a step's own is the lower of it, the policy's and the binding's. `can(type, verb)` says
    whether the resource type's module has the verb. Without an episode a rung that waits is due `after` from now:
    the earliest that it could be. `done_24h` counts the acts of the last 24 h by verb. `reread` says that the
    resources were read whole just now: then what is still unknown of their protection refuses the step. `planned`: all
    that was judged is only planned, so budgets and their like fail a pipeline too, and nothing is written for them.
    """
    bindings = {binding.name: binding for binding in policy.bindings}
    context = Context(policy, now, mode, can, episodes or {}, done_24h or {}, bindings, reread, planned)
    by_resource: dict[str, dict[str, Draft]] = {}
    for finding in findings:
        if finding.verdict != "fail" or finding.exempt is not None:
            continue
        for draft in climb(finding, context):
            by_resource.setdefault(finding.resource.id, {})[draft.step.id] = draft
    drafts: list[Draft] = []
    for of_one in by_resource.values():
        merged = merge_tags(list(of_one.values()), context)
        one_lifecycle(merged, now)
        drafts += merged
    only_enough(drafts, context)
    drafts.sort(key=in_order(policy))
    cap(drafts, context)
    steps = [draft.settle(now) for draft in drafts]
    savings(drafts, policy)
    return steps
