"""Tags that more than the resources of the jobs get, as a place gives them to all that it makes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finops_guard.fixing.draft import Draft
    from finops_guard.fixing.judged import Seen

_INDEX = re.compile(r'\["(?:[^"\\]|\\.)*"\]|\[\d+\]')
"""The key of an instance in an address."""


@dataclass(frozen=True, slots=True)
class Gain:
    """A tag that everything gets whose address begins with `reach`, unless it has the key already.

    `by`: what gives it, where nobody was told of it yet.
    """

    reach: str
    key: str
    value: str
    by: str | None = None


class Reached:
    """Gains by what they reach."""

    def __init__(self, gains: Iterable[Gain]) -> None:
        self._gains: dict[tuple[str, str], list[Gain]] = defaultdict(list)
        self._keys: set[str] = set()
        for gain in gains:
            self._gains[gain.reach, gain.key].append(gain)
            self._keys.add(gain.key)

    def gains(self, address: str, key: str) -> Iterator[Gain]:
        """Those of a key that reach an address."""
        if key in self._keys:
            for reach in _reaches(address):
                yield from self._gains.get((reach, key), ())

    def of(self, address: str, key: str) -> set[str]:
        """What a resource without a key may get for it."""
        return {gain.value for gain in self.gains(address, key)}


def _reaches(address: str) -> Iterator[str]:
    """All that an address begins with, indices left out: of `module.a[0].x.y` the modules are among it, and nothing."""
    bare = _INDEX.sub("", address)
    yield ""
    at = bare.find(".")
    while at >= 0:
        yield bare[:at]
        at = bare.find(".", at + 1)


def told(draft: Draft, before: Seen, after: Seen) -> Iterator[str]:
    """Who else got which tags, a line a place, where an edit gives them to more than it is for."""
    asked = {(job.finding.resource.id, key) for job in draft.jobs for key in job.want.adds}
    reached, keys = Reached(draft.gains), {gain.key for gain in draft.gains}
    also: dict[str, tuple[dict[str, None], dict[str, None]]] = defaultdict(lambda: ({}, {}))
    for name, old in before.resources.items():
        new = after.resources[name].tags.raw
        for key in (key for key in sorted(keys) if key in new and key not in old.tags.raw and (name, key) not in asked):
            for gain in reached.gains(name, key):
                if gain.by is not None and gain.value == new[key]:
                    also[gain.by][0][key] = None
                    also[gain.by][1][name] = None
    for by, (given, names) in sorted(also.items()):
        who = next(iter(names)) if len(names) == 1 else f"{len(names):,} other resources"
        yield f"{by} gets {', '.join(given)}, and with it {who}"
