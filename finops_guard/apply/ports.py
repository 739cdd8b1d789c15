"""What applying is given: verbs, a judge, a clock. All clouds are behind these."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from finops_guard.model import Finding, Outcome, Resource, Step

Clock: TypeAlias = Callable[[], datetime]
"""The time now, aware."""

Windows: TypeAlias = Collection[tuple[str, int]]
"""What is measured: (field, over in seconds) pairs."""

Judge: TypeAlias = Callable[[Sequence[Resource], datetime], Iterable[Finding]]
"""Prices, derives and judges resources, which it may change, by every rule of the policy at a time.

Gives what fails, exempted or not, and what is unknown.
"""

Because: TypeAlias = Callable[[Finding], Sequence[str]]
"""Why a finding fails, in sentences: what goes on record with what is done about it."""


class Verbs(Protocol):
    """What can be done to resources of which type. Steps of one call are of one account, region and type."""

    def has(self, type_name: str, verb: str) -> bool:
        """Whether a type has a verb, or the inverse of one: `undo_stop`."""

    def read(self, resources: Sequence[Resource], windows: Windows | None = None) -> Iterator[Resource]:
        """Resources as they are now, as sources give them.

        What is gone is left out; of what cannot be read everything is unknown. Of what is given only `cloud account
        region type id` are sure to be known. With `windows`, what is measured in them too, and all that rules and
        protections look at; without, no more than tells what came of an act: tags, state, capacity.
        """

    def dependants(self, resources: Sequence[Resource]) -> Mapping[str, Sequence[str]]:
        """Who else depends on resources, by id, of those of which that can be told."""

    def act(self, verb: str, steps: Sequence[Step]) -> Iterator[Outcome]:
        """Do a verb; an outcome for each step as the cloud answered: done or failed.

        Where nothing was sent: skipped, because there is nothing to do, or scheduled, because it works later.
        `step.resource` was just read. `tag` writes the keys of `step.after` and removes those that are None there.
        """

    def undo(self, verb: str, steps: Sequence[Step]) -> Iterator[Outcome]:
        """Put back what acts of a verb (`stop`) changed; a step has the `before` and `after` of its act's outcome."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many resources a batch has, after how many failures in a row nothing more is done, how results are awaited.

    `looks` are the seconds to wait before each further reading of what the cloud took and has not done yet. From
    `until` on no batch is begun but the first.
    """

    batch: int = 20
    failures: int = 5
    looks: tuple[float, ...] = (1.0, 3.0)
    wait: Callable[[float], None] = time.sleep
    until: datetime | None = None
