"""Whose tags reach the tasks that something launches: ECS services, schedules, rules, pipes, Batch jobs.

Tasks are what is billed and what a bill has the tags of. So what launches tasks has the tags that it says reach them:
of itself, of the task definition, those it writes on them by itself. Where it says nothing none reach them, which is
AWS's default: then its own tags count, as a scan of what runs sees them, and it is said. The table is
`data/propagated_tags.tsv`: one row a value of an attribute, `from` the path that refers to whose tags they are, empty
for its own; `tags` are written on the tasks as they are. A type of which the attribute stands in a block launches
nothing without that block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from finops_guard.costs import tables
from finops_guard.model import Unknown
from finops_guard.sources.iac._tags import NONE, Labels, merged, of_map
from finops_guard.sources.iac._types import Language, Path, path_of

Look: TypeAlias = Callable[[Path], object]
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Propagation:
    """How one type hands tags on. `sources`: by value of the attribute, None for its own tags."""

    attribute: Path
    sources: Mapping[str, Path | None]
    tags: Path | None

    def launches(self, look: Look) -> bool:
        """Whether it launches anything, or may."""
        block = self.attribute[:-1]
        return not block or look(block) is not None

    def loses(self, look: Look, own: Labels) -> bool:
        """Whether it has tags that surely reach nothing that it launches."""
        return bool(own.values) and self.launches(look) and not self._hands(look(self.attribute))

    def reaching(self, look: Look, own: Labels, of: Callable[[Path], Labels]) -> Labels:
        """The tags of what is launched, its own where none reach that. `of`: the tags of what a path refers to."""
        written = NONE if self.tags is None else of_map(look(self.tags))
        return merged(self._handed(look(self.attribute), own, of), written)

    def _hands(self, value: object) -> bool:
        """Whether tags reach what it launches, or may."""
        return isinstance(value, Unknown) or str(value).casefold() in self.sources

    def _handed(self, value: object, own: Labels, of: Callable[[Path], Labels]) -> Labels:
        if isinstance(value, Unknown) and any(self.sources.values()):
            return Labels({}, f"whether tags reach what it launches cannot be told: {value.reason}")
        path = self.sources.get(str(value).casefold())
        return own if path is None else of(path)


def unreached(addresses: Sequence[str]) -> Iterator[str]:
    """What is said of things whose tags reach nothing, so that no bill of what they launch has them."""
    if addresses:
        more = f" and {len(addresses) - _SHOWN} more" if len(addresses) > _SHOWN else ""
        named = ", ".join(addresses[:_SHOWN]) + more
        yield f"without propagate_tags the tags of {named} reach nothing that they launch: the bill will not have them"


def propagation(language: Language, name: str) -> Propagation | None:
    """How a type hands its tags on; None for one that launches nothing."""
    return _table().get((language, name))


@cache
def _table() -> Mapping[tuple[str, str], Propagation]:
    found: dict[tuple[str, str], Propagation] = {}
    for row in tables.rows("propagated_tags"):
        key = row["language"], row["name"]
        source = path_of(row["from"]) if row["from"] else None
        before = found[key].sources if key in found else {}
        tags = path_of(row["tags"]) if row["tags"] else None
        found[key] = Propagation(path_of(row["attribute"]), {**before, row["value"].casefold(): source}, tags)
    return found
