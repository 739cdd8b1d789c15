from __future__ import annotations

from random import Random

import pytest

from finops_guard.model import Tags
from finops_guard.sources.sandbox import tagging

TEAM = {"owner": "m.devries", "cost_center": "cc-1", "datasets": ["d"], "models": ["m"]}
ASKED = tagging.right({"team": "vision", "project": "dijkscan", "work": "training"}, TEAM, "it", Random(1))


def written(way: str) -> Tags:
    return Tags.of(tagging.tags(way, ASKED, Random(1)))


def test_right_has_everything_that_is_asked_for() -> None:
    assert written("right").keys() >= {"project", "team", "workload-type", "dataset", "model-version", "environment"}


@pytest.mark.parametrize("way", ["missing", "empty"])
def test_one_key_is_absent(way: str) -> None:
    assert len(ASKED.keys() - written(way).keys()) == 2  # that key, and Name, which is spelt in capitals
    assert len(tagging.tags("empty", ASKED, Random(1))) == len(ASKED)


def test_a_conflict_is_two_values_for_one_key() -> None:
    assert written("conflict").conflicts.keys() == {"team"}


def test_other_spellings_mean_the_same_key() -> None:
    assert written("case") == written("right")
    assert "Team" in written("case").raw


def test_camel_case_needs_the_alias() -> None:
    raw = tagging.tags("camel", ASKED, Random(1))
    assert "model-version" not in Tags.of(raw)
    assert "model-version" in Tags.of(raw, {"modelversion": "model-version"})


def test_a_typo_is_one_edit_or_so_away() -> None:
    some = [tagging.tags("typo", ASKED, Random(seed)) for seed in range(9)]
    assert {one["workload-type"] for one in some} == {"training", "trainning"}
    assert all((one["team"] == "visoin") != (one["workload-type"] == "trainning") for one in some)
    assert Tags.of(tagging.tags("typo", {"team": "vision"}, Random(1)))["team"] == "visoin"


def test_bare_says_nothing_of_data_and_model() -> None:
    assert written("right").keys() - written("bare").keys() == {"dataset", "model-version"}
    assert written("prd")["environment"] in {"production", "prd", "Prod"}


def test_none_and_few_leave_nothing_to_allocate_by() -> None:
    assert not written("none")
    assert written("few").keys() == {"name"}
