"""`at_most`: how many acts of a verb any 24 h hold, over the whole policy."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from finops_guard.plan.authority import cap_of

if TYPE_CHECKING:
    from finops_guard.model import Verb
    from finops_guard.plan.context import Context, Draft


def cap(drafts: list[Draft], context: Context) -> None:
    """Refuse all due steps of a verb beyond its cap, or with `then: defer` let those wait that come last.

    `drafts` come in the order in which room is given. What would not be done anyway takes no room.
    """
    due: dict[Verb, list[Draft]] = defaultdict(list)
    for draft in drafts:
        changes = draft.write is None or draft.write.changes
        if draft.is_due(context.now) and not draft.idle and changes:
            due[draft.rung.do].append(draft)
    for verb, wanting in due.items():
        allowed = cap_of(context.policy, verb)
        if allowed is None:
            continue
        done = context.done_24h.get(verb, 0)
        room = max(0, allowed.count - done)
        if len(wanting) <= room:
            continue
        why = f"at_most {allowed.count} {verb} in 24 h: {done} done, {len(wanting)} due"
        for draft in wanting[room:] if allowed.then == "defer" else wanting:
            if allowed.then == "defer":
                draft.waits += (why,)
            else:
                draft.refused += (why,)
