"""Where `copy_from` finds the tags that a resource lacks.

`parent`: `Resource.facts["parents"]`, a list of `{"id": …, "tags": {raw key: value}}`, the nearest first. `account`:
the account's tags. `owner`: the field `owner`. `creator`: `facts["creator"]`, who made it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.model import Tags

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from finops_guard.model import Finding, Resource


def copied(finding: Finding, source: str, aliases: Mapping[str, str]) -> tuple[dict[str, str], str | None]:
    """Values for the tag keys that the finding lacks, and what could not be found."""
    missing = sorted(set(_lacking(finding)))
    if not missing:
        return {}, "it lacks no tag that could be copied"
    if source in ("owner", "creator"):
        return _from_person(finding.resource, source, missing)
    found, gone = {}, []
    holders = list(_holders(finding.resource, source, aliases))
    if not holders:
        return {}, f"the tags of its {source} are unknown"
    for key in missing:
        values = [value for tags in holders if isinstance(value := tags.look(key), str)]
        if values:
            found[key] = values[0]
        else:
            gone.append(key)
    return found, f"its {source} has no tag {', '.join(gone)}" if gone else None


def _lacking(finding: Finding) -> Iterator[str]:
    """Canonical tag keys that the finding's reasons say are absent. A wrong value is not replaced."""
    for reason in finding.reasons:
        space, _, key = reason.field.partition(".")
        if space == "tags" and reason.actual is None:
            yield key


def _from_person(resource: Resource, source: str, missing: list[str]) -> tuple[dict[str, str], str | None]:
    value = resource.look("owner") if source == "owner" else resource.facts.get("creator")
    if not isinstance(value, str) or not value:
        return {}, f"its {source} is unknown"
    if len(missing) > 1:
        return {}, f"which of {', '.join(missing)} would take the {source} is not clear"
    return {missing[0]: value}, None


def _holders(resource: Resource, source: str, aliases: Mapping[str, str]) -> Iterator[Tags]:
    if source == "account":
        if resource.account_tags or resource.account_tags.open_because is None:
            yield resource.account_tags
        return
    parents = resource.facts.get("parents")
    for parent in parents if isinstance(parents, list | tuple) else ():
        tags = parent.get("tags") if isinstance(parent, dict) else None
        if isinstance(tags, dict):
            yield Tags.of({str(key): str(value) for key, value in tags.items()}, aliases)
