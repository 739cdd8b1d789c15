"""CloudFormation: what a template says, what its deployment decides, and where each resource stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from finops_guard.errors import InputError
from finops_guard.model import Location, Notes, Resource, Unknown
from finops_guard.sources import iac
from finops_guard.sources.iac import cloudformation
from finops_guard.sources.iac._cfn import loops

Write: TypeAlias = Callable[..., dict[str, Resource]]


def read(path: Path, notes: Notes | None = None) -> dict[str, Resource]:
    return {found.id: found for found in iac.collect(path, iac.Reading(notes or Notes()))}


def why(found: Resource, key: str) -> str:
    value = found.tags.look(key)
    assert isinstance(value, Unknown)
    return value.reason


def place(found: Resource) -> Location:
    assert found.at is not None
    return found.at


@pytest.fixture
def template(tmp_path: Path) -> Write:
    def write(text: str, name: str = "template.yaml", notes: Notes | None = None) -> dict[str, Resource]:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return read(path, notes)

    return write


def test_a_list_of_tags_a_map_of_tags_and_the_line(template: Write) -> None:
    found = template("""\
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Team: {Type: String, Default: core}
Resources:
  # the disk
  Disk:
    Type: AWS::EC2::Volume
    Properties:
      Size: 100
      VolumeType: gp3
      Tags:
        - {Key: Team, Value: !Ref Team}
        - Key: project
          Value: !Sub "${Team}-x"
  Note:
    Type: AWS::SSM::Parameter
    Properties: {Tags: {team: a, empty: !Ref AWS::NoValue}}
  Way:
    Type: AWS::EC2::Route
""")
    disk = found["Disk"]
    assert dict(disk.tags) == {"team": "core", "project": "core-x"}
    assert (place(disk).line, place(disk).column) == (6, 3)
    assert (disk.fields["kind"], disk.fields["capacity.provisioned"]) == ("volume", 100)
    assert disk.fields["taggable"] is True
    assert disk.unknown["change"]
    assert dict(found["Note"].tags) == {"team": "a"}
    assert found["Way"].fields["taggable"] is False


def test_what_the_deployment_decides_is_unknown_with_its_reason(template: Write) -> None:
    tags = template("""\
Parameters: {Team: {Type: String}, Ami: {Type: "AWS::SSM::Parameter::Value<String>", Default: /x}}
Resources:
  Disk:
    Type: AWS::EC2::Volume
    Properties:
      Tags:
        - {Key: team, Value: !Ref Team}
        - {Key: stack, Value: !Sub "${AWS::StackName}-a"}
        - {Key: zone, Value: !Select [0, !GetAZs ""]}
        - {Key: other, Value: !GetAtt Disk.Arn}
        - {Key: ami, Value: !Ref Ami}
        - {Key: shared, Value: !ImportValue x}
""")["Disk"].tags
    assert tags.look("team") == Unknown("parameter Team has no value")
    assert tags.look("stack") == Unknown("AWS::StackName is known when it is deployed")
    assert tags.look("zone") == Unknown("zones are known when it is deployed")
    assert tags.look("other") == Unknown("an attribute of Disk is known after it is deployed")
    assert "Systems Manager" in str(tags.look("ami"))
    assert isinstance(tags.look("shared"), Unknown)
    assert tags.look("absent") is None


def test_functions(template: Write) -> None:
    tags = template("""\
Transform: AWS::LanguageExtensions
Mappings: {Sizes: {prod: {disk: large}}}
Parameters: {Zones: {Type: CommaDelimitedList, Default: "a, b"}, Env: {Type: String, Default: prod}}
Resources:
  Disk:
    Type: AWS::EC2::Volume
    Properties:
      Tags:
        - {Key: joined, Value: !Join ["-", [x, !Ref Env]]}
        - {Key: second, Value: !Select [1, !Ref Zones]}
        - {Key: split, Value: !Select [1, !Split [":", "p:q"]]}
        - {Key: mapped, Value: !FindInMap [Sizes, !Ref Env, disk]}
        - {Key: default, Value: !FindInMap [Sizes, dev, disk, {DefaultValue: small}]}
        - {Key: literal, Value: !Sub "${!Env}"}
        - {Key: local, Value: !Sub ["${A}/${Env}", {A: "1"}]}
        - {Key: length, Value: !Length [a, b, c]}
        - {Key: json, Value: !ToJsonString {a: 1}}
        - {Key: base, Value: !Base64 hi}
        - {Key: number, Value: 12}
        - {Key: kept, Value: 010}
        - {Key: odd, Value: !Nope x}
""")["Disk"].tags
    assert dict(tags) == {
        "joined": "x-prod",
        "second": "b",
        "split": "q",
        "mapped": "large",
        "default": "small",
        "literal": "${Env}",
        "local": "1/prod",
        "length": "3",
        "json": '{"a":1}',
        "base": "aGk=",
        "number": "12",
        "kept": "010",
    }
    assert tags.look("odd") == Unknown("Fn::Nope is not a function we evaluate")


CHOICE = """\
Parameters: {Env: {Type: String%s}}
Conditions:
  Prod: !Equals [!Ref Env, prod]
  Never: !And [!Condition Prod, !Equals [a, b]]
  Always: !Or [!Condition Prod, !Not [!Condition Never]]
Resources:
  Disk:
    Type: AWS::EC2::Volume
    Properties:
      Tags:
        - !If [Prod, {Key: tier, Value: gold}, !Ref AWS::NoValue]
        - !If [Prod, {Key: same, Value: a}, {Key: same, Value: a}]
        - !If [Prod, {Key: left, Value: a}, {Key: right, Value: a}]
        - {Key: team, Value: !If [Prod, core, lab]}
  Whole:
    Type: AWS::EC2::Volume
    Properties:
      Tags: !If [Prod, [{Key: a, Value: x}, {Key: b, Value: y}], [{Key: a, Value: x}]]
  Map: {Type: AWS::SSM::Parameter, Properties: {Tags: !If [Prod, {a: x, b: y}, {a: x}]}}
  OnlyProd: {Type: AWS::EC2::Volume, Condition: Prod, Properties: {Tags: [{Key: team, Value: a}]}}
  OnlyNever: {Type: AWS::EC2::Volume, Condition: Never}
  OnlyAlways: {Type: AWS::EC2::Volume, Condition: Always}
"""


def test_a_decided_condition_takes_its_branch(template: Write) -> None:
    found = template(CHOICE % ", Default: prod")
    assert dict(found["Disk"].tags) == {"tier": "gold", "same": "a", "left": "a", "team": "core"}
    assert dict(found["Whole"].tags) == {"a": "x", "b": "y"}
    assert {"OnlyProd", "OnlyAlways"} <= found.keys()
    assert "OnlyNever" not in found
    other = template(CHOICE % ", Default: dev")
    assert dict(other["Disk"].tags) == {"same": "a", "right": "a", "team": "lab"}
    assert dict(other["Map"].tags) == {"a": "x"}
    assert "OnlyProd" not in other


def test_of_an_undecided_condition_both_branches_are_judged(template: Write) -> None:
    found = template(CHOICE % "")
    unknown = Unknown("parameter Env has no value")
    tags = found["Disk"].tags
    assert dict(tags) == {"same": "a"}
    assert [tags.look(key) for key in ("tier", "left", "right", "team")] == [unknown] * 4
    assert tags.look("absent") is None
    for name in ("Whole", "Map"):
        assert dict(found[name].tags) == {"a": "x"}
        assert found[name].tags.look("b") == unknown
    perhaps = found["OnlyProd"]
    assert "whether it is there cannot be told: parameter Env" in why(perhaps, "team")
    assert isinstance(perhaps.tags.look("absent"), Unknown)
    assert isinstance(perhaps.look("taggable"), Unknown)
    assert perhaps.fields["kind"] == "volume"
    # Kleene: whatever Prod is, Never is false and Always is true.
    assert "OnlyNever" not in found
    assert found["OnlyAlways"].tags.look("team") is None


def test_a_condition_that_refers_to_itself_is_unknown(template: Write) -> None:
    found = template("""\
Conditions: {A: !Not [!Condition B], B: !Condition A}
Resources:
  Disk: {Type: AWS::EC2::Volume, Condition: A}
""")
    assert "itself" in found["Disk"].unknown["taggable"]


def test_loops_are_run(template: Write) -> None:
    notes = Notes()
    found = template(
        """\
Transform: AWS::LanguageExtensions
Parameters: {Names: {Type: CommaDelimitedList}}
Resources:
  Fn::ForEach::Disks:
    - Team
    - [Core, Lab]
    - Disk${Team}:
        Type: AWS::EC2::Volume
        Properties:
          Tags: [{Key: team, Value: !Ref Team}, {Key: name, Value: !Sub "x-${Team}"}]
  Fn::ForEach::Unknown:
    - Name
    - !Ref Names
    - Topic${Name}: {Type: AWS::SNS::Topic, Properties: {Tags: [{Key: team, Value: a}]}}
  Note:
    Type: AWS::SSM::Parameter
    Properties:
      Tags:
        Fn::ForEach::Keys: [Key, [a, b], {"k-${Key}": !Ref Key}]
""",
        notes=notes,
    )
    assert dict(found["DiskCore"].tags) == {"team": "Core", "name": "x-Core"}
    assert dict(found["DiskLab"].tags) == {"team": "Lab", "name": "x-Lab"}
    assert place(found["DiskLab"]).line == 7
    assert dict(found["Note"].tags) == {"k-a": "a", "k-b": "b"}
    assert "parameter Names has no value" in why(found["Topic${Name}"], "team")


def test_loops_in_loops_end(template: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "MAX_PARTS", 2000)
    rounds = ", ".join(f"n{n}" for n in range(30))
    found = template(f"""\
Resources:
  Fn::ForEach::A: [A, [{rounds}], {{"Fn::ForEach::B": [B, [{rounds}], {{"Q${{A}}${{B}}": {{Type: AWS::SQS::Queue}}}}]}}]
  Disk:
    Type: AWS::SSM::Parameter
    Properties: {{Tags: {{"Fn::ForEach::C": [C, [{rounds}], {{"x${{C}}": y}}]}}}}
""")
    assert len(found) < 30 * 30
    assert "loops that write more than 2000 values" in why(found["Qn29${B}"], "team")
    assert "loops that write more than" in str(found["Disk"].tags.open_because)


def test_a_group_counts_what_reaches_its_machines_and_what_its_template_writes(template: Write) -> None:
    found = template("""\
Resources:
  Template:
    Type: AWS::EC2::LaunchTemplate
    Properties:
      TagSpecifications: [{ResourceType: launch-template, Tags: [{Key: own, Value: a}]}]
      LaunchTemplateData:
        InstanceType: g5.12xlarge
        InstanceMarketOptions: {MarketType: spot}
        TagSpecifications:
          - {ResourceType: instance, Tags: [{Key: project, Value: p}]}
          - {ResourceType: volume, Tags: [{Key: disk, Value: d}]}
  Group:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties:
      MinSize: "2"
      LaunchTemplate: {LaunchTemplateId: !Ref Template, Version: "1"}
      Tags:
        - {Key: team, Value: core, PropagateAtLaunch: true}
        - {Key: stays, Value: x, PropagateAtLaunch: false}
  Elsewhere:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties: {MinSize: 1, LaunchTemplate: {LaunchTemplateId: lt-1, Version: "1"}}
""")
    group = found["Group"]
    assert dict(group.tags) == {"team": "core", "project": "p"}
    assert group.facts["instance_type"] == "g5.12xlarge"
    assert (group.facts["instances"], group.fields["accelerators.count"]) == (2, 8)
    assert group.fields["purchase"] == "spot"
    assert dict(found["Template"].tags) == {"own": "a"}
    assert "lt-1 is not in the template" in why(found["Elsewhere"], "team")
    assert isinstance(found["Elsewhere"].facts["instance_type"], Unknown)


def test_a_launch_template_named_by_its_name(template: Write) -> None:
    found = template("""\
Resources:
  Template:
    Type: AWS::EC2::LaunchTemplate
    Properties: {LaunchTemplateName: ours, LaunchTemplateData: {InstanceType: p4d.24xlarge}}
  Group:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties: {DesiredCapacity: 1, LaunchTemplate: {LaunchTemplateName: ours, Version: "1"}}
""")
    assert (found["Group"].facts["instance_type"], found["Group"].fields["accelerators.count"]) == ("p4d.24xlarge", 8)


def test_machines_of_an_endpoint_and_of_a_cluster(template: Write) -> None:
    found = template("""\
Resources:
  Config:
    Type: AWS::SageMaker::EndpointConfig
    Properties:
      ProductionVariants:
        - {InstanceType: ml.g5.xlarge, InitialInstanceCount: 2}
        - {InstanceType: ml.g5.xlarge, InitialInstanceCount: 1}
  Endpoint: {Type: AWS::SageMaker::Endpoint, Properties: {EndpointConfigName: !GetAtt Config.EndpointConfigName}}
  Pod:
    Type: AWS::SageMaker::Cluster
    Properties:
      InstanceGroups: [{InstanceType: ml.p5.48xlarge, InstanceCount: 2}, {InstanceType: ml.c5.xlarge, InstanceCount: 1}]
  Batch:
    Type: AWS::Batch::ComputeEnvironment
    Properties: {ComputeResources: {InstanceTypes: [p4d.24xlarge]}}
""")
    assert (found["Endpoint"].facts["instance_type"], found["Endpoint"].facts["instances"]) == ("ml.g5.xlarge", 3)
    assert found["Pod"].facts["instance_type"] == Unknown(
        "its machines may be of several types: ml.p5.48xlarge, ml.c5.xlarge"
    )
    assert isinstance(found["Pod"].look("accelerators.count"), Unknown)
    assert found["Batch"].facts["instance_type"] == "p4d.24xlarge"
    assert isinstance(found["Batch"].facts["instances"], Unknown)


def test_sam_globals(template: Write) -> None:
    found = template("""\
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Tags: {team: core, tier: low}}}
Resources:
  Work: {Type: AWS::Serverless::Function, Properties: {Tags: {tier: high}}}
  Bare: {Type: AWS::Serverless::Function}
  Table: {Type: AWS::Serverless::SimpleTable}
""")
    assert dict(found["Work"].tags) == {"team": "core", "tier": "high"}
    assert dict(found["Bare"].tags) == {"team": "core", "tier": "low"}
    assert (found["Bare"].fields["type"], found["Bare"].fields["kind"]) == ("AWS::Lambda::Function", "function")
    assert dict(found["Table"].tags) == {}


def test_sam_globals_that_cannot_be_told_leave_the_map_open(template: Write) -> None:
    found = template("""\
Transform: AWS::Serverless-2016-10-31
Parameters: {Env: {Type: String}}
Conditions: {Prod: !Equals [!Ref Env, prod]}
Globals: {Function: {Tags: !If [Prod, {"Fn::Transform": {Name: AWS::Include}, a: x}, {a: x}]}}
Resources: {Work: {Type: AWS::Serverless::Function, Properties: {Tags: {team: core}}}}
""")
    tags = found["Work"].tags
    assert dict(tags) == {"team": "core", "a": "x"}
    assert "brings in" in why(found["Work"], "absent")


def test_a_machine_that_may_be_there_has_no_known_number(template: Write) -> None:
    found = template("""\
Parameters: {Env: {Type: String}}
Conditions: {Prod: !Equals [!Ref Env, prod]}
Resources: {M: {Type: AWS::EC2::Instance, Condition: Prod, Properties: {InstanceType: g5.xlarge}}}
""")
    assert found["M"].facts["instance_type"] == "g5.xlarge"
    assert isinstance(found["M"].facts["instances"], Unknown)
    assert isinstance(found["M"].look("accelerators.count"), Unknown)


def test_types_that_nobody_knows(template: Write) -> None:
    found = template("""\
Resources:
  Bare: {Type: Our::Own::Thing}
  Tagged: {Type: Our::Own::Thing, Properties: {Tags: [{Key: team, Value: a}]}}
  Custom: {Type: Custom::Thing}
  Listed: {Type: AWS::XRay::Group}
  Plain: {Type: AWS::XRay::ResourcePolicy}
""")
    taggable = {name: each.fields.get("taggable") for name, each in found.items()}
    assert taggable == {"Bare": None, "Tagged": True, "Custom": False, "Listed": True, "Plain": False}
    assert found["Custom"].fields["cloud"] == "aws"


def test_a_macro_may_add_tags(template: Write) -> None:
    found = template("""\
Transform: [AWS::LanguageExtensions, Ours]
Resources: {Disk: {Type: AWS::EC2::Volume, Properties: {Tags: [{Key: team, Value: a}]}}}
""")
    assert found["Disk"].tags.look("project") == Unknown("transform Ours may change it when it is deployed")
    assert found["Disk"].tags.look("team") == "a"


CHILD = """\
Parameters: {Team: {Type: String, Default: none}, Rest: {Type: String, Default: r}}
Resources:
  Disk:
    Type: AWS::EC2::Volume
    Properties: {Tags: [{Key: team, Value: !Ref Team}, {Key: rest, Value: !Ref Rest}]}
"""


def test_nested_stacks_take_parameters_and_tags_of_their_parent(template: Write, tmp_path: Path) -> None:
    (tmp_path / "child.yaml").write_text(CHILD)
    notes = Notes()
    found = template(
        """\
Resources:
  Below:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: ./child.yaml
      Parameters: {Team: core}
      Tags: [{Key: project, Value: p}, {Key: team, Value: loses}]
  Far: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: "https://example.com/x.yaml"}}
""",
        notes=notes,
    )
    assert dict(found["Below.Disk"].tags) == {"project": "p", "team": "core", "rest": "r"}
    assert place(found["Below.Disk"]).file.endswith("child.yaml")
    far = found["Far.*"]
    assert "is not a file here" in why(far, "team")
    assert isinstance(far.look("taggable"), Unknown)
    assert [(gap.type, gap.cloud) for gap in notes.gaps] == [("Far.*", "cloudformation")]
    assert dict(found["Far"].tags) == {}


@pytest.mark.parametrize("url", ["{folder}/child.yaml", "file://child.yaml", "child.yaml\\0", "nothing.yaml", ""])
def test_only_files_beside_the_template_are_nested(template: Write, tmp_path: Path, url: str) -> None:
    (tmp_path / "child.yaml").write_text(CHILD)
    where = url.format(folder=tmp_path)
    body = f'Resources: {{A: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: "{where}"}}}}}}\n'
    assert template(body).keys() == {"A", "A.*"}


def test_of_a_folder_each_template_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "child.yaml").write_text(CHILD)
    (tmp_path / "top.yaml").write_text(
        "Resources: {Below: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: child.yaml}}}\n"
    )
    (tmp_path / "notes.yaml").write_text("hello: world\n")
    assert read(tmp_path).keys() == {"top:Below", "top:Below.Disk"}


def test_stacks_that_nest_each_other_end(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("Resources: {B: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: a.yaml}}}\n")
    assert "nest each other" in str(read(path)["B.*"].tags.open_because)


def test_cdk_names_by_construct_path(template: Write) -> None:
    found = template(
        '{"Resources": {"DiskA1B2": {"Type": "AWS::EC2::Volume", "Metadata": {"aws:cdk:path": "App/Disk/Resource"}}}}',
        "App.template.json",
    )
    assert found["DiskA1B2"].fields["name"] == "App/Disk/Resource"
    assert place(found["DiskA1B2"]).column == 16


def test_cdk_says_by_metadata_which_file_it_nests(template: Write, tmp_path: Path) -> None:
    (tmp_path / "Below.nested.template.json").write_text('{"Resources": {"Disk": {"Type": "AWS::EC2::Volume"}}}')
    found = template(
        """\
Resources:
  Below:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: !Sub "https://s3.${AWS::Region}.amazonaws.com/x"}
    Metadata: {"aws:asset:path": Below.nested.template.json, "aws:asset:property": TemplateURL}
"""
    )
    assert found.keys() == {"Below", "Below.Disk"}


def test_the_volumes_of_an_instance(template: Write) -> None:
    found = template("""\
Parameters: {Hand: {Type: String}}
Resources:
  Plain: &plain
    Type: AWS::EC2::Instance
    Properties: &all
      Tags: [{Key: team, Value: a}]
      BlockDeviceMappings: [{DeviceName: x, Ebs: {VolumeSize: 200, VolumeType: gp3}}, {VirtualName: ephemeral0}]
  Handed: {Type: AWS::EC2::Instance, Properties: {<<: *all, PropagateTagsToVolumeOnCreation: true}}
  Perhaps: {Type: AWS::EC2::Instance, Properties: {<<: *all, PropagateTagsToVolumeOnCreation: !Ref Hand}}
""")
    plain = found["Plain.BlockDeviceMappings[0]"]
    assert (plain.fields["type"], plain.fields["capacity.provisioned"]) == ("AWS::EC2::Volume", 200)
    assert plain.facts["volume_type"] == "gp3"
    assert plain.tags.look("team") is None
    assert dict(found["Handed.BlockDeviceMappings[0]"].tags) == {"team": "a"}
    assert why(found["Perhaps.BlockDeviceMappings[0]"], "team").startswith("whether it reaches the volume")
    assert len(found) == 6


def test_anchors_and_merges(template: Write) -> None:
    found = template("""\
Resources:
  A: &a
    Type: AWS::SSM::Parameter
    Properties: &p {Tags: {team: x, env: dev}}
  B: *a
  C: {Type: AWS::SSM::Parameter, Properties: {Tags: {<<: {team: y, env: dev}, env: prod}}}
""")
    assert dict(found["B"].tags) == {"team": "x", "env": "dev"}
    assert dict(found["C"].tags) == {"team": "y", "env": "prod"}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Resources: {}\n", "1:1: a CloudFormation template without Resources"),
        ("Resources:\n  A: {Properties: {}}\n", "2:3: resource A has no Type"),
        ("Resources:\n  A: {Type: X\n", "not YAML"),
        ("Resources:\n  A: {Type: X}\n  A: {Type: Y}\n", "3:3: duplicate key 'A'"),
        ("Resources:\n  A: *nothing\n", "2:6"),
        ("Resources:\n  A: " + "[" * 300, "nested deeper"),
        ('{"Resources": {"A": }}', "1:21: not JSON: a value is missing"),
        ('{"Resources": {"A": {"Type": "X"', "not JSON"),
        ("Parameters: 1\nResources: {A: {Type: X}}\n", "1:1: Parameters is not a map"),
        ("Conditions: {C0: !Equals [a, a]"
         + "".join(f", C{n}: !Not [!Condition C{n - 1}]" for n in range(1, 3000))
         + "}\nResources: {A: {Type: X, Condition: C2999}}\n", "nested deeper than we follow"),
    ],
)  # fmt: skip
def test_refusals_are_one_line_with_the_place(text: str, wrong: str, tmp_path: Path) -> None:
    path = tmp_path / ("t.json" if text.startswith("{") else "t.yaml")
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read(path)
    assert wrong in caught.value.what
    assert caught.value.what.startswith(f"{path}:")
    assert "\n" not in caught.value.what


def test_aliases_that_repeat_each_other_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    lines = [
        "Resources: {A: {Type: X}}",
        "l0: &l0 [x, x]",
        *(f"l{n}: &l{n} [*l{n - 1}, *l{n - 1}]" for n in range(1, 40)),
    ]
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match="aliases written out"):
        read(path)


def test_what_is_a_template() -> None:
    yes = (b"AWSTemplateFormatVersion: 2010-09-09\n", b"# x\nResources:\n", b'{"Resources": {', b'{\n "Parameters": {')
    no = (b"apiVersion: v1\nkind: Pod\n", b'{"format_version": "1.2"', b'{"$schema": "x"}', b"")
    assert [cloudformation.recognises(Path("x.yaml"), head) for head in yes] == [True] * len(yes)
    assert [cloudformation.recognises(Path("x.yaml"), head) for head in no] == [False] * len(no)


def test_public_templates_in_both_spellings_say_the_same() -> None:
    twins = [file for file in SAMPLES.glob("*.json") if file.with_suffix(".yaml").exists()] if SAMPLES.is_dir() else []
    if not twins:
        pytest.skip("the public templates are not here")
    for file in twins:
        one, other = read(file), read(file.with_suffix(".yaml"))
        assert one.keys() == other.keys()
        for name, each in one.items():
            assert (each.fields, each.tags, each.tags.unknown) == (
                other[name].fields,
                other[name].tags,
                other[name].tags.unknown,
            )


SAMPLES = Path(__file__).parents[4] / "shared" / "data" / "iac" / "cfn"


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the public templates are not here")
def test_every_public_template_gives_resources() -> None:
    files = sorted(SAMPLES.iterdir())
    assert len(files) > 20
    for file in files:
        found = read(file)
        assert found
        assert all(place(each).file == str(file) for each in found.values())
