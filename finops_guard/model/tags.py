"""Tags: canonical keys beside the raw spelling, conflicts and what could not be read."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from functools import lru_cache

from finops_guard.model.values import Unknown

_RUNS = re.compile(r"[_. ]+")
RESERVED = ("aws:", "goog-", "hidden-", "ms-resource-usage")
"""Prefixes of keys that providers write; they are kept raw and never judged for spelling."""


def spelt_by_people(key: str) -> bool:
    """Whether people choose how a key is spelled, so that it can be judged and put right.

    Not a provider's own, nor one with a namespace (`kubernetes.io/…`, `eks:…`), by which a controller finds its things,
    nor `Name`, which is what the AWS console shows.
    """
    return key != "Name" and not key.casefold().startswith(RESERVED) and ":" not in key and "/" not in key


def canonical(key: str, aliases: Mapping[str, str] | None = None) -> str:
    """The one spelling of a tag key: trimmed, case-folded, runs of `_ . space` as `-`; `aliases`: spelling -> key."""
    folded = _folded(key)
    return aliases.get(folded, folded) if aliases else folded


@lru_cache(maxsize=10_000)
def _folded(key: str) -> str:
    """Found out once for each key, and one text object for all: a look-up then need not compare characters."""
    return sys.intern(_RUNS.sub("-", key.strip().casefold()))


class Tags(dict[str, str]):
    """Canonical key -> value of every tag that has one value; an empty or blank value is absent.

    `raw` is what the provider said, untouched. `conflicts` holds, by canonical key, the raw spellings whose values
    differ; such a key is in neither the map nor absent. `unknown` holds, by raw spelling, keys that are there or not
    with a value that cannot be told, and why (a plan: known after apply). `open_because` says why more tags may exist
    than are here (None when the map is complete); with an empty map it means that the tags could not be read at all.

    `get` answers for the compiled rules: it raises KeyError where the value is unknown.
    """

    __slots__ = ("_hidden", "conflicts", "open_because", "raw", "unknown")

    def __init__(
        self,
        values: Mapping[str, str],
        raw: Mapping[str, str],
        conflicts: Mapping[str, Mapping[str, str]] | None = None,
        open_because: str | None = None,
        unknown: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        """`unknown`: canonical key -> its raw spelling and the reason."""
        super().__init__(values)
        self.raw = dict(raw)
        self.conflicts = dict(conflicts or {})
        self.open_because = open_because
        self._hidden = dict(unknown or {})
        self.unknown = dict(self._hidden.values())

    @staticmethod
    def of(
        raw: Mapping[str, str],
        aliases: Mapping[str, str] | None = None,
        *,
        open_because: str | None = None,
        unknown: Mapping[str, str] | None = None,
    ) -> Tags:
        """Tags from a provider's own key -> value map. `aliases`: folded spelling -> canonical key (policy `tags`).

        `unknown`: raw key -> why its value cannot be told. Another spelling of such a key may conflict with it, so that
        is unknown with it.
        """
        spellings: dict[str, dict[str, str]] = {}
        for key, value in raw.items():
            if value and not value.isspace():
                spellings.setdefault(canonical(key, aliases), {})[key] = value
        values = {}
        conflicts = {}
        hidden = {canonical(key, aliases): (key, reason) for key, reason in unknown.items()} if unknown else {}
        for key, by_spelling in spellings.items():
            if key in hidden:
                continue
            if len(set(by_spelling.values())) == 1:
                values[key] = next(iter(by_spelling.values()))
            else:
                conflicts[key] = by_spelling
        kind = PartialTags if conflicts or hidden or open_because is not None else Tags
        return kind(values, raw, conflicts, open_because, hidden)

    def under(self, aliases: Mapping[str, str], open_because: str | None = None) -> Tags:
        """The same tags read with other aliases; `open_because`: why there may be more of them than there were."""
        reason = self.open_because if open_because is None else open_because
        return Tags.of(self.raw, aliases, open_because=reason, unknown=self.unknown)

    @staticmethod
    def unreadable(reason: str) -> Tags:
        """Tags that could not be read at all."""
        return PartialTags({}, {}, None, reason)

    def plus(self, more: Mapping[str, str]) -> Tags:
        """The same tags and, by canonical key, values that come from elsewhere; `raw` stays."""
        return type(self)({**more, **self}, self.raw, self.conflicts, self.open_because, self._hidden)

    def look(self, key: str) -> str | Unknown | None:
        """The value of a canonical key: known, absent (None) or unknown."""
        if key in self:
            return self[key]
        if key in self.conflicts:
            spelt = ", ".join(f"{raw}={value!r}" for raw, value in sorted(self.conflicts[key].items()))
            return Unknown(f"conflicting spellings: {spelt}")
        if key in self._hidden:
            return Unknown(self._hidden[key][1])
        return None if self.open_because is None else Unknown(self.open_because)


class PartialTags(Tags):
    """Tags of which some cannot be told: conflicts, unknown values, an open map, or a read that was denied."""

    __slots__ = ()

    def get(self, key: str, _default: object = None, /) -> str | None:  # type: ignore[override] # raises: see Tags
        """The value or None; KeyError where it is unknown. The default is not used: unknown has none."""
        value = self.look(key)
        if isinstance(value, Unknown):
            raise KeyError(key)
        return value
