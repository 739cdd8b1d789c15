"""Reading resources again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from finops_guard.apply.ports import Verbs, Windows
from finops_guard.model import Resource, Tags
from finops_guard.state.journal import Act

_KNOWN = ("cloud", "account", "region", "type", "kind", "id")


def reread(verbs: Verbs, resources: Sequence[Resource], windows: Windows | None = None) -> dict[str, Resource | None]:
    """Each by its id, None where it is gone; of one that cannot be read all is unknown. `windows`: see `Verbs`."""
    try:
        found = {resource.id: resource for resource in verbs.read(resources, windows)}
    except Exception as error:  # noqa: BLE001 - whatever it is, one unreadable resource must not hide the others
        found = {resource.id: resource for resource in _one_by_one(verbs, resources, windows, error)}
    return {resource.id: found.get(resource.id) for resource in resources}


def resource_of(act: Act) -> Resource:
    """What the journal knows of the resource of an act."""
    known = {name: str(getattr(act, name)) for name in ("cloud", "account", "region", "type")}
    return Resource({**known, "id": act.resource}, Tags.unreadable("only its name is on record"))


def unreadable(resource: Resource, why: str) -> Resource:
    """The resource with everything but its name unknown."""
    known = {name: value for name, value in resource.fields.items() if name in _KNOWN}
    return Resource(known, Tags.unreadable(why), {"state": why})


def _one_by_one(
    verbs: Verbs, resources: Sequence[Resource], windows: Windows | None, error: Exception
) -> Iterator[Resource]:
    if len(resources) == 1:
        yield unreadable(resources[0], str(error) or type(error).__name__)
        return
    for resource in resources:
        try:
            yield from verbs.read([resource], windows)
        except Exception as alone:  # noqa: BLE001 - as above
            yield unreadable(resource, str(alone) or type(alone).__name__)
