from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import yaml

from finops_guard.language.policy import check_policy
from finops_guard.sources.sandbox.estate import draw
from finops_guard.sources.sandbox.policy import SHIPPED, written

NOW = datetime(2031, 5, 1, tzinfo=UTC)


def test_it_is_about_this_estate() -> None:
    estate, policy = draw(7, NOW), yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    aws = policy["scope"]["aws"]
    assert aws["accounts"] == [account.id for account in estate.accounts]
    assert tuple(aws["regions"]) == estate.regions
    assert (aws["roles"]["scan"], aws["external_id"]) == (estate.role, estate.external_id)
    assert "expect" not in policy["scope"]  # the denied cell has to show
    named = {item.facts["team"] for item in estate.items}
    assert policy["teams"].keys() == named
    names = {item.name for item in estate.items}
    assert {exemption["where"]["name"] for exemption in policy["exempt"]} <= names


def test_its_exemptions_hold_whenever_it_is_used(tmp_path: Path) -> None:
    policy = yaml.safe_load(written(tmp_path, NOW).read_text(encoding="utf-8"))
    assert all(0 < (one["until"] - NOW.date()).days < 180 for one in policy["exempt"])


def test_the_file_itself_is_a_sound_policy() -> None:
    policy, problems = check_policy(SHIPPED, datetime(2026, 11, 25, tzinfo=UTC).date())
    assert not problems
    assert policy is not None
    assert [binding.name for binding in policy.bindings][:2] == ["tags-training", "tags-serving"]


def test_it_changes_nothing() -> None:
    assert yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))["mode"] == "dry-run"
