"""What a CloudFormation type is: our table's row, else what its schema says of tags (`data/cloudformation_tags.tsv`).

That file is `tagging.tagProperty` of the resource provider schemas that AWS publishes, as of 2026-10-20, without the
types that `data/iac_types.tsv` has; a type without tags can carry none. Which types have a map of tags rather than a
list of pairs is in `data/cloudformation_tag_maps.tsv`, from the same schemas; SAM's types all have a map.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from finops_guard.costs import tables
from finops_guard.sources.iac._types import IacType, iac_type

_NO_TAGS = ("Custom::",)
_SAM = "AWS::Serverless::"


def row_of(type_: str) -> IacType | None:
    """What a type is; None for one that neither knows."""
    row = iac_type("cloudformation", type_)
    if row is not None:
        return row
    if type_.startswith(_NO_TAGS):
        return _plain(type_, "")
    tags = _tags().get(type_)
    return None if tags is None else _plain(type_, tags)


def has_tag_map(type_: str) -> bool:
    """Whether the tags of a type are a map, not `[{Key, Value}]`."""
    return type_.startswith(_SAM) or type_ in _maps()


def _plain(type_: str, tags: str) -> IacType:
    return IacType(
        name=type_,
        type=type_,
        kind="other",
        tags=(tags,) if tags else None,
        machine=(("InstanceType",),),
    )


@cache
def _tags() -> Mapping[str, str]:
    return {row["type"]: row["tags"] for row in tables.rows("cloudformation_tags")}


@cache
def _maps() -> frozenset[str]:
    return frozenset(row["type"] for row in tables.rows("cloudformation_tag_maps"))
