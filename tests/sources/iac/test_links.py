"""Links among Terraform sources: those that lead out of the repository are not read, and that is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import finops_guard

POLICY = "policy: acme\nowner: a@b.example\npacks: [{use: ai-tags}]\n"
CODE = """\
variable "team" {
  default = "x"
}
resource "aws_instance" "a" {
  instance_type = "p5.48xlarge"
  tags = { team = var.team }
}
"""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository, and beside it a machine's secrets."""
    (tmp_path / "work/.git").mkdir(parents=True)
    (tmp_path / "work/infra").mkdir()
    (tmp_path / "work/finops-guard.yaml").write_text(POLICY)
    (tmp_path / "work/infra/main.tf").write_text(CODE)
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("terraform.tfvars", 'team = "hunter2"\n'),
        ("x.auto.tfvars.json", '{"team": "hunter2"}'),
        ("more.tf", 'variable "more" {\n  default = "hunter2"\n}\n'),
        ("more_override.tf.json", '{"variable": {"team": {"default": "hunter2"}}}'),
    ],
)
def test_what_lies_outside_is_not_read_and_nothing_passes_for_it(house: Path, name: str, text: str) -> None:
    (house / "secret").write_text(text)
    (house / "work/infra" / name).symlink_to(house / "secret")
    ran = finops_guard("scan", "infra", "-q", "-f", "json")
    assert "hunter2" not in ran.out + ran.err
    assert f"{name}:1:1: a link that leads out of the repository, and nothing there is read" in ran.out
    assert ran.code != 0


def test_a_link_within_the_repository_is_read(house: Path) -> None:
    (house / "work/shared.tfvars").write_text('team = "vision"\n')
    (house / "work/infra/terraform.tfvars").symlink_to("../shared.tfvars")
    ran = finops_guard("scan", "infra", "-q", "-f", "json")
    assert json.loads(ran.out)["findings"][0]["resource"]["tags"]["team"] == "vision"
