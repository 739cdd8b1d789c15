"""`scan -`: what comes in is told of as `<stdin>` in every output, and as nothing of this machine."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from finops_guard import outputs
from tests.cli.command import finops_guard

POLICY = "policy: acme\nowner: a@b.example\nmode: enforce\npacks: [{use: tag-hygiene}, {use: ai-tags}]\n"
TEMPLATE = """\
AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Train:
    Type: AWS::EC2::Instance
    Properties: {InstanceType: p5.48xlarge, Tags: [{Key: Team, Value: x}]}
"""
WAIVED = TEMPLATE.replace("  Train:", '  # finops-guard:ignore ai-tags/whose until=2026-12-01 reason="Soon."\n  Train:')


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "finops-guard.yaml").write_text(POLICY)
    return tmp_path


def piped(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


@pytest.mark.parametrize("shape", outputs.names())
def test_every_output_says_stdin(house: Path, monkeypatch: pytest.MonkeyPatch, shape: str) -> None:
    piped(TEMPLATE, monkeypatch)
    ran = finops_guard("scan", "-", "--at", "2026-11-25", "-q", "-f", shape, "-o", "json=r.json", "--snapshot-out", "s")
    assert ran.code == 1, ran.err
    assert "/finops-guard-" not in ran.out + ran.err
    if shape != "csv":  # which has no places
        assert "stdin" in ran.out
    assert {
        each["resource"]["location"]["file"] for each in json.loads((house / "r.json").read_text())["findings"]
    } == {"<stdin>"}
    again = finops_guard("scan", "s", "--at", "2026-11-25", "-q", "-f", "json")
    assert "/finops-guard-" not in again.out


@pytest.mark.parametrize("text", ["", "nothing: of ours\n", "AWSTemplateFormatVersion: 1\nResources: {a: [\n", "\0\1"])
def test_errors_say_stdin(house: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    del house
    piped(text, monkeypatch)
    ran = finops_guard("scan", "-")
    assert (ran.code, ran.out) == (2, "")
    assert "<stdin>" in ran.err
    assert "/finops-guard-" not in ran.err


def test_what_lies_in_the_temporary_folder_is_not_its_sources(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan is read with the sources beside it; beside standard input there are none."""
    monkeypatch.setattr("tempfile.tempdir", str(house))
    (house / "main.tf").write_text('resource "aws_instance" "a" {\n  instance_type = "p5.48xlarge"\n}\n')
    changed = {"actions": ["create"], "before": None, "after": {"instance_type": "p5.48xlarge", "tags_all": {}}}
    one = {"address": "aws_instance.a", "mode": "managed", "type": "aws_instance", "name": "a", "change": changed}
    piped(json.dumps({"format_version": "1.2", "resource_changes": [one]}), monkeypatch)
    ran = finops_guard("scan", "-", "-q", "-f", "json")
    assert {each["resource"]["location"]["file"] for each in json.loads(ran.out)["findings"]} == {"<stdin>"}


def test_comments_in_it_waive(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (house / "finops-guard.yaml").write_text(POLICY + "waivers: {inline: [ai-tags/whose], at_most: 30d}\n")
    piped(WAIVED, monkeypatch)
    ran = finops_guard("scan", "-", "--at", "2026-11-25", "-q", "-f", "json")
    whose = {each["exempt"] for each in json.loads(ran.out)["findings"] if each["rule"] == "ai-tags/whose"}
    assert whose == {"Soon. (inline at <stdin>:3, until 2026-12-01)"}
