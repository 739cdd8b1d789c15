"""A folder of sources, a policy beside it, and what `fix` makes of one file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Ran, finops_guard

POLICY = """\
policy: acme
owner: finops@acme.example
mode: enforce
currency: USD
teams: {vision: {}, nlp: {}}
packs:
  - use: ai-tags
  - use: tag-hygiene
"""

SET = ("--set", "team=vision", "--set", "project=churn", "--set", "workload-type=evaluation")

DEFAULTS = (
    'provider "aws" {\n  region = "eu-west-1"\n  default_tags {\n    tags = {\n      origin = "tf"\n    }\n  }\n}\n'
)

EVERY = '\n    project = "churn"\n    workload-type = "evaluation"\n'


def built(top: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository, in which the test is from now on; its folder of sources."""
    (top / ".git").mkdir()
    (top / "infra").mkdir()
    (top / "finops-guard.yaml").write_text(POLICY)
    monkeypatch.chdir(top)
    return top / "infra"


def machine(tags: str, name: str = "a", more: str = "") -> str:
    return (
        f'resource "aws_instance" "{name}" {{\n  ami           = "x"\n  instance_type = "p5.48xlarge"\n{more}{tags}}}\n'
    )


def fixed(house: Path, text: str, *more: str, name: str = "main.tf") -> tuple[Ran, str]:
    """What `fix --write` says, and what it makes of one file."""
    (house / name).write_bytes(text.encode())
    ran = finops_guard("fix", "infra", "--write", *more)
    return ran, (house / name).read_bytes().decode()
