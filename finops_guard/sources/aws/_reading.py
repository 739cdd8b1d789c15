"""Reading single resources again, just before and after an act: from the services themselves, never from an index."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from finops_guard.fields import FIELDS
from finops_guard.model import Resource, Tags
from finops_guard.sources.aws._errors import Unreadable, crash
from finops_guard.sources.aws._tags import Sweep, Sweeps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from finops_guard.sources.aws._cells import Answer, Cell

_LAST = re.compile("[/:]")
_NAMES = frozenset({"cloud", "account", "account_name", "unit_path", "region", "type", "kind", "service", "id", "name"})


class NoSweeps(Sweeps):
    """Instead of the sweep of a whole account, which is slow and late: every service is asked for its tags itself."""

    def __init__(self) -> None:
        super().__init__([], lambda _arn: False)

    def get(self, cell: Cell, region: str) -> Sweep:
        """A sweep that has nothing to tell."""
        del cell, region
        return Sweep(failed="a re-read asks each service itself", done=True)


def live(cell: Cell, resources: Sequence[Resource]) -> Iterator[Resource]:
    """The resources as they are now; what is gone is left out, and of what cannot be read everything is unknown."""
    left = {resource.id: resource for resource in resources}
    try:
        for found in cell.module.read(cell, resources):
            if left.pop(found.id, None) is not None:
                yield found
    except Exception as error:  # noqa: BLE001 - whatever it is, what was not read must not look gone
        for resource in left.values():
            yield unread(resource, crash(error))


def batches(resources: Sequence[Resource], size: int) -> Iterator[list[str]]:
    """What stands last in their ARNs, after a slash or colon, at most `size` at a time."""
    for start in range(0, len(resources), size):
        yield [_LAST.split(resource.id)[-1] for resource in resources[start : start + size]]


def one_by_one(resources: Sequence[Resource], read: Callable[[str], Resource | None]) -> Iterator[Resource]:
    """For services that tell of one ARN at a time: `read` gives None for what is gone, and may raise Unreadable."""
    for resource in resources:
        try:
            found = read(resource.id)
        except Unreadable as error:
            if not error.gone:
                yield unread(resource, error.reason)
        else:
            if found is not None:
                yield found


def present(arns: Sequence[str], read: Callable[[str], Answer]) -> dict[str, Answer]:
    """What `read` answers about each ARN, without those that are gone."""
    found = {}
    for arn in arns:
        try:
            found[arn] = read(arn)
        except Unreadable as error:
            if not error.gone:
                raise
    return found


def unread(resource: Resource, why: str) -> Resource:
    """A resource of which only its names are known, and why."""
    known = {name: value for name, value in resource.fields.items() if name in _NAMES}
    unknown = dict.fromkeys(FIELDS.keys() - known.keys(), why)
    return Resource(known, Tags.unreadable(why), unknown, resource.account_tags)
