"""`test`: examples and test files, what they leave untested, and how that is told."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.command import finops_guard
from tests.cli.house import PACK, ROOT, TESTS, furnish, machine, snapshot


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return furnish(tmp_path, tests=TESTS)


@pytest.mark.usefixtures("house")
def test_examples_and_test_files_pass() -> None:
    ran = finops_guard("test")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "2 rules, 6 checks, 0 failed\nbranch coverage 87.5 %, 1 never seen (--coverage lists them)\n"


def test_a_failure_says_where_what_and_why(house: Path) -> None:
    (house / "rules/demo.yaml").write_text(
        PACK.replace("fail: [{kind: vm, tags: {}}]", "pass: [{kind: vm, tags: {}}]", 1)
    )
    pack = PACK.replace("pass: [{kind: vm, tags: {team: vision}}]", "pass: [{kind: vm, tags: {}}]")
    (house / "rules/demo.yaml").write_text(pack)
    ran = finops_guard("test")
    assert ran.code == 1
    assert ran.out.startswith(
        "rules/demo.yaml:22:14: failed: demo/whose expected pass, got fail\n    tags.team is absent\n"
    )
    assert "1 failed" in ran.out


def test_a_test_file_runs_under_the_policy_at_its_time(house: Path) -> None:
    (house / "rules/demo.tests.yaml").write_text(TESTS.replace("vision", "marketing"))
    ran = finops_guard("test")  # the policy knows vision and nlp
    assert ran.code == 1
    assert "rules/demo.tests.yaml:5:14: failed: demo/whose expected pass, got fail" in ran.out
    assert "for the resource at rules/demo.tests.yaml:4:9" in ran.out
    assert "not one of vision, nlp" in ran.out
    (house / "finops-guard.yaml").unlink()
    assert finops_guard("test").code == 0  # the pack as it is takes any team


def test_the_clock_is_the_one_that_a_test_names(house: Path) -> None:
    rule = PACK.replace("{team: {in: $teams}}", "{expires-on: {after_now: true}}").replace(
        "{team: vision}", "{expires-on: 2999-01-01}"
    )
    given = "given: [{{kind: vm, tags: {{expires-on: 2026-11-25}}}}]"
    case = f"  - at: {{day}}\n    {given}\n    expect: {{{{demo/whose: {{verdict}}}}}}\n"
    tests = "tests:\n" + case.format(day="2026-11-25", verdict="pass") + case.format(day="2026-11-26", verdict="fail")
    (house / "rules/demo.yaml").write_text(rule.replace("  teams: {", "  teems: {"))
    (house / "finops-guard.yaml").unlink()
    (house / "rules/demo.tests.yaml").write_text(tests)
    ran = finops_guard("test")
    assert ran.code == 0, ran.out


def test_a_misspelt_rule_is_an_error_not_a_pass(house: Path) -> None:
    (house / "rules/demo.tests.yaml").write_text(TESTS.replace("demo/whose", "demo/whos"))
    ran = finops_guard("test")
    assert (ran.code, ran.out) == (2, "")
    assert "rules/demo.tests.yaml:5:14: error: " in ran.err
    assert "did you mean 'demo/whose'?" in ran.err


def test_a_file_with_a_mistake_runs_nothing(house: Path) -> None:
    (house / "rules/demo.yaml").write_text(PACK.replace("severity: low", "severity: lwo"))
    ran = finops_guard("test")
    assert (ran.code, ran.out) == (2, "")
    assert "did you mean 'low'?" in ran.err


def test_one_verdict_for_each_resource(house: Path) -> None:
    two = TESTS.replace("    expect", "      - {kind: vm, tags: {}}\n    expect")
    (house / "rules/demo.tests.yaml").write_text(two.replace("demo/whose: pass", "demo/whose: [pass, fail]"))
    assert finops_guard("test").code == 0
    (house / "rules/demo.tests.yaml").write_text(two.replace("demo/whose: pass", "demo/whose: [fail, pass]"))
    ran = finops_guard("test", "-f", "json")
    assert ran.code == 1
    assert [(f["expected"], f["got"]) for f in json.loads(ran.out)["failures"]] == [("fail", "pass"), ("pass", "fail")]


def test_what_fails_without_being_expected_to_is_noted(house: Path) -> None:
    (house / "rules/demo.tests.yaml").write_text(
        TESTS.replace("{team: vision}", "{team: vision}, accelerators: {count: 16}")
    )
    ran = finops_guard("test")
    assert ran.code == 0
    assert "rules/demo.tests.yaml:4:9: note: demo/small fails, unexpected" in ran.out


def test_a_snapshot_may_be_given(house: Path) -> None:
    snapshot(house / "rules/estate.snapshot", [machine("a", {"team": "vision"}), machine("b", {})])
    test = "tests:\n  - {at: 2026-11-25, snapshot: estate.snapshot, expect: {demo/whose: pass}}\n"
    (house / "rules/demo.tests.yaml").write_text(test)
    ran = finops_guard("test", "-f", "json")
    assert ran.code == 1
    assert [f["got"] for f in json.loads(ran.out)["failures"]] == ["fail"]
    (house / "rules/estate.snapshot").unlink()
    ran = finops_guard("test")
    assert ran.code == 2
    assert "estate.snapshot" in ran.err


def test_rules_that_nothing_shows_passing_or_failing_are_named(house: Path) -> None:
    (house / "rules/demo.yaml").write_text(PACK.replace("      fail: [{kind: vm, accelerators: {count: 16}}]\n", ""))
    ran = finops_guard("test", "--coverage")
    assert ran.code == 0
    assert "demo/small: no fail example" in ran.out
    assert "demo/small: require: never false: accelerators.count is at most 8" in ran.out
    assert "demo/small: match: never false: kind is 'vm'" in ran.out
    assert "branch coverage 75.0 %" in ran.out
    assert json.loads(finops_guard("test", "-f", "json").out)["coverage"]["rules_without"] == {"demo/small": ["fail"]}


def test_a_parameter_without_default_skips_visibly_unless_the_policy_gives_it(house: Path) -> None:
    pack = PACK.replace("default: [], ", "").replace(
        "      pass: [{kind: vm, tags: {team: vision}}]", "      pass: [{kind: vm, tags: {team: nlp}}]"
    )
    (house / "rules/demo.yaml").write_text(pack)
    ran = finops_guard("test", "rules/demo.yaml")
    assert ran.code == 0
    assert "rules/demo.yaml:10:3: skipped: demo/whose: 3 examples, for $teams has no default" in ran.out
    assert "3 skipped" in ran.out
    ran = finops_guard("test", "-p", "finops-guard.yaml", "rules/demo.yaml")
    assert ran.code == 0
    assert "skipped" not in ran.out


def test_junit_is_xml_whatever_strangers_write(house: Path) -> None:
    evil = TESTS.replace("vision", "\"]]><b a='1'>&\\e[31m\\u202e\\x00é\"")
    (house / "rules/demo.tests.yaml").write_text(evil)
    ran = finops_guard("test", "-f", "junit")
    assert ran.code == 1
    assert ran.out.isascii()
    assert "\x1b" not in ran.out
    root = ET.fromstring(ran.out)  # noqa: S314 - our own output
    assert root.tag == "testsuites"
    assert (root.get("tests"), root.get("failures")) == ("6", "1")
    assert [suite.get("name") for suite in root] == ["rules/demo.yaml", "rules/demo.tests.yaml"]
    (failure,) = root.iter("failure")
    assert failure.get("message") == "expected pass, got fail"
    assert "]]><b a='1'>&\\x1b[31m" in (failure.text or "")
    assert "rules/demo.tests.yaml:5:14" in (failure.text or "")


@pytest.mark.usefixtures("house")
def test_verbose_lists_what_passed_and_quiet_only_what_did_not() -> None:
    assert "rules/demo.yaml:22:14: ok: demo/whose pass\n" in finops_guard("test", "-v").out
    assert finops_guard("test", "-q").out == ""


def test_what_we_ship_is_tested_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    ran = finops_guard("test", "rules")
    assert ran.code == 0, ran.out
    assert "branch coverage 100.0 %" in ran.out
    assert "example" not in ran.out


@pytest.mark.usefixtures("house")
def test_a_test_file_named_alone_finds_the_policy_here_or_the_pack_beside_it(house: Path) -> None:
    assert finops_guard("test", "rules/demo.tests.yaml").code == 0
    (house / "rules/demo.tests.yaml").write_text(TESTS.replace("vision", "marketing"))
    assert finops_guard("test", "rules/demo.tests.yaml").code == 1, "the policy knows other teams"
    (house / "finops-guard.yaml").unlink()
    assert finops_guard("test", "rules/demo.tests.yaml").code == 0
    (house / "away").mkdir()
    (house / "rules").rename(house / "away/rules")
    ran = finops_guard("test", "away/rules/demo.tests.yaml")
    assert ran.code == 0, ran.err


@pytest.mark.usefixtures("house")
def test_a_pack_that_the_policy_does_not_use_can_be_tested(house: Path) -> None:
    (house / "rules/more.yaml").write_text(PACK.replace("pack: demo", "pack: more"))
    (house / "rules/demo.tests.yaml").write_text(
        TESTS.replace("demo/whose", "more/whose").replace("vision", "marketing")
    )
    assert finops_guard("test").code == 0
    policy = house / "finops-guard.yaml"
    policy.write_text(policy.read_text() + "    skip: [small]\n")
    (house / "rules/demo.tests.yaml").write_text(TESTS.replace("demo/whose", "demo/small"))
    ran = finops_guard("test")
    assert ran.code == 2
    assert "unknown rule 'demo/small'" in ran.err
