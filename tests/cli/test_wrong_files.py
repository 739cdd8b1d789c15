"""A folder with a file that is wrong: the others are judged and reported, and the exit code is an input error's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import finops_guard

POLICY = """\
policy: acme
owner: finops@acme.example
mode: enforce
currency: USD
packs:
  - use: ai-tags
{more}"""
MACHINE = 'resource "aws_instance" "gpu" {\n  instance_type = "p5.48xlarge"\n}\n'
TEMPLATE = "AWSTemplateFormatVersion: 2010-09-09\nResources:\n"
EXPECTED = "scope:\n  expect:\n    - {type: bad.yaml, reason: being rewritten, until: 2026-12-31}\n"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "finops-guard.yaml").write_text(POLICY.format(more=""))
    return tmp_path


def scan(files: dict[str, str]) -> tuple[int, dict[str, Any]]:
    for name, text in files.items():
        path = Path("infra", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    ran = finops_guard("scan", "infra", "-q", "-f", "json", "--at", "2026-11-25")
    return ran.code, json.loads(ran.out)


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("bad.tf", 'resource "aws_instance" {\n  tags = [\n', "infra/bad.tf:"),
        ("bad.tf.json", '{"resource": }', "infra/bad.tf.json:1:14: is not JSON"),
        ("terraform.tfvars", "a = {", "infra/terraform.tfvars:1:"),
        ("bad.yaml", f"{TEMPLATE}  A: [\n", "bad.yaml:"),
        ("bad.json", '{"AWSTemplateFormatVersion": "2010-09-09", "Resources": {', "bad.json:"),
    ],
)
@pytest.mark.usefixtures("house")
def test_the_others_are_judged_and_it_is_an_input_error(name: str, text: str, place: str) -> None:
    code, report = scan({"main.tf": MACHINE, name: text})
    assert code == 2
    assert "aws_instance.gpu" in {each["resource"]["id"] for each in report["findings"]}, "the report is written first"
    (gap,) = report["gaps"]
    assert gap["wrong"] is True
    assert place in gap["reason"]


@pytest.mark.usefixtures("house")
def test_what_is_only_not_here_is_no_input_error() -> None:
    code, report = scan({"main.tf": f'{MACHINE}module "gone" {{\n  source = "acme/gone/aws"\n}}\n'})
    assert (code, [gap["wrong"] for gap in report["gaps"]]) == (3, [False])


def test_one_that_the_policy_expects_is_none(house: Path) -> None:
    (house / "finops-guard.yaml").write_text(POLICY.format(more=EXPECTED))
    code, report = scan({"main.tf": MACHINE, "bad.yaml": f"{TEMPLATE}  A: ["})
    assert (code, [gap["expected"] for gap in report["gaps"]]) == (1, [True])
