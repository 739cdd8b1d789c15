"""What an inventory tells of those who made it: teams, spellings of tag keys, accounts and regions in use, counted."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from finops_guard.evaluate.checks import tests_of
from finops_guard.language.near import one_edit
from finops_guard.model import Resource, Rule, canonical
from finops_guard.model.tags import spelt_by_people

_Key = TypeVar("_Key", str, tuple[str, str])
TEAM = "team"
_SAME_AS_TEAM = ("team-name", "owner-team", "owning-team", "squad")
_PERHAPS_TEAM = ("group", "department", "business-unit", "owner")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_RARER = 4
"""A value is a slip of another one's pen only where it is at least this many times rarer."""
_LONG_ENOUGH = 5
"""Shorter keys have too many neighbours: `tea`, `steam` and `term` are all one letter from `team`."""


@dataclass(frozen=True, slots=True)
class TeamInUse:
    """A team, on how many resources, and who owns most of them."""

    name: str
    count: int
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """A value that was seen and not taken for a team, and why."""

    value: str
    count: int
    why: str


@dataclass(frozen=True, slots=True)
class Spelling:
    """Another spelling of a key that rules read. `doubt`: why it may be another key, None where it cannot."""

    raw: str
    key: str
    count: int
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """An account, subscription or project in use."""

    cloud: str
    account: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class InUse:
    """What is in use, in every list the most used first. `team_key`: the canonical key that the teams stand under."""

    resources: int
    team_key: str
    teams: tuple[TeamInUse, ...]
    doubts: tuple[Doubt, ...]
    spellings: tuple[Spelling, ...]
    places: tuple[Place, ...]
    regions: tuple[tuple[str, int], ...]
    keys: tuple[tuple[str, int], ...]


def in_use(resources: Iterable[Resource], required: Collection[str]) -> InUse:
    """Count one inventory. `required`: canonical keys of the tags that rules read, whose spellings matter."""
    seen = _Seen(frozenset(required))
    for resource in resources:
        seen.see(resource)
    key = seen.team_key()
    teams, doubts = _teams(seen.values[key], seen.owners[key])
    return InUse(
        resources=seen.resources,
        team_key=key,
        teams=teams,
        doubts=doubts,
        spellings=tuple(seen.spellings()),
        places=tuple(
            Place(cloud, account, seen.names.get((cloud, account), ""), count)
            for (cloud, account), count in _ordered(seen.accounts)
        ),
        regions=tuple(_ordered(seen.regions)),
        keys=tuple(_ordered(seen.keys)),
    )


def keys_read(rules: Iterable[Rule]) -> frozenset[str]:
    """The canonical keys of the tags that rules look at: those whose spelling matters."""
    conditions = [condition for rule in rules for condition in (rule.match, rule.require)]
    return frozenset(
        test.ref.name for condition in conditions for test in tests_of(condition) if test.ref.space == "tag"
    )


def words_of(raw: str) -> str:
    """A key folded as the language folds it, camelCase apart: `ModelVersion` is `model-version`."""
    return canonical(_CAMEL.sub("-", raw))


@dataclass(slots=True)
class _Seen:
    required: frozenset[str]
    resources: int = 0
    keys: Counter[str] = field(default_factory=Counter)
    values: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    owners: defaultdict[str, Counter[tuple[str, str]]] = field(default_factory=lambda: defaultdict(Counter))
    clashes: Counter[str] = field(default_factory=Counter)
    accounts: Counter[tuple[str, str]] = field(default_factory=Counter)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    regions: Counter[str] = field(default_factory=Counter)

    def see(self, resource: Resource) -> None:
        self.resources += 1
        place = resource.text("cloud"), resource.text("account")
        if place[1]:
            self.accounts[place] += 1
            if name := resource.text("account_name"):
                self.names.setdefault(place, name)
        if (region := resource.text("region")) and region != "global":
            self.regions[region] += 1
        tags = {key: value for key, value in resource.tags.raw.items() if value.strip() and spelt_by_people(key)}
        owner = next((value for key, value in tags.items() if canonical(key) == "owner"), None)
        for raw, value in tags.items():
            self.keys[raw] += 1
            words = words_of(raw)
            if words in (TEAM, *_SAME_AS_TEAM, *_PERHAPS_TEAM):
                self.values[words][value] += 1
                if owner and words != "owner":
                    self.owners[words][value, owner] += 1
            if canonical(raw) not in self.required and (meant := self._meant(raw)):
                proper = resource.tags.look(meant[0])
                self.clashes[raw] += isinstance(proper, str) and proper != value

    def team_key(self) -> str:
        candidates = (TEAM, *_SAME_AS_TEAM, *_PERHAPS_TEAM)
        return next((key for key in candidates if any(count > 1 for count in self.values[key].values())), TEAM)

    def spellings(self) -> Iterator[Spelling]:
        team = self.team_key()
        for raw, count in _ordered(self.keys):
            if canonical(raw) in self.required:
                continue
            if words_of(raw) == team and team != TEAM:
                doubt = None if team in _SAME_AS_TEAM else f"is {raw} whose it is?"
                yield Spelling(raw, TEAM, count, doubt)
            elif meant := self._meant(raw):
                key, certain = meant
                clash = self.clashes[raw]
                doubt = None if certain or not clash else f"{key} has another value beside it on {clash}"
                yield Spelling(raw, key, count, doubt)

    def _meant(self, raw: str) -> tuple[str, bool] | None:
        """The required key that a spelling means, and whether it can mean nothing else."""
        words, folded = words_of(raw), canonical(raw)
        if words in self.required:
            return words, True
        for key in sorted(self.required):
            if words.replace("-", "") == key.replace("-", ""):
                return key, True
        for key in sorted(self.required):
            if len(key) >= _LONG_ENOUGH and (one_edit(words, key) or one_edit(folded, key)):
                return key, False
        return None


def _teams(values: Counter[str], owners: Counter[tuple[str, str]]) -> tuple[tuple[TeamInUse, ...], tuple[Doubt, ...]]:
    teams: list[TeamInUse] = []
    doubts: list[Doubt] = []
    for value, count in _ordered(values):
        near = next((team for team in teams if count * _RARER <= team.count and _slip(value, team.name)), None)
        if near is not None:
            doubts.append(Doubt(value, count, f"near {near.name}, which is on {near.count:,}"))
        elif count == 1:
            doubts.append(Doubt(value, count, "seen once"))
        else:
            theirs = Counter({owner: n for (team, owner), n in owners.items() if team == value})
            most = _ordered(theirs)[:1]
            owner = most[0][0] if most and most[0][1] * 2 > count else None
            teams.append(TeamInUse(value, count, owner))
    return tuple(teams), tuple(doubts)


def _slip(value: str, of: str) -> bool:
    """Whether a value looks like another one mistyped; names that differ in a digit are meant to differ."""
    a, b = canonical(value), canonical(of)
    if [c for c in a if c.isdigit()] != [c for c in b if c.isdigit()]:
        return False
    return a == b or one_edit(a, b)


def _ordered(counts: Counter[_Key]) -> list[tuple[_Key, int]]:
    """Most first, then by name: the same inventory says the same, in whatever order it comes."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
