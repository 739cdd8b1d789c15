"""Parameter files: every shape that tools take says the same, and what is wrong with one is a line with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from finops_guard.errors import InputError
from finops_guard.model import Notes, Unknown
from finops_guard.sources.iac import Reading
from finops_guard.sources.iac._given import Given
from finops_guard.sources.iac._parameters import Values, given_to

KEYS = [{"ParameterKey": "Team", "ParameterValue": "vision"}, {"ParameterKey": "Size", "ParameterValue": "3"}]


def read(path: Path, text: str) -> Values:
    path.write_text(text, encoding="utf-8")
    (values,) = given_to(Reading(Notes(), given=Given((path,))))
    return values


@pytest.mark.parametrize(
    ("shape", "tags"),
    [
        (KEYS, {}),
        (["Team=vision", "Size=3"], {}),
        ({"Parameters": {"Team": "vision", "Size": "3"}, "Tags": {"project": "x"}}, {"project": "x"}),
        (
            {"StackName": "s", "Parameters": KEYS, "Tags": [{"Key": "project", "Value": "x"}]},
            {"project": "x"},
        ),
        (
            {"template-file-path": "a.yaml", "parameters": {"Team": "vision", "Size": "3"}, "tags": {"project": "x"}},
            {"project": "x"},
        ),
        (
            {"$schema": "…/deploymentParameters.json#", "contentVersion": "1.0.0.0", "parameters": {
                "Team": {"value": "vision"}, "Size": {"value": "3"}}},
            {},
        ),
        ({"Team": "vision", "Size": "3"}, {}),
    ],
    ids=["keys", "texts", "codepipeline", "cli-input", "git-sync", "azure", "plain"],
)  # fmt: skip
def test_every_shape_says_the_same(shape: object, tags: dict[str, str], tmp_path: Path) -> None:
    values = read(tmp_path / "p.json", json.dumps(shape))
    assert values.parameters == {"Team": "vision", "Size": "3"}
    assert values.tags == tags


def test_what_the_deployment_decides_is_unknown(tmp_path: Path) -> None:
    kept = read(tmp_path / "a.json", '[{"ParameterKey": "Team", "UsePreviousValue": true}]')
    assert kept.parameters["Team"] == Unknown("parameter Team keeps the value that the stack has")
    vault = read(tmp_path / "b.json", '{"parameters": {"key": {"reference": {"keyVault": {"id": "x"}}}}}')
    assert vault.parameters["key"] == Unknown("parameter key is read from a key vault when it is deployed")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('[{"Key": "a"}]', ":1:2: not a list of {ParameterKey, ParameterValue}"),
        ('[{"ParameterKey": "a"}]', ":1:2: parameter a has no ParameterValue"),
        ('{"Parameters": {}, "Tags": 3}', ":1:20: Tags is neither a map nor a list of {Key, Value}"),
        ('{"parameters": {"a": {}}}', ":1:22: parameter a has no value"),
        ('"x"', ":1:1: not a file of parameters"),
        ('{"a": 1', ":1:8: not JSON: it ends in the middle"),
    ],
)
def test_refusals_are_one_line_with_the_place(text: str, wrong: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        read(tmp_path / "p.json", text)
    assert error.value.what == f"{tmp_path / 'p.json'}{wrong}"
