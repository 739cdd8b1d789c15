"""Tags of CloudFormation and SAM templates: written in their style, and nothing else changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Ran, finops_guard
from tests.fixing.house import POLICY, SET
from tests.fixing.house import fixed as house_fixed

EVERY = {"project": "churn", "team": "vision", "workload-type": "evaluation"}


def fixed(house: Path, text: str, *more: str, name: str = "t.yaml") -> tuple[Ran, str]:
    return house_fixed(house, text, *more, name=name)


def template(properties: str, type_: str = "AWS::EC2::Instance", more: str = "") -> str:
    return f"# ours\nResources:\n  Train:\n    Type: {type_}  # trains\n{properties}{more}"


def machine(tags: str) -> str:
    return template(f"    Properties:\n      InstanceType: p5.48xlarge\n{tags}")


def pairs(indent: str, *, quote: str = "", keys: str = "project team workload-type") -> str:
    return "".join(
        f"{indent}- Key: {quote}{key}{quote}\n{indent}  Value: {quote}{EVERY[key]}{quote}\n" for key in keys.split()
    )


TWO = f"      Tags:\n{pairs('        ', keys='project workload-type')}"
NEW = f"      Tags:\n{pairs('        ')}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (machine(""), machine(NEW)),
        (machine("      # the end\n"), machine(NEW + "      # the end\n")),
        (machine("      ImageId: x # y\n\n"), machine(f"      ImageId: x # y\n{NEW}\n")),
        (
            machine("      UserData: |\n        a\n\n        b\n\n"),
            machine(f"      UserData: |\n        a\n\n        b\n{NEW}\n"),
        ),
        (machine("      Tags:\n"), machine(NEW)),
        (machine("      Tags: # none\n"), machine(NEW.replace("Tags:", "Tags: # none"))),
        (
            machine("      Tags: []\n"),
            machine(f"      Tags: [{', '.join(f'{{Key: {k}, Value: {v}}}' for k, v in EVERY.items())}]\n"),
        ),
        (  # as the last pair is written: its quotes, its dash, its order
            machine("      Tags:\n      -   Value: 'x'\n          Key: \"a\" # b\n      # c\n"),
            machine(
                "      Tags:\n      -   Value: 'x'\n          Key: \"a\" # b\n"
                + "".join(f"      -   Value: '{value}'\n          Key: \"{key}\"\n" for key, value in EVERY.items())
                + "      # c\n"
            ),
        ),
        (  # what is said of one pair is not said of the next
            machine("      Tags:\n        - Key: 'a' # mine\n          Value: 'b'\n"),
            machine(f"      Tags:\n        - Key: 'a' # mine\n          Value: 'b'\n{pairs('        ')}"),
        ),
        (  # what functions say stays, and is no model
            machine("      Tags:\n        - {Key: n, Value: m}\n        - Key: a\n          Value: !Sub '${X}-x'\n"),
            machine(
                "      Tags:\n        - {Key: n, Value: m}\n        - Key: a\n          Value: !Sub '${X}-x'\n"
                + pairs("        ")
            ),
        ),
        (
            machine("      Tags: [{Key: a, Value: !Ref AWS::StackName}, {Value: 'b', Key: c}]\n"),
            machine(
                "      Tags: [{Key: a, Value: !Ref AWS::StackName}, {Value: 'b', Key: c}, "
                + ", ".join(f"{{Value: '{value}', Key: {key}}}" for key, value in EVERY.items())
                + "]\n"
            ),
        ),
        (
            machine("      Tags: [\n        {Key: a, Value: b}, # c\n        # d\n      ]\n"),
            machine(
                "      Tags: [\n        {Key: a, Value: b}, # c\n        # d\n"
                + "".join(f"        {{Key: {key}, Value: {value}}},\n" for key, value in EVERY.items())
                + "      ]\n"
            ),
        ),
        (
            machine("      Tags: [\n        {Key: a, Value: b} # c, d\n      ]\n"),
            machine(
                "      Tags: [\n        {Key: a, Value: b}, # c, d\n        {Key: project, Value: churn},\n"
                "        {Key: team, Value: vision},\n        {Key: workload-type, Value: evaluation}\n      ]\n"
            ),
        ),
        (  # an If beside them is left alone
            machine("      Tags:\n        - !If [X, {Key: a, Value: b}, !Ref AWS::NoValue]\n").replace(
                "Resources", "Conditions: {X: !Equals [a, b]}\nResources"
            ),
            machine(
                f"      Tags:\n        - !If [X, {{Key: a, Value: b}}, !Ref AWS::NoValue]\n{pairs('        ')}"
            ).replace("Resources", "Conditions: {X: !Equals [a, b]}\nResources"),
        ),
        (
            template("    Properties: {InstanceType: p5.48xlarge}\n"),
            template(
                "    Properties: {InstanceType: p5.48xlarge, Tags: ["
                + ", ".join(f"{{Key: {key}, Value: {value}}}" for key, value in EVERY.items())
                + "]}\n"
            ),
        ),
        (  # a map
            template("    Properties:\n      Tags:\n          'a-b': \"x\"\n", "AWS::Bedrock::Agent"),
            template(
                "    Properties:\n      Tags:\n          'a-b': \"x\"\n"
                + "".join(f"          '{key}': \"{value}\"\n" for key, value in EVERY.items()),
                "AWS::Bedrock::Agent",
            ),
        ),
        (
            template("", "AWS::Bedrock::Agent", "    DeletionPolicy: Retain\n"),
            template(
                "",
                "AWS::Bedrock::Agent",
                "    DeletionPolicy: Retain\n    Properties:\n      Tags:\n"
                + "".join(f"        {key}: {value}\n" for key, value in EVERY.items()),
            ),
        ),
        (
            template("    Properties:\n", "AWS::SageMaker::Domain"),
            template(f"    Properties:\n{NEW}", "AWS::SageMaker::Domain"),
        ),
    ],
)
def test_missing_tags_are_added_in_the_style_of_the_document(house: Path, before: str, after: str) -> None:
    ran, text = fixed(house, before, *SET)
    assert ran.code == 0, ran.err
    assert " 0 not" in ran.err
    assert text == after


def test_values_and_keys_are_put_right_where_they_stand(house: Path) -> None:
    tags = f"      Tags:\n{pairs('        ', keys='project workload-type')}"
    before = machine(f"{tags}        - Key: 'Team' # whose\n          Value: \"visoin\" # ours\n")
    ran, text = fixed(house, before)
    assert "2 findings fixed in 1 file, 0 not" in ran.err
    assert text == before.replace("Team", "team").replace("visoin", "vision")


def test_a_group_hands_its_tags_to_its_machines(house: Path) -> None:
    tags = "        - {Key: workload-type, Value: evaluation, PropagateAtLaunch: 'true'}\n"
    off = "        - {Key: a, Value: b, PropagateAtLaunch: false}\n"
    group = template(
        f"    Properties:\n      MinSize: 1\n      Tags:\n{tags}{off}", "AWS::AutoScaling::AutoScalingGroup"
    )
    ran, text = fixed(house, group, *SET)
    assert ran.err == "1 finding fixed in 1 file, 0 not\n"
    item = "        - {{Key: {}, Value: {}, PropagateAtLaunch: true}}\n"
    assert text == group + item.format("project", "churn") + item.format("team", "vision")
    kept = group.replace("Key: a, Value: b", "Key: team, Value: vision")
    ran, text = fixed(house, kept, *SET)
    assert "tag 'team' is there, and what it says is not what counts" in ran.err
    assert text == kept


def test_a_launch_template_has_tags_of_its_own(house: Path) -> None:
    of = f"        - ResourceType: launch-template\n          Tags:\n{pairs('            ', keys='workload-type')}"
    before = template(f"    Properties:\n      TagSpecifications:\n{of}", "AWS::EC2::LaunchTemplate")
    _, text = fixed(house, before, *SET)
    assert text == before + pairs("            ", keys="project team")
    ran, text = fixed(house, before + of, *SET)
    assert text == before + of
    assert "not one entry of TagSpecifications for launch-template" in ran.err


def test_a_launch_template_without_any(house: Path) -> None:
    (house.parent / "finops-guard.yaml").write_text(POLICY.replace("  - use: tag-hygiene\n", "  - use: ./every.yaml\n"))
    (house.parent / "every.yaml").write_text(
        "pack: every\nversion: 1.0.0\nrules:\n  it:\n    title: x\n    severity: low\n    match: {taggable: true}\n"
        "    require: {tags: {team: {exists: true}}}\n"
    )
    before = template("    Properties:\n      LaunchTemplateData: {}\n", "AWS::EC2::LaunchTemplate")
    ran, text = fixed(house, before, *SET)
    more = "      TagSpecifications:\n        - ResourceType: launch-template\n          Tags:\n"
    assert text == before + more + pairs("            ", keys="team"), ran.err


def test_volumes_have_the_tags_of_their_machine(house: Path) -> None:
    volume = "      BlockDeviceMappings: [{DeviceName: x, Ebs: {VolumeSize: 9}}]\n"
    handed = f"      PropagateTagsToVolumeOnCreation: true\n{volume}"
    ran, text = fixed(house, machine(handed + NEW.replace("project", "Project")))
    assert text == machine(handed + NEW), ran.err
    assert "2 findings fixed in 1 file, 0 not" in ran.err


def test_globals_of_sam_get_what_many_need(house: Path) -> None:
    head = "Transform: AWS::Serverless-2016-10-31\nGlobals:\n  Function:\n    Tags:\n      workload-type: evaluaton\n"
    functions = "".join(
        f"  F{n}:\n    Type: AWS::Serverless::Function\n    Properties:\n      Handler: x\n" for n in range(3)
    )
    ran, text = fixed(house, f"{head}Resources:\n{functions}", *SET)
    added = "      project: churn\n      team: vision\n"
    assert text == f"{head.replace('evaluaton', 'evaluation')}{added}Resources:\n{functions}", ran.err
    assert "the tags in Globals get 'team', which 3 findings need" in ran.err


def test_what_is_repeated_by_an_alias_is_one_place(house: Path) -> None:
    shared = machine("      Tags: &tags\n        - Key: project\n          Value: churn\n")
    other = (
        "  Other:\n    Type: AWS::EC2::Instance\n    Properties:\n      InstanceType: p5.48xlarge\n      Tags: *tags\n"
    )
    ran, text = fixed(house, shared + other, *SET)
    assert text == shared + pairs("        ", keys="team workload-type") + other
    assert "2 findings fixed in 1 file, 0 not" in ran.err
    bucket = other.replace("EC2::Instance", "S3::Bucket").replace("      InstanceType: p5.48xlarge\n", "")
    ran, text = fixed(house, shared + bucket, *SET)
    assert text == shared + bucket
    assert "tag 'team' of t:Other would change too" in ran.err


def test_a_loop_is_one_place(house: Path) -> None:
    before = (
        "Transform: AWS::LanguageExtensions\nResources:\n  Fn::ForEach::Machines:\n    - N\n    - [a, b]\n"
        "    - Train${N}:\n        Type: AWS::EC2::Instance\n        Properties:\n          InstanceType: p5.48xlarge\n"
    )
    ran, text = fixed(house, before, *SET)
    assert text == before + "          Tags:\n" + pairs("            "), ran.err
    assert "2 findings fixed in 1 file, 0 not" in ran.err


def test_a_nested_template_is_edited_where_it_is(house: Path) -> None:
    (house / "parent.yaml").write_text(
        "Resources:\n  Child:\n    Type: AWS::CloudFormation::Stack\n    Properties: {TemplateURL: ./child.yaml}\n"
    )
    ran, text = fixed(house, machine(""), *SET, name="child.yaml")
    assert text == machine(NEW), ran.err
    assert finops_guard("fix", "infra", *SET).out == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (machine("      Tags: !If [X, [], []]\n"), "its Tags is made by !If"),
        (machine("      Tags:\n        Fn::If: [X, [], []]\n"), "its Tags is made by Fn::If"),
        (machine(f"{TWO}        - Key: team\n          Value: !Sub visoin\n"), "is an expression"),
        (machine(f"{TWO}        - Key: team\n          Value: |-\n            visoin\n"), "is an expression"),
        (machine("    Metadata: {'aws:cdk:path': App/T}\n"), "cdk synth writes this template"),
        (machine("      UserData: |\n        a"), "it ends with a text, and the file without a line end"),
        (machine("      UserData: |+\n        a\n\n"), "a text that keeps its blank lines"),
        (machine("      <<: {Tags: [{Key: a, Value: b}]}\n"), "its Tags may come with '<<'"),
    ],
)  # fmt: skip
def test_what_is_not_sure_is_refused_with_the_reason(house: Path, text: str, why: str) -> None:
    text = text.replace("Resources", "Conditions: {X: !Equals [a, b]}\nResources")
    ran, after = fixed(house, text, *SET)
    assert after == text
    assert why in ran.err


def test_json_is_printed_as_it_was(house: Path) -> None:
    before = (
        '{\r\n\t"Resources": {\r\n\t\t"A": {\r\n\t\t\t"Type": "AWS::EC2::Instance",\r\n\t\t\t"Properties": {\r\n'
        '\t\t\t\t"InstanceType": "p5.48xlarge"\r\n\t\t\t}\r\n\t\t}\r\n\t}\r\n}'
    )
    ran, text = fixed(house, before, *SET, name="t.json")
    entries = ",".join(
        f'\r\n\t\t\t\t\t{{\r\n\t\t\t\t\t\t"Key": "{key}",\r\n\t\t\t\t\t\t"Value": "{value}"\r\n\t\t\t\t\t}}'
        for key, value in EVERY.items()
    )
    added = f'"p5.48xlarge",\r\n\t\t\t\t"Tags": [{entries}\r\n\t\t\t\t]'
    assert text == before.replace('"p5.48xlarge"', added), ran.err


def test_a_single_template_line_endings_and_a_byte_order_mark(house: Path) -> None:
    before = b"\xef\xbb\xbf" + machine("      ImageId: \u00e9 # \u00fc").replace("\n", "\r\n").encode()
    (house / "one.yaml").write_bytes(before)
    (house / "two.yaml").write_text(machine(""))
    ran = finops_guard("fix", "infra/one.yaml", "--write", *SET)
    assert "1 finding fixed in 1 file, 0 not" in ran.err
    assert (house / "one.yaml").read_bytes() == before + (
        "\r\n" + NEW.removesuffix("\n").replace("\n", "\r\n")
    ).encode()
    assert (house / "two.yaml").read_text() == machine("")


def test_a_folder_with_both_kinds(house: Path) -> None:
    (house / "main.tf").write_text('resource "aws_instance" "a" {\n  instance_type = "p5.48xlarge"\n}\n')
    ran, text = fixed(house, machine(""), *SET)
    assert text == machine(NEW)
    assert "2 findings fixed in 2 files, 0 not" in ran.err


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (machine("").encode("utf-16"), "only UTF-8 is edited"),
        (machine("").replace("p5.48xlarge\n", "p5.48xlarge\r").encode(), "its lines end in several ways"),
    ],
)
def test_texts_that_are_read_and_not_edited(house: Path, text: bytes, why: str) -> None:
    (house / "t.yaml").write_bytes(text)
    ran = finops_guard("fix", "infra/t.yaml", "--write", *SET)
    assert why in ran.err
    assert (house / "t.yaml").read_bytes() == text
