"""One folder of modules, each for its kind of document; what is read is told apart by content."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from finops_guard.errors import InputError
from finops_guard.model import Notes
from finops_guard.sources.iac import LOOK, Reading, collect, documents
from tests.sources.iac.planning import change, plan

REAL = Path(__file__).parents[4] / "shared" / "data" / "iac"
FILES = sorted(path for kind in ("plan", "cfn", "arm") for path in (REAL / kind).glob("*")) if REAL.is_dir() else []
READERS = {"plan": "terraform_plan", "cfn": "cloudformation", "arm": "arm"}


def test_every_module_reads_a_kind_of_document_and_says_which() -> None:
    assert {"terraform_plan", "terraform", "cloudformation", "arm"} <= documents().keys()
    for module in documents().values():
        assert module.__doc__
        assert callable(module.recognises)
        assert callable(module.collect)


@pytest.mark.skipif(not FILES, reason="other people's documents are not here")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name[-40:])
def test_a_document_is_recognised_by_its_own_module_alone(path: Path) -> None:
    head = path.read_bytes()[:LOOK]
    assert [name for name, module in documents().items() if module.recognises(path, head)] == [
        READERS[path.parent.name]
    ]


def test_a_folder_is_read_by_everything_that_knows_something_in_it(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('resource "aws_instance" "a" {\n  instance_type = "t3.micro"\n}\n')
    template = {"Resources": {"Store": {"Type": "AWS::S3::Bucket"}}, "AWSTemplateFormatVersion": "2010-09-09"}
    (tmp_path / "template.json").write_text(json.dumps(template))
    notes = Notes()
    found = {each.id for each in collect(tmp_path, Reading(notes))}
    assert "aws_instance.a" in found
    assert notes.documents == [str(tmp_path)]


def test_nothing_that_we_read_is_refused_in_one_line_and_a_help(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    for path, what in (
        (tmp_path, "a folder that holds nothing we read"),
        (tmp_path / "notes.txt", "neither a snapshot"),
    ):
        with pytest.raises(InputError, match=what) as wrong:
            collect(path, Reading(Notes()))
        assert wrong.value.help
        assert "Terraform" in wrong.value.help


@pytest.mark.parametrize(
    ("name", "said"), [("main.tf", "a folder as a whole"), ("main.tofu", "scan "), ("prod.tfvars", "--var-file ")]
)
def test_a_part_of_a_root_module_says_how_it_is_read(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / name).write_text('a = "b"\n')
    with pytest.raises(InputError, match="neither a snapshot") as wrong:
        collect(tmp_path / name, Reading(Notes()))
    assert wrong.value.help is not None
    assert said in wrong.value.help
    assert str(tmp_path) in wrong.value.help


def test_a_file_is_read_by_one_module(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan(change("aws_instance", "a", {"instance_type": "t3.micro"}))))
    assert [each.id for each in collect(path, Reading(Notes()))] == ["aws_instance.a"]
