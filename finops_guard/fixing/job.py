"""What there is to do: a finding, what is wanted, and the place where that is written."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from finops_guard.fixing.edit import Edits

if TYPE_CHECKING:
    from finops_guard.fixing.wants import Want
    from finops_guard.model import Finding


class Place(Protocol):
    """Where the tags of a resource are written. Those of several resources may be one place: `file` and `start`.

    `reach`: what the addresses begin with of everything that gets a tag with it; None where that is nothing else.
    """

    @property
    def file(self) -> Path: ...  # noqa: D102 - above

    @property
    def start(self) -> int: ...  # noqa: D102 - above

    @property
    def reach(self) -> str | None: ...  # noqa: D102 - above

    @property
    def name(self) -> str:
        """What the place is called when others get a tag with it."""

    def edits(self, wants: Sequence[Want], given: Collection[str]) -> Edits:
        """What puts all of these right at once; CannotError where nothing does. `given`: keys that come from above."""

    def above(self) -> Above | None:
        """Where a tag is written once for this and others; None where there is no such place."""


class Above(Protocol):
    """A place that gives tags to many: `file`, `start`, `reach` and `name` as of a place."""

    @property
    def file(self) -> Path: ...  # noqa: D102 - above

    @property
    def start(self) -> int: ...  # noqa: D102 - above

    @property
    def reach(self) -> str: ...  # noqa: D102 - above

    @property
    def name(self) -> str: ...  # noqa: D102 - above

    @property
    def too(self) -> str: ...  # noqa: D102 - who else gets a tag with it

    def added(self, pairs: dict[str, str]) -> Edits:
        """What writes these tags there; CannotError where that is not sure."""


@dataclass(slots=True)
class Job:
    """A finding to put right. `follows`: others lead to it when they are done."""

    finding: Finding
    want: Want
    place: Place
    follows: bool = False
