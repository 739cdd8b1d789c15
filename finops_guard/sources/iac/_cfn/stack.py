"""One CloudFormation template in its place: its sections, the properties of its resources, the templates it nests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.errors import InputError
from finops_guard.model import Unknown
from finops_guard.sources.iac import _tags
from finops_guard.sources.iac._cfn.conditions import decide
from finops_guard.sources.iac._cfn.deployment import PSEUDO, Deployment
from finops_guard.sources.iac._cfn.loops import Entry, entries
from finops_guard.sources.iac._cfn.parameters import chosen
from finops_guard.sources.iac._cfn.sam import globals_of
from finops_guard.sources.iac._cfn.scope import Scope
from finops_guard.sources.iac._cfn.values import value_of
from finops_guard.sources.iac._either import NO_VALUE, Open, looked_up
from finops_guard.sources.iac._marked import Map, Text, read
from finops_guard.sources.iac._parameters import taken_by
from finops_guard.sources.iac._tags import NONE, Labels

if TYPE_CHECKING:
    from finops_guard.sources.iac import Reading

NESTED = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}
_NAMES = {
    "AWS::EC2::LaunchTemplate": "LaunchTemplateName",
    "AWS::AutoScaling::LaunchConfiguration": "LaunchConfigurationName",
    "AWS::SageMaker::EndpointConfig": "EndpointConfigName",
}
"""Types that others refer to by a name of theirs: the property that has it."""
_CONFIGURATION = frozenset({"Parameters", "Tags", "StackPolicy"})
"""What a file for a template's parameters holds, and no template does."""
_MAX_DEPTH = 10
_MAX_STACKS = 500
"""Nested stacks below one template."""


@dataclass(frozen=True, slots=True)
class Parent:
    """What a stack is nested in: the address, its tags for all resources below, and doubts of it; or nothing.

    `given`: values of its parameters, `pseudo`: of what its deployment decides.
    """

    address: str = ""
    tags: Labels = NONE
    given: Mapping[str, object] = field(default_factory=dict)
    pseudo: Mapping[str, str] = field(default_factory=dict)
    perhaps: str | None = None
    files: tuple[Path, ...] = ()
    spent: Counter[str] = field(default_factory=Counter)
    unreached: list[str] = field(default_factory=list)
    """Addresses of what has tags that reach nothing that it launches."""


@dataclass(slots=True)
class Stack:
    """One template in its place."""

    path: Path
    text: Text
    scope: Scope
    template: Map
    globals: Mapping[str, object]
    parent: Parent
    document: Reading
    bodies: dict[str, Entry] = field(default_factory=dict)
    _values: dict[str, object] = field(default_factory=dict)
    _names: dict[str, str] | None = None
    """Names that resources give themselves, where others refer to them by it."""
    _children: dict[str, Stack | None] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    """Resources that nest what cannot be read -> what is wrong with it."""
    _outputs: dict[str, Entry] | None = None

    @property
    def transforms(self) -> list[object]:
        """What changes the template when it is deployed."""
        listed = self.template.get("Transform")
        return listed if isinstance(listed, list) else [] if listed is None else [listed]

    def properties(self, name: str) -> object:
        """The properties of a resource of this template, evaluated once."""
        if name not in self._values:
            self._values[name] = Unknown(f"{name} is given what follows from itself")
            entry = self.bodies.get(name)
            body = entry.body.get("Properties") if entry is not None and isinstance(entry.body, dict) else None
            self._values[name] = {} if entry is None or body is None else value_of(body, entry.scope)
        return self._values[name]

    def named(self, name: str) -> object:
        """The properties of the resource that has this name of its own; None where none is known to."""
        if self._names is None:
            self._names = {}
            for each, entry in self.bodies.items():
                said = (
                    looked_up(self.properties(each), (_NAMES[type_],)) if (type_ := type_of(entry)) in _NAMES else None
                )
                if isinstance(said, str):
                    self._names.setdefault(said, each)
        return self.properties(self._names[name]) if name in self._names else None

    def children(self) -> Iterator[Path]:
        """The files here that hold nested templates."""
        for entry in self.bodies.values():
            child = self.file_of(entry) if type_of(entry) in NESTED else None
            if child is not None:
                yield child

    def file_of(self, entry: Entry) -> Path | None:
        """The template that a resource nests, where it is a file beside this one; `cdk synth` says it by metadata."""
        where = looked_up(self.properties(entry.name), (NESTED.get(type_of(entry) or "", ""),))
        if metadata_of(entry, "aws:asset:property") == "TemplateURL":
            where = metadata_of(entry, "aws:asset:path") or where
        if not isinstance(where, str) or "://" in where or "\0" in where or Path(where).is_absolute():
            return None
        child = self.path.parent / where
        return child.resolve() if child.is_file() else None

    def child(self, name: str) -> Stack | None:
        """The stack that a resource nests; None where its template is not here or is none, or they nest each other."""
        if name not in self._children:
            self._children[name] = None
            entry = self.bodies.get(name)
            file = self.file_of(entry) if entry is not None and type_of(entry) in NESTED else None
            if file is not None and self._may_nest(file):
                try:
                    self._children[name] = stack(file, self.document, self._below(name, file))
                except InputError as wrong:
                    self.broken[name] = wrong.what
        return self._children[name]

    def output(self, name: str, output: str) -> object:
        """An output of a nested stack; None where it cannot be seen."""
        child = self.child(name)
        return None if child is None else child.said(output)

    def said(self, output: str) -> object:
        """The value of an output of this template; None where it has none of this name."""
        if self._outputs is None:
            self._outputs = {each.name: each for each in entries(self.template.get("Outputs"), self.scope)}
        entry = self._outputs.get(output)
        if entry is None or not isinstance(entry.body, dict) or entry.stands_for is not None:
            return None
        there = decide(entry.body["Condition"], entry.scope) if "Condition" in entry.body else True
        if isinstance(there, Unknown):
            return there
        found = value_of(entry.body.get("Value"), entry.scope) if there else NO_VALUE
        if isinstance(found, Unknown):
            return Unknown(found.reason)
        return None if found is NO_VALUE else found

    def _may_nest(self, file: Path) -> bool:
        self.parent.spent["stacks"] += 1
        inside = len(self.parent.files) < _MAX_DEPTH and file not in self.parent.files
        return inside and self.parent.spent["stacks"] <= _MAX_STACKS

    def _below(self, name: str, file: Path) -> Parent:
        given = looked_up(self.properties(name), ("Parameters",))
        pseudo = {key: value for key, value in self.parent.pseudo.items() if not key.startswith("Stack")}
        return replace(
            self.parent,
            address=f"{self.parent.address}{name}.",
            given=Open({}, given.reason) if isinstance(given, Unknown) else given if isinstance(given, dict) else {},
            pseudo=pseudo,
            files=(*self.parent.files, file),
        )


def deployed(path: Path, document: Reading, how: Deployment, address: str, *, alone: bool) -> Stack:
    """A template that nothing nests, as it is deployed; `alone`: it is all that is read. InputError as of `stack`."""
    tags = _tags.merged(*(_tags.of_map(each.tags) for each in how.values if each.tags))
    parent = Parent(address=address, tags=tags, pseudo=how.pseudo, files=(path.resolve(),))
    found = stack(path, document, parent, how)
    taken_by(document, how.values, [*found.scope.parameters, *PSEUDO], alone=alone, tags=True)
    return found


def stack(path: Path, document: Reading, parent: Parent, how: Deployment | None = None) -> Stack:
    """A template, read. InputError where it is none, or does not allow what it is given."""
    text, documents = read(path)
    if len(documents) != 1 or not isinstance(documents[0], Map):
        raise InputError(f"{path}:1:1: not one CloudFormation template")
    template: Map = documents[0]
    resources = template.get("Resources")
    if not isinstance(resources, dict) or not resources:
        if template and set(template) <= _CONFIGURATION:
            raise InputError(f"{path}:1:1: a parameter file", help="Name the template, and this with --var-file.")
        at = template.keys_at.get("Resources", template.at)
        text.refuse(at, "a CloudFormation template without Resources")
    sections = {name: _section(text, template, name) for name in ("Parameters", "Mappings", "Conditions")}
    given = parent.given if how is None else chosen(how.values, sections["Parameters"])
    conditions: dict[str, tuple[object, Mapping[str, str]]] = {}
    bodies: dict[str, Entry] = {}
    found: list[Stack] = []
    scope = Scope(
        sections["Parameters"],
        sections["Mappings"],
        conditions,
        bodies,
        value_of,
        given,
        parent.pseudo,
        lambda name, output: found[0].output(name, output) if found else None,
        spent=parent.spent,
    )
    conditions.update({each.name: (each.body, each.scope.loop) for each in entries(sections["Conditions"], scope)})
    for entry in entries(resources, scope):
        if entry.name in bodies:
            text.refuse(entry.at, f"resource {entry.name} is there twice")
        bodies[entry.name] = entry
    found.append(Stack(path, text, scope, template, globals_of(template, scope), parent, document, bodies))
    return found[0]


def type_of(entry: Entry) -> str | None:
    """The type that a resource says; None where it says none."""
    type_ = entry.body.get("Type") if isinstance(entry.body, dict) else None
    return type_ if isinstance(type_, str) else None


def metadata_of(entry: Entry, key: str) -> str | None:
    """What `cdk synth` says of a resource."""
    metadata = entry.body.get("Metadata") if isinstance(entry.body, dict) else None
    said = metadata.get(key) if isinstance(metadata, dict) else None
    return said if isinstance(said, str) else None


def _section(text: Text, template: Map, name: str) -> Mapping[str, object]:
    section = template.get(name)
    if section is not None and not isinstance(section, dict):
        text.refuse(template.keys_at[name], f"{name} is not a map")
    return section or {}
