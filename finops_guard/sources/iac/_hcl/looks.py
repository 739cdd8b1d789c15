"""What a resource's block says, as the paths of tables ask for it: the same for sources as for a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.blocks import has
from finops_guard.sources.iac._hcl.values import Lazy, Loose, OpenMap, Val
from finops_guard.sources.iac._plan_values import Values

if TYPE_CHECKING:
    from finops_guard.sources.iac._hcl.module import Declared
    from finops_guard.sources.iac._types import Path


class Attributes(Values):
    """What a block says, evaluated when it is asked for."""

    __slots__ = ("declared",)

    def __init__(self, declared: Declared) -> None:
        super().__init__(None)
        self.declared = declared

    def has(self, name: str) -> bool:
        """Whether there is such an argument or block."""
        return has(self.declared.block.body, name)

    def look(self, path: Path) -> object:
        """The value at a path; None where it is not said."""
        value = self.declared.get(str(path[0]))
        for step in path[1:]:
            value = _below(value, step)
        if isinstance(value, Loose):
            return value.value
        return Unknown(value.reason) if isinstance(value, Lazy) else value

    def rows(self, name: str) -> list[Val]:
        """The nested blocks of a name, those of which it cannot be told as `Unknown`; in JSON one may be no list."""
        found = self.look((name,))
        return [found] if isinstance(found, (dict, Unknown)) else found if isinstance(found, list) else []

    def told(self, path: Path) -> object:
        """The same, with what is below it evaluated or unknown."""
        return _told(self.look(path))


def _told(value: Val) -> Val:
    """Blocks within blocks; what is not evaluated is unknown."""
    if isinstance(value, Loose):
        return value.value
    if isinstance(value, Lazy):
        return Unknown(value.reason)
    if isinstance(value, OpenMap):
        return OpenMap(((key, _told(each)) for key, each in value.items()), value.reason)
    if isinstance(value, dict):
        return {key: _told(each) for key, each in value.items()}
    return [_told(each) for each in value] if isinstance(value, list) else value


def _below(value: Val, step: str | int) -> Val:
    """One step; a block that is the only one is entered without its index."""
    if isinstance(value, (Unknown, Lazy)):
        return Unknown(value.reason) if isinstance(value, Lazy) else value
    if isinstance(value, dict):
        return value.get(step) if isinstance(step, str) else value if step == 0 else None
    if isinstance(value, list):
        index = step if isinstance(step, int) else 0
        found = value[index] if index < len(value) else None
        return found if isinstance(step, int) else _below(found, step)
    return None
