"""`scan --var` and `--var-file`: the order in which they are given, the environment, and what nobody takes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Ran, finops_guard

SOURCES = """\
variable "team" {
  default = "nobody"
}
resource "aws_instance" "gpu" {
  instance_type = "p5.48xlarge"
  tags          = { team = var.team }
}
"""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "main.tf").write_text(SOURCES)
    (tmp_path / "prod.tfvars").write_text('team = "file"\n')
    return tmp_path


def scan(*options: str) -> Ran:
    return finops_guard("scan", "infra", "-q", "-f", "json", "--include", "pass", "--fail-on", "never", *options)


def team(*options: str) -> str:
    ran = scan(*options)
    assert ran.code == 0, ran.err
    (tags,) = {json.dumps(each["resource"]["tags"]) for each in _findings(ran)}
    return str(json.loads(tags)["team"])


def _findings(ran: Ran) -> list[dict[str, Any]]:
    return [each for each in json.loads(ran.out)["findings"] if each["resource"]["id"] == "aws_instance.gpu"]


@pytest.mark.parametrize(
    ("options", "wins"),
    [
        ((), "nobody"),
        (("--var", "team=a"), "a"),
        (("--var", "team=a", "--var=team=b = c"), "b = c"),
        (("--var", "team=a", "--var-file", "prod.tfvars"), "file"),
        (("--var-file=prod.tfvars", "--var", "team=a"), "a"),
        (("--var", "team=a", "--var-file", "prod.tfvars", "--var", "team=b"), "b"),
    ],
)
def test_the_last_one_wins(house: Path, options: tuple[str, ...], wins: str) -> None:
    assert house.is_dir()
    assert team(*options) == wins


def test_the_environment_gives_them_too_and_the_command_wins(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINOPS_GUARD_VAR", "team=a b\nteam=c d\n")
    assert team() == "c d"
    assert team("--var-file", str(house / "prod.tfvars")) == "file"
    assert team("--var", "team=e") == "e"
    monkeypatch.delenv("FINOPS_GUARD_VAR")
    monkeypatch.setenv("FINOPS_GUARD_VAR_FILE", "prod.tfvars")
    assert team() == "file"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--var", "tema=a"), "error: --var tema: no such variable\ndid you mean 'team'?\n"),
        (("--var-file", "gone.json"), "error: --var-file gone.json: nothing that was scanned takes it\n"),
        (("--var", "team"), "Error: Invalid value for '--var': 'team' is not NAME=VALUE"),
    ],
)
def test_what_nothing_takes_is_an_error(house: Path, options: tuple[str, ...], said: str) -> None:
    assert house.is_dir()
    ran = scan(*options)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)  # noqa: S607 - git as users have it


def test_an_earlier_commit_needs_no_such_variable_and_has_its_own_files(house: Path) -> None:
    (house / "prod.tfvars").unlink()
    (house / "infra" / "main.tf").write_text(SOURCES.partition("}\n")[2].replace("var.team", '""'))
    git(house, "init", "-q")
    git(house, "add", ".")
    git(house, "-c", "user.email=a@b.example", "-c", "user.name=a", "commit", "-qm", "before")
    (house / "infra" / "main.tf").write_text(SOURCES)
    (house / "prod.tfvars").write_text('team = "file"\n')
    ran = scan("--var-file", "prod.tfvars", "--var", "team=x", "--baseline-ref", "HEAD")
    assert ran.code == 0, ran.err
    (whose,) = (each for each in _findings(ran) if each["rule"] == "ai-tags/whose")
    assert whose["exempt"], "what was wrong before is exempt"
