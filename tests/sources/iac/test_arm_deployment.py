"""How an ARM template is deployed: parameters from outside, outputs of nested deployments, tags written from beside."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from finops_guard.errors import InputError
from finops_guard.model import Notes, Resource, Unknown
from finops_guard.sources import iac
from finops_guard.sources.iac._given import Given, Item

Write: TypeAlias = Callable[..., dict[str, Resource]]
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
DISK = {"type": "Microsoft.Compute/disks", "apiVersion": "2023-04-02", "name": "d", "location": "westeurope"}
DISKS = "Microsoft.Compute/disks"
PARAMETERS = {
    "team": {"type": "string", "defaultValue": "none", "allowedValues": ["none", "vision", "search"]},
    "count": {"type": "int", "defaultValue": 1},
    "on": {"type": "bool", "defaultValue": False},
    "tags": {"type": "object", "defaultValue": {}},
    "zones": {"type": "array", "defaultValue": []},
    "secret": {"type": "securestring"},
}
TAGS = (
    "[union(parameters('tags'), createObject('team', parameters('team'), 'n', string(parameters('count')),"
    " 'on', string(parameters('ON')), 'zone', first(parameters('zones')), 'secret', parameters('secret')))]"
)


@pytest.fixture
def template(tmp_path: Path) -> Write:
    def write(resources: object, *items: Item, notes: Notes | None = None, **sections: object) -> dict[str, Resource]:
        path = tmp_path / "main.json"
        path.write_text(json.dumps({"$schema": SCHEMA, **sections, "resources": resources}), encoding="utf-8")
        document = iac.Reading(notes or Notes(), given=Given(items))
        found = {each.id: each for each in iac.collect(path, document)}
        document.taken.check(document.given)
        return found

    return write


def tags(found: Resource) -> dict[str, object]:
    return {key: found.tags.look(key) for key in (*found.tags.raw, *found.tags.unknown)}


def test_what_is_given_decides(template: Write, tmp_path: Path) -> None:
    file = tmp_path / "prod.json"
    vault = {"reference": {"keyVault": {"id": "…"}, "secretName": "s"}}
    said = {
        "Team": {"value": "vision"},
        "tags": {"value": {"project": "x"}},
        "zones": {"value": ["z"]},
        "secret": vault,
    }
    file.write_text(json.dumps({"$schema": "https://…/deploymentParameters.json#", "parameters": said}))
    found = template([{**DISK, "tags": TAGS}], file, ("count", "3"), ("on", "True"), parameters=PARAMETERS)
    assert tags(found[f"{DISKS}/d"]) == {
        "project": "x",
        "team": "vision",
        "n": "3",
        "on": "True",
        "zone": "z",
        "secret": Unknown("parameter secret is read from a key vault when it is deployed"),
    }


def test_a_file_beside_the_template_is_not_taken_in_silence(template: Write, tmp_path: Path) -> None:
    """Azure does not either: there may be one for each environment."""
    file = tmp_path / "main.parameters.json"
    file.write_text('{"parameters": {"team": {"value": "vision"}}}')
    notes = Notes()
    disk = {**DISK, "tags": {"team": "[parameters('team')]"}}
    found = template([disk], notes=notes, parameters=PARAMETERS)
    assert tags(found[f"{DISKS}/d"])["team"] == "none"
    assert notes.remarks == [f"{file} is not read unless it is named: --var-file {file}"]
    found = template([disk], file, parameters=PARAMETERS)
    assert tags(found[f"{DISKS}/d"])["team"] == "vision"


@pytest.mark.parametrize(
    ("item", "wrong", "hint"),
    [
        (("team", "vison"), "--var team: 'vison' is no value that team allows", "did you mean 'vision'?"),
        (("count", "x"), "--var count: count is of type int, and its value is none", None),
        (("count", "true"), "--var count: count is of type int, and its value is none", None),
        (("tags", "team=a"), "--var tags: tags is of type object, and its value is none", None),
        (("tem", "x"), "--var tem: no such variable", "did you mean 'team'?"),
        ('{"tem": {"value": 1}}', "FILE:1:2: the template has no parameter 'tem'", "did you mean 'team'?"),
        ('{"count": {"value": "1"}}', "FILE:1:2: count is of type int, and its value is none", None),
    ],
)
def test_a_mistake_is_refused_in_one_line(
    template: Write, tmp_path: Path, item: tuple[str, str] | str, wrong: str, hint: str | None
) -> None:
    file = tmp_path / "p.json"
    if isinstance(item, str):
        file.write_text(item)
    with pytest.raises(InputError) as error:
        template([DISK], file if isinstance(item, str) else item, parameters=PARAMETERS)
    assert error.value.what == wrong.replace("FILE", str(file))
    assert error.value.help == hint


def module(name: str, team: str, **more: object) -> dict[str, object]:
    """A Bicep module as its compiler writes it: it names things, and says so in its outputs."""
    inside = {
        "parameters": {"team": {"type": "string"}},
        "resources": [],
        "outputs": {
            "tags": {"type": "object", "value": {"team": "[toLower(parameters('team'))]", "by": "[utcNow()]"}},
            "name": {"type": "string", "value": "[format('{0}-disk', parameters('team'))]"},
        },
    }
    options = {"expressionEvaluationOptions": {"scope": "inner"}, "parameters": {"team": {"value": team}}}
    return {
        "type": "Microsoft.Resources/deployments",
        "name": name,
        "properties": {**options, "template": inside, **more},
    }


@pytest.mark.parametrize(
    "of", ["resourceId('Microsoft.Resources/deployments', 'naming')", "'naming'", "'NAMING', '2022-09-01'"]
)
def test_outputs_of_nested_deployments(template: Write, of: str) -> None:
    disk = {**DISK, "name": f"[reference({of}).outputs.name.value]", "tags": f"[reference({of}).outputs.tags.value]"}
    found = template([module("naming", "Vision"), disk])[f"{DISKS}/Vision-disk"]
    assert tags(found) == {"team": "vision", "by": Unknown("utcnow() is known when it is deployed")}


def test_outputs_by_symbol_and_what_is_not_there(template: Write) -> None:
    disk = {"team": "[reference('naming').outputs.tags.value.team]", "no": "[reference('naming').outputs.no.value]"}
    disk["other"] = "[reference(resourceId('Microsoft.Storage/storageAccounts', 'naming')).outputs]"
    found = template(
        {"naming": module("m", "Vision"), "disk": {**DISK, "tags": disk}}, languageVersion="2.0"
    )["disk"]  # fmt: skip
    assert tags(found)["team"] == "vision"
    assert isinstance(tags(found)["no"], Unknown)
    assert tags(found)["other"] == Unknown("reference() is known when it is deployed")


def test_deployments_that_are_given_each_others_outputs_end(template: Write) -> None:
    one, two = (module(name, f"[reference('{other}').outputs.name.value]") for name, other in (("a", "b"), ("b", "a")))
    found = template([one, two, {**DISK, "tags": {"team": "[reference('a').outputs.name.value]"}}])
    assert "given what follows from itself" in str(tags(found[f"{DISKS}/d"])["team"])


@pytest.mark.parametrize(
    "what",
    [
        {"type": "Microsoft.Resources/tags", "name": "default", "scope": f"[resourceId('{DISKS}', 'd')]"},
        {"type": "Microsoft.Resources/tags", "name": "default", "scope": f"[format('{DISKS}/{{0}}', 'd')]"},
        {"type": f"{DISKS}/providers/tags", "name": "[concat('d', '/Microsoft.Resources/default')]"},
    ],
    ids=["id", "scope", "child"],
)
def test_tags_that_are_written_from_beside(template: Write, what: dict[str, object]) -> None:
    found = template([{**DISK, "tags": {"old": "a"}}, {**what, "properties": {"tags": {"team": "vision"}}}])
    assert tags(found[f"{DISKS}/d"]) == {"team": "vision"}


def test_tags_of_the_group_reach_nothing_and_those_of_nobody_knows_whom_perhaps_all(template: Write) -> None:
    group = {"type": "Microsoft.Resources/tags", "name": "default", "properties": {"tags": {"team": "vision"}}}
    found = template([DISK, group])
    assert found[f"{DISKS}/d"].tags.look("team") is None
    found = template([DISK, {**group, "scope": "[parameters('which')]"}], parameters={"which": {"type": "string"}})
    why = "a resource of type Microsoft.Resources/tags may tag it: parameter which has no value"
    assert found[f"{DISKS}/d"].tags.look("team") == Unknown(why)
    found = template([DISK, {**group, "condition": False, "scope": "[parameters('which')]"}])
    assert found[f"{DISKS}/d"].tags.look("team") is None


def test_numbers_and_texts_stay_within_limits(template: Write) -> None:
    square = "lambda('a', 'b', mul(lambdaVariables('a'), lambdaVariables('a')))"
    found = template(
        [{**DISK, "tags": {
            "square": f"[string(reduce(range(1, 200), 2, {square}))]",
            "long": "[replace(padLeft('a', 90000, 'a'), 'a', padLeft('b', 90000, 'b'))]",
            "joined": "[join(map(range(0, 5000), lambda('n', padLeft('a', 1000, 'a'))), ',')]",
        }}]
    )[f"{DISKS}/d"]  # fmt: skip
    assert tags(found)["square"] == Unknown("a number of more than 64 bits")
    assert tags(found)["long"] == tags(found)["joined"] == Unknown("a text of more than 100000 characters")
