"""`fix --suggestions`: the edits as JSON, in the words of the repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from finops_guard.notify._suggestions import read
from tests.cli.command import finops_guard

POLICY = "policy: acme\nowner: a@b.example\nmode: enforce\nteams: {vision: {}}\npacks: [{use: ai-tags}]\n"
CODE = """\
resource "aws_instance" "a" {
  instance_type = "p5.48xlarge"
  tags = { team = "vison", project = "churn", workload-type = "evaluation" }
}
"""
git = shutil.which("git") or "git"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the code a folder below its top, where we stand."""
    subprocess.run([git, "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "stacks/infra").mkdir(parents=True)
    (tmp_path / "stacks/finops-guard.yaml").write_text(POLICY)
    monkeypatch.chdir(tmp_path / "stacks")
    return tmp_path


def suggested(path: str = "infra") -> dict[str, Any]:
    ran = finops_guard("fix", path, "--suggestions", "s.json", "-q")
    assert ran.code in (0, 1), ran.err
    found: dict[str, Any] = json.loads(Path("s.json").read_text("ascii"))
    read(Path("s.json"))
    return found


def test_a_suggestion_names_the_file_from_the_top_and_its_lines(house: Path) -> None:
    (house / "stacks/infra/main.tf").write_text(CODE)
    told = suggested()
    (one,) = told["suggestions"]
    blob = subprocess.run([git, "hash-object", "stacks/infra/main.tf"], cwd=house, capture_output=True, text=True)  # noqa: PLW1510
    assert one["blob"] == blob.stdout.strip()
    assert (one["file"], one["first"], one["last"], one["severity"]) == ("stacks/infra/main.tf", 3, 3, "high")
    assert one["old"] == [CODE.splitlines()[2]]
    assert one["new"] == [CODE.splitlines()[2].replace("vison", "vision")]
    (finding,) = one["findings"]
    assert (finding["rule"], finding["resource"], finding["also"]) == ("ai-tags/whose", "aws_instance.a", [])
    assert told["left_out"] == []


def test_every_suggestion_taken_is_the_file_that_write_makes(house: Path) -> None:
    file = house / "stacks/infra/main.tf"
    other = CODE.replace('"a"', '"b"').replace("workload-type", "Workload_Type").replace('"evaluation"', '"evaluaton"')
    file.write_text(f"# é\n{CODE}\n{other}")
    lines = file.read_text().split("\n")
    for each in sorted(suggested()["suggestions"], key=lambda each: -each["first"]):
        assert lines[each["first"] - 1 : each["last"]] == each["old"]
        lines[each["first"] - 1 : each["last"]] = each["new"]
    assert finops_guard("fix", "infra", "--write", "-q").code == 0
    assert "\n".join(lines) == file.read_text()
    assert 'team = "vision"' in file.read_text()


def test_a_link_is_told_of_as_the_file_it_leads_to(house: Path) -> None:
    (house / "shared").mkdir()
    (house / "shared/main.tf").write_text(CODE)
    (house / "stacks/infra/main.tf").symlink_to("../../shared/main.tf")
    assert {each["file"] for each in suggested()["suggestions"]} <= {"shared/main.tf"}


def test_lines_that_hide_something_are_left_out_and_said(house: Path) -> None:
    (house / "stacks/infra/main.tf").write_text(CODE.replace('"evaluation" }', '"evaluation" } # \u202e'))
    told = suggested()
    assert told["suggestions"] == []
    why = "it holds characters that cannot be seen"
    assert told["left_out"] == [{"file": "stacks/infra/main.tf", "first": 3, "why": why}]


def test_a_file_that_cannot_be_written_is_said(house: Path) -> None:
    (house / "stacks/infra/main.tf").write_text(CODE)
    ran = finops_guard("fix", "infra", "--suggestions", os.devnull + "/x")
    assert ran.code == 2
    assert "cannot be written" in ran.err
