"""`at_most`: how many acts of a verb any 24 h hold, over the whole policy."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from finops_guard.plan.authority import cap_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from finops_guard.plan.context import Context, Draft


class Room:
    """What wants to be done today of each verb, and what there is room for."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._wanting: Counter[str] = Counter()

    def want(self, draft: Draft) -> None:
        """Count a step that would be done."""
        self._wanting[draft.rung.do] += self._wants(draft)

    def given(self) -> Callable[[Draft], None]:
        """Refuses all due steps of a verb beyond its cap, or with `then: defer` lets those wait that come last.

        It is asked about each draft in the order in which room is given.
        """
        given: Counter[str] = Counter()

        def give(draft: Draft) -> None:
            verb = draft.rung.do
            allowed = cap_of(self._context.policy, verb)
            if allowed is None or not self._wants(draft):
                return
            done = self._context.done_24h.get(verb, 0)
            room = max(0, allowed.count - done)
            given[verb] += 1
            if self._wanting[verb] <= room:
                return
            why = f"at_most {allowed.count} {verb} in 24 h: {done} done, {self._wanting[verb]} due"
            if allowed.then != "defer":
                draft.refused += (why,)
            elif given[verb] > room:
                draft.waits += (why,)

        return give

    def _wants(self, draft: Draft) -> bool:
        """What would not be done anyway takes no room."""
        changes = draft.write is None or draft.write.changes
        return draft.is_due(self._context.now) and not draft.idle and bool(changes)
