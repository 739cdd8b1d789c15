"""Budgets, unit costs and the like as things that are judged: they carry what their selection pins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from finops_guard.fields import FIELDS
from finops_guard.model import All, Compare, Condition, Location, Resource, Tags, Value

_DERIVED = ("taggable", "change", "owner")


def computed_resource(  # noqa: PLR0913 # what a thing is called, and where it belongs
    *,
    kind: str,
    type_: str,
    id_: str,
    name: str,
    covers: Condition | None,
    tags: Mapping[str, str] | None = None,
    owner: str | None = None,
    at: Location | None = None,
) -> Resource:
    """A resource with the tags and the place that `covers` pins, so that findings find their owner, and with `tags`.

    All else is absent, a fact: such a thing has no accelerators, and no state that one could ask for.
    """
    pinned = dict(pins(covers))
    fields: dict[str, Value] = {name: None for name in FIELDS if name not in _DERIVED}
    fields |= {name: value for (space, name), value in pinned.items() if space == "field"}
    fields |= {"kind": kind, "type": type_, "id": id_, "name": name, "ai": False}
    if owner is not None:
        fields["owner"] = owner
    of_selection = {name: value for (space, name), value in pinned.items() if space == "tag"}
    return Resource(fields, Tags.of({**of_selection, **(tags or {})}), account_tags=Tags.of({}), at=at)


def pins(condition: Condition | None) -> Iterator[tuple[tuple[str, str], str]]:
    """The tags and fields that a condition sets to one text."""
    match condition:
        case Compare(ref, "eq", str(value)) | Compare(ref, "in", (str(value),)):
            yield (ref.space, ref.name), value
        case All(items):
            for item in items:
                yield from pins(item)
