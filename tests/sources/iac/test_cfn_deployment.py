"""How a CloudFormation template is deployed: parameters and tags that stand beside it or that a person gives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from finops_guard.errors import InputError
from finops_guard.model import Notes, Resource, Unknown
from finops_guard.sources import iac
from finops_guard.sources.iac._given import Given, Item

NO_MAP = "is a map, and parameters are texts, numbers or lists of them"
TEMPLATE = """\
Parameters:
  Team: {Type: String, Default: core}
  Env: {Type: String, AllowedValues: [dev, prod]}
  Size: {Type: Number, Default: 1}
  Zones: {Type: CommaDelimitedList, Default: "a,b"}
  Secret: {Type: String, NoEcho: true, Default: ""}
  Ami: {Type: "AWS::SSM::Parameter::Value<String>", Default: /ami}
  Name: {Type: "AWS::SSM::Parameter::Name", Default: /name}
Conditions:
  IsProd: !Equals [!Ref Env, prod]
  HasSecret: !Not [!Equals [!Ref Secret, ""]]
Resources:
  Disk:
    Type: AWS::EC2::Volume
    Condition: IsProd
    Properties:
      Size: !Ref Size
      Tags:
        - {Key: team, Value: !Ref Team}
        - {Key: env, Value: !Ref Env}
        - {Key: zone, Value: !Select [1, !Ref Zones]}
        - {Key: secret, Value: !Ref Secret}
        - {Key: has-secret, Value: !If [HasSecret, "yes", "no"]}
        - {Key: ami, Value: !Ref Ami}
        - {Key: name, Value: !Ref Name}
        - {Key: region, Value: !Ref AWS::Region}
        - {Key: looked-up, Value: "{{resolve:ssm:/team}}"}
"""


def read(path: Path, *items: Item, notes: Notes | None = None, strict: bool = True) -> dict[str, Resource]:
    document = iac.Reading(notes or Notes(), given=Given(items, strict))
    found = {each.id: each for each in iac.collect(path, document)}
    document.taken.check(document.given)
    return found


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE, encoding="utf-8")
    return path


def tags(found: Mapping[str, Resource], name: str = "Disk") -> dict[str, object]:
    of = found[name].tags
    return {key: of.look(key) for key in (*of.raw, *of.unknown)}


def test_what_is_given_decides(template: Path, tmp_path: Path) -> None:
    file = tmp_path / "prod.json"
    file.write_text('{"Parameters": {"Env": "dev", "Team": "vision", "Size": 7}, "Tags": {"cost": "x", "team": "no"}}')
    found = read(template, file, ("Env", "prod"), ("Zones", "x, y"), ("Secret", "s3cret"), ("AWS::Region", "eu-west-1"))
    disk = found["Disk"]
    assert tags(found) == {
        "cost": "x",
        "team": "vision",
        "env": "prod",
        "zone": "y",
        "secret": Unknown("parameter Secret is NoEcho, so its value is not shown"),
        "has-secret": "yes",
        "ami": Unknown("parameter Ami is read from Systems Manager when it is deployed"),
        "name": "/name",
        "region": "eu-west-1",
        "looked-up": Unknown("it is read from Systems Manager when it is deployed"),
    }
    assert disk.fields["capacity.provisioned"] == 7
    assert disk.fields["region"] == "eu-west-1"


def test_of_several_the_last_wins_whatever_it_is(template: Path, tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text('{"Env": "prod", "Team": "file"}')
    assert tags(read(template, ("Team", "pair"), file))["team"] == "file"
    assert tags(read(template, file, ("Team", "pair")))["team"] == "pair"


@pytest.mark.parametrize(
    ("items", "wrong", "hint"),
    [
        ((("Env", "prd"),), "--var Env: 'prd' is no value that Env allows", "did you mean 'prod'?"),
        ((("Size", "big"),), "--var Size: 'big' is not a number, and Size is one", None),
        ((("Tem", "x"),), "--var Tem: no such variable", "did you mean 'Team'?"),
        (('{"Tem": "x"}',), "FILE:1:2: the template has no parameter 'Tem'", "did you mean 'Team'?"),
        (('{"Team": {"a": 1}}',), f"FILE:1:2: the value of Team {NO_MAP}", None),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_in_one_line(
    template: Path, tmp_path: Path, items: tuple[object, ...], wrong: str, hint: str | None
) -> None:
    file = tmp_path / "p.json"
    given: list[Item] = []
    for item in items:
        if isinstance(item, str):
            file.write_text(item)
        given.append(item if isinstance(item, tuple) else file)
    with pytest.raises(InputError) as error:
        read(template, *given)
    assert error.value.what == wrong.replace("FILE", str(file))
    assert error.value.help == hint


def test_of_a_folder_a_file_may_be_of_some_templates_alone(template: Path, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("Resources: {Queue: {Type: AWS::SQS::Queue}}\n")
    file = tmp_path.parent / f"{tmp_path.name}.json"
    file.write_text('{"Env": "prod", "Elsewhere": "x"}')
    notes = Notes()
    assert "template:Disk" in read(template.parent, file, notes=notes)
    assert notes.remarks == [f"{file}: no template has a parameter Elsewhere"]
    file.write_text('{"Elsewhere": "x"}')
    with pytest.raises(InputError, match="nothing that was scanned takes it"):
        read(template.parent, file)


def test_a_parameter_file_is_no_template(template: Path, tmp_path: Path) -> None:
    file = tmp_path / "prod.json"
    file.write_text('{"Parameters": {"Env": "prod"}, "Tags": {"team": "a"}}')
    notes = Notes()
    assert "template:Disk" not in read(tmp_path, ("Env", "dev"), notes=notes)
    assert notes.gaps == []
    with pytest.raises(InputError, match=f"{file}:1:1: a parameter file") as error:
        read(file)
    assert error.value.help == "Name the template, and this with --var-file."
    assert template.exists()


def test_a_value_from_before_its_parameter_was_there_is_no_error(template: Path, tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text('{"Env": "prod", "Later": "x"}')
    assert "Disk" in read(template, file, strict=False)


SAM = """\
version = 0.1
[default.global.parameters]
stack_name = "shop"
parameter_overrides = "Team=hidden"
"""


@pytest.mark.parametrize(
    "said",
    [
        """[default.deploy.parameters]
parameter_overrides = "Team=\\"two words\\" Env=prod Gone=1"
tags = "project=\\"x y\\" a=b\"""",
        """[default.deploy.parameters]
parameter_overrides = '''ParameterKey=Team,ParameterValue="two words" ParameterKey=Env,ParameterValue=prod'''
tags = ["project=\\"x y\\"", "a=b"]""",
        """[default.deploy.parameters]
parameter_overrides = {Team = "two words", Env = "prod"}
tags = {project = "x y", a = "b"}""",
    ],
    ids=["texts", "keys", "maps"],
)
def test_what_sam_deploy_reads_is_read(template: Path, tmp_path: Path, said: str) -> None:
    (tmp_path / "samconfig.toml").write_text(SAM + said + '\nregion = "eu-central-1"\n')
    notes = Notes()
    found = read(template, notes=notes)
    seen = tags(found)
    assert (seen["team"], seen["env"], seen["project"], seen["a"]) == ("two words", "prod", "x y", "b")
    assert seen["region"] == found["Disk"].fields["region"] == "eu-central-1"
    assert notes.remarks == [f"{template} is read with the samconfig beside it, as sam deploy would"]


def test_a_person_says_more_than_samconfig(template: Path, tmp_path: Path) -> None:
    (tmp_path / "samconfig.toml").write_text(
        '[default.deploy.parameters]\nparameter_overrides = ["Env=prod", "Team=a"]\n'
    )
    assert tags(read(template, ("Team", "b")))["team"] == "b"


def test_without_a_default_environment_nobody_knows_which(template: Path, tmp_path: Path) -> None:
    (tmp_path / "samconfig.yaml").write_text(
        "version: 0.1\nprod: {deploy: {parameters: {parameter_overrides: 'Team=x', tags: 'project=y'}}}\n"
    )
    seen = tags(read(template, ("Env", "prod")))
    why = Unknown("samconfig.yaml says it for prod, and has no environment default")
    assert (seen["team"], seen["project"]) == (why, why)


def test_samconfig_is_of_the_template_that_it_names(tmp_path: Path) -> None:
    queue = "Q: {Type: AWS::SQS::Queue, Properties: {Tags: [{Key: team, Value: !Ref Team}]}}"
    text = f"Parameters: {{Team: {{Type: String}}}}\nResources: {{{queue}}}\n"
    for name in ("template.yaml", "other.yaml"):
        (tmp_path / name).write_text(text)
    config = tmp_path / "samconfig.toml"
    config.write_text('[default.deploy.parameters]\nparameter_overrides = "Team=x"\n')
    assert tags(read(tmp_path / "template.yaml"), "Q")["team"] == "x"
    assert isinstance(tags(read(tmp_path / "other.yaml"), "Q")["team"], Unknown)
    config.write_text('[default.deploy.parameters]\ntemplate_file = "other.yaml"\nparameter_overrides = "Team=x"\n')
    assert tags(read(tmp_path / "other.yaml"), "Q")["team"] == "x"
    assert isinstance(tags(read(tmp_path / "template.yaml"), "Q")["team"], Unknown)


def test_what_sam_built_is_deployed_as_its_source(tmp_path: Path) -> None:
    (tmp_path / ".aws-sam" / "build").mkdir(parents=True)
    (tmp_path / ".aws-sam" / "build" / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "samconfig.toml").write_text(
        '[default.deploy.parameters]\nparameter_overrides = "Env=prod"\ntags = "a=b"\n'
    )
    assert tags(read(tmp_path / ".aws-sam" / "build" / "template.yaml"))["a"] == "b"


@pytest.mark.parametrize("text", ["[default", '[default.deploy.parameters]\ntags = "a=\\"b"\n'])
def test_a_broken_samconfig_is_one_line(template: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "samconfig.toml").write_text(text)
    with pytest.raises(InputError, match=rf"^{tmp_path / 'samconfig.toml'}: [^\n]+$"):
        read(template)


def assembly(folder: Path, name: str, more: Mapping[str, object], region: str = "eu-west-1") -> None:
    """What `cdk synth` writes for one stack."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cdk.out").write_text('{"version": "48.0.0"}')
    stack = {
        "type": "aws:cloudformation:stack",
        "environment": f"aws://123456789012/{region}",
        "properties": {"templateFile": f"{name}.template.json", **more},
    }
    manifest = {"version": "48.0.0", "artifacts": {name: stack, f"{name}.assets": {"type": "cdk:asset-manifest"}}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    body = {
        "Parameters": {"Team": {"Type": "String"}},
        "Resources": {
            "Disk": {"Type": "AWS::EC2::Volume", "Properties": {
                "Tags": [
                    {"Key": "team", "Value": {"Ref": "Team"}},
                    {"Key": "stack", "Value": {"Ref": "AWS::StackName"}},
                ],
            }},
            "New": {"Type": "AWS::Nobody::Knows"},
        },
    }  # fmt: skip
    (folder / f"{name}.template.json").write_text(json.dumps(body))


def test_cdk_says_tags_parameters_and_where_to(tmp_path: Path) -> None:
    out = tmp_path / "cdk.out"
    assembly(
        out, "Dev", {"tags": {"project": "x", "team": "hidden"}, "parameters": {"Team": "vision"}}, "unknown-region"
    )
    assembly(out / "assembly-Prod", "ProdStack", {"stackName": "prod-main", "tags": {"env": "prod"}})
    (out / "asset.123").mkdir()
    (out / "asset.123" / "t.yaml").write_text("Resources: {Queue: {Type: AWS::SQS::Queue}}\n")
    found = read(out)
    assert set(found) == {"Dev:Disk", "Dev:New", "assembly-Prod/ProdStack:Disk", "assembly-Prod/ProdStack:New"}
    assert tags(found, "Dev:Disk") == {"team": "vision", "stack": "Dev", "project": "x"}
    disk = found["assembly-Prod/ProdStack:Disk"]
    assert (disk.fields["region"], disk.fields["account"]) == ("eu-west-1", "123456789012")
    assert tags(found, disk.id)["stack"] == "prod-main"
    assert tags(found, disk.id)["env"] == "prod"
    assert "region" in found["Dev:Disk"].unknown
    why = "whether tags of a stack reach AWS::Nobody::Knows is not in the shipped table"
    assert found["Dev:New"].tags.look("project") == Unknown(why)


def test_older_versions_of_cdk_say_tags_in_the_metadata(tmp_path: Path) -> None:
    assembly(tmp_path, "S", {})
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    entry = {"type": "aws:cdk:stack-tags", "data": [{"Key": "project", "Value": "x"}, {"key": "env", "value": "dev"}]}
    manifest["artifacts"]["S"]["metadata"] = {"/S": [entry]}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    seen = tags(read(tmp_path / "S.template.json"))
    assert (seen["project"], seen["env"]) == ("x", "dev")


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"artifacts": {"a": 3, "b": {"type": "aws:cloudformation:stack"}}}', '{"artifacts": []}']
)
def test_any_other_manifest_is_none_of_ours(template: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    assert "Disk" in read(template, ("Env", "prod"))
