"""The resources of an ARM template, its loops run and its nested deployments followed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.model import Gap, Resource, Tags, Unknown
from finops_guard.sources.iac import _planned, _tags
from finops_guard.sources.iac._arm.machines import kind_of, machines_of, pools_of
from finops_guard.sources.iac._arm.nested import DEPLOYMENT, Nested, Outputs, looked_up, nested
from finops_guard.sources.iac._arm.scope import Scope, copies_of, truth
from finops_guard.sources.iac._arm.tagging import tagged
from finops_guard.sources.iac._arm.types import row_of
from finops_guard.sources.iac._marked import Map
from finops_guard.sources.iac._maybe import perhaps
from finops_guard.sources.iac._planned import Planned
from finops_guard.sources.iac._tags import NONE, Labels

if TYPE_CHECKING:
    from finops_guard.sources.iac import Reading

_MAX_NESTED = 20
_MAX_RESOURCES = 100_000
_UNNAMED = "resources["


@dataclass(frozen=True, slots=True)
class Place:
    """Where a template stands: the address before its resources' own, doubts of the whole, files on the way."""

    address: str = ""
    perhaps: str | None = None
    files: tuple[Path, ...] = ()
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Within:
    """What a resource stands in: a parent's type and name, the rounds of loops, and whether that is there."""

    scope: Scope
    doubt: str | None
    type: str | None = None
    name: object = None

    def child(self, type_: str, name: object) -> tuple[str, object]:
        """A child's type and name with its parent's, where its type does not say them already."""
        if self.type is None or "/" in type_:
            return type_, name
        if isinstance(name, Unknown) or isinstance(self.name, Unknown):
            return f"{self.type}/{type_}", name if isinstance(name, Unknown) else self.name
        return f"{self.type}/{type_}", f"{self.name}/{name}"


class Template:
    """One template, or one nested in another, in its scope."""

    def __init__(self, of: Nested, place: Place, document: Reading) -> None:
        self._body, self._text, self._place, self._document = of.body, of.text, place, document
        self._scope = Outputs(of.body.get("resources"), of.text, of.scope).scope
        self._tagged = tagged(of.body.get("resources"), self._scope)
        self._seen: dict[str, int] = {}

    def resources(self) -> Iterator[Resource]:
        """Every resource that is deployed; InputError where one is not what a resource is."""
        yield from self._all(self._body.get("resources"), Within(self._scope, self._place.perhaps))

    def _all(self, listed: object, within: Within) -> Iterator[Resource]:
        if isinstance(listed, Map):
            for symbol, body in listed.items():
                yield from self._copies(symbol, body, listed.keys_at[symbol], within)
        for number, body in enumerate(listed if isinstance(listed, list) else ()):
            at = body.at if isinstance(body, Map) else self._body.at
            yield from self._copies(f"{_UNNAMED}{number}]", body, at, within)

    def _copies(self, symbol: str, body: object, at: int, within: Within) -> Iterator[Resource]:
        if not isinstance(body, Map) or not isinstance(body.get("type"), str):
            self._text.refuse(at, f"{symbol} has no type")
        if body.get("existing") is True:
            return
        if "copy" not in body:
            yield from self._one(symbol, body, at, within)
            return
        name, count = copies_of(body["copy"], within.scope)
        if isinstance(count, Unknown):
            why = f"how many there are: {count.reason}"
            inside = replace(within, scope=within.scope.round(name, Unknown(why)), doubt=within.doubt or why)
            yield from self._one(f"{symbol}[*]", body, at, inside)
            return
        for index in range(count):
            inside = replace(within, scope=within.scope.round(name, index))
            yield from self._one(f"{symbol}[{index}]", body, at, inside)

    def _one(self, symbol: str, body: Map, at: int, within: Within) -> Iterator[Resource]:
        scope = within.scope
        there = truth(scope.value(body["condition"])) if "condition" in body else True
        if there is False:
            return
        scope.steps["resources"] += 1
        if scope.steps["resources"] > _MAX_RESOURCES:
            self._text.refuse(at, f"more than {_MAX_RESOURCES} resources")
        within = replace(within, doubt=within.doubt or (there.reason if isinstance(there, Unknown) else None))
        type_ = scope.value(body["type"])
        if not isinstance(type_, str):
            why = type_.reason if isinstance(type_, Unknown) else "it is not what it should be"
            yield self._opaque(symbol, at, f"its type cannot be told: {why}")
            return
        type_, name = within.child(type_, scope.value(body.get("name")))
        if type_.casefold() == DEPLOYMENT:
            yield from self._deployment(symbol, body, at, name, within)
        elif "import" in body or "extension" in body:
            yield self._opaque(symbol, at, f"{type_[:100]} is of an extension, not of Azure")
        else:
            values = {key: scope.value(part) for key, part in body.items() if key not in {"resources", "copy"}}
            for each in self._made(symbol, type_, name, values, at):
                yield each if within.doubt is None else perhaps(each, within.doubt, self._document.aliases)
            yield from self._all(body.get("resources"), replace(within, type=type_, name=name))

    def _made(self, symbol: str, type_: str, name: object, values: Mapping[str, object], at: int) -> Iterator[Resource]:
        """A resource, and the pools inside a cluster."""
        known = name if isinstance(name, str) else None
        yield self._resource(self._planned(symbol, type_, known, values, at), known, values)
        for suffix, kind, pool in pools_of(type_, values):
            yield self._resource(self._planned(symbol, type_, known, pool, at, (suffix, kind)), None, pool)

    def _planned(
        self,
        symbol: str,
        type_: str,
        name: str | None,
        values: Mapping[str, object],
        at: int,
        pool: tuple[str, str] = ("", ""),
    ) -> Planned:
        suffix, declared = pool[0], pool[1] or type_
        row = row_of(declared)
        known = symbol if name is None else name
        where = _planned.region_of("azure", looked_up(values, ("location",)))
        tagged = row.tags is not None if row is not None else True if looked_up(values, ("tags",)) is not None else None
        return Planned(
            address=self._address(f"{type_}/{known}" if symbol.startswith(_UNNAMED) else symbol, suffix),
            name=known.rpartition("/")[2] + suffix,
            declared=declared,
            row=row,
            change=None,
            region=where if isinstance(where, str | Unknown) else None,
            taggable=tagged,
            at=self._text.at(at),
        )

    def _resource(self, planned: Planned, name: str | None, values: Mapping[str, object]) -> Resource:
        path = planned.row.tags if planned.row is not None else ("tags",)
        labels = NONE if path is None else self._labels(planned, name, looked_up(values, path))
        tags = _tags.tags_of(labels, self._document.aliases)
        found = _planned.resource(planned, tags, machines_of(planned.declared, planned.row, values))
        found.fields["cloud"] = "azure"
        found.fields["kind"] = kind_of(planned.row, values) or found.fields["kind"]
        found.unknown["resource_group"] = "the resource group is known when it is deployed"
        return found

    def _labels(self, planned: Planned, name: str | None, raw: object) -> Labels:
        """A resource's tags, or those that another resource of the template writes in their place."""
        raw = self._tagged.get((planned.declared.casefold(), str(name).casefold()), raw)
        labels = _tags.of_map(raw)
        if None not in self._tagged:
            return labels
        return _tags.merged(labels, Labels({}, str(self._tagged[None])))

    def _address(self, name: str, suffix: str = "") -> str:
        """An address that nothing else has: of what is there twice, the later ones with a number."""
        address = f"{self._place.address}{name}{suffix}"
        number = self._seen[address] = self._seen.get(address, 0) + 1
        return address if number == 1 else f"{address}#{number}"

    def _deployment(self, symbol: str, body: Map, at: int, name: object, within: Within) -> Iterator[Resource]:
        known = name if isinstance(name, str) and symbol.startswith(_UNNAMED) else symbol
        place = Place(f"{self._address(known)}/", within.doubt, self._place.files, self._place.depth + 1)
        if place.depth > _MAX_NESTED:
            yield self._opaque(symbol, at, f"deployments nested deeper than {_MAX_NESTED}")
            return
        found = nested(body.get("properties"), self._text, within.scope, place.files)
        if isinstance(found, str):
            yield self._opaque(symbol, at, found)
            return
        if found.file is not None:
            place = replace(place, files=(*place.files, found.file))
        yield from Template(found, place, self._document).resources()

    def _opaque(self, symbol: str, at: int, reason: str) -> Resource:
        """One resource that stands for all that cannot be seen."""
        address = f"{self._place.address}{symbol}/*"
        self._document.notes.gaps.append(Gap("arm", "*", "*", address, f"{self._text.file}: {reason}"))
        unknown = dict.fromkeys(("type", "region", "account", "taggable", "change", *_planned.NO_ACCELERATORS), reason)
        unknown["cost.month"] = unknown["cost.hour"] = reason
        fields = {"cloud": "azure", "kind": "other", "id": address, "name": symbol, "state": "planned"}
        return Resource({**fields}, Tags.unreadable(reason), unknown, at=self._text.at(at))
