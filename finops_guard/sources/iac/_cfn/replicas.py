"""Replicas of a global table: things of their own in the region that each says, with the tags that each says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from finops_guard.model import Unknown
from finops_guard.sources.iac import _planned, _tags
from finops_guard.sources.iac._either import looked_up
from finops_guard.sources.iac._planned import Machines, Planned
from finops_guard.sources.iac._tags import Labels
from finops_guard.sources.iac._types import iac_type

if TYPE_CHECKING:
    from finops_guard.model import Resource
    from finops_guard.sources.iac._cfn.stack import Stack

_GLOBAL, _TABLE = "AWS::DynamoDB::GlobalTable", "AWS::DynamoDB::Table"
_STACK = "whether tags of a stack reach the replicas of a global table is not documented"


def replicas_of(stack: Stack, planned: Planned, values: object) -> Iterator[Resource]:
    """Each replica; nothing for any other type."""
    rows = looked_up(values, ("Replicas",)) if planned.declared == _GLOBAL else None
    above = stack.parent.tags
    shared = Labels(dict.fromkeys(above.values, Unknown(_STACK)), above.open_because and _STACK)
    for number, row in enumerate(rows if isinstance(rows, list) else ()):
        end = f".Replicas[{number}]"
        region = looked_up(row, ("Region",))
        each = replace(
            planned,
            address=planned.address + end,
            name=planned.name + end,
            declared=_TABLE,
            row=iac_type("cloudformation", _TABLE),
            region=region if isinstance(region, str | Unknown) else planned.region,
            taggable=True,
        )
        labels = _tags.merged(shared, _tags.of_map(looked_up(row, ("Tags",))))
        yield _planned.resource(each, _tags.tags_of(labels, stack.document.aliases), Machines())
