"""`diff`: what changed between two packs, and which version that asks for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import finops_guard
from tests.cli.house import PACK, furnish


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    furnish(tmp_path)
    looser = PACK.replace("{lte: 8}", "{lte: 16}").replace("severity: high", "severity: critical")
    (tmp_path / "new.yaml").write_text(looser.replace("Tag at creation.", "Tag early."))
    return tmp_path


@pytest.mark.usefixtures("house")
def test_what_is_stricter_and_what_looser() -> None:
    ran = finops_guard("diff", "demo", "new.yaml")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "demo 1.2.3 -> 1.2.3\n\n"
        "rule whose\n  stricter severity\n    high  ->  critical\n\n"
        "rule small\n  looser   require\n    accelerators.count is at most 8  ->  accelerators.count is at most 16\n\n"
        "a major change: the version should be 2.0.0 or later, not 1.2.3\n"
    )
    assert "worded   learn" in finops_guard("diff", "demo", "new.yaml", "-v").out


@pytest.mark.usefixtures("house")
def test_json_and_markdown() -> None:
    whole = json.loads(finops_guard("diff", "demo", "new.yaml", "-f", "json").out)
    assert (whole["bump"], whole["version"], whole["enough"]) == ("major", "2.0.0", False)
    assert [(c["subject"], c["part"], c["effect"]) for c in whole["changes"]] == [
        ("rule whose", "severity", "stricter"),
        ("rule whose", "learn", "worded"),
        ("rule small", "require", "looser"),
    ]
    ran = finops_guard("diff", "demo", "new.yaml", "-f", "markdown")
    assert "| rule whose severity | stricter | high | critical |" in ran.out


@pytest.mark.usefixtures("house")
def test_the_same_pack_did_not_change() -> None:
    assert "nothing changed" in finops_guard("diff", "demo", "rules/demo.yaml").out
    assert finops_guard("diff", "ai-tags", "ai-tags").code == 0


def test_an_unknown_pack_and_a_broken_one(house: Path) -> None:
    ran = finops_guard("diff", "dmeo", "new.yaml")
    assert (ran.code, ran.out) == (2, "")
    assert "did you mean 'demo'?" in ran.err
    (house / "broken.yaml").write_text(PACK.replace("severity: low", "severity: lwo"))
    ran = finops_guard("diff", "demo", "broken.yaml")
    assert (ran.code, ran.out) == (2, "")
    assert "broken.yaml:27:15: error: " in ran.err


def test_markdown_holds_no_markup_of_strangers(house: Path) -> None:
    (house / "evil.yaml").write_text(PACK.replace("title: Machines are small", "title: '<b>|@all'"))
    ran = finops_guard("diff", "demo", "evil.yaml", "-f", "markdown", "-v")
    assert "<b>" not in ran.out
    assert "@all" not in ran.out
