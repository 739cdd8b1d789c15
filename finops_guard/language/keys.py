"""Keys that are wrong: unknown, not of this verb, not a name, or missing. A misspelt required key is one mistake."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finops_guard.fields import FIELDS
from finops_guard.language.diagnostics import Diagnostic
from finops_guard.language.document import Document
from finops_guard.language.near import one_edit, suggest
from finops_guard.language.schema import OPERATORS, STEP_KEYS
from finops_guard.language.spot import Spot, where
from finops_guard.language.words import A_TYPE, SHAPES, did_you_mean, few, name_like

_EXAMPLE = {"over": "for example over: 3d", "use": "the name of a pack, for example use: ai-tags"}


@dataclass(frozen=True, slots=True)
class Rename:
    """A misspelt key of the map at a path, and what it means."""

    path: tuple[str | int, ...]
    key: str
    meant: str


@dataclass(frozen=True, slots=True)
class Keys:
    """The wrong keys of one map."""

    document: Document
    spot: Spot
    errors: Sequence[Any]

    def diagnostics(self) -> Iterator[tuple[Diagnostic, Rename | None]]:
        """One for each wrong key, then one for each missing key that none of them is a misspelling of.

        With a misspelt key that can only mean one other comes that other: read so, what stands below it can be checked.
        """
        missing = [key for error in self._of("required") for key in error.validator_value if key not in error.instance]
        missing = list(dict.fromkeys(missing))
        unknown = list(self._unknown())
        for key in unknown:
            near = self._near(key, missing)
            if near in missing:
                missing.remove(near)
            yield self._unknown_key(key, near), self._rename(key, near)
        yield from ((problem, None) for problem in self._refused(unknown))
        yield from ((self._missing(key), None) for key in missing)

    @property
    def _data(self) -> Mapping[str, Any]:
        value: Any = self.document.data
        for step in self.spot.path:
            value = value[step]
        return value  # type: ignore[no-any-return] # a map: these errors are of its keys

    def _of(self, keyword: str) -> list[Any]:
        return [error for error in self.errors if error.validator == keyword]

    def _known(self) -> list[str]:
        closed = self._of("additionalProperties")
        return list(closed[0].schema.get("properties", ())) if closed else []

    def _unknown(self) -> Iterator[str]:
        for error in self._of("additionalProperties"):
            named = error.schema.get("properties", {})
            patterns = error.schema.get("patternProperties", {})
            yield from (key for key in error.instance if key not in named and not _fits(key, patterns))

    def _near(self, key: str, missing: Sequence[str]) -> str | None:
        """The key that was meant: one that is missing if it is one edit away, else one that is not there yet."""
        near = suggest(key, missing)
        if near and one_edit(near, key):
            return near
        known = self._known()
        return suggest(key, [name for name in known if name not in self._data]) or suggest(key, known)

    def _rename(self, key: str, near: str | None) -> Rename | None:
        possible = [name for name in self._known() if one_edit(key, name) and name not in self._data]
        return Rename(self.spot.path, key, near) if near and possible == [near] else None

    def _unknown_key(self, key: str, near: str | None) -> Diagnostic:
        place = where(self.document.data, self.spot.path)
        known = self._known()
        if self.spot.label in ("condition", "charge", "resource"):
            return self._problem(key, f"unknown field '{self.spot.key(key)}' in {place}", self._field_hint(key, near))
        field = self.spot.field
        if self.spot.label == "rung" and key in STEP_KEYS:
            message = f"'{key}' is not a key of {self._data.get('do')} in {place}"
            return self._problem(key, message, few(known, "it takes {}"))
        if field is None or self.spot.rest:
            return self._problem(
                key, f"unknown key '{key}' in {place}", did_you_mean(near) or few(known, "it takes {}")
            )
        takes = f"it takes {', '.join(sorted(known))}"
        if key in OPERATORS and (near is None or not one_edit(key, near)):
            message = f"'{key}' does not fit '{self.spot.dotted}', which is {A_TYPE[field.type]}, in {place}"
            return self._problem(key, message, takes)
        message = f"unknown operator '{key}' for '{self.spot.dotted}' in {place}"
        return self._problem(key, message, did_you_mean(near) or takes)

    def _field_hint(self, key: str, near: str | None) -> str | None:
        """What was meant by a field nobody knows: a neighbour, the same name in a group, a dotted name, a tag."""
        inside = self.spot.dotted
        if near and one_edit(key, near):
            return did_you_mean(near)
        name = key if key in FIELDS else self.spot.key(key)
        if name in FIELDS:
            group, _, rest = name.partition(".")
            return f"write {group}: {{{rest}: …}}" if rest else f"'{name}' stands outside of '{inside}'"
        elsewhere = [name for name in FIELDS if name.endswith(f".{key}")]
        if elsewhere or near:
            return did_you_mean(elsewhere[0] if elsewhere else near)
        if inside:
            return few(self._known(), "it has {}")
        return f"for a tag write tags: {{{key}: …}}" if self.spot.label == "condition" else None

    def _refused(self, unknown: Sequence[str]) -> Iterator[Diagnostic]:
        """Keys that exist and do not belong here, and names that are not written as names."""
        place = where(self.document.data, self.spot.path)
        for error in self._of("propertyNames"):
            key, title = str(error.instance), error.schema.get("title", "name")
            if key in unknown:
                continue
            near = suggest(key, error.schema.get("enum", ())) or name_like(key, error.schema.get("pattern"))
            yield self._problem(key, f"'{key}' is not a {title} in {place}", did_you_mean(near) or SHAPES.get(title))

    def _missing(self, key: str) -> Diagnostic:
        path, place = self.spot.path, where(self.document.data, self.spot.path)
        if self.spot.field is not None:
            place = f"'{self.spot.dotted}' in {place}"
        elif path and isinstance(path[-1], int):
            place = f"this item of {place}"
        at_key = bool(path) and isinstance(path[-1], str)
        return self.document.problem(path, f"'{key}' is missing in {place}", _EXAMPLE.get(key), key=at_key)

    def _problem(self, key: str, message: str, hint: str | None) -> Diagnostic:
        return self.document.problem((*self.spot.path, key), message, hint, key=True)


def _fits(key: str, patterns: Iterable[str]) -> bool:
    return any(re.search(pattern, key) for pattern in patterns)
