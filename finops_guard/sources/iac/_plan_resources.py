"""Each change of a plan as a resource: what it will be, where it stands in the sources, and what it was."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from finops_guard.errors import InputError
from finops_guard.model import Location, Resource, Unknown
from finops_guard.sources.iac import _planned, _tags
from finops_guard.sources.iac import _replicas as replicas
from finops_guard.sources.iac._blocks import Sources
from finops_guard.sources.iac._plan_config import Config, cause, expressions
from finops_guard.sources.iac._plan_machines import disk, machines_of, was
from finops_guard.sources.iac._plan_references import References, after, steps
from finops_guard.sources.iac._plan_tags import Owner, labels_of, taggable
from finops_guard.sources.iac._plan_values import Values
from finops_guard.sources.iac._planned import Machines, Planned
from finops_guard.sources.iac._pools import CLUSTERS, POOLS, pools_of
from finops_guard.sources.iac._propagation import propagation
from finops_guard.sources.iac._tags import NONE, of_map
from finops_guard.sources.iac._types import cloud_of, iac_type

_CHANGES = {
    ("no-op",): "none",
    ("create",): "create",
    ("update",): "update",
    ("delete",): "delete",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
    ("create", "forget"): "replace",
    ("forget", "create"): "replace",
}
_JUDGED = frozenset({"create", "update", "replace"})
_NOTHING = frozenset({("read",), ("forget",), ("open",), ("renew",), ("close",)})
_ZONE = re.compile(r"([a-z]{2,}(?:-[a-z]+)+-\d+)(?:-[a-z0-9-]+)?[a-z]")
_ARN = re.compile(r"arn:[\w-]*:[\w-]*:([\w-]*):(\d{12})?:.*")
_PLACES = {"aws": ("region",), "gcp": ("region", "zone", "location"), "azure": ("location",)}


class Plan:
    """A plan whose changes are read one by one; those that refer to each other are found by address."""

    def __init__(self, path: Path, plan: Mapping[str, object], aliases: Mapping[str, str]) -> None:
        self._path, self._aliases = path, aliases
        self._config = Config(plan)
        self._sources = Sources(path.parent)
        self._nowhere = Location(str(path), 1)
        self._references = References(self._config, plan.get("resource_changes"))
        self._folders: dict[tuple[str, ...], Path | None] = {}
        self.unreached: list[str] = []
        """Addresses of what has tags that reach nothing that it launches."""

    def resources(self, raw: Mapping[str, object], number: int) -> Iterator[Resource]:
        """The resource of a change and its volumes; nothing for a data source or what is only forgotten."""
        mode = raw.get("mode", "managed")
        change = raw.get("change")
        where = f"{self._path}: resource_changes[{number}]"
        if mode != "managed":
            return
        if not isinstance(change, dict):
            raise InputError(f"{where} has no change")
        actions = change.get("actions")
        done = tuple(map(str, actions)) if isinstance(actions, list) else ()
        if done in _NOTHING:
            return
        if done not in _CHANGES:
            raise InputError(f"{where}: no change is called {'+'.join(done)[:40] or actions!r}")
        type_, name, address = (raw.get(key) for key in ("type", "name", "address"))
        if not isinstance(type_, str) or not isinstance(name, str) or not isinstance(address, str) or not address:
            raise InputError(f"{where} has no address, type or name")
        yield from self._resource(raw, change, _CHANGES[done], address)

    def _resource(
        self, raw: Mapping[str, object], change: Mapping[str, object], what: str, address: str
    ) -> Iterator[Resource]:
        type_, name = str(raw["type"]), str(raw["name"])
        row, cloud = iac_type("terraform", type_), cloud_of(type_)
        path = steps(str(raw.get("module_address") or ""))
        block = self._config.block(path, type_, name)
        provider = self._config.provider(block, path)
        before = Values(change.get("before"), None, change.get("before_sensitive"))
        side = before if what == "delete" else after(raw)
        other = self._references.referred(raw, row, side, block) if row is not None and row.via else None
        index = raw.get("index")
        planned = Planned(
            address=address + (f" (deposed {raw['deposed']})" if raw.get("deposed") else ""),
            name=name if index is None else f"{name}[{index}]",
            declared=type_,
            row=row,
            change=what,
            region=self._region(cloud, side, before, provider),
            account=_account(cloud, side, before),
            taggable=taggable(row, cloud, side, before),
            at=self._place(path, type_, name),
        )
        owner = self._owner(raw, side)
        own = labels_of(owner, other)
        spread = propagation("terraform", type_)
        if spread is not None and spread.launches(side.look):
            self.unreached += [address] if what in _JUDGED and spread.loses(side.look, own) else []
            own = spread.reaching(side.look, own, lambda path: self._of_other(raw, path, side, block))
            planned = replace(planned, taggable=True)
        tags = _tags.tags_of(own, self._aliases)
        found = _planned.resource(planned, tags, machines_of(row, type_, side, other, expressions(block)))
        if cloud == "azure":
            _put_group(found, side.look(("resource_group_name",)))
        if what != "create":
            old = self._references.referred(raw, row, before, block) if row is not None and row.via else None
            stood = was(machines_of(row, type_, before, old), self._region(cloud, before, before, provider))
            if what in _JUDGED:
                had_before = _tags.tags_of(labels_of(self._owner(raw, before), old), self._aliases)
                stood["team"] = had_before.look("team")
            found.facts["before"] = stood
        yield found
        if type_ == "aws_instance":
            yield from self._volumes(planned, owner, before, found, other)
        if type_ == "aws_dynamodb_table":
            yield from self._replicas(planned, side, before, own)
        if type_ in CLUSTERS:
            yield from self._pools(planned, (side, before), expressions(block), found)

    def _owner(self, raw: Mapping[str, object], side: Values) -> Owner:
        """Whose tags are asked for."""
        type_, path = str(raw.get("type")), steps(str(raw.get("module_address") or ""))
        block = self._config.block(path, type_, str(raw.get("name")))
        provider, because = self._config.provider(block, path), cause(expressions(block).get("tags"))
        return Owner(type_, iac_type("terraform", type_), cloud_of(type_), side, provider, self._config, because)

    def _of_other(
        self, raw: Mapping[str, object], path: tuple[str | int, ...], side: Values, block: Mapping[str, object]
    ) -> _tags.Labels:
        """The tags of what an attribute refers to."""
        other = self._references.change(raw, path, side, block)
        if isinstance(other, Unknown):
            return _tags.Labels({}, f"the tags of its {path[-1]} reach what it launches: {other.reason}")
        return NONE if other is None else labels_of(self._owner(other, after(other)), None)

    def _region(self, cloud: str | None, side: Values, before: Values, provider: Mapping[str, object]) -> object:
        for name in _PLACES.get(cloud or "", ()):
            value = side.look((name,))
            if isinstance(value, str):
                return _planned.region_of(cloud, value)
        if cloud == "azure":
            return side.look(("location",))
        if cloud == "aws":
            zone = side.look(("availability_zone",))
            match = _ZONE.fullmatch(zone) if isinstance(zone, str) else None
            arn = _ARN.fullmatch(str(side.look(("arn",)) or before.look(("arn",)) or ""))
            if match or (arn and arn[1]):
                return match[1] if match else arn[1] if arn else None
        configured = self._config.region(provider) if cloud else None
        return _planned.region_of(cloud, configured)

    def _place(self, path: tuple[str, ...], type_: str, name: str) -> Location:
        if path not in self._folders:
            calls = tuple(self._config.source(path[: n + 1]) for n in range(len(path)))
            self._folders[path] = self._sources.folder(path, calls)
        return self._sources.place(self._folders[path], type_, name) or self._nowhere

    def _volumes(
        self, planned: Planned, owner: Owner, before: Values, machine: Resource, template: Values | Unknown | None
    ) -> Iterator[Resource]:
        """The volumes that an instance declares: billed and tagged by themselves."""
        for block in ("root_block_device", "ebs_block_device"):
            declared = owner.side.look((block,))
            for number, device in enumerate(declared if isinstance(declared, list) else ()):
                if not isinstance(device, dict):
                    continue
                volume = replace(planned, address=f"{planned.address}.{block}[{number}]", taggable=True,
                    row=iac_type("terraform", "aws_ebs_volume"), name=f"{planned.name} {block}[{number}]")  # fmt: skip
                tags = _tags.tags_of(owner.volume(device, template), self._aliases)
                found = _planned.resource(volume, tags, disk(device))
                if "before" in machine.facts:
                    old = before.look((block, number))
                    if isinstance(old, dict):
                        found.facts["before"] = was(disk(old), machine.look("region"))
                yield found

    def _replicas(self, planned: Planned, side: Values, before: Values, own: _tags.Labels) -> Iterator[Resource]:
        """The replicas of a table in other regions: billed by themselves, with its tags only if it hands them on."""
        rows, old = side.look(("replica",)), before.look(("replica",))
        there = {
            str(each.get("region_name")) for each in (old if isinstance(old, list) else ()) if isinstance(each, dict)
        }
        for number, replica in enumerate(rows if isinstance(rows, list) else ()):
            if isinstance(replica, dict):
                each, tags = replicas.of(planned, number, replica, own)
                found = _planned.resource(each, _tags.tags_of(tags, self._aliases), _planned.Machines())
                if str(replica.get("region_name")) in there:
                    found.facts["before"] = was(_planned.Machines(), replica.get("region_name"))
                yield found

    def _pools(
        self, planned: Planned, sides: tuple[Values, Values], written: Collection[str], cluster: Resource
    ) -> Iterator[Resource]:
        """The node pools that a cluster's block describes: as they will be, with what they were."""
        side, before = sides
        type_, row = POOLS[planned.declared], iac_type("terraform", POOLS[planned.declared])
        stood = dict(pools_of(planned.declared, before.look, written))
        for end, part in pools_of(planned.declared, side.look, written):
            pool = replace(planned, address=planned.address + end, name=planned.name + end, declared=type_, row=row)
            labels = of_map(part.look(row.tags)) if row is not None and row.tags is not None else NONE
            found = _planned.resource(
                replace(pool, taggable=True),
                _tags.tags_of(labels, self._aliases),
                machines_of(row, type_, part, None),
            )
            if "before" in cluster.facts:
                old = stood.get(end)
                then = Machines() if old is None else machines_of(row, type_, old, None)
                found.facts["before"] = was(then, cluster.look("region"))
            yield found


def _account(cloud: str | None, side: Values, before: Values) -> object:
    if cloud == "gcp":
        return side.look(("project",))
    if cloud != "aws":
        return None
    for values in (side, before):
        arn = values.look(("arn",))
        match = _ARN.fullmatch(arn) if isinstance(arn, str) else None
        if match and match[2]:
            return match[2]
    return None


def _put_group(resource: Resource, group: object) -> None:
    if isinstance(group, Unknown):
        resource.unknown["resource_group"] = group.reason
    else:
        resource.fields["resource_group"] = None if group is None else str(group)
