"""`explain`: rules, packs and findings in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import finops_guard
from tests.cli.house import PACK, furnish, machine, snapshot


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return furnish(tmp_path)


@pytest.mark.usefixtures("house")
def test_a_rule_in_words_with_the_policys_values() -> None:
    ran = finops_guard("explain", "demo/whose")
    assert (ran.code, ran.err) == (0, "")
    for words in (
        "demo/whose  high · allocation · rules/demo.yaml:10",
        "Machines say whose they are",
        "- kind is 'vm'",
        "- tags.team is one of vision, nlp",
        "- notify, leaving the due time on the resource as a tag",
        "- stop after 1d, with a reminder 4h before",
        "Nobody pays for what nobody owns.",
        "Tag at creation.",
        "$teams (list): any",
        "[vision, nlp] in 'demo' of the policy",
        "fail      {kind: vm, tags: {}}",
    ):
        assert words in ran.out


@pytest.mark.usefixtures("house")
def test_a_rules_own_name_will_do_where_only_one_pack_has_it() -> None:
    assert finops_guard("explain", "small").out.startswith("demo/small")
    ran = finops_guard("explain", "whose")
    assert ran.code == 2
    assert "several rules are called 'whose'" in ran.err
    assert "demo/whose" in ran.err
    assert "ai-tags/whose" in ran.err


@pytest.mark.parametrize(("wrong", "meant"), [("demo/whsoe", "demo/whose"), ("smal", "small"), ("dmeo", "demo")])
def test_a_misspelt_name_is_told_what_was_meant(house: Path, wrong: str, meant: str) -> None:
    del house
    ran = finops_guard("explain", wrong)
    assert (ran.code, ran.out) == (2, "")
    assert f"did you mean '{meant}'?" in ran.err


@pytest.mark.usefixtures("house")
def test_a_pack_lists_its_rules() -> None:
    ran = finops_guard("explain", "demo")
    assert ran.code == 0
    assert "demo  1.2.3  rules/demo.yaml" in ran.out
    assert "whose  high      Machines say whose they are" in ran.out


def test_shipped_rules_need_no_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = finops_guard("explain", "ai-tags/whose", "-f", "json")
    assert ran.code == 0
    rule = json.loads(ran.out)
    assert rule["severity"] == "high"
    assert "tags.team is there" in rule["require"]
    assert rule["params"][0]["policy"] == {}


@pytest.mark.usefixtures("house")
def test_json_tells_the_same() -> None:
    rule = json.loads(finops_guard("explain", "demo/whose", "-f", "json").out)
    assert rule["otherwise"][1] == "stop after 1d, with a reminder 4h before"
    assert rule["params"][0]["policy"] == {"demo": "[vision, nlp]"}
    assert rule["examples"][1] == {"verdict": "fail", "resource": {"kind": "vm", "tags": {}}}
    pack = json.loads(finops_guard("explain", "demo", "-f", "json").out)
    assert [each["rule"] for each in pack["rules"]] == ["demo/whose", "demo/small"]


def test_what_strangers_wrote_cannot_steer_a_terminal(house: Path) -> None:
    (house / "rules/demo.yaml").write_text(PACK.replace("Tag at creation.", '"Tag \\e]0;x\\a\\u202e now."'))
    ran = finops_guard("explain", "demo/whose")
    assert ran.code == 0
    assert not any(char in ran.out for char in "\x1b\x07\u202e")
    assert "Tag \\x1b]0;x" in ran.out


@pytest.fixture
def report(house: Path) -> dict[str, Any]:
    snapshot(house / "estate", [machine("a\x1b[31m", {"team": "\x1b]0;marketing\x07"})])
    ran = finops_guard("scan", "estate", "-f", "json", "-q")
    (house / "report.json").write_text(ran.out)
    loaded: dict[str, Any] = json.loads(ran.out)
    return loaded


def test_a_finding_of_a_report(report: dict[str, Any]) -> None:
    (finding,) = report["findings"]
    for id_ in (finding["id"], finding["id"][:8]):
        ran = finops_guard("explain", id_, "--from", "report.json")
        assert (ran.code, ran.err) == (0, "")
        assert "\x1b" not in ran.out
        assert "demo/whose  high · fail" in ran.out
        assert "AWS::EC2::Instance" in ran.out
        assert "not one of vision, nlp" in ran.out
        assert "Tag at creation." in ran.out
        assert "notify: due, at " in ran.out
    whole = json.loads(finops_guard("explain", finding["id"], "--from", "report.json", "-f", "json").out)
    assert whole["rule"]["learn"] == "Tag at creation."
    assert whole["finding"]["id"] == finding["id"]


@pytest.mark.usefixtures("report")
def test_a_finding_that_is_not_there_and_a_report_that_is_none() -> None:
    ran = finops_guard("explain", "0" * 20, "--from", "report.json")
    assert ran.code == 2
    assert "holds no finding" in ran.err
    ran = finops_guard("explain", "0" * 20)
    assert ran.code == 2
    assert "--from report.json" in ran.err
    for file, why in (
        ("finops-guard.yaml", "not a report of ours"),
        ("nowhere", "cannot be read"),
        ("rules", "cannot be"),
    ):
        ran = finops_guard("explain", "0" * 20, "--from", file)
        assert ran.code == 2
        assert why in ran.err
