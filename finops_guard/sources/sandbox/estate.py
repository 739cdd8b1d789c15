"""The estate as values: what `estate.yaml` describes, drawn for one seed and one moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import yaml

from finops_guard.sources.sandbox import tagging

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DATA = Path(__file__).with_name("estate.yaml")
_SECONDS = {"m": 60, "h": 3600, "d": 86400}
_OWN_KEYS = frozenset({"kind", "in", "count", "name", "age", "tags"})


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the company; `unit` is its path of organisational units."""

    id: str
    name: str
    unit: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to plant. `load` is what it reports in an hour by measure, empty when it reports nothing."""

    kind: str
    account: str
    region: str
    name: str
    created: datetime
    tags: Mapping[str, str]
    facts: Mapping[str, Any]
    load: Mapping[str, float]

    def since(self, key: str, default: datetime) -> datetime:
        """The moment a drawn duration fact after its creation, `default` where the fleet does not say."""
        seconds = self.facts.get(key)
        return default if seconds is None else self.created + timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Cell:
    """Account, region and service that answer AccessDenied."""

    account: str
    region: str
    service: str


@dataclass(frozen=True, slots=True)
class Estate:
    """The whole company at one moment."""

    now: datetime
    seed: int
    domain: str
    management: Account
    accounts: tuple[Account, ...]
    regions: tuple[str, ...]
    role: str
    external_id: str
    denied: frozenset[Cell]
    items: tuple[Item, ...]


def draw(seed: int, now: datetime) -> Estate:
    """Draw the estate: the same seed and moment give equal values, and a changed fleet changes no other fleet."""
    data = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    accounts = {key: Account(**spec) for key, spec in data["accounts"].items()}
    organization = data["organization"]
    return Estate(
        now=now,
        seed=seed,
        domain=data["domain"],
        management=Account(**organization["management"]),
        accounts=tuple(accounts.values()),
        regions=tuple(data["regions"]),
        role=organization["role"],
        external_id=organization["external_id"],
        denied=frozenset(
            Cell(accounts[cell["account"]].id, cell["region"], cell["service"]) for cell in data["denied"]
        ),
        items=tuple(
            item
            for fleet in data["fleets"]
            for item in _fleet(fleet, data, accounts, Random(f"{seed}/{fleet['name']}"), now)
        ),
    )


def _fleet(
    fleet: dict[str, Any], data: dict[str, Any], accounts: dict[str, Account], random: Random, now: datetime
) -> Iterator[Item]:
    place, region = fleet["in"].split("/")
    ways = [way for way, count in fleet["tags"].items() for _ in range(count)]
    if len(ways) != fleet["count"]:
        raise ValueError(f"estate.yaml: fleet {fleet['name']} tags {len(ways)} of {fleet['count']}")
    random.shuffle(ways)
    for number, way in enumerate(ways, start=1):
        name = fleet["name"] if len(ways) == 1 else f"{fleet['name']}-{number:02}"
        facts = {key: value for key, value in fleet.items() if key not in _OWN_KEYS}
        if "runs" in facts:
            facts["runs"] = _between(facts["runs"], random)
        yield Item(
            kind=fleet["kind"],
            account=accounts[place].id,
            region=region,
            name=name,
            created=now - timedelta(seconds=_between(fleet["age"], random)),
            tags=_with(
                tagging.tags(way, tagging.right(fleet, data["teams"][fleet["team"]], name, random), random), fleet, now
            ),
            facts=facts,
            load=_load(data["loads"][fleet["load"]], random) if "load" in fleet else {},
        )


def _with(tags: dict[str, str], fleet: dict[str, Any], now: datetime) -> dict[str, str]:
    """The tags, with those that the whole fleet has; what has no tags stays so."""
    if tags and "expires" in fleet:
        tags["expires-on"] = str((now + timedelta(days=int(fleet["expires"][:-1]))).date())
    return tags | fleet.get("extra", {}) if tags else tags


def _between(text: str, random: Random) -> int:
    """Seconds drawn from a range such as `6h-2d`."""
    low, high = (int(end[:-1]) * _SECONDS[end[-1]] for end in text.split("-"))
    return random.randint(low, high)


def _load(ranges: dict[str, str], random: Random) -> dict[str, float]:
    return {measure: random.uniform(*map(float, ends.split("-"))) for measure, ends in ranges.items()}
