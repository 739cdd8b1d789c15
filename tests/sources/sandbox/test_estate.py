from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from finops_guard.sources.sandbox import estate as module
from finops_guard.sources.sandbox.estate import draw

NOW = datetime(2026, 11, 25, 12, 0, 30, tzinfo=UTC)


def test_the_same_seed_and_moment_draw_the_same_estate() -> None:
    assert draw(7, NOW) == draw(7, NOW)
    assert draw(7, NOW).items != draw(8, NOW).items


def test_ages_are_counted_from_the_moment() -> None:
    later = NOW + timedelta(days=3)
    for one, other in zip(draw(7, NOW).items, draw(7, later).items, strict=True):
        assert one.created < NOW
        assert other.created - one.created == timedelta(days=3)


def test_every_fleet_is_drawn_whole_and_no_name_is_used_twice() -> None:
    data = yaml.safe_load(module.DATA.read_text(encoding="utf-8"))
    items = draw(7, NOW).items
    assert len(items) == sum(fleet["count"] for fleet in data["fleets"])
    assert max(Counter((item.kind, item.account, item.region, item.name) for item in items).values()) == 1


def test_a_fleet_does_not_move_when_another_changes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data = yaml.safe_load(module.DATA.read_text(encoding="utf-8"))
    del data["fleets"][0]
    fewer = tmp_path / "estate.yaml"
    fewer.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    whole = draw(7, NOW).items
    monkeypatch.setattr(module, "DATA", fewer)
    assert draw(7, NOW).items == whole[6:]


def test_a_fleet_whose_tags_do_not_add_up_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data = yaml.safe_load(module.DATA.read_text(encoding="utf-8"))
    data["fleets"][0]["tags"] = {"right": 1}
    broken = tmp_path / "estate.yaml"
    broken.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    monkeypatch.setattr(module, "DATA", broken)
    with pytest.raises(ValueError, match="dijkscan-trainer tags 1 of 6"):
        draw(7, NOW)


def test_what_is_kept_until_a_day_says_so_unless_it_says_nothing() -> None:
    machines = [item for item in draw(7, NOW).items if item.name.startswith("notulen-pretrain")]
    assert {item.tags.get("expires-on") for item in machines} == {None, "2027-01-09"}
    assert all(bool(item.tags) == ("expires-on" in item.tags) for item in machines)


def test_about_six_in_ten_are_tagged_right() -> None:
    data = yaml.safe_load(module.DATA.read_text(encoding="utf-8"))
    ways = Counter[str]()
    for fleet in data["fleets"]:
        ways.update(fleet["tags"])
    assert 0.55 < ways["right"] / ways.total() < 0.68
    assert {"none", "few", "missing", "empty", "typo", "stranger", "case", "camel", "conflict"} <= ways.keys()


def test_the_company_is_three_accounts_in_one_organization_and_two_regions() -> None:
    company = draw(7, NOW)
    assert {one.unit for one in company.accounts} == {"Workloads/AI-Training", "Workloads/AI-Serving", "Network"}
    assert company.regions == ("eu-west-1", "eu-central-1")
    assert {item.account for item in company.items} == {one.id for one in company.accounts}
