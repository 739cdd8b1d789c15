"""What is planned among what a run collects, and what of it is judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from finops_guard.model import Notes, Resource

_NOT_JUDGED = frozenset({"none", "delete"})


@dataclass(slots=True)
class Mix:
    """Whether what a run collects is planned, is there, or both. `notes`: which documents it came from."""

    notes: Notes = field(default_factory=Notes)
    planned: bool = False
    there: bool = False

    def seen(self, resources: Iterable[Resource]) -> Iterator[Resource]:
        """The same resources, looked at as they pass."""
        for resource in resources:
            if resource.fields.get("state") == "planned":
                self.planned = True
            else:
                self.there = True
            yield resource

    @property
    def only_planned(self) -> bool:
        """Whether nothing of it is there yet; a plan that changes nothing is one too."""
        return not self.there and (self.planned or bool(self.notes.documents))


def judged(resource: Resource, *, every: bool) -> bool:
    """Whether rules judge a resource: of a plan, what it deletes never, what it leaves as it is if asked."""
    change = resource.fields.get("change")
    if change not in _NOT_JUDGED or resource.fields.get("state") != "planned":
        return True
    return every and change == "none"
