"""Values of a plan: what is there after it, with what is known only after apply and what is sensitive left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from finops_guard.model import Unknown

if TYPE_CHECKING:
    from finops_guard.sources.iac._types import Path

AFTER_APPLY = Unknown("known after apply")
SENSITIVE = Unknown("sensitive in the plan, so never shown")


class Values:
    """One side of a change: `values`, and beside it which parts are unknown and which are sensitive, in the same shape.

    A mark of true says it of everything below.
    """

    __slots__ = ("_sensitive", "_unknown", "values")

    def __init__(self, values: object, unknown: object = None, sensitive: object = None) -> None:
        self.values: Mapping[str, object] = values if isinstance(values, dict) else {}
        self._unknown = unknown
        self._sensitive = sensitive

    def has(self, name: str) -> bool:
        """Whether there is such an attribute, whatever its value."""
        return name in self.values or (isinstance(self._unknown, dict) and name in self._unknown)

    def look(self, path: Path) -> object:
        """The value at a path with `Unknown` in it where a part of it is unknown; None where there is none."""
        if path[0] not in self.values and not self.has(str(path[0])):
            return AFTER_APPLY if self._unknown is True else None
        value: object = self.values
        unknown, sensitive = self._unknown, self._sensitive
        for step in path:
            if sensitive is True:
                return SENSITIVE
            if unknown is True:
                return AFTER_APPLY
            value, unknown, sensitive = _step(value, step), _mark(unknown, step), _mark(sensitive, step)
        return overlaid(value, unknown, sensitive)


def overlaid(value: object, unknown: object, sensitive: object = None) -> object:
    """A value with `Unknown` at each place that is marked.

    A key that is only in the marks is one whose value the plan does not know (measured: terraform 1.11 leaves it out of
    `after`).
    """
    if sensitive is True:
        return SENSITIVE
    if unknown is True:
        return AFTER_APPLY
    if not unknown and not sensitive:
        return value
    if isinstance(value, list) or isinstance(unknown, list):
        rows = value if isinstance(value, list) else []
        marks = unknown if isinstance(unknown, list) else []
        return [
            overlaid(_step(rows, n), _step(marks, n), _mark(sensitive, n)) for n in range(max(len(rows), len(marks)))
        ]
    if isinstance(value, dict) or isinstance(unknown, dict):
        known = value if isinstance(value, dict) else {}
        marked = unknown if isinstance(unknown, dict) else {}
        return {
            key: overlaid(known.get(key), marked.get(key), _mark(sensitive, key))
            for key in [*known, *(key for key in marked if key not in known)]
        }
    return value


def _mark(marks: object, step: str | int) -> object:
    return True if marks is True else _step(marks, step)


def _step(value: object, step: str | int) -> object:
    """What is below; a list of one is entered without its index, and a map with the index 0: both are a block."""
    if isinstance(value, dict):
        return value.get(step) if isinstance(step, str) else value if step == 0 else None
    if isinstance(value, list):
        index = step if isinstance(step, int) else 0
        below = value[index] if index < len(value) else None
        return below if isinstance(step, int) else _step(below, step)
    return None
