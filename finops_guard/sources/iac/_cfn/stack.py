"""The resources of a CloudFormation template, and of those it nests from files beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.errors import InputError
from finops_guard.model import Gap, Resource, Tags, Unknown
from finops_guard.sources.iac import _planned, _tags
from finops_guard.sources.iac._cfn.machines import machines_of
from finops_guard.sources.iac._cfn.sam import globals_of, with_globals
from finops_guard.sources.iac._cfn.tags import labels_of
from finops_guard.sources.iac._cfn.types import row_of
from finops_guard.sources.iac._cfn.values import Entry, Scope, decide, entries, value_of
from finops_guard.sources.iac._cfn.volumes import volumes_of
from finops_guard.sources.iac._either import Open, looked_up
from finops_guard.sources.iac._marked import Map, Text, read
from finops_guard.sources.iac._maybe import perhaps
from finops_guard.sources.iac._planned import Planned
from finops_guard.sources.iac._tags import NONE, Labels
from finops_guard.sources.iac._types import IacType

if TYPE_CHECKING:
    from finops_guard.sources.iac import Reading

_NESTED = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}
_NAMES = {
    "AWS::EC2::LaunchTemplate": "LaunchTemplateName",
    "AWS::AutoScaling::LaunchConfiguration": "LaunchConfigurationName",
    "AWS::SageMaker::EndpointConfig": "EndpointConfigName",
}
"""Types that others refer to by a name of theirs: the property that has it."""
_MAX_NESTED = 10
_KNOWN_TRANSFORMS = ("AWS::Serverless-", "AWS::LanguageExtensions", "AWS::CodeDeploy", "AWS::SecretsManager-")


@dataclass(frozen=True, slots=True)
class Parent:
    """What a stack is nested in: the address, its tags for all resources below, parameters, and doubts of it."""

    address: str = ""
    tags: Labels = NONE
    given: Mapping[str, object] | None = None
    perhaps: str | None = None
    files: tuple[Path, ...] = ()


@dataclass(slots=True)
class Stack:
    """One template in its place."""

    path: Path
    text: Text
    scope: Scope
    globals: Mapping[str, object]
    transforms: list[object]
    parent: Parent
    document: Reading
    bodies: dict[str, Entry] = field(default_factory=dict)
    values: dict[str, object] = field(default_factory=dict)
    names: dict[str, str] | None = None
    """Names that resources give themselves, where others refer to them by it."""

    def properties(self, name: str) -> object:
        """The properties of a resource of this template, evaluated once."""
        if name not in self.values:
            entry = self.bodies.get(name)
            body = entry.body.get("Properties") if entry is not None and isinstance(entry.body, dict) else None
            self.values[name] = {} if entry is None or body is None else value_of(body, entry.scope)
        return self.values[name]

    def named(self, name: str) -> object:
        """The properties of the resource that has this name of its own; None where none is known to."""
        if self.names is None:
            self.names = {}
            for each, entry in self.bodies.items():
                said = looked_up(self.properties(each), (_NAMES[type_],)) if (type_ := _type(entry)) in _NAMES else None
                if isinstance(said, str):
                    self.names.setdefault(said, each)
        return self.properties(self.names[name]) if name in self.names else None

    def children(self) -> Iterator[Path]:
        """The files here that hold nested templates."""
        for entry in self.bodies.values():
            child = self._child(entry) if _type(entry) in _NESTED else None
            if child is not None:
                yield child

    def resources(self) -> Iterator[Resource]:
        """Every resource; InputError where one is not what a resource is."""
        for entry in self.bodies.values():
            if entry.name == "Fn::Transform":
                yield self._opaque(entry, entry.name, "Fn::Transform brings in what is not in the template")
                continue
            body = entry.body if isinstance(entry.body, dict) else {}
            if entry.stands_for is not None and not body:
                yield self._opaque(entry, entry.name, entry.stands_for)
                continue
            if _type(entry) is None:
                self.text.refuse(entry.at, f"resource {entry.name} has no Type")
            decided = decide(body["Condition"], entry.scope) if "Condition" in body else True
            if decided is not False:
                yield from self._resource(entry, decided.reason if isinstance(decided, Unknown) else None)

    def _resource(self, entry: Entry, undecided: str | None) -> Iterator[Resource]:
        type_ = _type(entry) or ""
        doubt = self.parent.perhaps or undecided or entry.stands_for
        values = with_globals(type_, self.properties(entry.name), self.globals)
        row = row_of(type_)
        taggable = _taggable(row, values)
        own = labels_of(self, entry.name, type_, row, values)
        tags = _tags.merged(self.parent.tags, own) if taggable is not False else NONE
        if (macro := self._macro()) is not None:
            tags = replace(tags, open_because=tags.open_because or macro)
        planned = Planned(
            address=self.parent.address + entry.name,
            name=_name(entry),
            declared=type_,
            row=row,
            change=None,
            region=Unknown("a template does not say in which region"),
            taggable=taggable,
            at=self.text.at(entry.at),
        )
        machines = machines_of(self, type_, row, values)
        found = _planned.resource(planned, _tags.tags_of(tags, self.document.aliases), machines)
        if found.fields.get("cloud") is None and type_.startswith("Custom::"):
            found.fields["cloud"] = "aws"
        for each in (found, *volumes_of(self, planned, values, own)):
            yield each if doubt is None else perhaps(each, doubt, self.document.aliases)
        if type_ in _NESTED:
            yield from self._nested(entry, type_, values, replace(self.parent, tags=tags, perhaps=doubt))
        elif type_.endswith("::MODULE"):
            yield self._opaque(entry, f"{entry.name}.*", f"module {type_} is expanded when it is deployed")

    def _nested(self, entry: Entry, type_: str, values: object, parent: Parent) -> Iterator[Resource]:
        where, child = looked_up(values, (_NESTED[type_],)), self._child(entry)
        if child is None or len(parent.files) >= _MAX_NESTED or child in parent.files:
            reason = _elsewhere(where) if child is None else "stacks that nest each other, or deeper than we follow"
            yield self._opaque(entry, f"{entry.name}.*", reason)
            return
        given = looked_up(values, ("Parameters",))
        below = Parent(
            address=f"{self.parent.address}{entry.name}.",
            tags=parent.tags,
            given=Open({}, given.reason) if isinstance(given, Unknown) else given if isinstance(given, dict) else {},
            perhaps=parent.perhaps,
            files=(*parent.files, child),
        )
        yield from stack(child, self.document, below).resources()

    def _child(self, entry: Entry) -> Path | None:
        """The template that a resource nests, where it is a file beside this one; `cdk synth` says it by metadata."""
        where = looked_up(self.properties(entry.name), (_NESTED.get(_type(entry) or "", ""),))
        said = _metadata(entry, "aws:asset:path") if _metadata(entry, "aws:asset:property") == "TemplateURL" else None
        where = where if said is None else said
        if not isinstance(where, str) or "://" in where or "\0" in where or Path(where).is_absolute():
            return None
        child = self.path.parent / where
        return child.resolve() if child.is_file() else None

    def _opaque(self, entry: Entry, name: str, reason: str) -> Resource:
        """One resource that stands for all that cannot be seen."""
        address = self.parent.address + name
        self.document.notes.gaps.append(Gap("cloudformation", "*", "*", address, f"{self.path}: {reason}"))
        fields = {"cloud": "aws", "kind": "other", "id": address, "name": name, "state": "planned"}
        unknown = dict.fromkeys(("type", "region", "account", "taggable", "change", *_planned.NO_ACCELERATORS), reason)
        unknown["cost.month"] = unknown["cost.hour"] = reason
        return Resource({**fields}, Tags.unreadable(reason), unknown, at=self.text.at(entry.at))

    def _macro(self) -> str | None:
        """Why any resource may get more tags than it says."""
        for each in self.transforms:
            name = each.get("Name") if isinstance(each, dict) else each
            if not isinstance(name, str) or not name.startswith(_KNOWN_TRANSFORMS):
                return f"transform {name} may change it when it is deployed"
        return None


def stack(path: Path, document: Reading, parent: Parent | None = None) -> Stack:
    """A template, read. InputError where it is none."""
    text, documents = read(path)
    if len(documents) != 1 or not isinstance(documents[0], Map):
        raise InputError(f"{path}:1:1: not one CloudFormation template")
    template: Map = documents[0]
    resources = template.get("Resources")
    if not isinstance(resources, dict) or not resources:
        at = template.keys_at.get("Resources", template.at)
        text.refuse(at, "a CloudFormation template without Resources")
    parent = parent or Parent(files=(path.resolve(),))
    sections = {name: _section(text, template, name) for name in ("Parameters", "Mappings", "Conditions")}
    conditions: dict[str, tuple[object, Mapping[str, str]]] = {}
    bodies: dict[str, Entry] = {}
    scope = Scope(sections["Parameters"], sections["Mappings"], conditions, bodies, parent.given)
    conditions.update({each.name: (each.body, each.scope.loop) for each in entries(sections["Conditions"], scope)})
    for entry in entries(resources, scope):
        if entry.name in bodies:
            text.refuse(entry.at, f"resource {entry.name} is there twice")
        bodies[entry.name] = entry
    listed = template.get("Transform")
    transforms = listed if isinstance(listed, list) else [] if listed is None else [listed]
    return Stack(path, text, scope, globals_of(template, scope), transforms, parent, document, bodies)


def _section(text: Text, template: Map, name: str) -> Mapping[str, object]:
    section = template.get(name)
    if section is not None and not isinstance(section, dict):
        text.refuse(template.keys_at[name], f"{name} is not a map")
    return section or {}


def _taggable(row: IacType | None, values: object) -> bool | None:
    if row is not None:
        return row.tags is not None
    return True if isinstance(values, dict) and "Tags" in values else None


def _type(entry: Entry) -> str | None:
    type_ = entry.body.get("Type") if isinstance(entry.body, dict) else None
    return type_ if isinstance(type_, str) else None


def _elsewhere(where: object) -> str:
    if isinstance(where, Unknown):
        return f"where its template is cannot be told: {where.reason}"
    return f"its template {where[:200]} is not a file here" if isinstance(where, str) else "its template is elsewhere"


def _name(entry: Entry) -> str:
    return _metadata(entry, "aws:cdk:path") or entry.name


def _metadata(entry: Entry, key: str) -> str | None:
    """What `cdk synth` says of a resource."""
    metadata = entry.body.get("Metadata") if isinstance(entry.body, dict) else None
    said = metadata.get(key) if isinstance(metadata, dict) else None
    return said if isinstance(said, str) else None
