"""Tags of cost rows. They repeat, so each distinct text is read once, by the same code that reads tags of resources."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops_guard.costs.formats._plan import Plan
from finops_guard.model import Tags, canonical

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PROMOTED = 48
"""Keys that become columns of their own in a file's table, besides those asked for (others stay in a map)."""
LINES = "tags.json"
"""The file of a work folder in which every distinct text of tags stands, read."""
_SHORTEST = 2
_TYPES = {
    "t": "VARCHAR",
    "a": "VARCHAR",
    "tags": "MAP(VARCHAR, VARCHAR)",
    "conflicts": "VARCHAR[]",
    "tags_wrong": "BOOLEAN",
}


@dataclass(slots=True)
class Counts:
    """What was met among the tags of one file, in rows."""

    spellings: dict[str, Counter[str]] = field(default_factory=dict)
    conflicting: Counter[str] = field(default_factory=Counter)
    leniencies: Counter[str] = field(default_factory=Counter)

    def promoted(self, asked: Iterable[str]) -> tuple[str, ...]:
        """The keys to have columns: those asked for that are there, and the most frequent."""
        rows = {key: sum(spelt.values()) for key, spelt in self.spellings.items()}
        often = sorted(rows, key=lambda key: (-rows[key], key))[:PROMOTED]
        return tuple(sorted({*often, *(key for key in asked if key in rows)}))


@dataclass(frozen=True, slots=True)
class TagSet:
    """One distinct text, read: canonical keys with one value, and those whose spellings disagree. `wrong`: why not."""

    values: Mapping[str, str]
    conflicts: tuple[str, ...] = ()
    wrong: str | None = None


def column(key: str) -> str:
    """The column of a canonical key: hexadecimal, so that no text of a stranger is an identifier."""
    return f"tag_{key.encode('utf-8', 'surrogatepass').hex()}"


def load(base: DuckDBPyConnection, work: Path, promoted: tuple[str, ...]) -> None:
    """The table `tagset` of the texts that were read, with a column for each promoted key."""
    more = "".join(f", map_extract_value(tags, $k{place}) AS {column(key)}" for place, key in enumerate(promoted))
    types = ", ".join(f"{name}: '{kind}'" for name, kind in _TYPES.items())
    base.execute("SET VARIABLE tags = ?", [str(work / LINES)])
    base.execute(
        f"CREATE OR REPLACE TEMP TABLE tagset AS SELECT *{more}"
        f" FROM read_ndjson(getvariable('tags'), columns = {{{types}}})",
        {f"k{place}": key for place, key in enumerate(promoted)},
    )


class Reader:
    """Reads texts of Tags and AllocatedTags, as a plan says what they are."""

    def __init__(self, aliases: Mapping[str, str], plan: Plan) -> None:
        self.counts = Counts()
        self._aliases = aliases
        self._names = plan.tag_names
        self._key_of = plan.key_of

    def read(self, text: str | None, allocated: str | None, rows: int) -> TagSet:
        """The tags of `rows` rows. What cost was allocated to counts before what the shared thing carries itself."""
        try:
            own = Tags.of(self._raw(text, rows), self._aliases)
            shared = Tags.of(self._raw(allocated, rows), self._aliases)
        except ValueError as wrong:
            return TagSet({}, (), str(wrong))
        values = {key: value for key, value in own.items() if key not in shared.conflicts}
        conflicts = {*(key for key in own.conflicts if key not in shared), *shared.conflicts}
        for key in conflicts:
            self.counts.conflicting[key] += rows
        return TagSet({**values, **shared}, tuple(sorted(conflicts)))

    def _raw(self, text: str | None, rows: int) -> dict[str, str]:
        met = self.counts
        raw: dict[str, str] = {}
        for spelt, value in self._pairs(text, rows):
            if value is None:
                continue
            key = self._key_of(_whole(spelt))
            if isinstance(value, list):
                met.leniencies["tag values that are objects or lists, kept as text"] += rows
            said = _whole(value if isinstance(value, str) else json.dumps(value))
            if key in raw and raw[key] != said:
                # Twice the same key with two values: kept apart, so that it counts as a conflict.
                met.leniencies["tag keys that stand twice in one row"] += rows
                raw[f"{key} "] = said
                continue
            raw[key] = said
            if key != key.strip():
                met.leniencies["tag keys with blanks around them, trimmed"] += rows
            met.spellings.setdefault(canonical(key, self._aliases), Counter())[key] += rows
        return raw

    def _pairs(self, text: str | None, rows: int) -> Iterator[tuple[str, Any]]:
        if text is None:
            return
        try:
            found = json.loads(text, object_pairs_hook=_Pairs, parse_float=_Number, parse_int=_Number)
        except ValueError:
            found = self._bare(text, rows)
        if isinstance(found, _Pairs):
            yield from found
        elif self._names and isinstance(found, list):
            yield from zip(self._names, found, strict=True)
        elif isinstance(found, list) and all(isinstance(each, _Pairs) for each in found):
            for each in found:
                entry = dict(each)
                yield str(entry.get("key", "")), entry.get("value")
        elif found is not None:
            raise ValueError("is no JSON object of tags")

    def _bare(self, text: str, rows: int) -> Any:  # noqa: ANN401 - JSON
        """Azure's older exports write the object without its braces."""
        if len(text) < _SHORTEST or not text.lstrip().startswith('"'):
            raise ValueError("is no JSON object of tags")
        try:
            found = json.loads("{" + text.rstrip().rstrip(",") + "}", object_pairs_hook=_Pairs)
        except ValueError:
            raise ValueError("is no JSON object of tags") from None
        self.counts.leniencies["tags without braces, added"] += rows
        return found


class _Pairs(list[tuple[str, Any]]):
    """An object's entries, of which two may have one key."""


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


def _whole(text: str) -> str:
    """Text without halves of characters, which no table can hold."""
    return text.encode("utf-8", "replace").decode()
