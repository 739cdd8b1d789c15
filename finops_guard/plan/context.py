"""What every part of the planner knows, and the step while it is still being decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from finops_guard.model import LIFECYCLE

if TYPE_CHECKING:
    from datetime import datetime

    from finops_guard.model import Binding, Finding, Mode, Policy, Rung, Step, StepState

Can: TypeAlias = Callable[[str, str], bool]
"""Whether the module of a resource type has a verb."""

WRITES = frozenset({"tag", *LIFECYCLE})
"""Verbs that change a resource. The others speak, or fail a pipeline."""


@dataclass(frozen=True, slots=True)
class Episode:
    """The time since a finding's notice was delivered, and which rungs of its ladder (by index) are done in it."""

    began: datetime
    done: frozenset[int] = frozenset()


Episodes: TypeAlias = Mapping[str, Episode]
"""Running episodes by finding id."""


@dataclass(frozen=True, slots=True)
class Context:
    """The arguments of `plan`, and what was worked out once for many findings. `reread`, `planned`: see `plan`."""

    policy: Policy
    now: datetime
    mode: Mode
    can: Can
    episodes: Episodes
    done_24h: Mapping[str, int]
    bindings: Mapping[str, Binding]
    reread: bool = False
    planned: bool = False
    known: dict[tuple[object, ...], object] = field(default_factory=dict)


@dataclass(slots=True)
class Write:
    """What is wanted of the raw keys, and what of it would change something.

    `sets`: values by raw key; `renames` and `spells` (canonical spelling): raw key to raw key. `wants` says by
    canonical key what it is to be, for comparison with the wants of others. `put` and `drop` follow from these.
    """

    sets: dict[str, str] = field(default_factory=dict)
    renames: dict[str, str] = field(default_factory=dict)
    spells: dict[str, str] = field(default_factory=dict)
    wants: dict[str, tuple[str, str]] = field(default_factory=dict)
    put: dict[str, str] = field(default_factory=dict)
    drop: frozenset[str] = frozenset()

    @property
    def changes(self) -> bool:
        """Whether anything would change."""
        return bool(self.put or self.drop)

    def resolve(self, raw: Mapping[str, str]) -> None:
        """Work out `put` and `drop` on the tags that are there; a value that is set moves with its key."""
        put = dict(self.sets)
        moves = {**self.spells, **self.renames}
        for old, new in sorted(moves.items()):
            value = put.pop(old, raw[old])
            put.setdefault(new, value)
        self.put = {key: value for key, value in put.items() if raw.get(key) != value}
        self.drop = frozenset(moves.keys() - put.keys())


@dataclass(slots=True)
class Draft:
    """A step with the reasons gathered so far.

    `refused`: it is not done, in this run or any like it. `waits`: not in this run. `unneeded`: others do enough.
    `idle`: it is shown, and would not be done if the run enforced. `notes`: only said.
    """

    step: Step
    finding: Finding
    binding: Binding
    rung: Rung
    refused: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    unneeded: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    write: Write | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether nothing holds it back."""
        held = self.refused or self.waits or self.unneeded
        return not held and self.step.due is not None and self.step.due <= now

    def settle(self, now: datetime) -> Step:
        """The step with the state and the text that follow from its reasons."""
        state: StepState = "due"
        if self.refused:
            state = "refused"
        elif self.unneeded or (self.write is not None and not self.write.changes):
            state = "skipped"
        elif not self.is_due(now):
            state = "scheduled"
        self.step.state = state
        reasons = self.refused or self.unneeded or (*self.waits, *self.idle, *self.notes)
        self.step.because = "; ".join(dict.fromkeys(reasons)) if reasons else None
        return self.step
