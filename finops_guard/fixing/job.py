"""What there is to do: a finding, what is wanted, and the place where that is written."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from finops_guard.fixing.edit import Edits

if TYPE_CHECKING:
    from finops_guard.fixing.wants import Want
    from finops_guard.model import Finding


class Place(Protocol):
    """Where the tags of a resource are written. `at`: what is added for all whose places have the same, is added once.

    `reach`: what the addresses begin with, indices left out, of everything that gets an added tag; None where that is
    nothing but the resources of the jobs.
    """

    @property
    def file(self) -> Path: ...  # noqa: D102 - where tags are added

    @property
    def at(self) -> Hashable: ...  # noqa: D102 - above

    @property
    def reach(self) -> str | None: ...  # noqa: D102 - above

    @property
    def name(self) -> str:
        """What the place is called when others get a tag with it."""

    def corrected(self, want: Want) -> Edits:
        """What puts values and keys right where they are written; CannotError where they are not written out."""

    def added(self, pairs: Mapping[str, str]) -> Edits:
        """What writes these tags there; CannotError where that is not sure."""

    def above(self) -> Above | None:
        """Where a tag is written once for this and others; None where there is no such place."""

    def otherwise(self) -> Place | None:
        """Where it can be written when this does not hold; None where there is no such place."""


class Above(Protocol):
    """A place that gives tags to many: `file`, `at`, `reach` and `name` as of a place."""

    @property
    def file(self) -> Path: ...  # noqa: D102 - above

    @property
    def at(self) -> Hashable: ...  # noqa: D102 - above

    @property
    def reach(self) -> str: ...  # noqa: D102 - above

    @property
    def name(self) -> str: ...  # noqa: D102 - above

    @property
    def too(self) -> str: ...  # noqa: D102 - who else gets a tag with it

    def added(self, pairs: Mapping[str, str]) -> Edits:
        """What writes these tags there; CannotError where that is not sure."""


@dataclass(slots=True)
class Job:
    """A finding to put right. `follows`: others lead to it when they are done."""

    finding: Finding
    want: Want
    place: Place
    follows: bool = False

    def otherwise(self) -> Job | None:
        """The same at the other place that there is for it."""
        place = self.place.otherwise()
        return None if place is None else replace(self, place=place)
