"""Declared resources as resources to judge: attributes on demand, tags with what their provider writes on them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from finops_guard.model import Location, Resource, Unknown
from finops_guard.sources.iac import _planned, _tags
from finops_guard.sources.iac import _replicas as replicas
from finops_guard.sources.iac._hcl.labels import defaults, labels, launched, of_owner, provider, taggable, unreached
from finops_guard.sources.iac._hcl.looks import Attributes
from finops_guard.sources.iac._hcl.module import Declared
from finops_guard.sources.iac._hcl.providers import Provider, allows
from finops_guard.sources.iac._hcl.references import of_machines
from finops_guard.sources.iac._maybe import perhaps
from finops_guard.sources.iac._plan_machines import disk, machines_of
from finops_guard.sources.iac._planned import Planned
from finops_guard.sources.iac._pools import CLUSTERS, POOLS, pools_of
from finops_guard.sources.iac._tags import NONE, Labels, merged
from finops_guard.sources.iac._types import cloud_of, iac_type

_PLACES = {"aws": ("region",), "gcp": ("region", "zone", "location"), "azure": ("location",)}
_AWS_ZONE = re.compile(r"([a-z]{2,}(?:-[a-z]+)+-\d+)(?:-[a-z0-9-]+)?[a-z]")
_VOLUMES_TOO = (5, 39)
"""The provider's version from which on it writes default tags on volumes of instances."""


class Reader:
    """Reads the resources of modules; `aliases` as in `Tags.of`, `nowhere` where a block has no place."""

    def __init__(self, aliases: Mapping[str, str], prefix: str = "") -> None:
        self._aliases, self._prefix = aliases, prefix
        self.unreached: list[str] = []
        """Addresses of what has tags that reach nothing that it launches."""

    def resources(self, declared: Declared) -> Iterator[Resource]:
        """A resource and its volumes; where its number cannot be told, one that stands for all."""
        for found in self._resources(declared):
            yield found if declared.doubt is None else perhaps(found, declared.doubt, self._aliases)

    def _resources(self, declared: Declared) -> Iterator[Resource]:
        type_, name = declared.block.labels
        row, cloud, side = iac_type("terraform", type_), cloud_of(type_), Attributes(declared)
        if row is not None and row.tags is None and side.has("tags"):
            row = None  # a provider that is newer than the table
        uses = provider(declared)
        other = of_machines(declared, row, side) if row is not None and row.via else None
        index = declared.instance.index
        planned = Planned(
            address=self._prefix + declared.address,
            name=name if index is None else f"{name}[{index}]",
            declared=type_,
            row=row,
            change=None,
            region=_region(cloud, side, uses),
            account=side.look(("project",)) if cloud == "gcp" else None,
            taggable=taggable(declared, side),
            at=Location(declared.block.file, declared.block.line, declared.block.column),
        )
        own = of_owner(declared, side, uses, other)
        if unreached(declared, side, uses):
            self.unreached.append(planned.address)
        tags = _tags.tags_of(own, self._aliases)
        found = _planned.resource(planned, tags, _numbers(machines_of(row, type_, side, other)))
        if cloud == "azure":
            group = side.look(("resource_group_name",))
            if isinstance(group, Unknown):
                found.unknown["resource_group"] = group.reason
            else:
                found.fields["resource_group"] = None if group is None else str(group)
        yield found
        if type_ == "aws_instance":
            yield from self._volumes(planned, declared, side, uses, other)
        if type_ == "aws_dynamodb_table":
            yield from self._replicas(planned, side, own)
        if type_ in CLUSTERS:
            yield from self._pools(planned, side)

    def _pools(self, planned: Planned, side: Attributes) -> Iterator[Resource]:
        """The node pools that a cluster's block describes."""
        type_, row = POOLS[planned.declared], iac_type("terraform", POOLS[planned.declared])
        for end, part in pools_of(planned.declared, side.told, ("node_pool", "node_config")):
            pool = replace(planned, address=planned.address + end, name=planned.name + end, declared=type_, row=row)
            own = NONE if row is None or row.tags is None else labels(part.look(row.tags))
            machines = _numbers(machines_of(row, type_, part, None))
            yield _planned.resource(replace(pool, taggable=True), _tags.tags_of(own, self._aliases), machines)

    def _volumes(
        self,
        planned: Planned,
        declared: Declared,
        side: Attributes,
        uses: Provider | Unknown | None,
        template: Attributes | Unknown | None,
    ) -> Iterator[Resource]:
        """The volumes that an instance declares. From 5.39 on the provider writes its default tags on them too."""
        shared = labels(side.look(("volume_tags",)))
        written = launched(template, "volume")
        if allows(declared.module, "aws", _VOLUMES_TOO):
            written = merged(written, defaults(declared.module, "aws", uses))
        for block in ("root_block_device", "ebs_block_device"):
            for number, device in enumerate(side.rows(block)):
                volume = replace(planned, address=f"{planned.address}.{block}[{number}]", taggable=True,
                    row=iac_type("terraform", "aws_ebs_volume"), name=f"{planned.name} {block}[{number}]")  # fmt: skip
                told = device if isinstance(device, dict) else {}
                own = merged(written, shared, labels(told.get("tags")))
                found = _planned.resource(volume, _tags.tags_of(own, self._aliases), _numbers(disk(told)))
                yield perhaps(found, device.reason, self._aliases) if isinstance(device, Unknown) else found

    def _replicas(self, planned: Planned, side: Attributes, own: Labels) -> Iterator[Resource]:
        """The replicas of a table in other regions: billed by themselves, with its tags only if it hands them on."""
        for number, replica in enumerate(side.rows("replica")):
            each, tags = replicas.of(planned, number, replica if isinstance(replica, dict) else {}, own)
            found = _planned.resource(each, _tags.tags_of(tags, self._aliases), _planned.Machines())
            yield perhaps(found, replica.reason, self._aliases) if isinstance(replica, Unknown) else found


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
