"""Declared resources as resources to judge: attributes on demand, tags with what their provider writes on them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from finops_guard.model import Location, Resource, Unknown
from finops_guard.sources.iac import _planned, _tags
from finops_guard.sources.iac._hcl.blocks import has
from finops_guard.sources.iac._hcl.module import Computed, Declared, Module
from finops_guard.sources.iac._hcl.providers import Provider, allows, default_tags, provider_of
from finops_guard.sources.iac._hcl.values import Lazy, OpenMap, Val, WrongError, text
from finops_guard.sources.iac._maybe import perhaps
from finops_guard.sources.iac._plan_machines import disk, machines_of
from finops_guard.sources.iac._plan_values import Values
from finops_guard.sources.iac._planned import Planned
from finops_guard.sources.iac._tags import NONE, Labels, launched_by, merged, of_list
from finops_guard.sources.iac._types import IacType, cloud_of, iac_type

if TYPE_CHECKING:
    from finops_guard.sources.iac._types import Path

_GROUP = "aws_autoscaling_group"
_PLACES = {"aws": ("region",), "gcp": ("region", "zone", "location"), "azure": ("location",)}
_AWS_ZONE = re.compile(r"([a-z]{2,}(?:-[a-z]+)+-\d+)(?:-[a-z0-9-]+)?[a-z]")
_REFERENCE = re.compile(r"\s*([a-z][a-z0-9_]*)\.([\w-]+)(\[[^\]]*\])?\.\w+\s*")
_DEFAULT_TAGS, _VOLUMES_TOO, _DEFAULT_LABELS = (3, 38), (5, 39), (5,)
"""Provider versions from which on it writes default tags on resources, on volumes of instances, and default labels."""


class Attributes(Values):
    """What a block says, evaluated when it is asked for."""

    __slots__ = ("declared",)

    def __init__(self, declared: Declared) -> None:
        super().__init__(None)
        self.declared = declared

    def has(self, name: str) -> bool:
        """Whether there is such an argument or block."""
        return has(self.declared.block.body, name)

    def look(self, path: Path) -> object:
        """The value at a path; None where it is not said."""
        value = self.declared.get(str(path[0]))
        for step in path[1:]:
            value = _below(value, step)
        return Unknown(value.reason) if isinstance(value, Lazy) else value


def _below(value: Val, step: str | int) -> Val:
    """One step; a block that is the only one is entered without its index."""
    if isinstance(value, (Unknown, Lazy)):
        return Unknown(value.reason) if isinstance(value, Lazy) else value
    if isinstance(value, dict):
        return value.get(step) if isinstance(step, str) else value if step == 0 else None
    if isinstance(value, list):
        index = step if isinstance(step, int) else 0
        found = value[index] if index < len(value) else None
        return found if isinstance(step, int) else _below(found, step)
    return None


def labels(value: Val) -> Labels:
    """A map of tags as its labels."""
    if value is None:
        return NONE
    if isinstance(value, (Unknown, Lazy)):
        return Labels({}, value.reason)
    if isinstance(value, list):
        return of_list(value)
    if not isinstance(value, dict):
        return Labels({}, "its tags are not a map")
    found = {key: _text(item) for key, item in value.items() if item is not None}
    return Labels(found, value.reason if isinstance(value, OpenMap) else None)


def _text(value: Val) -> str | Unknown:
    try:
        return text(value)
    except WrongError as wrong:
        return Unknown(str(wrong))


class Reader:
    """Reads the resources of modules; `aliases` as in `Tags.of`, `nowhere` where a block has no place."""

    def __init__(self, aliases: Mapping[str, str], prefix: str = "") -> None:
        self._aliases, self._prefix = aliases, prefix

    def resources(self, declared: Declared) -> Iterator[Resource]:
        """A resource and its volumes; where its number cannot be told, one that stands for all."""
        for found in self._resources(declared):
            yield found if declared.doubt is None else perhaps(found, declared.doubt, self._aliases)

    def _resources(self, declared: Declared) -> Iterator[Resource]:
        type_, name = declared.block.labels
        row, cloud, side = iac_type("terraform", type_), cloud_of(type_), Attributes(declared)
        provider = provider_of(declared.module, type_, declared.block.body.attributes.get("provider"))
        other = _referred(declared, row, side) if row is not None and row.via else None
        index = declared.instance.index
        planned = Planned(
            address=self._prefix + declared.address,
            name=name if index is None else f"{name}[{index}]",
            declared=type_,
            row=row,
            change=None,
            region=_region(cloud, side, provider),
            account=side.look(("project",)) if cloud == "gcp" else None,
            taggable=_taggable(row, cloud, side),
            at=Location(declared.block.file, declared.block.line, declared.block.column),
        )
        tags = _tags.tags_of(_labels(declared, row, side, provider, other), self._aliases)
        found = _planned.resource(planned, tags, _numbers(machines_of(row, type_, side, other)))
        if cloud == "azure":
            group = side.look(("resource_group_name",))
            if isinstance(group, Unknown):
                found.unknown["resource_group"] = group.reason
            else:
                found.fields["resource_group"] = None if group is None else str(group)
        yield found
        if type_ == "aws_instance":
            yield from self._volumes(planned, declared, side, provider)

    def _volumes(
        self, planned: Planned, declared: Declared, side: Attributes, provider: Provider | Unknown | None
    ) -> Iterator[Resource]:
        """The volumes that an instance declares. From 5.39 on the provider writes its default tags on them too."""
        shared = labels(side.look(("volume_tags",)))
        defaults = NONE
        if allows(declared.module, "aws", _VOLUMES_TOO):
            defaults = _defaults(declared.module, "aws", provider)
        for block in ("root_block_device", "ebs_block_device"):
            devices = side.look((block,))
            for number, device in enumerate(devices if isinstance(devices, list) else ()):
                if not isinstance(device, dict):
                    continue
                volume = replace(planned, address=f"{planned.address}.{block}[{number}]", taggable=True,
                    row=iac_type("terraform", "aws_ebs_volume"), name=f"{planned.name} {block}[{number}]")  # fmt: skip
                own = merged(defaults, shared, labels(device.get("tags")))
                yield _planned.resource(volume, _tags.tags_of(own, self._aliases), _numbers(disk(device)))


def _numbers(machines: _planned.Machines) -> _planned.Machines:
    """The same with plain numbers and texts only."""
    facts = {name: _plain(value) for name, value in machines.facts.items()}
    return replace(
        machines,
        machine=_plain(machines.machine),
        instances=_plain(machines.instances),
        size=_plain(machines.size),
        facts=facts,
    )


def _plain(value: object) -> object:
    if value is None or isinstance(value, (Unknown, str, int, Decimal)):
        return value
    return Unknown("it is neither a text nor a number")


def _labels(
    declared: Declared, row: IacType | None, side: Attributes, provider: Provider | Unknown | None, other: Val
) -> Labels:
    type_, module = declared.block.labels[0], declared.module
    if type_ == _GROUP:
        own = [of_list(_pairs(side.look((name,))), launched=True) for name in ("tag", "tags") if side.has(name)]
        return merged(_launched(other), *own)
    local = type_.partition("_")[0]
    if row is None:
        name = next((each for each in ("tags", "labels") if side.has(each)), None)
        if name is None and cloud_of(type_) is None:
            return NONE
        if name is None:
            return Labels({}, f"whether {type_} can carry tags is not in the shipped table")
        return merged(_defaults(module, local, provider), labels(side.look((name,))))
    if row.tags is None:
        return NONE
    defaults = _defaults(module, local, provider) if row.tags in {("tags",), ("labels",)} else NONE
    own_labels = labels(side.look(row.tags))
    if type_ == "aws_instance" and other is not None:
        return merged(_launched(other), defaults, own_labels)
    return merged(defaults, own_labels)


def _taggable(row: IacType | None, cloud: str | None, side: Attributes) -> bool | None:
    """Whether it can carry tags; of a type that the table does not have, only where it has some or is of no cloud."""
    if row is not None:
        return row.tags is not None
    if side.has("tags") or side.has("labels"):
        return True
    return None if cloud is not None else False


def _pairs(value: object) -> object:
    """The `tag` blocks, each a plain map."""
    if isinstance(value, list):
        return [dict(each) if isinstance(each, dict) else each for each in value]
    return Unknown(value.reason) if isinstance(value, Lazy) else value


def _launched(template: Val) -> Labels:
    if template is None:
        return NONE
    if isinstance(template, Unknown):
        return Labels({}, f"its launch template may add tags: {template.reason}")
    found = template.look(("tag_specifications",))
    if isinstance(found, list):
        found = [{**each, "tags": _closed(each.get("tags"))} if isinstance(each, dict) else each for each in found]
    return launched_by(found)


def _closed(value: Val) -> Val:
    """A map whose keys are all known, or unknown as a whole: which is less than what is known, and never wrong."""
    return Unknown(value.reason) if isinstance(value, (OpenMap, Lazy)) else value


def _defaults(module: Module, local: str, provider: Provider | Unknown | None) -> Labels:
    """What the provider writes on everything, from the version on in which it does."""
    if local == "aws" and allows(module, "aws", _DEFAULT_TAGS):
        return labels(default_tags(provider))
    if local in {"google", "google-beta"} and allows(module, local, _DEFAULT_LABELS):
        if isinstance(provider, Unknown):
            return Labels({}, provider.reason)
        return NONE if provider is None else labels(provider.get("default_labels"))
    return NONE


def _region(cloud: str | None, side: Attributes, provider: Provider | Unknown | None) -> object:
    for name in _PLACES.get(cloud or "", ()):
        value = side.look((name,))
        if value is not None:
            return _planned.region_of(cloud, value) if isinstance(value, (str, Unknown)) else None
    if cloud == "aws":
        zone = side.look(("availability_zone",))
        match = _AWS_ZONE.fullmatch(zone) if isinstance(zone, str) else None
        if match:
            return match[1]
    if cloud not in {"aws", "gcp"} or provider is None:
        return None
    if isinstance(provider, Unknown):
        return provider
    value = provider.get("region")
    if value is None and cloud == "gcp":
        value = provider.get("zone")
    return _planned.region_of(cloud, value) if isinstance(value, (str, Unknown)) else None


def _referred(declared: Declared, row: IacType, side: Attributes) -> Attributes | Unknown | None:
    """The resource that has the machines; Unknown where it is not declared here, None where none is named."""
    for path in row.via:
        value = side.look(path)
        if value is None:
            continue
        if isinstance(value, Computed) and value.owner is not None:
            return Attributes(value.owner)
        found = _by_name(declared, path)
        if found is not None:
            return Attributes(found)
        why = f": {value.reason}" if isinstance(value, Unknown) else ""
        return Unknown(f"its {path[0]} is not declared here{why}")
    return None


def _by_name(declared: Declared, path: Path) -> Declared | None:
    """What an argument refers to by a name that is known, as its expression is written."""
    body = declared.block.body
    for step in path[:-1]:
        if isinstance(step, str):
            inner = next(body.named(step), None)
            if inner is None:
                return None
            body = inner.body
    attribute = body.attributes.get(str(path[-1]))
    if attribute is None or not isinstance(attribute.node, tuple):
        return None
    node, data = attribute.node
    match = _REFERENCE.fullmatch(data[node.start_byte : node.end_byte].decode())
    if match is None or (match[1], match[2]) not in declared.module.config.resources:
        return None
    instances = declared.module.declared(match[1], match[2])
    if isinstance(instances, Unknown):
        return None
    if len(instances) == 1:
        return instances[0]
    return next((each for each in instances if each.instance.index == declared.instance.index), None)
