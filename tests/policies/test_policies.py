"""The shipped policies: they load, promise no more than they say, and a customer cannot loosen the baseline."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from finops_guard.language.policy import check_policy
from finops_guard.model import DESTRUCTIVE, Policy

FOLDER = Path(__file__).parents[2] / "policies"
FILES = sorted(FOLDER.glob("*.yaml"))
RULES = {path.stem for path in FOLDER.with_name("rules").glob("*.yaml")}
TODAY = date(2026, 11, 25)
HEAD = "# yaml-language-server: $schema=../schema/policy.json\n"


def loaded(path: Path) -> Policy:
    policy, problems = check_policy(path, TODAY)
    assert [str(problem) for problem in problems if not problem.warning] == []
    assert policy is not None
    return policy


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_loads_under_its_own_name(path: Path) -> None:
    policy = loaded(path)
    assert policy.name == path.stem
    assert path.read_text("utf-8").startswith(HEAD)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_teaches_in_lines_that_fit_a_screen(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    assert [line for line in lines if len(line) > 120] == []
    assert sum("#" in line for line in lines) > len(lines) / 4
    assert not re.search(r"TODO|FIXME|TBD", path.read_text("utf-8"))


def test_the_starter_only_looks_with_every_pack() -> None:
    policy = loaded(FOLDER / "starter.yaml")
    assert policy.mode == "dry-run"
    assert policy.permit == {"notify", "suggest"}
    assert {binding.pack.name for binding in policy.bindings} == RULES
    assert {binding.mode for binding in policy.bindings} == {"dry-run"}
    assert policy.teams == {}


def test_each_next_step_of_the_starter_works_as_it_stands(tmp_path: Path) -> None:
    text = (FOLDER / "starter.yaml").read_text("utf-8")
    document: dict[str, Any] = yaml.safe_load(text)
    steps = _steps(text)
    path = tmp_path / "starter.yaml"
    acting = []
    for step in steps:
        document |= step
        path.write_text(yaml.safe_dump(document), "utf-8")
        acting.append([binding.name for binding in loaded(path).bindings if binding.mode == "enforce"])
    assert acting == [[], [], [], ["waste-dev"], ["schedules"], ["schedules"]]


def _steps(text: str) -> list[dict[str, Any]]:
    """What stands commented out under each numbered line."""
    _, *parts = re.split(r"^# \d+\. .*\n", text, flags=re.MULTILINE)
    return [yaml.safe_load(re.sub(r"^# ?", "", part, flags=re.MULTILINE)) for part in parts]


def test_the_baseline_names_nobody_and_stops_only_what_is_not_production() -> None:
    policy = loaded(FOLDER / "msp-baseline.yaml")
    assert policy.teams == {}
    assert policy.scope == {}
    assert policy.permit & DESTRUCTIVE == {"stop"}
    assert policy.at_most.keys() >= policy.permit & DESTRUCTIVE
    may_stop = [b.name for b in policy.bindings if b.mode == "enforce" and b.permit & DESTRUCTIVE]
    assert may_stop == ["waste-nonprod"]


def test_the_customer_is_stricter_than_the_baseline() -> None:
    base, own = (loaded(FOLDER / f"{name}.yaml") for name in ("msp-baseline", "customer-example"))
    assert [binding.name for binding in own.bindings] == [binding.name for binding in base.bindings]
    assert own.at_most["stop"].count < base.at_most["stop"].count
    assert own.permit <= base.permit
    assert len(own.channels) > len(base.channels)
    for section in ("teams", "aliases", "exempt", "freeze", "windows", "scope", "expect", "inherit_tags", "also_ai"):
        assert getattr(own, section), section
    assert own.raw["budgets"]


LOOSER = {
    "a verb": "permit: [notify, suggest, tag, stop, terminate]",
    "a cap": "at_most: {stop: 50}",
    "a pack gone": "packs: [{use: tag-hygiene, skip: [conflict]}]",
    "a lower threshold": "packs: [{use: accelerator-waste, as: waste-nonprod, with: {idle-below: 1%}}]",
    "a longer look": "packs: [{use: accelerator-waste, as: waste-nonprod, with: {idle-for: 30d}}]",
    "a shorter wait": "packs: [{use: accelerator-waste, as: waste-nonprod, with: {patience: 1h}}]",
    "acting on production": "packs: [{use: accelerator-waste, mode: enforce}]",
    "more environments": "packs: [{use: tag-hygiene, with: {environments: [dev, prod, elsewhere]}}]",
    "a milder rule": "packs: [{use: accelerator-waste, severity: {idle: low}}]",
}


@pytest.mark.parametrize("loosened", LOOSER.values(), ids=LOOSER.keys())
def test_the_baseline_cannot_be_loosened(tmp_path: Path, loosened: str) -> None:
    path = tmp_path / "mine.yaml"
    packs = "" if loosened.startswith("packs") else "packs: [{use: ai-tags}]\n"
    path.write_text(f"policy: mine\nowner: me@example.com\nextends: msp-baseline\n{packs}{loosened}\n", "utf-8")
    errors = [problem for problem in check_policy(path, TODAY)[1] if not problem.warning]
    assert len(errors) == 1
    assert "msp-baseline" in str(errors[0])
