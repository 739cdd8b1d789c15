"""Attributes by the paths of `data/iac_types.tsv`: `a.0.b`, `groups.*.kind` of every group, `zones.#` their number.

Every value is as its document has it, None where it is absent, `Unknown` where it cannot be told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeAlias

from finops_guard.model import Unknown

if TYPE_CHECKING:
    from finops_guard.sources.iac._types import Path

Look: TypeAlias = "Callable[[Path], object]"
"""The value at a path: as JSON has it, None where it is absent, `Unknown` where it cannot be told."""
_SHOWN = 5


def at(look: Look, path: Path) -> object:
    """The value at a path; for `*` the list of what the rows have, for `#` how many rows there are."""
    if path[-1] == "#":
        rows = look(path[:-1])
        return len(rows) if isinstance(rows, list) else rows if isinstance(rows, Unknown) else None
    if "*" not in path:
        return look(path)
    star = path.index("*")
    rows = look(path[:star])
    if not isinstance(rows, list):
        return rows if isinstance(rows, Unknown) else None
    found = [below(row, path[star + 1 :]) for row in rows]
    return [value for value in found if value is not None] or None


def first(look: Look, paths: Iterable[Path]) -> object:
    """The first value that is there, or cannot be told; None where there is none."""
    return next((value for path in paths if (value := at(look, path)) is not None), None)


def one_of(value: object) -> tuple[object, tuple[str, ...]]:
    """A machine type, of several the one that they all are; else Unknown, and the types of which it will be one."""
    if not isinstance(value, list):
        return value, ()
    known = tuple(dict.fromkeys(kind for kind in value if isinstance(kind, str)))
    whole = all(isinstance(kind, str) for kind in value)
    if len(known) == 1 and whole:
        return known[0], ()
    if not known:
        return next((kind for kind in value if isinstance(kind, Unknown)), None), ()
    return Unknown("its machines may be of several types: " + ", ".join(known[:_SHOWN])), known if whole else ()


def total(value: object) -> object:
    """A number of machines; of several groups all of them."""
    if not isinstance(value, list):
        return value
    hidden = next((each for each in value if isinstance(each, Unknown)), None)
    whole = [int(str(each)) for each in value if str(each).isdecimal()]
    return hidden or (sum(whole) if len(whole) == len(value) else Unknown("not every number of machines is a number"))


def below(value: object, path: Path) -> object:
    """The value at a path inside of another, which may have `Unknown` in it; a list of one is entered without index."""
    for step in path:
        if isinstance(value, Unknown):
            return value
        if isinstance(value, list):
            index = step if isinstance(step, int) else 0
            value = value[index] if index < len(value) else None
            if isinstance(step, int):
                continue
        value = value.get(step) if isinstance(value, dict) else None
    return value
