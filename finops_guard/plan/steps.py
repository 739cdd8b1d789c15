"""The whole plan: each finding's ladder, then what one resource, one day and one purse allow.

It takes two looks at the findings: the first counts what wants room and chooses what budgets need, the second makes the
steps. Of findings on a shelf the steps are made whenever they are asked for, so that memory holds neither.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain, groupby
from typing import TYPE_CHECKING

from finops_guard.plan.caps import Room
from finops_guard.plan.conflicts import merge_tags, one_lifecycle
from finops_guard.plan.context import Context
from finops_guard.plan.enough import Enough
from finops_guard.plan.ladder import climb
from finops_guard.plan.money import put_saving
from finops_guard.state.shelf import Shelf, order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
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
) -> Collection[Step]:
    """The steps that follow from `findings`, dearest resource first; the same for any order of the findings.

    `mode` is the command's; a step's own is the lower of it, the policy's and the binding's. `can(type, verb)` says
    whether the resource type's module has the verb. Without an episode a rung that waits is due `after` from now:
    the earliest that it could be. `done_24h` counts the acts of the last 24 h by verb. `reread` says that the
    resources were read whole just now: then what is still unknown of their protection refuses the step. `planned`: all
    that was judged is only planned, so budgets and their like fail a pipeline too, and nothing is written for them.
    """
    bindings = {binding.name: binding for binding in policy.bindings}
    context = Context(policy, now, mode, can, episodes or {}, done_24h or {}, bindings, reread, planned)
    if isinstance(findings, Shelf):
        return Later(findings, context)
    drafts = list(_drafts(_together(findings), context))
    return [*_settled(drafts, _Looked(drafts, context), context)]


class Later(Collection["Step"]):
    """Steps that are made anew each time they are asked for."""

    def __init__(self, findings: Shelf, context: Context) -> None:
        self._findings, self._context = findings, context
        self._looked = _Looked(_drafts(findings, context), context)

    def __iter__(self) -> Iterator[Step]:
        return _settled(_drafts(self._findings, self._context), self._looked, self._context)

    def __len__(self) -> int:
        return self._looked.count

    def __contains__(self, step: object) -> bool:
        return any(each == step for each in self)


class _Looked:
    """What the first look finds: how many steps there are, what a day must have room for, what budgets need."""

    def __init__(self, of_each: Iterable[list[Draft]], context: Context) -> None:
        self.count = 0
        self.enough = Enough(context)
        self.room = Room(context)
        for drafts in of_each:
            self.count += len(drafts)
            for draft in drafts:
                if not self.enough.asked(draft):
                    self.room.want(draft)
        for draft in self.enough.needed():
            self.room.want(draft)


def _together(findings: Iterable[Finding]) -> Iterator[Finding]:
    """In order, but all of a resource with its first: as it is and as it was before our stop it may cost different."""
    by_resource: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=order):
        by_resource.setdefault(finding.resource.id, []).append(finding)
    return chain.from_iterable(by_resource.values())


def _drafts(findings: Iterable[Finding], context: Context) -> Iterator[list[Draft]]:
    """The drafts of each resource, in the order of their time."""
    for _, of_one in groupby(findings, lambda finding: finding.resource.id):
        found = {
            draft.step.id: draft
            for finding in of_one
            if finding.verdict == "fail" and finding.exempt is None
            for draft in climb(finding, context)
        }
        drafts = merge_tags(list(found.values()), context)
        one_lifecycle(drafts, context.now)
        if drafts:
            yield sorted(drafts, key=_time)


def _time(draft: Draft) -> tuple[str, str]:
    due = draft.step.due
    return "" if due is None else due.isoformat(), draft.step.id


def _settled(of_each: Iterable[list[Draft]], looked: _Looked, context: Context) -> Iterator[Step]:
    give = looked.room.given()
    for drafts in of_each:
        for draft in drafts:
            looked.enough.say(draft)
            give(draft)
            draft.settle(context.now)
        put_saving(drafts, context.policy)
        for draft in drafts:
            yield draft.step
