"""`fix`: what it shows and writes, and what it refuses to."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from finops_guard import fixing
from finops_guard.pipeline import Request
from tests.cli.command import finops_guard
from tests.fixing.house import EVERY, SET, built, machine


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return built(tmp_path, monkeypatch)


def test_diff_shows_and_writes_nothing(house: Path) -> None:
    before = machine(f'  tags = {{{EVERY}    team = "visoin"\n  }}\n')
    (house / "main.tf").write_text(before)
    ran = finops_guard("fix", "infra")
    assert ran.code == 1
    assert (house / "main.tf").read_text() == before
    patch = shutil.which("patch")
    if patch is None:
        pytest.skip("patch is not installed")
    subprocess.run([patch, "-p1"], input=ran.out, text=True, check=True, capture_output=True)
    assert 'team = "vision"' in (house / "main.tf").read_text()


def test_a_file_that_is_no_terraform_is_an_input_error_as_of_a_scan(house: Path) -> None:
    (house / "main.tf").write_text(machine(f'  tags = {{{EVERY}    team = "visoin"\n  }}\n'))
    (house / "bad.tf").write_text('resource "aws_instance" {{\n')
    ran = finops_guard("fix", "infra")
    assert ran.code == 2
    assert "not read: infra/bad.tf:1" in ran.err
    assert finops_guard("scan", "infra", "-q").code == 2


def test_a_module_that_is_not_there_is_a_scan_that_is_not_complete(house: Path) -> None:
    (house / "main.tf").write_text('module "far" {\n  source = "example/far/aws"\n}\n')
    assert finops_guard("fix", "infra").code == 3


def test_other_documents_are_refused(house: Path) -> None:
    text = '{"resource": {"aws_instance": {"j": {"ami": "x", "instance_type": "p5.48xlarge", "tags": {}}}}}'
    (house / "j.tf.json").write_text(text)
    ran = finops_guard("fix", "infra", "--write", *SET)
    assert "aws_instance.j: only Terraform sources (.tf, .tofu) and CloudFormation templates are edited" in ran.err
    assert (house / "j.tf.json").read_text() == text


def test_line_endings_a_byte_order_mark_and_the_mode_stay(house: Path) -> None:
    file = house / "main.tf"
    before = b"\xef\xbb\xbf" + machine("").replace("\n", "\r\n").encode()
    file.write_bytes(before)
    file.chmod(0o640)
    assert finops_guard("fix", "infra", "--write", *SET).code == 0
    after = file.read_bytes()
    assert after.startswith(before[:-3])
    assert after.count(b"\n") == after.count(b"\r\n") == 9
    assert file.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in house.iterdir()] == ["main.tf"]


def test_a_link_that_leads_outside_is_refused(house: Path) -> None:
    outside = house.parent / "other.tf"
    outside.write_text(machine(""))
    (house / "main.tf").symlink_to(outside)
    ran = finops_guard("fix", "infra", "--write", *SET)
    assert "leads outside infra" in ran.err
    assert outside.read_text() == machine("")


def test_a_file_that_changed_is_not_written(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = house / "main.tf"
    file.write_text(machine(""))
    done = fixing.fixes

    def meanwhile(request: Request, values: Mapping[str, str]) -> fixing.Fixed:
        result = done(request, values)
        file.write_text("# somebody else's\n")
        return result

    monkeypatch.setattr(fixing, "fixes", meanwhile)
    ran = finops_guard("fix", "infra", "--write", *SET)
    assert ran.code == 4
    assert "changed since it was judged" in ran.err
    assert file.read_text() == "# somebody else's\n"


def test_what_was_given_is_checked(house: Path) -> None:
    (house / "main.tf").write_text(machine(""))
    ran = finops_guard("fix", "infra", "--set", "team")
    assert (ran.code, "Invalid value for --set: 'team' is not KEY=VALUE" in ran.err) == (2, True)
    assert finops_guard("fix", "infra", "--set", "team=a", "--set", "Team=b").code == 2
    assert finops_guard("fix", "nowhere").code == 2
    ran = finops_guard("fix", "infra", *SET[2:], "--set", "team=finance")
    assert "'finance' is no value that tag 'team' may have" in ran.err


def test_a_patch_applies_with_git(house: Path) -> None:
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed")
    (house / "main.tf").write_text(machine("").rstrip("\n"))
    shutil.rmtree(house.parent / ".git")
    subprocess.run([git, "init", "-q", "."], check=True, env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull})
    ran = finops_guard("fix", "infra", *SET)
    subprocess.run([git, "apply", "-"], input=ran.out, text=True, check=True, capture_output=True)
    assert (house / "main.tf").read_text().endswith('evaluation"\n  }\n}')


def test_variables_are_given_as_to_scan(house: Path) -> None:
    text = 'variable "p" {}\n' + machine('  tags = { project = var.p, team = "vision", workload-type = "evaluaton" }\n')
    (house / "main.tf").write_text(text)
    ran = finops_guard("fix", "infra", "--var", "p=churn", "--write")
    assert ran.err == "1 finding fixed in 1 file, 0 not\n"
    assert (house / "main.tf").read_text() == text.replace("evaluaton", "evaluation")
    assert finops_guard("fix", "infra", "--var", "q=churn").code == 2
