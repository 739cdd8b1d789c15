"""What a tag rung would write: `set`, `copy_from`, `rename`, `normalise`, together, onto the tags that are there.

Keys in rules are canonical; where the resource has the key in another spelling, that spelling is written, so that
no second one arises. A key whose spellings conflict is never touched. Value text is written as it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.model import Param, canonical
from finops_guard.model.tags import spelt_by_people
from finops_guard.plan.context import Write
from finops_guard.plan.limits import refusal
from finops_guard.plan.tag_sources import copied

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finops_guard.model import Resource, Rung
    from finops_guard.plan.context import Context, Draft


def check(draft: Draft, context: Context) -> None:
    """Work out what a tag draft writes, or why it writes nothing."""
    resource = draft.finding.resource
    if resource.fields.get("taggable") is False:
        draft.refused += ("it can carry no tags",)
        return
    if resource.tags.open_because is not None:
        draft.refused += (f"not all of its tags could be read: {resource.tags.open_because}",)
        return
    draft.write = Write()
    for part in (_set, _copy, _rename, _normalise):
        part(draft, draft.write, context.policy.aliases)
    finish(draft, draft.write)


def finish(draft: Draft, write: Write) -> None:
    """Before and after of a tag draft, and what its cloud says to it."""
    raw = draft.finding.resource.tags.raw
    write.resolve(raw)
    if not write.changes:
        draft.notes += ("its tags are so already",)
        return
    why = refusal(draft.finding.resource.text("cloud"), raw, write.put, write.drop)
    if why is not None:
        draft.refused += (why,)
    keys = sorted(write.put.keys() | write.drop)
    draft.step.before = {key: raw.get(key) for key in keys}
    draft.step.after = {key: write.put.get(key) for key in keys}


def _set(draft: Draft, write: Write, aliases: Mapping[str, str]) -> None:
    for key, value in draft.rung.set.items():
        if isinstance(value, Param):
            raise TypeError(f"parameter ${value.name} has no value")
        _put(draft, write, canonical(key, aliases), value, aliases)


def _copy(draft: Draft, write: Write, aliases: Mapping[str, str]) -> None:
    if draft.rung.copy_from is None:
        return
    found, why = copied(draft.finding, draft.rung.copy_from, aliases)
    for key, value in found.items():
        _put(draft, write, key, value, aliases)
    if why is not None and (found or _other_work(draft.rung)):
        draft.notes += (why,)
    elif why is not None:
        draft.refused += (why,)


def _other_work(rung: Rung) -> bool:
    return bool(rung.set or rung.rename or rung.normalise)


def _put(draft: Draft, write: Write, key: str, value: str, aliases: Mapping[str, str]) -> None:
    resource = draft.finding.resource
    if key in resource.tags.conflicts:
        draft.refused += (_conflicting(key),)
        return
    raws = _spellings(resource, key, aliases) or [key]
    write.sets.update(dict.fromkeys(raws, value))
    write.wants[key] = ("is", value)


def _rename(draft: Draft, write: Write, aliases: Mapping[str, str]) -> None:
    resource = draft.finding.resource
    for old_name, new_name in draft.rung.rename.items():
        old, new = canonical(old_name), canonical(new_name, aliases)
        raws = [key for key in resource.tags.raw if canonical(key) == old and key != new]
        if not raws:
            continue
        values = {resource.tags.raw[key] for key in raws}
        if len(values) > 1 or new in resource.tags.conflicts:
            draft.refused += (_conflicting(old if len(values) > 1 else new),)
            continue
        (value,) = values
        there = [key for key in _spellings(resource, new, aliases) if key not in raws]
        if any(resource.tags.raw[key] != value for key in there):
            draft.refused += (f"tag '{new}' has another value than '{old}', which would take its name",)
            continue
        target = there[0] if there else new
        write.renames.update(dict.fromkeys(raws, target))
        write.wants[new] = ("is", value)
        if canonical(old_name, aliases) != new:
            write.wants[old] = ("becomes", new)


def _normalise(draft: Draft, write: Write, aliases: Mapping[str, str]) -> None:
    """Every key that people spell in its canonical spelling. On Azure case is no difference: there it stays."""
    if not draft.rung.normalise:
        return
    resource = draft.finding.resource
    blind = resource.text("cloud") == "azure"
    for raw, value in sorted(resource.tags.raw.items()):
        key = canonical(raw, aliases)
        if raw == key or not key or not spelt_by_people(raw):
            continue
        if key in resource.tags.conflicts:
            draft.notes += (_conflicting(key),)
        elif value and not value.isspace() and not (blind and raw.casefold() == key.casefold()):
            write.spells[raw] = key


def _spellings(resource: Resource, key: str, aliases: Mapping[str, str]) -> list[str]:
    return [raw for raw in resource.tags.raw if canonical(raw, aliases) == key]


def _conflicting(key: str) -> str:
    return f"the spellings of tag '{key}' have different values, which no verb touches"
