"""Real documents with one place changed, or their text damaged: resources, or one line; and never dear."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops_guard.errors import InputError
from finops_guard.model import Notes, Resource
from finops_guard.sources import iac
from finops_guard.sources.iac import arm, cloudformation, kubernetes
from finops_guard.sources.iac._cfn import scope as cfn_scope
from finops_guard.sources.iac._given import Given
from finops_guard.sources.iac._marked import read
from tests.sources.iac import test_arm_real as azure
from tests.sources.iac import test_cfn_real as aws
from tests.sources.iac import test_k8s_real as pods
from tests.sources.iac.mutating import damaged, mutated

TEMPLATES = [aws.SAM, aws.MACHINES, aws.TASKS, aws.ROOT]
MANIFESTS = [
    pods.thing("ray.io/v1/RayCluster", pods.RAY % "replicas: 3, minReplicas: 2, maxReplicas: 5, numOfHosts: 2"),
    pods.thing("batch/v1/CronJob", f"jobTemplate: {{spec: {{parallelism: 2, completions: 1, {pods.TEMPLATE}}}}}"),
    pods.thing("v1/Pod", "resourceClaims: [{resourceClaimTemplateName: x}], containers: [{resources: {claims: [g]}}]"),
    pods.thing("resource.k8s.io/v1/ResourceClaimTemplate", "spec: {devices: {requests: [{exactly: {count: 2}}]}}"),
    pods.thing("serving.knative.dev/v1/Service", "template: {metadata: {annotations: {}, labels: {a: b}}, spec: {}}"),
]
SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)


def check(path: Path, module: iac.Document) -> None:
    wrong = f"{path}:"
    try:
        for found in module.collect(path, iac.Reading(Notes())):
            assert found.id
            assert found.kind
            found.look("accelerators.count")
            found.tags.look("team")
    except InputError as error:
        wrong = error.what
    assert "\n" not in wrong
    assert wrong.startswith(f"{path}:")


def documents(folder: Path, texts: list[str]) -> list[Any]:
    found = []
    for text in texts:
        (folder / "whole.yaml").write_text(text, encoding="utf-8")
        found += read(folder / "whole.yaml")[1]
    return found


@pytest.mark.parametrize(
    ("module", "texts"),
    [(cloudformation, TEMPLATES), (arm, [json.dumps(azure.TEMPLATE)]), (kubernetes, MANIFESTS)],
    ids=["cloudformation", "arm", "kubernetes"],
)
def test_a_changed_document_is_no_traceback(module: iac.Document, texts: list[str], tmp_path: Path) -> None:
    @SETTINGS
    @given(mutated(documents(tmp_path, texts)))
    def look(document: object) -> None:
        path = tmp_path / "x.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        check(path, module)

    run: Callable[[], None] = look
    run()


@pytest.mark.parametrize(
    ("module", "texts"),
    [(cloudformation, TEMPLATES), (arm, [json.dumps(azure.TEMPLATE, indent=1)]), (kubernetes, MANIFESTS)],
    ids=["cloudformation", "arm", "kubernetes"],
)
def test_a_damaged_text_is_no_traceback(module: iac.Document, texts: list[str], tmp_path: Path) -> None:
    @SETTINGS
    @given(st.data())
    def look(data: st.DataObject) -> None:
        path = tmp_path / "x.yaml"
        path.write_bytes(data.draw(damaged(texts)))
        check(path, module)

    run: Callable[[], None] = look
    run()


def read_all(path: Path) -> list[Resource]:
    return list(iac.collect(path, iac.Reading(Notes())))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Resources:\n\tA: {Type: AWS::SQS::Queue}\n", "2:1: not YAML"),
        (
            "Resources: {A: {Type: AWS::SQS::Queue}}\nMetadata: " + "{a: " * 300 + "}" * 300,
            "nested deeper than 200",
        ),
        ("Resources:\n  A: {Type: AWS::SQS::Queue}\n  A: {Type: AWS::SQS::Queue}\n", "3:3: duplicate key 'A'"),
        ("Resources: &a {A: *a}\n", "1:19: *a names no anchor above it"),
        (
            "Resources: {A: {Type: AWS::SQS::Queue}}\nMetadata:\n  m0: &m0 {k: 1}\n"
            + "".join(f"  m{n}: &m{n} {{<<: *m{n - 1}, k{n}: 1}}\n" for n in range(1, 1700)),
            "more than 1000000 values, its aliases written out",
        ),
    ],
    ids=["tab", "deep", "twice", "cycle", "merges"],
)
def test_hostile_texts_are_refused(text: str, wrong: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_all(path)
    assert wrong in error.value.what


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8"])
@pytest.mark.parametrize(
    ("text", "name"),
    [("Resources:\n  A: {Type: AWS::SQS::Queue}\n", "A"), (pods.thing("v1/Pod", ""), "Pod/x")],
    ids=["template", "manifest"],
)
def test_texts_as_windows_writes_them(text: str, name: str, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding=encoding)
    assert [found.id for found in read_all(path)] == [name]


def test_what_is_small_and_means_much_is_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cfn_scope, "MAX_STEPS", 20_000)
    path = tmp_path / "x.json"
    large = {f"k{number}": "v" for number in range(2000)}
    found: dict[str, object] = {"Fn::FindInMap": ["M", "a", "b"]}
    queues = {
        f"R{number}": {"Type": "AWS::SSM::Parameter", "Properties": {
            "Tags": found if number < 50 else {"json": {"Fn::ToJsonString": found}}}}
        for number in range(100)
    }  # fmt: skip
    path.write_text(json.dumps({"Mappings": {"M": {"a": {"b": large}}}, "Resources": queues}))
    seen = read_all(path)
    assert seen[0].tags.open_because == "it has more than 1000 tags"
    assert "a template of more than 20000 steps" in seen[-1].tags.unknown["json"]


def test_stacks_that_nest_many_others_end(tmp_path: Path) -> None:
    nested = "".join(
        f"  N{number}: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: %s}}}}\n" for number in range(5)
    )
    for number in range(9):
        (tmp_path / f"{number}.yaml").write_text(f"Resources:\n{nested}" % ((f"{number + 1}.yaml",) * 5))
    (tmp_path / "9.yaml").write_text("Resources: {Queue: {Type: AWS::SQS::Queue}}\n")
    assert len(read_all(tmp_path / "0.yaml")) < 5000


TEMPLATE = """\
Parameters:
  Team: {Type: String, AllowedValues: [a, b]}
  Size: {Type: Number}
  Zones: {Type: CommaDelimitedList}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      Tags: [{Key: t, Value: !Ref Team}, {Key: s, Value: !Ref Size}, {Key: z, Value: !Select [0, !Ref Zones]}]
"""
KEYS = [{"ParameterKey": "Team", "ParameterValue": "a"}, {"ParameterKey": "Size", "UsePreviousValue": True}]
BESIDE: dict[str, list[Any]] = {
    "p.json": [
        KEYS,
        ["Team=a", "Size=2"],
        {"Parameters": {"Team": "a", "Size": 3, "Zones": ["x"]}, "Tags": {"p": "x"}},
        {"Parameters": KEYS, "Tags": [{"Key": "p", "Value": "v"}]},
        {"parameters": {"Team": {"value": "a"}, "Zones": {"reference": {"keyVault": {"id": "x"}}}}},
    ],
    "manifest.json": [{"artifacts": {"S": {
        "type": "aws:cloudformation:stack", "environment": "aws://123456789012/eu-west-1",
        "properties": {"templateFile": "template.yaml", "tags": {"a": "b"}, "parameters": {"Team": "a"}},
        "metadata": {"/S": [{"type": "aws:cdk:stack-tags", "data": [{"Key": "a", "Value": "b"}]}]},
    }}}],
    "samconfig.yaml": [{"default": {"global": {"parameters": {"stack_name": "x", "region": "eu-west-1"}}, "deploy": {
        "parameters": {"parameter_overrides": "Team=a ParameterKey=Size,ParameterValue=3", "tags": ["a=b"]}}}}],
}  # fmt: skip


@pytest.mark.parametrize("name", BESIDE)
def test_what_stands_beside_a_template_is_no_traceback(name: str, tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)

    @SETTINGS
    @given(mutated(BESIDE[name]))
    def look(document: object) -> None:
        (tmp_path / name).write_text(json.dumps(document), encoding="utf-8")
        items = (tmp_path / name,) if name == "p.json" else ()
        try:
            for found in iac.collect(path, iac.Reading(Notes(), given=Given(items))):
                assert all(isinstance(value, str) for value in found.tags.raw.values())
        except InputError as error:
            assert "\n" not in error.what  # noqa: PT017 - any error, but one line

    run: Callable[[], None] = look
    run()
