"""Replicas of a DynamoDB table that its block declares: things of their own in other regions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from finops_guard.model import Unknown
from finops_guard.sources.iac._planned import Planned
from finops_guard.sources.iac._tags import NONE, Labels


def of(table: Planned, number: int, replica: Mapping[str, object], own: Labels) -> tuple[Planned, Labels]:
    """One of them and its tags: `own`, those of the table, with `propagate_tags`; else none, as the provider has it."""
    named, region = f"replica[{number}]", replica.get("region_name")
    place = replace(
        table,
        address=f"{table.address}.{named}",
        name=f"{table.name} {named}",
        region=region if isinstance(region, (str, Unknown)) else None,
    )
    hands = replica.get("propagate_tags")
    if isinstance(hands, Unknown):
        return place, Labels({}, f"whether the table's tags reach it cannot be told: {hands.reason}")
    return place, own if hands is True or hands == "true" else NONE
