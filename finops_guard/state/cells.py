"""Whether a place was looked at: what is missing there is gone only then."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from finops_guard.model import Gap, Identity


class Place(Protocol):
    """A cell: what a listing is of."""

    @property
    def cloud(self) -> str: ...  # noqa: D102 - the fields' names
    @property
    def account(self) -> str: ...  # noqa: D102
    @property
    def region(self) -> str: ...  # noqa: D102
    @property
    def type(self) -> str: ...  # noqa: D102


def read_whole(where: Place, gaps: Iterable[Gap], identities: Iterable[Identity]) -> bool:
    """Whether who looked as somebody, with gaps, read a place whole."""
    cell = {name: getattr(where, name) for name in ("cloud", "account", "region", "type")}
    hidden = any(all(getattr(gap, name) in ("*", value) for name, value in cell.items()) for gap in gaps)
    return not hidden and (where.cloud, where.account) in {(who.cloud, who.account) for who in identities}
