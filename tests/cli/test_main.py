"""What holds for every command: exit codes, streams, names, variables, and bugs of ours."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import pytest

from finops_guard.outputs import names
from tests.cli.command import finops_guard
from tests.cli.house import COMMANDS, furnish, machine, snapshot


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return furnish(tmp_path)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_into_80_columns(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = finops_guard(*command.split(), "--help").out.splitlines()
    assert [line for line in lines if len(line) > 80] == []


def test_help_of_scan_names_every_output() -> None:
    said = finops_guard("scan", "--help").out
    assert [name for name in names() if not re.search(rf"\b{name}\b", said)] == []


def test_help_lists_every_command_and_every_exit_code() -> None:
    ran = finops_guard("--help")
    assert (ran.code, ran.err) == (0, "")
    assert all(f"\n  {name} " in ran.out for name in COMMANDS)
    assert all(f"{code} " in ran.out for code in (0, 1, 2, 3, 4, 130))
    assert "If several hold: 2, 4, 3, 1." in ran.out


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself(name: str) -> None:
    ran = finops_guard(name, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: finops-guard {name} ")


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "completion"])
@pytest.mark.parametrize("option", ["-q", "-v", "--no-color"])
def test_each_command_takes_the_common_options(name: str, option: str) -> None:
    assert option in finops_guard(name, "--help").out


def test_version_is_a_result() -> None:
    ran = finops_guard("--version")
    assert ran.code == 0
    assert ran.out.startswith("finops-guard 0.")


@pytest.mark.parametrize(
    ("args", "meant"),
    [
        (("sacn",), "did you mean 'scan'?"),
        (("scan", "--fail-no", "low"), "--fail-on"),
        (("scan", "--fail-on", "hgih"), "did you mean 'high'?"),
        (("scan", "--unknown", "fial"), "did you mean 'fail'?"),
        (("scan", "--mode", "enforec"), "did you mean 'enforce'?"),
        (("scan", "-f", "jsn"), "did you mean 'json'?"),
        (("scan", "-o", "jsn=x"), "did you mean 'json'?"),
        (("validate", "-f", "jsno"), "did you mean 'json'?"),
        (("schema", "reprot"), "did you mean 'report'?"),
    ],
)
def test_what_is_misspelt_is_told_what_was_meant(args: tuple[str, ...], meant: str) -> None:
    ran = finops_guard(*args)
    assert (ran.code, ran.out) == (2, "")
    assert meant in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.usefixtures("house")
@pytest.mark.parametrize(
    ("code", "args"),
    [
        (0, ("scan", "estate", "--fail-on", "never")),
        (1, ("scan", "estate")),
        (2, ("scan", "nowhere")),
        (2, ("scan", "estate", "-p", "nowhere.yaml")),
        (2, ("scan", "--nonsense")),
        (3, ("scan", "partial")),
        (3, ("scan", "partial", "--fail-on", "never")),
        (0, ("validate",)),
        (2, ("validate", "nowhere")),
        (0, ("test",)),
        (2, ("test", "nowhere")),
        (2, ("nonsense",)),
        (0, ("schema", "report")),
        (0, ("diff", "demo", "demo")),
        (0, ("explain", "demo")),
        (2, ("explain", "nonsense")),
    ],
)
def test_exit_codes(house: Path, code: int, args: tuple[str, ...]) -> None:
    from finops_guard.model import Gap

    snapshot(house / "estate", [machine("a", {})])
    snapshot(house / "partial", [machine("a", {})], (Gap("aws", "1", "eu-west-1", "AWS::S3::Bucket", "AccessDenied"),))
    ran = finops_guard(*args)
    assert ran.code == code, ran.err
    if code == 2:
        assert not ran.out
        assert len(ran.err.splitlines()) <= 6


def test_an_interrupt_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("finops_guard.language.library.shipped", interrupted)
    ran = finops_guard("schema")
    assert (ran.code, ran.out, ran.err.strip()) == (130, "", "interrupted")


def test_a_bug_of_ours_is_2_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(*_: object) -> None:
        raise ZeroDivisionError("oh\x1b[31m")

    monkeypatch.setattr("finops_guard.language.library.shipped", bug)
    ran = finops_guard("schema")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("internal error: ZeroDivisionError: oh\\x1b[31m\n")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "error: No space left on device"),
        (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"), "error: No usable temp"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "x"), "internal error: FileNotFoundError"),
    ],
)
def test_a_full_disk_is_no_bug(monkeypatch: pytest.MonkeyPatch, wrong: OSError, said: str) -> None:
    def full(*_: object) -> None:
        raise wrong

    monkeypatch.setattr("finops_guard.language.library.shipped", full)
    ran = finops_guard("schema")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(said)
    assert ("TMPDIR" in ran.err) == said.startswith("error: ")


@pytest.mark.usefixtures("house")
def test_options_have_variables(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot(house / "estate", [machine("a", {})])
    assert finops_guard("scan", "estate").code == 1
    monkeypatch.setenv("FINOPS_GUARD_FAIL_ON", "never")
    monkeypatch.setenv("FINOPS_GUARD_FORMAT", "csv")
    monkeypatch.setenv("FINOPS_GUARD_QUIET", "1")
    ran = finops_guard("scan", "estate")
    assert (ran.code, ran.err) == (0, "")
    assert "," in ran.out.splitlines()[0]
    assert finops_guard("scan", "estate", "--fail-on", "low").code == 1, "what is typed comes first"
    assert finops_guard("validate").code == 0, "the format of a report is no business of validate"
    monkeypatch.setenv("FINOPS_GUARD_POLICY", "nowhere.yaml")
    assert "nowhere.yaml" in finops_guard("scan", "estate").err
    monkeypatch.setenv("FINOPS_GUARD_FAIL_ON", "nver")
    assert "did you mean 'never'?" in finops_guard("scan", "estate").err


@pytest.mark.usefixtures("house")
def test_the_default_policy(house: Path) -> None:
    snapshot(house / "estate", [machine("a", {})])
    (house / "policies").mkdir()
    single = house / "finops-guard.yaml"
    assert "policy acme (finops-guard.yaml)" in finops_guard("scan", "estate").err
    single.rename(house / "policies/one.yaml")
    assert "policy acme (policies/one.yaml)" in finops_guard("scan", "estate").err
    (house / "policies/two.yaml").write_text("policy: two\n")
    ran = finops_guard("scan", "estate")
    assert ran.code == 2
    assert "one.yaml, two.yaml" in ran.err
    assert "-p" in ran.err
    for path in (house / "policies").iterdir():
        path.unlink()
    assert "policy starter" in finops_guard("scan", "estate").err
    ran = finops_guard("scan")
    assert ran.code == 2
    assert "finops-guard init" in ran.err
