"""The resources of an ARM template, its loops run and its nested deployments followed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.errors import InputError
from finops_guard.model import Gap, Resource, Tags, Unknown
from finops_guard.sources.iac import _planned, _tags
from finops_guard.sources.iac._arm.functions import member
from finops_guard.sources.iac._arm.machines import machines_of, pools_of
from finops_guard.sources.iac._arm.types import row_of
from finops_guard.sources.iac._arm.values import Loop, Scope, copies_of, truth, value_of
from finops_guard.sources.iac._either import Open
from finops_guard.sources.iac._marked import Map, Text, read_json
from finops_guard.sources.iac._maybe import perhaps
from finops_guard.sources.iac._planned import Planned
from finops_guard.sources.iac._tags import NONE, Labels

if TYPE_CHECKING:
    from finops_guard.sources.iac import Reading
    from finops_guard.sources.iac._types import Path as Steps

_DEPLOYMENT = "microsoft.resources/deployments"
_MAX_NESTED = 20


@dataclass(frozen=True, slots=True)
class Place:
    """Where a template stands: the address before its resources' own, doubts of the whole, files on the way."""

    address: str = ""
    perhaps: str | None = None
    files: tuple[Path, ...] = ()
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Parent:
    """The resource that a child stands in."""

    type: str
    name: object


class Template:
    """One template, or one nested in another, in its scope."""

    def __init__(self, body: Map, text: Text, scope: Scope, place: Place, document: Reading) -> None:
        self._body, self._text, self._scope, self._place, self._document = body, text, scope, place, document
        self._seen: dict[str, int] = {}

    def resources(self) -> Iterator[Resource]:
        """Every resource that is deployed; InputError where one is not what a resource is."""
        yield from self._all(self._body.get("resources"), None, self._scope, self._place.perhaps)

    def _all(self, listed: object, parent: Parent | None, scope: Scope, doubt: str | None) -> Iterator[Resource]:
        if isinstance(listed, Map):
            for symbol, body in listed.items():
                yield from self._copies(symbol, body, listed.keys_at[symbol], parent, scope, doubt)
        for number, body in enumerate(listed if isinstance(listed, list) else ()):
            at = body.at if isinstance(body, Map) else self._body.at
            yield from self._copies(f"resources[{number}]", body, at, parent, scope, doubt)

    def _copies(
        self, symbol: str, body: object, at: int, parent: Parent | None, scope: Scope, doubt: str | None
    ) -> Iterator[Resource]:
        if not isinstance(body, Map) or not isinstance(body.get("type"), str):
            self._text.refuse(at, f"{symbol} has no type")
        if body.get("existing") is True:
            return
        if "copy" not in body:
            yield from self._one(symbol, body, at, parent, scope, doubt)
            return
        name, count = copies_of(body["copy"], scope)
        if isinstance(count, Unknown):
            why = f"how many there are: {count.reason}"
            yield from self._one(f"{symbol}[*]", body, at, parent, scope.round(name, Unknown(why)), doubt or why)
            return
        for index in range(count):
            yield from self._one(f"{symbol}[{index}]", body, at, parent, scope.round(name, index), doubt)

    def _one(
        self, symbol: str, body: Map, at: int, parent: Parent | None, scope: Scope, doubt: str | None
    ) -> Iterator[Resource]:
        there = truth(value_of(body["condition"], scope)) if "condition" in body else True
        if there is False:
            return
        doubt = doubt or (there.reason if isinstance(there, Unknown) else None)
        found = value_of(body["type"], scope)
        if not isinstance(found, str):
            yield self._opaque(symbol, at, f"its type cannot be told: {_reason(found)}")
            return
        name = value_of(body.get("name"), scope)
        type_ = _below(parent, found)
        if type_.casefold() == _DEPLOYMENT:
            yield from self._deployment(symbol, body, at, name, scope, doubt)
            return
        if "import" in body or "extension" in body:
            yield self._opaque(symbol, at, f"{type_[:100]} is of an extension, not of Azure")
            return
        values = {key: value_of(part, scope) for key, part in body.items() if key not in {"resources", "copy"}}
        full = _full(parent, found, name)
        planned = self._planned(symbol, type_, full, values, at)
        made = [self._resource(planned, values)]
        made += [
            self._resource(self._planned(symbol, type_, full, pool, at, suffix), pool)
            for suffix, type_, pool in pools_of(type_, values)
        ]
        for each in made:
            yield each if doubt is None else perhaps(each, doubt, self._document.aliases)
        yield from self._all(body.get("resources"), Parent(type_, full), scope, doubt)

    def _planned(
        self, symbol: str, type_: str, name: object, values: Mapping[str, object], at: int, suffix: str = ""
    ) -> Planned:
        row = row_of(type_)
        known = name if isinstance(name, str) else symbol
        where = _planned.region_of("azure", looked_up(values, ("location",)))
        tagged = row.tags is not None if row is not None else True if looked_up(values, ("tags",)) is not None else None
        return Planned(
            address=self._address(symbol if symbol[:10] != "resources[" else f"{type_}/{known}", suffix),
            name=known.rpartition("/")[2] + suffix,
            declared=type_,
            row=row,
            change=None,
            region=where if isinstance(where, str | Unknown) else None,
            taggable=tagged,
            at=self._text.at(at),
        )

    def _resource(self, planned: Planned, values: Mapping[str, object]) -> Resource:
        path = planned.row.tags if planned.row is not None else ("tags",)
        labels = NONE if path is None else _labels(looked_up(values, path))
        tags = _tags.tags_of(labels, self._document.aliases)
        found = _planned.resource(planned, tags, machines_of(planned.declared, planned.row, values))
        found.fields["cloud"] = "azure"
        found.unknown["resource_group"] = "the resource group is known when it is deployed"
        return found

    def _address(self, name: str, suffix: str = "") -> str:
        """An address that nothing else has: of what is there twice, the later ones with a number."""
        address = f"{self._place.address}{name}{suffix}"
        number = self._seen[address] = self._seen.get(address, 0) + 1
        return address if number == 1 else f"{address}#{number}"

    def _deployment(
        self, symbol: str, body: Map, at: int, name: object, scope: Scope, doubt: str | None
    ) -> Iterator[Resource]:
        properties = body.get("properties")
        known = name if isinstance(name, str) and symbol[:10] == "resources[" else symbol
        address = self._address(known)
        place = Place(f"{address}/", doubt, self._place.files, self._place.depth + 1)
        if not isinstance(properties, Map):
            yield self._opaque(symbol, at, "a deployment without a map of properties")
            return
        inline = properties.get("template")
        if place.depth > _MAX_NESTED:
            yield self._opaque(symbol, at, f"deployments nested deeper than {_MAX_NESTED}")
        elif isinstance(inline, Map):
            yield from self._nested(inline, self._text, properties, scope, place)
        else:
            link = value_of(properties.get("templateLink"), scope)
            where = looked_up(link, ("relativePath",))
            child = self._file(where)
            if child is None or child in place.files:
                yield self._opaque(symbol, at, _elsewhere(link, where))
                return
            text, body = opened(child)
            yield from self._nested(
                body, text, properties, scope, replace(place, files=(*place.files, child)), inner=True
            )

    def _nested(
        self, body: Map, text: Text, properties: Map, scope: Scope, place: Place, *, inner: bool = False
    ) -> Iterator[Resource]:
        options = value_of(properties.get("expressionEvaluationOptions"), scope)
        if inner or str(looked_up(options, ("scope",))).casefold() == "inner":
            scope = scope_of(body, given_by(value_of(properties.get("parameters"), scope)), scope)
        yield from Template(body, text, scope, place, self._document).resources()

    def _file(self, where: object) -> Path | None:
        if not isinstance(where, str) or "\0" in where or Path(where).is_absolute():
            return None
        child = Path(self._text.file).parent / where
        return child.resolve() if child.is_file() else None

    def _opaque(self, symbol: str, at: int, reason: str) -> Resource:
        """One resource that stands for all that cannot be seen."""
        address = f"{self._place.address}{symbol}/*"
        self._document.notes.gaps.append(Gap("arm", "*", "*", address, f"{self._text.file}: {reason}"))
        unknown = dict.fromkeys(("type", "region", "account", "taggable", "change", *_planned.NO_ACCELERATORS), reason)
        unknown["cost.month"] = unknown["cost.hour"] = reason
        fields = {"cloud": "azure", "kind": "other", "id": address, "name": symbol, "state": "planned"}
        return Resource({**fields}, Tags.unreadable(reason), unknown, at=self._text.at(at))


def opened(path: Path) -> tuple[Text, Map]:
    """A template's text and body. InputError where it is none."""
    text, body = read_json(path)
    if not isinstance(body, Map):
        raise InputError(f"{path}:1:1: not an ARM template")
    if "deploymentparameters.json" in str(body.get("$schema")).casefold():
        raise InputError(f"{path}:1:1: a parameter file", help="Name the template that it is for.")
    if not isinstance(body.get("resources"), Map | list):
        text.refuse(body.keys_at.get("resources", body.at), "an ARM template without resources")
    return text, body


def scope_of(body: Map, given: Mapping[str, object], parent: Scope | None = None) -> Scope:
    """What names mean in a template."""
    variables: dict[str, object] = {}
    for name, node in _section(body, "variables").items():
        if name == "copy" and isinstance(node, list):
            loops = [each for each in node if isinstance(each, dict)]
            variables.update({str(each.get("name")).casefold(): Loop(str(each.get("name")), each) for each in loops})
        else:
            variables[name.casefold()] = node
    parameters = {name.casefold(): node for name, node in _section(body, "parameters").items()}
    two = str(body.get("languageVersion", "1")).startswith("2")
    found = Scope(parameters, variables, _functions(body), given, nullable=two)
    return found if parent is None else replace(found, steps=parent.steps)


def looked_up(values: object, path: Steps) -> object:
    """The value at a path, its steps in any case: None where it is absent, Unknown where it cannot be told."""
    value = values
    for step in path:
        if isinstance(value, Unknown):
            return value
        try:
            value = member(value, step)
        except KeyError:
            return None
    return value


def _functions(body: Map) -> dict[str, tuple[list[str], object]]:
    found: dict[str, tuple[list[str], object]] = {}
    listed = body.get("functions")
    for space in listed if isinstance(listed, list) else ():
        members = space.get("members") if isinstance(space, dict) else None
        for name, function in members.items() if isinstance(members, dict) else ():
            if isinstance(function, dict) and isinstance(output := function.get("output"), dict):
                given = function.get("parameters")
                names = [str(each.get("name")) for each in given or () if isinstance(each, dict)]
                found[f"{space.get('namespace')}.{name}".casefold()] = (names, output.get("value"))
    return found


def given_by(parameters: object) -> Mapping[str, object]:
    """Parameters by folded name, from `{name: {value}}`."""
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        return Open({}, _reason(parameters))
    found: dict[str, object] = {}
    for name, holder in parameters.items():
        if isinstance(holder, Unknown):
            found[name.casefold()] = holder
        elif isinstance(holder, dict) and "value" in holder:
            found[name.casefold()] = holder["value"]
        elif isinstance(holder, dict) and "reference" in holder:
            found[name.casefold()] = Unknown(f"parameter {name} is read from a key vault when it is deployed")
    return Open(found, parameters.because) if isinstance(parameters, Open) else found


def _section(body: Map, name: str) -> Mapping[str, object]:
    section = body.get(name)
    return section if isinstance(section, dict) else {}


def _below(parent: Parent | None, type_: str) -> str:
    return type_ if parent is None or "/" in type_ else f"{parent.type}/{type_}"


def _full(parent: Parent | None, type_: str, name: object) -> object:
    """A child's name with its parents', where its type does not say it already."""
    if parent is None or "/" in type_ or isinstance(name, Unknown):
        return name
    return parent.name if isinstance(parent.name, Unknown) else f"{parent.name}/{name}"


def _labels(raw: object) -> Labels:
    return Labels(_tags.of_map({**raw}).values, raw.because) if isinstance(raw, Open) else _tags.of_map(raw)


def _reason(value: object) -> str:
    return value.reason if isinstance(value, Unknown) else "it is not what it should be"


def _elsewhere(link: object, where: object) -> str:
    for each in (link, where):
        if isinstance(each, Unknown):
            return f"where its template is cannot be told: {each.reason}"
    if isinstance(where, str):
        return f"its template {where[:200]} is not a file here"
    return "its template is elsewhere, and nothing is downloaded"
