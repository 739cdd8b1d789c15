"""`Microsoft.Resources/tags`: tags that a template writes on a resource from beside it (Microsoft Learn, "Apply tags").

The one that is in a resource's scope replaces all of its tags. Without a scope it is the resource group, or the
subscription, that gets them, and those hand nothing down.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from finops_guard.model import Unknown
from finops_guard.sources.iac._arm.nested import looked_up
from finops_guard.sources.iac._arm.scope import Identity, Scope, truth
from finops_guard.sources.iac._marked import Map

_TYPE = "microsoft.resources/tags"
_CHILD = "/providers/tags"
_END = "/microsoft.resources/default"
Tagged: TypeAlias = Mapping[tuple[str, str] | None, object]
"""Folded type and name of a resource -> all tags that it will have; None -> why any resource may get others."""


def tagged(resources: object, scope: Scope) -> Tagged:
    """What the tags resources at the top of a template say."""
    listed = [*resources.values()] if isinstance(resources, dict) else resources
    found: dict[tuple[str, str] | None, object] = {}
    for body in listed if isinstance(listed, list) else ():
        if isinstance(body, Map) and _is_one(str(body.get("type")).casefold()) and body.get("existing") is not True:
            found.update(_of(body, scope))
    return found


def _is_one(type_: str) -> bool:
    return type_ == _TYPE or type_.endswith(_CHILD)


def _of(body: Map, scope: Scope) -> Iterator[tuple[tuple[str, str] | None, object]]:
    there = truth(scope.value(body["condition"])) if "condition" in body else True
    if there is False:
        return
    target = _target(body, scope)
    if target is None:
        return
    if isinstance(target, Unknown) or "copy" in body or isinstance(there, Unknown):
        why = (
            there
            if isinstance(there, Unknown)
            else target
            if isinstance(target, Unknown)
            else Unknown("it is in a loop")
        )
        yield None, f"a resource of type Microsoft.Resources/tags may tag it: {why.reason}"
        return
    yield target, looked_up(scope.value(body.get("properties")), ("tags",))


def _target(body: Map, scope: Scope) -> tuple[str, str] | Unknown | None:
    """Which resource it tags; None for what is none of the template's."""
    type_ = str(body.get("type")).casefold()
    if type_.endswith(_CHILD):
        name = scope.value(body.get("name"))
        if not isinstance(name, str):
            return name if isinstance(name, Unknown) else None
        return type_.removesuffix(_CHILD), name.casefold().removesuffix(_END)
    if "scope" not in body:
        return None
    where = scope.value(body["scope"])
    if isinstance(where, Identity):
        return where.type, where.name
    if isinstance(where, Unknown):
        return where
    return _parted(str(where)) if isinstance(where, str) else None


def _parted(where: str) -> tuple[str, str] | None:
    """`Microsoft.X/type/name/…` as a type and a name."""
    parts = where.casefold().strip("/").rpartition("/providers/")[2].split("/")
    return ("/".join([parts[0], *parts[1::2]]), "/".join(parts[2::2])) if len(parts) % 2 else None
