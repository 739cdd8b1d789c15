"""What would put a finding about tags right, where that is known without guessing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from finops_guard.fixing.edit import CannotError
from finops_guard.language.near import one_edit
from finops_guard.model import canonical
from finops_guard.model.tags import spelt_by_people
from finops_guard.plan.limits import refusal

if TYPE_CHECKING:
    from finops_guard.model import Finding, Reason

_ABOUT = ("tags.", "tag_keys.")


@dataclass(slots=True)
class Want:
    """`adds`: values by new key; `values`: right values by raw key; `names`: right names by raw key."""

    adds: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


def about_tags(finding: Finding) -> bool:
    """Whether it fails for its tags."""
    return finding.verdict == "fail" and any(
        each.field.startswith(_ABOUT) or each.op in {"any", "not"} for each in finding.reasons
    )


def wanted(finding: Finding, given: Mapping[str, str], aliases: Mapping[str, str]) -> Want | str:
    """What to write, or why that is not known. `given`: values by canonical key that a person gave."""
    want, resource = Want(), finding.resource
    for reason in finding.reasons:
        why = _one(reason, finding, want, given, aliases)
        if why is not None:
            return why
    put = {**want.adds, **{key: value for key, value in want.values.items() if key not in want.names}}
    put |= {name: want.values.get(key, resource.tags.raw[key]) for key, name in want.names.items()}
    return refusal(resource.text("cloud"), resource.tags.raw, put, frozenset(want.names)) or want


def _one(
    reason: Reason, finding: Finding, want: Want, given: Mapping[str, str], aliases: Mapping[str, str]
) -> str | None:
    """One reason; what keeps us from putting it right."""
    if reason.field == "tag_keys.noncanonical":
        return _spelling(finding, want, aliases)
    if not reason.field.startswith("tags.") or reason.op in {"any", "not"}:
        return _no_tag(reason)
    key = reason.field.removeprefix("tags.")
    allowed = _allowed(reason)
    if reason.actual is None:
        value = given.get(key) or (allowed[0] if len(allowed) == 1 else None)
        if value is None:
            return f"tag '{key}' is missing and nobody said its value (--set {key}=…)"
        if allowed and value not in allowed:
            return f"'{value}' is no value that tag '{key}' may have"
        if reason.op not in {"in", "eq", "exists", "matches"}:
            return f"tag '{key}' must meet what no value given can"
        want.adds[key] = value
        return None
    meant = _meant(str(reason.actual), allowed)
    if meant is None or not isinstance(reason.actual, str):
        return f"which value tag '{key}' should have is not known"
    raws = [raw for raw in finding.resource.tags.raw if canonical(raw, aliases) == key]
    if not raws:
        return f"tag '{key}' comes from elsewhere"
    want.values.update(dict.fromkeys(raws, meant))
    return None


def _no_tag(reason: Reason) -> str:
    if reason.op in {"any", "not"}:
        return "there are several ways to meet it"
    if reason.field.startswith("tag_keys."):
        return f"what should stand instead of its {reason.field} is for a person to say"
    return f"{reason.field} is no tag"


def _spelling(finding: Finding, want: Want, aliases: Mapping[str, str]) -> str | None:
    raw = finding.resource.tags.raw
    for each in raw:
        name = canonical(each, aliases)
        if each != name and name and spelt_by_people(each):
            if name in raw or name in want.names.values():
                return f"tag '{name}' is there in several spellings"
            want.names[each] = name
    return None if want.names else "no key to spell otherwise was found"


def _allowed(reason: Reason) -> list[str]:
    match reason.op, reason.expected:
        case "in", tuple() as values:
            return [each for each in values if isinstance(each, str)]
        case "eq", str() as value:
            return [value]
        case _:
            return []


def _meant(actual: str, allowed: list[str]) -> str | None:
    """The one allowed value that was meant: the only one but for case, else the only one that is one edit away."""
    if len(allowed) == 1:
        return allowed[0]
    folded = actual.strip().casefold()
    same = [each for each in allowed if each.casefold() == folded]
    near = same or [each for each in allowed if one_edit(actual, each) or one_edit(folded, each)]
    return near[0] if len(near) == 1 else None


def additions(some: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """What is to be added for all of them at one place; CannotError where they disagree."""
    found: dict[str, str] = {}
    for adds in some:
        for key, value in adds.items():
            if found.setdefault(key, value) != value:
                raise CannotError(f"those who share its block need different values of tag '{key}'")
    return found
