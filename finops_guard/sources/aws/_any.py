"""The index of everything taggable, for the types that no module describes.

Resource Explorer knows resources that never had a tag; where an account has no index, the tag sweep shows those that
have or had one. Nothing of a described type comes from here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from finops_guard.model import Tags, Unknown
from finops_guard.sources.aws import _kinds, _machines
from finops_guard.sources.aws._cells import tag_map
from finops_guard.sources.aws._errors import Unreadable
from finops_guard.sources.aws._managed import managed_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from finops_guard.model import Resource
    from finops_guard.sources.aws._cells import Answer, Cell

TYPE = "*"
KIND = "other"
ARN = "arn:*:*:*:*:*"
CLIENT = "resourcegroupstaggingapi"
PERMISSIONS = {"collect": ["resource-explorer-2:ListIndexes", "resource-explorer-2:ListResources"]}

_NETWORK = frozenset({"gateway", "load-balancer", "firewall", "appliance", "link", "address", "endpoint-link"})
_ARNS = 100
_UNSAID = Unknown("the index of all resources does not say")
_EXPLORER = "resource-explorer-2"
_UNSEEN = (
    "AWS resources of types we do not describe that never had a tag cannot be seen: turn on Resource Explorer in "
    "every region (aws resource-explorer-2 create-index)"
)


def collect(cell: Cell) -> Iterator[Resource]:
    """Each resource of another type once, in the order of ARNs; those without a region with the first region."""
    sweep = cell.run.sweeps.get(cell, cell.region)
    indexed = _indexed(cell)
    if sweep.failed is not None:
        cell.gap(sweep.failed)
    for arn in sorted(sweep.tags.keys() | indexed.keys()):
        if not _here(cell, arn) or cell.run.describes(arn):
            continue
        tags = _tags(arn, sweep.tags, sweep.failed, indexed.get(arn, {}))
        found = _kinds.of(arn, str(indexed.get(arn, {}).get("CfnResourceType") or ""))
        name = tags.raw.get("Name") or _name(arn)
        yield cell.resource(
            arn,
            name,
            tags,
            {
                "type": found.type,
                "kind": found.kind,
                "service": arn.split(":")[2],
                "region": arn.split(":")[3] or "global",
                "managed_by": managed_by(tags.raw) or _UNSAID,
                **({} if found.plain else _machines.fields(_UNSAID)),
                **({"network.role": _UNSAID, "network.attached": _UNSAID} if found.kind in _NETWORK else {}),
            },
        )


def read(cell: Cell, resources: Sequence[Resource]) -> Iterator[Resource]:
    """Those resources with the tags that they have now. One that is gone cannot be told from one without tags."""
    for start in range(0, len(resources), _ARNS):
        some = resources[start : start + _ARNS]
        answer = cell.call("GetResources", ResourceARNList=[resource.id for resource in some])
        tags = {str(found["ResourceARN"]): found.get("Tags") for found in answer["ResourceTagMappingList"]}
        for resource in some:
            now = Tags.of(tag_map(tags.get(resource.id)))
            fields = {**resource.fields, "name": now.raw.get("Name") or _name(resource.id)}
            unknown = dict(resource.unknown)
            manager = fields["managed_by"] = managed_by(now.raw)
            if manager is None:
                del fields["managed_by"]
                unknown["managed_by"] = _UNSAID.reason
            yield replace(resource, fields=fields, tags=now, unknown=unknown)


def _indexed(cell: Cell) -> dict[str, Answer]:
    """What Resource Explorer has in this region, by ARN; nothing, and a remark, where it has no index."""
    try:
        if cell.region not in cell.run.sweeps.once("indexes", lambda: _indexes(cell)):
            cell.remarks.append(_UNSEEN)
            return {}
        pages = cell.pages(
            "ListResources",
            "Resources",
            client=_EXPLORER,
            MaxResults=1000,
            Filters={"FilterString": f"region:{cell.region}"},
        )
        return {str(found["Arn"]): found for page in pages for found in page}
    except Unreadable as error:
        cell.remarks.append(f"{_UNSEEN} ({error.reason})")
        return {}


def _indexes(cell: Cell) -> frozenset[str]:
    """The regions with an index; one request answers for all of them."""
    pages = cell.pages("ListIndexes", "Indexes", client=_EXPLORER)
    return frozenset(str(index["Region"]) for page in pages for index in page)


def _name(arn: str) -> str:
    return arn.rpartition(":")[2].rpartition("/")[2]


def _here(cell: Cell, arn: str) -> bool:
    region = arn.split(":")[3] if arn.count(":") > 4 else ""  # noqa: PLR2004 - arn:partition:service:region:account:resource
    # Several regions may tell of what has no region, so only the first does.
    return region == cell.region or (not region and cell.region == cell.run.first)


def _tags(arn: str, swept: dict[str, dict[str, str]], failed: str | None, indexed: Answer) -> Tags:
    if arn in swept:
        return Tags.of(swept[arn])
    if failed is None:
        return Tags.of({})
    for entry in indexed.get("Properties") or []:
        if entry.get("Name") == "tags":
            return Tags.of(tag_map(entry.get("Data")))
    return Tags.unreadable(failed)
