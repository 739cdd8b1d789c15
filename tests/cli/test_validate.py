"""`validate`: files by their content, every mistake of all of them at once, exit 2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import finops_guard
from tests.cli.house import PACK, POLICY, ROOT, TESTS, furnish


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return furnish(tmp_path, tests=TESTS)


def test_what_lies_here_is_checked_without_a_path(house: Path) -> None:
    ran = finops_guard("validate")
    assert (ran.code, ran.out, ran.err) == (0, "", "3 files, 2 rules, 0 errors\n")
    (house / "policies").mkdir()
    (house / "policies/other.yaml").write_text(POLICY.replace("policy: acme", "polcy: acme"))
    ran = finops_guard("validate")
    assert ran.code == 2
    assert "policies/other.yaml:1:1: error: " in ran.out
    assert "did you mean 'policy'?" in ran.out


def test_nothing_here_is_an_error_that_says_how_to_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = finops_guard("validate")
    assert (ran.code, ran.out) == (2, "")
    assert "finops-guard init" in ran.err


@pytest.mark.usefixtures("house")
def test_every_mistake_of_every_file_at_once(house: Path) -> None:
    (house / "rules/a.yaml").write_text(
        PACK.replace("pack: demo", "pack: a").replace("severity: high", "severty: high")
    )
    (house / "rules/b.yaml").write_text("pack: b\n\tversion: 1.0.0\n")
    (house / "rules/c.yaml").write_bytes(b"pack: \xff")
    (house / "rules/d.yml").write_text(TESTS.replace("expect", "expct"))
    ran = finops_guard("validate", "rules")
    assert ran.code == 2
    lines = [line for line in ran.out.splitlines() if ": error: " in line]
    assert [line.split(":", 1)[0] for line in lines] == ["rules/a.yaml", "rules/b.yaml", "rules/c.yaml", "rules/d.yml"]
    assert all(int(part) for line in lines for part in line.split(":")[1:3])
    assert "did you mean 'severity'?" in ran.out
    assert "did you mean 'expect'?" in ran.out
    assert ran.err.startswith("6 files, ")
    assert "4 errors" in ran.err


@pytest.mark.parametrize(("wrong", "meant"), [("pakc", "pack"), ("polcy", "policy"), ("test", "tests")])
def test_a_misspelt_kind_is_told_what_it_was_meant_to_be(house: Path, wrong: str, meant: str) -> None:
    whole = {"pack": PACK, "policy": POLICY, "tests": TESTS}[meant]
    file = house / "file.yaml"
    file.write_text(whole.replace(f"{meant}:", f"{wrong}:", 1))
    ran = finops_guard("validate", file.name)
    assert ran.code == 2
    assert "file.yaml:1:1: error: " in ran.out
    assert f"did you mean '{meant}'?" in ran.out
    assert ran.out.count("error:") == 1


@pytest.mark.parametrize("text", ["apiVersion: v1\nkind: Pod\n", "[a, b]\n", "text\n", "{}\n"])
def test_an_unknown_kind_is_an_error_that_names_the_kinds(house: Path, text: str) -> None:
    (house / "pod.yaml").write_text(text)
    ran = finops_guard("validate", "pod.yaml")
    assert ran.code == 2
    assert "neither a pack, a policy nor a test file" in ran.out
    assert all(f"{key}:" in ran.out for key in ("pack", "policy", "tests"))


def test_a_pack_or_policy_that_forgot_its_name_is_told_so(house: Path) -> None:
    (house / "pack.yaml").write_text(PACK.replace("pack: demo\n", ""))
    (house / "policy.yaml").write_text(POLICY.replace("policy: acme\n", ""))
    ran = finops_guard("validate", "pack.yaml", "policy.yaml")
    assert "'pack' is missing" in ran.out
    assert "'policy' is missing" in ran.out


def test_a_policy_is_checked_with_its_packs_each_mistake_once(house: Path) -> None:
    (house / "rules/demo.yaml").write_text(
        PACK.replace("kind: vm}\n    require: {acc", "kind: vmm}\n    require: {acc")
    )
    for args in (("finops-guard.yaml",), (), ("rules", "finops-guard.yaml", "rules/demo.yaml")):
        ran = finops_guard("validate", *args)
        assert ran.code == 2
        assert ran.out.count("error:") == 1
        assert "rules/demo.yaml:28:19: error: " in ran.out


@pytest.mark.usefixtures("house")
def test_paths_that_are_not_there_are_refused_with_the_nearest() -> None:
    ran = finops_guard("validate", "ruels")
    assert (ran.code, ran.out) == (2, "")
    assert "ruels: no such file or folder (did you mean 'rules'?)" in ran.err
    (Path("empty")).mkdir()
    ran = finops_guard("validate", "empty")
    assert ran.code == 2
    assert "no .yaml or .yml file in this folder" in ran.err


def test_json_is_a_list_of_problems_with_their_places(house: Path) -> None:
    assert json.loads(finops_guard("validate", "-f", "json").out) == []
    (house / "rules/demo.yaml").write_text(PACK.replace("severity: low", "severity: lwo"))
    (house / "rules/other.yaml").write_text(PACK.replace("pack: demo", "pack: other").replace("$wait", "24h"))
    ran = finops_guard("validate", "-f", "json")
    assert ran.code == 2
    error, warning = sorted(json.loads(ran.out), key=lambda each: str(each["severity"]))
    assert error["file"] == "rules/demo.yaml"
    assert (error["line"], error["column"], error["severity"]) == (27, 15, "error")
    assert (warning["line"], warning["severity"]) == (7, "warning")
    assert error["hint"] == "did you mean 'low'?"
    assert set(error) == set(warning) == {"file", "line", "column", "severity", "message", "hint"}


def test_warnings_are_shown_and_stop_nothing(house: Path) -> None:
    (house / "rules/demo.yaml").write_text(PACK.replace("$wait", "24h"))
    ran = finops_guard("validate")
    assert ran.code == 0
    assert "rules/demo.yaml:7:3: warning: " in ran.out
    assert "1 warning" in ran.err
    ran = finops_guard("validate", "-q")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_a_policy_may_be_named_alone(house: Path) -> None:
    (house / "rules/broken.yaml").write_text("pack: [")
    ran = finops_guard("validate", "-p", "finops-guard.yaml", "-v")
    assert ran.code == 0
    assert "read finops-guard.yaml\nread rules/demo.yaml\n" in ran.err


def test_what_strangers_wrote_cannot_steer_a_terminal(house: Path) -> None:
    (house / "rules/evil.yaml").write_text('pack: evil\n"\\e[31mred\\u202e": 1\nversion: 1.0.0\nrules: {}\n')
    ran = finops_guard("validate", "rules/evil.yaml")
    assert ran.code == 2
    assert not any(char in ran.out for char in "\x1b\u202e")
    assert "\\x1b[31mred" in ran.out


def test_what_we_ship_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    ran = finops_guard("validate")
    assert ran.code == 0
    assert "0 errors" in ran.err


def test_the_rate_cards_of_a_policy_are_checked_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    furnish(tmp_path, policy=POLICY + "rates: {cards: [edp.csv]}\n")
    (tmp_path / "edp.csv").write_text("cloud,machine,price,currency,from\naws,p5.48xlarge,40,EURO,2026-01-01\n")
    monkeypatch.chdir(tmp_path)
    ran = finops_guard("validate")
    assert ran.code == 2
    assert "edp.csv:2:20: error: 'EURO' is not an ISO 4217 currency" in ran.out
    assert "did you mean 'EUR'?" in ran.out
    (tmp_path / "edp.csv").write_text("cloud,machine,price,currency,from\naws,p5.48xlarge,40,EUR,2026-01-01\n")
    assert finops_guard("validate").code == 0


def test_channels_and_tickets_that_this_version_has_not_are_warnings_where_they_stand(house: Path) -> None:
    path = house / "finops-guard.yaml"
    text = path.read_text()
    path.write_text(
        text + "permit: [notify, ticket]\nnotify:\n  - {to: file, path: n.jsonl}\n  - {to: slack, url: $env.SLACK}\n"
    )
    ran = finops_guard("validate")
    line = text.count("\n") + 1
    assert ran.code == 0, ran.err
    assert f"finops-guard.yaml:{line + 3}:10: warning: channel 'slack' is not available in this version" in ran.out
    assert "channels there are: file, sns, webhook" in ran.out
    assert f"finops-guard.yaml:{line}:18: warning: this version opens no tickets" in ran.out
    assert ran.err.endswith("2 warnings\n")
