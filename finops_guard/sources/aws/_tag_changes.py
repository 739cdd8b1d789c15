"""What a tag step changes on the tags that are there now, and what taking it back changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from finops_guard.model import Outcome
from finops_guard.sources.aws._writes import skipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from finops_guard.model import Step

_MOST = 50
"""Tags that people may put on one resource; keys of AWS itself do not count."""

Values = dict[str, str | None]
"""Tags by raw key; None: there is no such key."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a resource's tags are and what they are to be. `note`: what was left alone, and why.

    `full`: there is no room for the new keys before the old ones are removed.
    """

    step: Step
    before: Values
    after: Values
    full: bool = False
    note: str | None = None

    @property
    def put(self) -> dict[str, str]:
        """Values to write."""
        return {key: value for key, value in self.after.items() if value is not None}

    @property
    def drop(self) -> list[str]:
        """Keys to remove."""
        return sorted(key for key, value in self.after.items() if value is None)

    @property
    def kind(self) -> tuple[object, ...]:
        """Equal for changes that one request can make."""
        return (*sorted(self.put.items()), *self.drop, self.full)


def planned(step: Step, raw: Mapping[str, str]) -> Change | Outcome:
    """What `step.after` changes; nothing at all where somebody changed one of its keys since it was planned."""
    now = {key: raw.get(key) for key in step.after}
    changes = {key: _text(value) for key, value in step.after.items() if _text(value) != now[key]}
    if not changes:
        return skipped(step, "its tags are so already", now)
    others = [key for key in changes if now[key] != step.before.get(key)]
    if others:
        return skipped(step, f"changed by others since it was planned: {_keys(others)}", now)
    return _change(step, raw, changes)


def reverted(step: Step, raw: Mapping[str, str]) -> Change | Outcome:
    """What puts back `step.before`: only keys that still are as our act left them (`step.after`)."""
    now = {key: raw.get(key) for key in step.after}
    differing = [key for key in now if now[key] != step.before.get(key)]
    others = [key for key in differing if now[key] != step.after[key]]
    note = f"left alone, changed by others since: {_keys(others)}" if others else None
    changes = {key: _text(step.before.get(key)) for key in differing if key not in others}
    if not changes:
        return skipped(step, note or "its tags are as before already", now)
    return _change(step, raw, changes, note)


def _change(step: Step, raw: Mapping[str, str], changes: Values, note: str | None = None) -> Change:
    before = {key: raw.get(key) for key in changes}
    together = {key for key in raw if not key.startswith("aws:")} | {k for k, v in changes.items() if v is not None}
    return Change(step, before, changes, len(together) > _MOST, note)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _keys(keys: Iterable[str]) -> str:
    return ", ".join(f"tag '{key}'" for key in sorted(keys))
