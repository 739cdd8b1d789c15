"""The resources of a CloudFormation stack, and of those it nests from files beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from finops_guard.model import Gap, Resource, Tags, Unknown
from finops_guard.sources.iac import _planned, _tags
from finops_guard.sources.iac._cfn.conditions import decide
from finops_guard.sources.iac._cfn.loops import Entry
from finops_guard.sources.iac._cfn.machines import machines_of
from finops_guard.sources.iac._cfn.replicas import replicas_of
from finops_guard.sources.iac._cfn.sam import with_globals
from finops_guard.sources.iac._cfn.scope import Reference
from finops_guard.sources.iac._cfn.stack import NESTED, Stack, metadata_of, type_of
from finops_guard.sources.iac._cfn.stages import kept, stage_of
from finops_guard.sources.iac._cfn.tags import labels_of
from finops_guard.sources.iac._cfn.types import row_of
from finops_guard.sources.iac._cfn.volumes import volumes_of
from finops_guard.sources.iac._either import looked_up
from finops_guard.sources.iac._maybe import perhaps
from finops_guard.sources.iac._planned import Planned
from finops_guard.sources.iac._propagation import propagation
from finops_guard.sources.iac._tags import NONE, Labels
from finops_guard.sources.iac._types import IacType, Path

_KNOWN_TRANSFORMS = ("AWS::Serverless-", "AWS::LanguageExtensions", "AWS::CodeDeploy", "AWS::SecretsManager-")
_SET = "AWS::CloudFormation::StackSet"
_NO_REGION = Unknown("a template does not say in which region")


def resources_of(stack: Stack) -> Iterator[Resource]:
    """Every resource; InputError where one is not what a resource is."""
    for entry in stack.bodies.values():
        if entry.name == "Fn::Transform":
            yield _opaque(stack, entry, entry.name, "Fn::Transform brings in what is not in the template")
            continue
        body = entry.body if isinstance(entry.body, dict) else {}
        if entry.stands_for is not None and not body:
            yield _opaque(stack, entry, entry.name, entry.stands_for)
            continue
        if type_of(entry) is None and ("Type" in body or "Fn::Transform" in body):
            yield _opaque(stack, entry, entry.name, "another tool or a transform says what it is")
            continue
        if type_of(entry) is None:
            stack.text.refuse(entry.at, f"resource {entry.name} has no Type")
        decided = decide(body["Condition"], entry.scope) if "Condition" in body else True
        if decided is not False:
            yield from _resource(stack, entry, decided.reason if isinstance(decided, Unknown) else None)


def _resource(stack: Stack, entry: Entry, undecided: str | None) -> Iterator[Resource]:
    type_ = type_of(entry) or ""
    doubt = stack.parent.perhaps or undecided or entry.stands_for
    values = with_globals(type_, stack.properties(entry.name), stack.globals)
    row = row_of(type_)
    taggable = _taggable(row, values)
    own = labels_of(stack, entry.name, type_, row, values)
    tags = _reaching(stack, entry, type_, values, _with_the_stacks(stack, type_, kept(type_, values, own), taggable))
    pseudo = stack.parent.pseudo
    planned = Planned(
        address=stack.parent.address + entry.name,
        name=metadata_of(entry, "aws:cdk:path") or entry.name,
        declared=type_,
        row=row,
        change=None,
        region=pseudo.get("Region", _NO_REGION),
        account=pseudo.get("AccountId"),
        taggable=taggable,
        at=stack.text.at(entry.at),
    )
    aliases = stack.document.aliases
    found = _planned.resource(planned, _tags.tags_of(tags, aliases), machines_of(stack, type_, row, values))
    if found.fields.get("cloud") is None and type_.startswith("Custom::"):
        found.fields["cloud"] = "aws"
    parts = (volumes_of(stack, planned, values, own), replicas_of(stack, planned, values))
    for each in chain((found,), *parts, stage_of(stack, planned, values, own)):
        yield each if doubt is None else perhaps(each, doubt, aliases)
    if type_ in NESTED:
        yield from _nested(stack, entry, values, tags, doubt)
    elif type_ == _SET:
        yield _opaque(stack, entry, f"{entry.name}.*", "a stack set deploys its template to other accounts")
    elif type_.endswith("::MODULE"):
        yield _opaque(stack, entry, f"{entry.name}.*", f"module {type_} is expanded when it is deployed")


def _with_the_stacks(stack: Stack, type_: str, own: Labels, taggable: bool | None) -> Labels:  # noqa: FBT001 - a fact of three values
    """A resource's tags over those of its stack, which reach whatever can carry tags (User Guide, "Resource tags")."""
    if taggable is False:
        return NONE
    above = stack.parent.tags
    if taggable is None and (above.values or above.open_because):
        why = f"whether tags of a stack reach {type_} is not in the shipped table"
        above = Labels(dict.fromkeys(above.values, Unknown(why)), above.open_because)
    tags = _tags.merged(above, own)
    macro = _macro(stack)
    return tags if macro is None else replace(tags, open_because=tags.open_because or macro)


def _reaching(stack: Stack, entry: Entry, type_: str, values: object, tags: Labels) -> Labels:
    """The tags of what a resource launches, where it launches tasks: those are billed, not it."""
    spread = propagation("cloudformation", type_)
    if spread is None or not spread.launches(lambda path: looked_up(values, path)):
        return tags

    def of(path: Path) -> Labels:
        other = looked_up(values, path)
        body = stack.bodies.get(other.to) if isinstance(other, Reference) else None
        if body is None:
            why = other.reason if isinstance(other, Unknown) else "it is not in the template"
            return Labels({}, f"the tags of its {path[-1]} reach what it launches: {why}")
        declared = type_of(body) or ""
        row, its = row_of(declared), stack.properties(body.name)
        labels = labels_of(stack, body.name, declared, row, its)
        return _with_the_stacks(stack, declared, labels, _taggable(row, its))

    if spread.loses(lambda path: looked_up(values, path), tags):
        stack.parent.unreached.append(stack.parent.address + entry.name)
    return spread.reaching(lambda path: looked_up(values, path), tags, of)


def _nested(stack: Stack, entry: Entry, values: object, tags: Labels, doubt: str | None) -> Iterator[Resource]:
    child = stack.child(entry.name)
    if child is None:
        where = looked_up(values, (NESTED[type_of(entry) or ""],))
        several = "stacks that nest each other, or more or deeper than we follow"
        why = _elsewhere(where) if stack.file_of(entry) is None else stack.broken.get(entry.name, several)
        yield _opaque(stack, entry, f"{entry.name}.*", why)
        return
    child.parent = replace(child.parent, tags=tags, perhaps=doubt)
    yield from resources_of(child)


def _opaque(stack: Stack, entry: Entry, name: str, reason: str) -> Resource:
    """One resource that stands for all that cannot be seen."""
    address = stack.parent.address + name
    stack.document.notes.gaps.append(Gap("cloudformation", "*", "*", address, f"{stack.path}: {reason}"))
    fields = {"cloud": "aws", "kind": "other", "id": address, "name": name, "state": "planned"}
    unknown = dict.fromkeys(("type", "region", "account", "taggable", "change", *_planned.NO_ACCELERATORS), reason)
    unknown["cost.month"] = unknown["cost.hour"] = reason
    return Resource({**fields}, Tags.unreadable(reason), unknown, at=stack.text.at(entry.at))


def _macro(stack: Stack) -> str | None:
    """Why any resource may get more tags than it says."""
    for each in stack.transforms:
        name = each.get("Name") if isinstance(each, dict) else each
        if not isinstance(name, str) or not name.startswith(_KNOWN_TRANSFORMS):
            return f"transform {name} may change it when it is deployed"
    return None


def _taggable(row: IacType | None, values: object) -> bool | None:
    if row is not None:
        return row.tags is not None
    return True if isinstance(values, dict) and "Tags" in values else None


def _elsewhere(where: object) -> str:
    if isinstance(where, Unknown):
        return f"where its template is cannot be told: {where.reason}"
    return f"its template {where[:200]} is not a file here" if isinstance(where, str) else "its template is elsewhere"
