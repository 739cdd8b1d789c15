"""What gives way when several steps want the same resource."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from finops_guard.model import LIFECYCLE
from finops_guard.plan.context import Write
from finops_guard.plan.tags import finish

if TYPE_CHECKING:
    from datetime import datetime

    from finops_guard.plan.context import Context, Draft


def one_lifecycle(drafts: list[Draft], now: datetime) -> None:
    """Of a resource's lifecycle steps that are due, the least destructive stays; the others wait for a later run."""
    due = [draft for draft in drafts if draft.rung.do in LIFECYCLE and draft.is_due(now)]
    if len(due) < 2:  # noqa: PLR2004 - one alone has no rival
        return
    due.sort(key=lambda draft: (bool(draft.idle), LIFECYCLE.index(draft.rung.do), str(draft.step.due), draft.step.id))
    winner = due[0]
    for draft in due[1:]:
        draft.waits += (f"{winner.rung.do} by {winner.step.rules[0]} comes first",)


def merge_tags(drafts: list[Draft], context: Context) -> list[Draft]:
    """A resource's drafts with its tag steps of one time as one; two values for one key refuse both."""
    tagging = [(draft, draft.write) for draft in drafts if draft.write is not None and not draft.refused]
    if len(tagging) < 2:  # noqa: PLR2004 - one alone has nothing to merge with
        return drafts
    tagging.sort(key=lambda pair: pair[0].step.id)
    _refuse_quarrels(tagging)
    together: dict[tuple[object, ...], list[tuple[Draft, Write]]] = {}
    for draft, write in tagging:
        if not draft.refused and write.changes:
            when = None if draft.is_due(context.now) else draft.step.due
            together.setdefault((when, *draft.waits, "", *draft.idle), []).append((draft, write))
    gone: set[str] = set()
    for group in together.values():
        if len(group) > 1:
            gone.update(draft.step.id for draft, _ in group[1:])
            _merge(group)
    return [draft for draft in drafts if draft.step.id not in gone]


def _refuse_quarrels(tagging: list[tuple[Draft, Write]]) -> None:
    """What a dry-run binding wants does not stand in the way of what another does."""
    wanting: dict[tuple[str, ...], list[tuple[Draft, tuple[str, str]]]] = {}
    for draft, write in tagging:
        for key, want in write.wants.items():
            wanting.setdefault((key, *draft.idle), []).append((draft, want))
    for (key, *_), wishes in sorted(wanting.items()):
        if len({want for _, want in wishes}) > 1:
            rules = " and ".join(sorted({draft.finding.rule.id for draft, _ in wishes}))
            for draft, _ in wishes:
                draft.refused += (f"{rules} set different values for tag '{key}'",)


def _merge(group: list[tuple[Draft, Write]]) -> None:
    """Put a group's writes into its first draft."""
    drafts = [draft for draft, _ in group]
    first, whole = drafts[0], Write()
    for _, write in group:
        whole.sets |= write.sets
        whole.renames |= write.renames
        whole.spells |= write.spells
    first.write = whole
    first.notes = tuple(note for draft in drafts for note in draft.notes)
    steps = [draft.step for draft in drafts]
    step = first.step
    step.id = sha256("+".join(sorted(other.id for other in steps)).encode()).hexdigest()[:16]
    step.rules = tuple(sorted({rule for other in steps for rule in other.rules}))
    step.serves = tuple(sorted({served for other in steps for served in other.serves}))
    step.due = min((other.due for other in steps if other.due is not None), default=None)
    step.warn = tuple(sorted({moment for other in steps for moment in other.warn}))
    finish(first, whole)
