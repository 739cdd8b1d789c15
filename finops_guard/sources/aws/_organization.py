"""Accounts as Organizations knows them: names, tags, and where in the tree they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore import xform_name

from finops_guard.model import NOT_ASKED, Tags, Unknown
from finops_guard.sources.aws._cells import tag_map
from finops_guard.sources.aws._errors import Unreadable, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.client import BaseClient

    from finops_guard.model import Need


@dataclass(frozen=True, slots=True)
class Member:
    """An account in scope. `status`: ACTIVE, or why it cannot be read."""

    id: str
    name: str | Unknown
    unit_path: str | Unknown | None
    tags: Tags
    status: str = "ACTIVE"


def members(scope: Mapping[str, Any], need: Need, client: BaseClient, own: str) -> Iterator[Member]:
    """The accounts of `scope`: those listed, those of the organisation, else our own. Unreadable without the tree."""
    if "organization" in scope:
        wanted = scope["organization"] or {}
        units = frozenset(str(unit).strip("/") for unit in wanted.get("units") or [])
        left_out = frozenset(str(account) for account in wanted.get("except") or [])
        yield from _Tree(client, units, left_out).members()
        return
    ids = [str(account) for account in scope.get("accounts") or [own]]
    for account in dict.fromkeys(ids):
        yield _alone(account, need, client)


@dataclass(frozen=True, slots=True)
class _Tree:
    """The organisation's tree: what is in or under one of `units` (an id, a name or a path; empty: all)."""

    client: BaseClient
    units: frozenset[str]
    left_out: frozenset[str]

    def members(self) -> Iterator[Member]:
        for root in _pages(self.client, "ListRoots", "Roots"):
            yield from self._below(root["Id"], (), inside=not self.units or root["Id"] in self.units)

    def _below(self, parent: str, path: tuple[str, ...], *, inside: bool) -> Iterator[Member]:
        if inside:
            for account in _pages(self.client, "ListAccountsForParent", "Accounts", ParentId=parent):
                if account["Id"] not in self.left_out:
                    yield self._member(account, "/".join(path) or None)
        units = _pages(self.client, "ListOrganizationalUnitsForParent", "OrganizationalUnits", ParentId=parent)
        for unit in units:
            here = (*path, str(unit["Name"]))
            named = not self.units.isdisjoint({unit["Id"], unit["Name"], "/".join(here)})
            yield from self._below(unit["Id"], here, inside=inside or named)

    def _member(self, account: dict[str, Any], path: str | None) -> Member:
        status = str(account.get("State") or account.get("Status") or "ACTIVE")
        return Member(account["Id"], str(account.get("Name") or ""), path, _tags(self.client, account["Id"]), status)


def _alone(account: str, need: Need, client: BaseClient) -> Member:
    """One account by its number; outside an organisation, or without the permission, its name stays unknown."""
    try:
        name: str | Unknown = str(_call(client, "DescribeAccount", AccountId=account)["Account"]["Name"])
    except Unreadable as error:
        why = Unknown(error.reason)
        return Member(account, why, why, Tags.unreadable(error.reason))
    path: str | Unknown | None = Unknown(NOT_ASKED)
    if "unit_path" in need.fields:
        try:
            path = _path(client, account)
        except Unreadable as error:
            path = Unknown(error.reason)
    return Member(account, name, path, _tags(client, account))


def _path(client: BaseClient, child: str) -> str | None:
    names: list[str] = []
    while True:
        parents = [p for p in _pages(client, "ListParents", "Parents", ChildId=child) if p["Type"] != "ROOT"]
        if not parents:
            return "/".join(reversed(names)) or None
        child = parents[0]["Id"]
        unit = _call(client, "DescribeOrganizationalUnit", OrganizationalUnitId=child)
        names.append(str(unit["OrganizationalUnit"]["Name"]))


def _tags(client: BaseClient, account: str) -> Tags:
    try:
        return Tags.of(tag_map(list(_pages(client, "ListTagsForResource", "Tags", ResourceId=account))))
    except Unreadable as error:
        return Tags.unreadable(error.reason)


def _call(client: BaseClient, operation: str, **params: object) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = getattr(client, xform_name(operation))(**params)
    except Exception as error:
        raise unreadable(error, "organizations", operation) from error
    return answer


def _pages(client: BaseClient, operation: str, key: str, **params: object) -> Iterator[dict[str, Any]]:
    try:
        for page in client.get_paginator(xform_name(operation)).paginate(**params):
            yield from page.get(key) or []
    except Exception as error:
        raise unreadable(error, "organizations", operation) from error
