"""What an ARM type is: our table's row, else whether it can carry tags (`data/arm_tags.tsv`).

That file is "Tag support for Azure resources" of Microsoft Learn, as of 2025-03-04, without the types that
`data/iac_types.tsv` has; a type without tags can carry none.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from finops_guard.costs import tables
from finops_guard.sources.iac._types import IacType, iac_type


def row_of(type_: str) -> IacType | None:
    """What a type is, in any case; None for one that neither knows."""
    row = iac_type("arm", type_)
    if row is not None:
        return row
    tags = _tags().get(type_.casefold())
    if tags is None:
        return None
    return IacType(
        name=type_,
        type=type_,
        kind="other",
        tags=(tags,) if tags else None,
        region=(("location",),),
    )


@cache
def _tags() -> Mapping[str, str]:
    return {row["type"].casefold(): row["tags"] for row in tables.rows("arm_tags")}
