"""A resource of which it cannot be told whether it will be there: what is said of it is said only then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from finops_guard.model import Resource, Tags, Unknown
from finops_guard.sources.iac._planned import NO_ACCELERATORS

_STAYS = frozenset({"cloud", "type", "kind", "id", "name", "state"})
"""What tells one from another, and whether a rule is about it at all."""


def perhaps(found: Resource, reason: str, aliases: Mapping[str, str]) -> Resource:
    """The same resource with every other value unknown: it neither passes nor fails, and costs nobody knows what."""
    because = f"whether it is there cannot be told: {reason}"
    fields = {name: value for name, value in found.fields.items() if name in _STAYS}
    hidden = {name: because for name in (*found.fields, *NO_ACCELERATORS) if name not in _STAYS}
    keys = {**dict.fromkeys(found.tags.raw, because), **dict.fromkeys(found.tags.unknown, because)}
    facts = {name: value for name, value in found.facts.items() if name != "instances"}
    if "instance_type" in facts:
        facts["instances"] = Unknown(because)
    return replace(
        found,
        fields=fields,
        tags=Tags.of({}, aliases, open_because=because, unknown=keys),
        unknown={**found.unknown, **hidden},
        facts=facts,
    )
