"""ARM as Bicep writes it: symbolic names, types of their own, modules in loops, a subscription's groups."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from finops_guard.model import Notes, Resource, Unknown
from finops_guard.sources import iac
from finops_guard.sources.iac._given import Given, Item

DEPLOYED = Unknown("resourcegroup() is known when it is deployed")
VM = {"type": "Microsoft.Compute/virtualMachines", "apiVersion": "2023-03-01", "location": "westeurope"}
COMPUTE = {"type": "Microsoft.MachineLearningServices/workspaces/computes", "location": "westeurope"}
STORE = {"type": "Microsoft.Storage/storageAccounts", "name": "st", "location": "westeurope"}
BY_TYPE = "parameters('byType')"
MODULE = {
    "languageVersion": "2.0",
    "parameters": {
        "tags": {"type": "object"},
        "size": {"type": "string"},
        "location": {"type": "string", "defaultValue": "[resourceGroup().location]"},
    },
    "resources": {
        "vm": {**VM, "name": "vm", "location": "[parameters('location')]", "tags": "[parameters('tags')]",
               "properties": {"hardwareProfile": {"vmSize": "[parameters('size')]"}}},
        "old": {**VM, "existing": True, "name": "old"},
        "ext": {"type": "Microsoft.Compute/virtualMachines/extensions", "name": "[format('{0}/{1}', 'vm', 'gpu')]",
                "tags": "[shallowMerge(createArray(parameters('tags'), createObject('n', 'own')))]"},
    },
}  # fmt: skip
TEMPLATE = {
    "$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
    "languageVersion": "2.0",
    "definitions": {"tagsType": {"$ref": "#/definitions/anyType"}, "anyType": {"type": "object"}},
    "parameters": {
        "tags": {"$ref": "#/definitions/tagsType", "nullable": True},
        "byType": {"type": "object", "defaultValue": {}},
        "size": {"type": "string", "allowedValues": ["Standard_ND96isr_H100_v5", "Standard_NC24ads_A100_v4"]},
        "plain": {"type": "string", "allowedValues": ["Standard_D2s_v3", "Standard_D4s_v3"]},
        "env": {"type": "string", "allowedValues": ["dev", "prod"]},
        "location": {"type": "string", "defaultValue": "[deployment().location]"},
    },
    "functions": [{"namespace": "org", "members": {"tag": {
        "parameters": [{"name": "who", "type": "string"}],
        "output": {"type": "object", "value": {"team": "[toLower(parameters('who'))]"}}}}}],
    "variables": {"base": {"project": "llm"}},
    "resources": {
        "rg": {"type": "Microsoft.Resources/resourceGroups", "name": "rg", "location": "[parameters('location')]",
               "tags": "[union(variables('base'), coalesce(parameters('tags'), createObject()))]"},
        "kv": {"existing": True, "type": "Microsoft.KeyVault/vaults", "name": "kv"},
        "vms": {"type": "Microsoft.Resources/deployments", "name": "[format('vm-{0}', copyIndex())]",
                "copy": {"name": "vms", "count": 2, "mode": "serial", "batchSize": 1}, "resourceGroup": "rg",
                "properties": {
                    "expressionEvaluationOptions": {"scope": "inner"}, "template": MODULE,
                    "parameters": {"size": {"value": "[parameters('size')]"}, "tags": {
                        "value": "[union(variables('base'), createObject('n', string(copyIndex())))]"}}}},
        "plain": {**VM, "name": "p", "tags": "[org.tag('Vision')]",
                  "properties": {"hardwareProfile": {"vmSize": "[parameters('plain')]"}}},
        "test": {**VM, "name": "t", "condition": "[equals(parameters('env'), 'test')]"},
        "off": {**VM, "name": "o", "condition": False},
        "cluster": {**COMPUTE, "name": "ws/c", "properties": {"computeType": "AmlCompute", "properties": {
            "vmSize": "Standard_NC24ads_A100_v4", "scaleSettings": {"minNodeCount": 2, "maxNodeCount": 2}}}},
        "notebook": {**COMPUTE, "name": "ws/n", "properties": {"computeType": "ComputeInstance", "properties": {
            "vmSize": "Standard_NC24ads_A100_v4"}}},
        "byType": {**STORE, "tags": f"[if(contains({BY_TYPE}, 'x/y'), {BY_TYPE}['x/y'], createObject())]"},
        "late": {**STORE, "tags": "[union(resourceGroup().tags, createObject('team', 'a'))]"},
    },
}  # fmt: skip


@pytest.fixture
def found(tmp_path: Path) -> dict[str, Resource]:
    return read(tmp_path)


def read(folder: Path, *items: Item) -> dict[str, Resource]:
    path = folder / "main.json"
    path.write_text(json.dumps(TEMPLATE), encoding="utf-8")
    return {each.id: each for each in iac.collect(path, iac.Reading(Notes(), given=Given(items)))}


def test_what_is_there(found: dict[str, Resource]) -> None:
    modules = {f"vms[{n}]/{name}" for n in (0, 1) for name in ("vm", "ext")}
    assert set(found) == {"rg", "plain", "cluster", "notebook", "byType", "late", *modules}


@pytest.mark.parametrize(
    ("name", "tags", "other"),
    [
        ("rg", {"project": "llm"}, None),
        ("vms[1]/vm", {"project": "llm", "n": "1"}, None),
        ("vms[0]/ext", {"project": "llm", "n": "own"}, None),
        ("plain", {"team": "vision"}, None),
        ("byType", {}, None),
        ("late", {"team": "a"}, DEPLOYED),
    ],
)
def test_tags(found: dict[str, Resource], name: str, tags: dict[str, str], other: object) -> None:
    assert dict(found[name].tags) == tags
    assert found[name].tags.look("absent") == other


@pytest.mark.parametrize(
    ("name", "kind", "count"),
    [("plain", "vm", 0), ("vms[0]/vm", "vm", Unknown), ("cluster", "cluster", 2), ("notebook", "notebook", 1)],
)
def test_machines(found: dict[str, Resource], name: str, kind: str, count: object) -> None:
    value = found[name].look("accelerators.count")
    assert isinstance(value, Unknown) if count is Unknown else value == count
    assert found[name].kind == kind


def test_values_from_outside_are_of_the_type_that_a_definition_says(tmp_path: Path) -> None:
    found = read(tmp_path, ("tags", '{"team": "x"}'), ("location", "West Europe"), ("size", "Standard_ND96isr_H100_v5"))
    assert dict(found["rg"].tags) == {"project": "llm", "team": "x"}
    assert found["rg"].fields["region"] == "westeurope"
    assert found["vms[0]/vm"].fields["accelerators.count"] == 8
