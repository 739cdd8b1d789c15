"""How the company tags: the right way, and each of the wrong ways a fleet in `estate.yaml` may name.

`right` everything asked for · `none` nothing · `few` only a name · `missing` one key left out · `empty` one value empty
· `typo` a misspelt value · `stranger` a team nobody knows · `case` keys in another spelling · `camel` ModelVersion for
model-version, the policy's alias · `conflict` two spellings of `team` with different values · `bare` no dataset and no
model version · `prd` production by another name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

_TYPOS = {
    "training": "trainning",
    "fine-tuning": "finetuning",
    "inference": "inferrence",
    "notebook": "notebok",
    "evaluation": "evalution",
    "data-prep": "dataprep",
    "vision": "visoin",
    "nlp": "npl",
    "forecasting": "forcasting",
    "netops": "netpos",
    "platform": "plaftorm",
}
_ASKED = ("project", "team", "workload-type")
_LEARNS = frozenset({"training", "fine-tuning", "evaluation"})


def right(fleet: dict[str, Any], team: dict[str, Any], name: str, random: Random) -> dict[str, str]:
    """What should be on a thing of this fleet."""
    tags = {
        "Name": name,
        "team": fleet["team"],
        "project": fleet.get("project", random.choice(team["models"])),
        "environment": fleet.get("environment", "prod"),
        "owner": team["owner"],
        "cost-center": team["cost_center"],
    }
    work = fleet.get("work")
    if work:
        tags["workload-type"] = work
    if work in _LEARNS:
        tags["dataset"] = random.choice(team["datasets"])
    if work in _LEARNS or work == "inference":
        tags["model-version"] = f"{random.randint(1, 4)}.{random.randint(0, 9)}.{random.randint(0, 20)}"
    if "dataset" in fleet:
        tags["dataset"] = fleet["dataset"]
    return tags


def tags(way: str, asked: dict[str, str], random: Random) -> dict[str, str]:
    """The tags as somebody wrote them, given what was asked for."""
    return _WAYS[way](dict(asked), random)


def _one(tags: dict[str, str], random: Random) -> str:
    return random.choice([key for key in _ASKED if key in tags])


def _right(tags: dict[str, str], _: Random) -> dict[str, str]:
    return tags


def _none(_tags: dict[str, str], _: Random) -> dict[str, str]:
    return {}


def _few(tags: dict[str, str], _: Random) -> dict[str, str]:
    return {"Name": tags["Name"]}


def _missing(tags: dict[str, str], random: Random) -> dict[str, str]:
    del tags[_one(tags, random)]
    return tags


def _empty(tags: dict[str, str], random: Random) -> dict[str, str]:
    return tags | {_one(tags, random): ""}


def _typo(tags: dict[str, str], random: Random) -> dict[str, str]:
    key = random.choice([key for key in ("workload-type", "team") if key in tags])
    return tags | {key: _TYPOS[tags[key]]}


def _stranger(tags: dict[str, str], _: Random) -> dict[str, str]:
    return tags | {"team": "stagiairs"}


def _case(tags: dict[str, str], _: Random) -> dict[str, str]:
    return {{"team": "Team", "cost-center": "Cost_Center"}.get(key, key): value for key, value in tags.items()}


def _camel(tags: dict[str, str], _: Random) -> dict[str, str]:
    return {"ModelVersion" if key == "model-version" else key: value for key, value in tags.items()}


def _conflict(tags: dict[str, str], random: Random) -> dict[str, str]:
    others = sorted({"vision", "nlp", "forecasting", "netops"} - {tags["team"]})
    return tags | {"Team": random.choice(others)}


def _bare(tags: dict[str, str], _: Random) -> dict[str, str]:
    return {key: value for key, value in tags.items() if key not in {"dataset", "model-version"}}


def _prd(tags: dict[str, str], random: Random) -> dict[str, str]:
    return tags | {"environment": random.choice(["production", "prd", "Prod"])}


_WAYS: dict[str, Callable[[dict[str, str], Random], dict[str, str]]] = {
    "right": _right,
    "none": _none,
    "few": _few,
    "missing": _missing,
    "empty": _empty,
    "typo": _typo,
    "stranger": _stranger,
    "case": _case,
    "camel": _camel,
    "conflict": _conflict,
    "bare": _bare,
    "prd": _prd,
}
