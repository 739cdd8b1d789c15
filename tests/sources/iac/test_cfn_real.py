"""CloudFormation as people write it: SAM, loops, includes, fleets, tasks, nested stacks; a table of what each gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from finops_guard.model import Notes, Resource, Unknown
from finops_guard.sources import iac
from finops_guard.sources.iac._given import Given, Item

ELSEWHERE = Unknown("Fn::Transform brings in what is not in the template")


def read(path: Path, text: str, *items: Item, notes: Notes | None = None) -> dict[str, Resource]:
    path.write_text(text, encoding="utf-8")
    return {each.id: each for each in iac.collect(path, iac.Reading(notes or Notes(), given=Given(items)))}


def tags(found: Resource) -> dict[str, object]:
    return {key: found.tags.look(key) for key in (*found.tags.raw, *found.tags.unknown)}


SAM = """\
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Parameters:
  Stage: {Type: String, AllowedValues: [dev, prod]}
  Teams: {Type: CommaDelimitedList, Default: "vision,search"}
  Owner: {Type: String, Default: ""}
Conditions:
  HasOwner: !Not [!Equals [!Ref Owner, ""]]
  IsProd: !Equals [!Ref Stage, prod]
  IsTest: !Equals [!Ref Stage, test]
Mappings: {Env: {dev: {cost: c1}, prod: {cost: c2}}}
Rules: {R: {Assertions: [{Assert: {Fn::Contains: [[dev, prod], !Ref Stage]}}]}}
Globals:
  Function: {Tags: {project: shop, stage: dev}, PropagateTags: true}
Resources:
  Hello: {Type: AWS::Serverless::Function, Properties: {Tags: {team: vision, stage: own}}}
  Layer: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: .}}
  Whole:
    Type: AWS::SQS::Queue
    Properties: {Tags: !If [HasOwner, [{Key: owner, Value: !Ref Owner}], !Ref AWS::NoValue]}
  Part:
    Type: AWS::SQS::Queue
    Properties:
      Tags:
        - !If [HasOwner, {Key: owner, Value: !Ref Owner}, !Ref AWS::NoValue]
        - {Key: cost, Value: !FindInMap [Env, !Ref Stage, cost]}
        - {Key: other, Value: !FindInMap [Env, qa, cost, {DefaultValue: none}]}
  Gone: {Type: AWS::SQS::Queue, Condition: IsTest}
  Include:
    Type: AWS::SQS::Queue
    Properties:
      Tags: [{Fn::Transform: {Name: AWS::Include, Parameters: {Location: "s3://x"}}}, {Key: a, Value: b}]
  Fn::ForEach::Teams:
    - Team
    - !Ref Teams
    - Queue${Team}:
        Type: AWS::SQS::Queue
        DeletionPolicy: !If [IsProd, Retain, Delete]
        Properties:
          Tags:
            - {Key: team, Value: !Ref Team}
            - {Key: json, Value: !ToJsonString {team: !Ref Team, n: {"Fn::Length": !Ref Teams}}}
      Fn::ForEach::Nets:
        - Net
        - ["10.0.0.0/24"]
        - Net${Team}&{Net}: {Type: AWS::EC2::Subnet, Properties: {Tags: [{Key: net, Value: !Sub "${Net} &{Net}"}]}}
  Module: {Type: My::Org::Thing::MODULE}
"""


@pytest.mark.parametrize(
    ("name", "given", "wanted"),
    [
        ("Hello", {}, {"project": "shop", "stage": "own", "team": "vision"}),
        ("Layer", {}, {}),
        ("Whole", {}, {}),
        ("Whole", {"Owner": "me"}, {"owner": "me"}),
        ("Part", {"Stage": "prod", "Owner": "me"}, {"owner": "me", "cost": "c2", "other": "none"}),
        ("Part", {}, {"cost": Unknown("parameter Stage has no value"), "other": "none"}),
        ("Queuevision", {}, {"team": "vision", "json": '{"team":"vision","n":2}'}),
        ("Netsearch1000024", {}, {"net": "10.0.0.0/24 1000024"}),
        ("Include", {}, {"a": "b"}),
    ],
)
def test_sam_and_language_extensions(
    tmp_path: Path, name: str, given: dict[str, str], wanted: dict[str, object]
) -> None:
    found = read(tmp_path / "t.yaml", SAM, *given.items())
    assert tags(found[name]) == wanted
    assert "Gone" not in found  # no value that the parameter allows makes it so
    assert found["Include"].tags.look("absent") == ELSEWHERE
    assert found["Layer"].fields["taggable"] is False
    assert found["Module.*"].tags.open_because is not None


MACHINES = """\
Parameters:
  Gpu: {Type: String, AllowedValues: [p5.48xlarge, p4d.24xlarge]}
  Plain: {Type: String, AllowedValues: [t3.large, m5.large]}
  Size: {Type: String, AllowedValues: [small, large]}
Conditions: {Large: !Equals [!Ref Size, large]}
Mappings: {Sizes: {small: {machine: t3.large, same: p5.48xlarge}, large: {machine: m5.large, same: p5.48xlarge}}}
Resources:
  LT:
    Type: AWS::EC2::LaunchTemplate
    Properties:
      LaunchTemplateData:
        InstanceType: !Ref Gpu
        TagSpecifications: [{ResourceType: instance, Tags: [{Key: team, Value: vision}]}]
  Plain: {Type: AWS::EC2::Instance, Properties: {InstanceType: !Ref Plain}}
  Either: {Type: AWS::EC2::Instance, Properties: {InstanceType: !If [Large, m5.large, t3.large]}}
  Mapped: {Type: AWS::EC2::Instance, Properties: {InstanceType: !FindInMap [Sizes, !Ref Size, machine]}}
  Perhaps: {Type: AWS::EC2::Instance, Properties: {InstanceType: !If [Large, p5.48xlarge, t3.large]}}
  Same: {Type: AWS::EC2::Instance, Properties: {InstanceType: !FindInMap [Sizes, !Ref Size, same]}}
  Gpu: {Type: AWS::EC2::Instance, Properties: {InstanceType: !Ref Gpu}}
  Fleet:
    Type: AWS::EC2::EC2Fleet
    Properties:
      TargetCapacitySpecification: {TotalTargetCapacity: 3, DefaultTargetCapacityType: spot}
      LaunchTemplateConfigs:
        - LaunchTemplateSpecification: {LaunchTemplateId: !Ref LT}
          Overrides: [{InstanceType: p5.48xlarge}]
  Mixed:
    Type: AWS::EC2::EC2Fleet
    Properties:
      LaunchTemplateConfigs:
        - {LaunchTemplateSpecification: {LaunchTemplateId: !Ref LT}}
        - {LaunchTemplateSpecification: {LaunchTemplateId: lt-0}}
  Spot:
    Type: AWS::EC2::SpotFleet
    Properties:
      SpotFleetRequestConfigData:
        TargetCapacity: 2
        TagSpecifications: [{ResourceType: spot-fleet-request, Tags: [{Key: team, Value: request}]}]
        LaunchSpecifications:
          - InstanceType: p4d.24xlarge
            TagSpecifications: [{ResourceType: instance, Tags: [{Key: team, Value: spot}]}]
  Nodes: {Type: AWS::EKS::Nodegroup, Properties: {InstanceTypes: [t3.large, m5.large], ScalingConfig: {DesiredSize: 3}}}
  Pod:
    Type: AWS::SageMaker::Cluster
    Properties:
      InstanceGroups: [{InstanceType: ml.p5.48xlarge, InstanceCount: 2}]
      RestrictedInstanceGroups: [{InstanceType: ml.p5.48xlarge, InstanceCount: 1}]
"""


@pytest.mark.parametrize(
    ("name", "count", "model", "team"),
    [
        ("Plain", 0, None, None),
        ("Gpu", Unknown, Unknown, None),
        ("Either", 0, None, None),
        ("Mapped", 0, None, None),
        ("Perhaps", Unknown, Unknown, None),
        ("Same", 8, "H100", None),
        ("Fleet", 24, "H100", "vision"),
        ("Mixed", Unknown, Unknown, Unknown),
        ("Spot", 16, "A100", "spot"),
        ("Nodes", 0, None, None),
        ("Pod", 24, "H100", None),
    ],
)
def test_machines_and_what_reaches_them(tmp_path: Path, name: str, count: object, model: object, team: object) -> None:
    found = read(tmp_path / "t.yaml", MACHINES)[name]
    for field, wanted in (("accelerators.count", count), ("accelerators.model", model)):
        value = found.look(field)
        assert isinstance(value, Unknown) if wanted is Unknown else value == wanted
    value = found.tags.look("team")
    assert isinstance(value, Unknown) if team is Unknown else value == team


TASKS = """\
Resources:
  Task: {Type: AWS::ECS::TaskDefinition, Properties: {Tags: [{Key: team, Value: task}]}}
  Handed: {Type: AWS::ECS::Service, Properties: {TaskDefinition: !Ref Task, PropagateTags: TASK_DEFINITION}}
  Own: {Type: AWS::ECS::Service, Properties: {PropagateTags: SERVICE, Tags: [{Key: team, Value: own}]}}
  Kept: {Type: AWS::ECS::Service, Properties: {Tags: [{Key: team, Value: kept}]}}
  Far: {Type: AWS::ECS::Service, Properties: {TaskDefinition: "x:1", PropagateTags: TASK_DEFINITION}}
  Job: {Type: AWS::Batch::JobDefinition, Properties: {PropagateTags: true, Tags: {team: job}}}
  Table:
    Type: AWS::DynamoDB::GlobalTable
    Properties: {Replicas: [{Region: eu-west-1, Tags: [{Key: team, Value: a}]}, {Region: us-east-1}]}
"""


def test_tasks_have_the_tags_that_reach_them_and_replicas_their_own(tmp_path: Path) -> None:
    notes = Notes()
    found = read(tmp_path / "t.yaml", TASKS, notes=notes)
    seen = {name: found[name].tags.look("team") for name in ("Handed", "Own", "Kept", "Job")}
    assert seen == {"Handed": "task", "Own": "own", "Kept": "kept", "Job": "job"}
    assert isinstance(found["Far"].tags.look("team"), Unknown)
    assert [remark for remark in notes.remarks if "Kept" in remark]
    one, two = found["Table.Replicas[0]"], found["Table.Replicas[1]"]
    assert (one.kind, one.fields["region"], one.tags.look("team")) == ("database", "eu-west-1", "a")
    assert (two.fields["region"], two.tags.look("team")) == ("us-east-1", None)
    assert found["Table"].fields["taggable"] is False


NAMING = """\
Parameters: {Team: {Type: String}}
Conditions: {Never: !Equals [a, b]}
Resources: {Topic: {Type: AWS::SNS::Topic}}
Outputs:
  Name: {Value: !Sub "${Team}-x"}
  Arn: {Value: !Ref Topic}
  None: {Condition: Never, Value: x}
"""
ROOT = """\
Resources:
  Naming: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: naming.yaml, Parameters: {Team: vision}}}
  Round:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: naming.yaml, Parameters: {Team: !GetAtt Round.Outputs.Name}}
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      Tags:
        - {Key: name, Value: !GetAtt Naming.Outputs.Name}
        - {Key: sub, Value: !Sub "${Naming.Outputs.Name}!"}
        - {Key: arn, Value: !GetAtt Naming.Outputs.Arn}
        - {Key: none, Value: !GetAtt Naming.Outputs.None}
        - {Key: round, Value: !GetAtt Round.Outputs.Name}
"""


def test_outputs_of_nested_stacks(tmp_path: Path) -> None:
    (tmp_path / "naming.yaml").write_text(NAMING)
    seen = tags(read(tmp_path / "t.yaml", ROOT)["Queue"])
    assert (seen["name"], seen["sub"]) == ("vision-x", "vision-x!")
    assert seen["arn"] == Unknown("Topic is known after it is deployed")
    assert seen["none"] == Unknown("an attribute of Naming is known after it is deployed")
    assert isinstance(seen["round"], Unknown)  # it is given its own output


def test_loops_in_conditions_and_texts_that_would_fill_the_memory(tmp_path: Path) -> None:
    letters = ", ".join("abcdefgh")
    found = read(tmp_path / "t.yaml", f"""\
Parameters: {{Long: {{Type: String, Default: {"x" * 90_000}}}}}
Conditions:
  Fn::ForEach::C: [N, [{letters}], {{"Is${{N}}": !Equals [!Ref N, a]}}]
Resources:
  Yes: {{Type: AWS::SQS::Queue, Condition: Isa}}
  No: {{Type: AWS::SQS::Queue, Condition: Isb}}
  Long:
    Type: AWS::SQS::Queue
    Properties:
      Tags:
        - {{Key: joined, Value: !Join [!Ref Long, [{letters}]]}}
        - {{Key: sub, Value: !Sub "{"${Long}" * 1000}"}}
        - {{Key: json, Value: !ToJsonString [!Ref Long, !Ref Long]}}
""")  # fmt: skip
    assert set(found) == {"Yes", "Long"}
    assert set(map(str, tags(found["Long"]).values())) == {str(Unknown("a text of more than 100000 characters"))}


def test_what_another_tool_puts_in_is_one_that_stands_for_all(tmp_path: Path) -> None:
    notes = Notes()
    found = read(tmp_path / "t.yaml", """\
Resources:
  Rain: {Type: !Rain::Module ../vpc.yml, Properties: {Name: x}}
  Include: {Fn::Transform: {Name: AWS::Include, Parameters: {Location: "s3://x"}}}
  Set: {Type: AWS::CloudFormation::StackSet, Properties: {TemplateURL: "https://x", Tags: [{Key: team, Value: a}]}}
  Queue: {Type: AWS::SQS::Queue}
""", notes=notes)  # fmt: skip
    assert set(found) == {"Rain", "Include", "Set", "Set.*", "Queue"}
    assert [gap.type for gap in notes.gaps] == ["Rain", "Include", "Set.*"]
    assert isinstance(found["Rain"].tags.look("team"), Unknown)


def test_a_nested_template_that_cannot_be_read_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "child.yaml").write_text("Resources: {}\n")
    notes = Notes()
    text = """\
Resources:
  Child: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: child.yaml}}
  Queue: {Type: AWS::SQS::Queue}
"""
    assert set(read(tmp_path / "t.yaml", text, notes=notes)) == {"Child", "Child.*", "Queue"}
    assert "child.yaml:1:1: a CloudFormation template without Resources" in notes.gaps[0].reason


def test_tags_of_sams_apis_are_those_of_their_stage_and_types_those_that_it_makes(tmp_path: Path) -> None:
    found = read(tmp_path / "t.yaml", """\
Transform: AWS::Serverless-2016-10-31
Parameters: {Handed: {Type: String}}
Resources:
  Kept: {Type: AWS::Serverless::Api, Properties: {StageName: prod, Tags: {team: a}}}
  Handed: {Type: AWS::Serverless::Api, Properties: {StageName: prod, PropagateTags: true, Tags: {team: a}}}
  Perhaps: {Type: AWS::Serverless::Api, Properties: {StageName: prod, PropagateTags: !Ref Handed, Tags: {team: a}}}
  Machines: {Type: AWS::Serverless::CapacityProvider, Properties: {Tags: {team: a}}}
  Graph: {Type: AWS::Serverless::GraphQLApi, Properties: {Tags: {team: a}}}
""")  # fmt: skip
    teams = {name: found[name].tags.look("team") for name in found}
    why = Unknown("whether it reaches the API: parameter Handed has no value")
    assert (teams.pop("Kept"), teams.pop("Perhaps")) == (None, why)
    assert teams == dict.fromkeys(("Kept.prod", "Handed", "Handed.prod", "Perhaps.prod", "Machines", "Graph"), "a")
    assert found["Kept.prod"].fields["type"] == "AWS::ApiGateway::Stage"
    assert found["Graph"].fields["type"] == "AWS::AppSync::GraphQLApi"
