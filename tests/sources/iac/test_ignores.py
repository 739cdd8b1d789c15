"""Comments that waive a rule: which are comments at all, what they say, and which resource they are about."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import pytest

from finops_guard.model import Location, Notes
from finops_guard.sources.iac import Reading, _ignores, arm, cloudformation, kubernetes, terraform

SAID = 'finops-guard:ignore a/b until=2026-12-20 reason="why"'


def about(path: Path, resources: dict[str, Location]) -> dict[str, list[int]]:
    """The lines of the comments about each resource."""
    source = _ignores.read(str(path))
    return {id_: [each.at.line for each in source.about(at)] for id_, at in resources.items()}


def places(module: object, path: Path) -> dict[str, Location]:
    reading = Reading(Notes())
    found = module.collect(path, reading)  # type: ignore[attr-defined] # each module of the package has it
    return {each.id: each.at for each in found if each.at is not None}


@pytest.mark.parametrize(
    ("rest", "wrong"),
    [
        ('a/b until=2026-12-20 reason="why"', None),
        ("reason='why' a/b until=\"2026-12-20\"", None),
        ('until=2026-12-20 reason="why"', "names no rule"),
        ('a/b a/c until=2026-12-20 reason="why"', "names no one rule"),
        ('* until=2026-12-20 reason="why"', "names no one rule"),
        ('a until=2026-12-20 reason="why"', "names no one rule"),
        ("a/b until=2026-12-20", "no reason"),
        ('a/b until=2026-12-20 reason="  "', "no reason"),
        ('a/b reason="why"', "no day"),
        ('a/b until=20261220 reason="why"', "no day"),
        ('a/b until=2026-13-20 reason="why"', "no day"),
        ('a/b until=forever reason="why"', "no day"),
        ('a/b until=2026-12-20 until=2027-12-20 reason="why"', "given twice"),
        ('a/b until=2026-12-20 because="why"', "no part of it"),
        ('a/b until=2026-12-20 reason="why', "cannot be understood"),
        ('a/b until=2026-12-20 reason="why"x', "cannot be understood"),
        ("", "names no rule"),
    ],
)
def test_a_comment_says_all_of_it_or_waives_nothing(rest: str, wrong: str | None) -> None:
    found = _ignores.parsed(rest, Location("main.tf", 1))
    if wrong is None:
        assert (found.rule, found.until, found.reason, found.wrong) == ("a/b", date(2026, 12, 20), "why", None)
    else:
        assert wrong in (found.wrong or "")


def test_terraform(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(f"""\
# {SAID}
resource "aws_instance" "above" {{
}} # {SAID}

# {SAID}

resource "aws_instance" "not_right_above" {{}}
resource "aws_instance" "beside" {{}} // {SAID}
resource "aws_instance" "within" {{
  tags = {{
    a = "b" /* {SAID} */
  }}
}}
/* {SAID}
   {SAID} */
# and more
resource "aws_instance" "text" {{
  user_data = <<-X
    # {SAID}
  X
  ami = "# {SAID.replace('"', "'")}"
}}
""")
    assert about(tmp_path / "main.tf", places(terraform, tmp_path)) == {
        "aws_instance.above": [1, 3],
        "aws_instance.not_right_above": [],
        "aws_instance.beside": [8],
        "aws_instance.within": [11],
        "aws_instance.text": [],
    }


def test_terraform_as_json(tmp_path: Path) -> None:
    said = SAID.replace('"', "'")
    (tmp_path / "main.tf.json").write_text(f"""\
{{"resource": {{"aws_instance": {{
  "one": {{"//": "{said}", "tags": {{"x": "{said}", "y": "# {said}"}}}},
  "two": {{"tags": {{}}}}
}}}}}}
""")
    assert about(tmp_path / "main.tf.json", places(terraform, tmp_path)) == {
        "aws_instance.one": [2],
        "aws_instance.two": [],
    }


def test_cloudformation_in_yaml(tmp_path: Path) -> None:
    path = tmp_path / "stack.yaml"
    path.write_text(f"""\
# {SAID}
Resources:
  # {SAID}
  # and more
  Above:
    Type: AWS::SQS::Queue
    # {SAID}
  Next:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: 'a # {SAID}'
  Text:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: |
        # {SAID}
  Beside: # {SAID}
    Type: AWS::SQS::Queue
Outputs: {{}}
# {SAID}
""")
    assert about(path, places(cloudformation, path)) == {"Above": [3, 7], "Next": [], "Text": [], "Beside": [17]}


def test_cloudformation_in_json(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    said = SAID.replace('"', "'")
    path.write_text(f"""\
{{"Resources": {{
  "One": {{"Type": "AWS::SQS::Queue", "Metadata": {{"finops-guard": "{said}"}}}},
  "Two": {{"Type": "AWS::SQS::Queue", "Properties": {{"QueueName": "{said}"}}}}
}}}}
""")
    assert about(path, places(cloudformation, path)) == {"One": [2], "Two": []}


def test_kubernetes(tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    path.write_text(f"""\
# {SAID}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  # {SAID}
  name: one
---
# {SAID}

apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: two
# {SAID}
spec: {{}}
""")
    told = about(path, places(kubernetes, path))
    assert told == {"PersistentVolumeClaim/one": [1, 5], "PersistentVolumeClaim/two": [14]}


def test_what_is_about_a_resource_in_another_is_not_about_both(tmp_path: Path) -> None:
    path = tmp_path / "main.json"
    path.write_text(f"""\
{{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "resources": [
    // {SAID}
    {{
      "type": "Microsoft.Sql/servers", "apiVersion": "2023-08-01", "name": "s", "location": "westeurope",
      // {SAID}
      "metadata": {{"finops-guard": "{SAID.replace('"', "'")}"}},
      "resources": [
        // {SAID}
        {{
          "type": "databases", "apiVersion": "2023-08-01", "name": "d", "location": "westeurope"
          /* {SAID} */
        }}
      ]
    }}
  ]
}}
""")
    found = places(arm, path)
    by_line = {at.line: id_ for id_, at in found.items()}
    told = about(path, found)
    assert (told[by_line[6]], told[by_line[12]]) == ([5, 8, 9], [11, 14])


def test_a_whole_plan_is_no_place(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(f"""{{"finops-guard": "{SAID.replace('"', "'")}", "resource_changes": []}}""")
    assert _ignores.read(str(path)).about(Location(str(path), 1)) == ()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.tf", b"\xff# finops-guard:ignore"),
        ("a.tf", b'resource "a" "b" {{{ # finops-guard:ignore a/b'),
        ("a.yaml", b"a: [\n# finops-guard:ignore a/b\n"),
        ("a.yaml", b"# finops-guard:ignore a/b\n\x00"),
        ("a.json", b'}}}{"//": "finops-guard:ignore'),
        ("a.json", b'{"//": "finops-guard:ignore \\'),
        ("a.json", b'{"//": "finops-guard:ignore \\ud800 a/b"}/*'),
        ("a.txt", b"# finops-guard:ignore a/b"),
    ],
)
def test_whatever_stands_in_a_file_nothing_falls(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    assert _ignores.read(str(tmp_path / name)).about(Location(name, 400, 7)) == ()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.json", '{"//": "finops-guard:ignore"}' + '"\\' * 300_000),
        ("a.json", '"//finops-guard:ignore' + "/*" * 300_000),
        ("a.yaml", "# finops-guard:ignore " + "#" * 600_000),
        ("a.yaml", "# finops-guard:ignore a/b" + " a=" * 200_000),
        ("a.tf", "# finops-guard:ignore a/b\n" * 10_000),
    ],
)
def test_time_is_linear(tmp_path: Path, name: str, data: str) -> None:
    (tmp_path / name).write_text(data)
    began = time.process_time()
    _ignores.read(str(tmp_path / name)).about(Location(name, 1))
    assert time.process_time() - began < 20  # a quadratic one takes minutes


def test_pipes_and_folders_are_not_opened(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.tf")
    for name in ("pipe.tf", ".", "nowhere.tf"):
        assert _ignores.read(str(tmp_path / name)).ignores == ()
