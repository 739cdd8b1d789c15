"""ARM templates: expressions, loops, nested deployments, and what only the deployment decides."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from finops_guard.errors import InputError
from finops_guard.model import Location, Notes, Resource, Unknown
from finops_guard.sources import iac
from finops_guard.sources.iac import arm
from finops_guard.sources.iac._arm import scope as arm_scope
from finops_guard.sources.iac._arm.scope import Scope
from finops_guard.sources.iac._arm.values import value_of

Write: TypeAlias = Callable[..., dict[str, Resource]]
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
DISK = {"type": "Microsoft.Compute/disks", "apiVersion": "2023-01-01", "name": "d", "location": "West Europe"}


def read(path: Path, notes: Notes | None = None) -> dict[str, Resource]:
    return {found.id: found for found in iac.collect(path, iac.Reading(notes or Notes()))}


def why(found: Resource, key: str) -> str:
    value = found.tags.look(key)
    assert isinstance(value, Unknown)
    return value.reason


@pytest.fixture
def template(tmp_path: Path) -> Write:
    def write(resources: object, notes: Notes | None = None, **sections: object) -> dict[str, Resource]:
        path = tmp_path / "main.json"
        body = {"$schema": SCHEMA, "contentVersion": "1.0.0.0", **sections, "resources": resources}
        path.write_text(json.dumps(body, indent=1), encoding="utf-8")
        return read(path, notes)

    return write


def value(text: str, **variables: object) -> object:
    return value_of(text, Scope({}, variables, {}, {}, value_of))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("plain", "plain"),
        ("[[not one]", "[not one]"),
        ("[concat('a', 'b''c', 1)]", "ab'c1"),
        ("[concat(createArray(1), createArray(2))]", [1, 2]),
        ("[CONCAT('a', variables('B'))]", "ax"),
        ("[format('{0}-{1:D3}-{{{2}}}', 'a', 7, true())]", "a-007-{True}"),
        ("[if(equals(1, 1), 'y', 'n')]", "y"),
        ("[if(and(true(), not(false())), 'y', 'n')]", "y"),
        ("[or(false(), equals('a', 'A'))]", False),
        ("[union(createObject('a', 1, 'n', createObject('x', 1)), createObject('n', createObject('y', 2)))]",
         {"a": 1, "n": {"x": 1, "y": 2}}),
        ("[union(createArray(1, 2), createArray(2, 3))]", [1, 2, 3]),
        ("[shallowMerge(createArray(createObject('a', 1), createObject('a', 2)))]", {"a": 2}),
        ("[intersection(createArray(1, 2), createArray(2))]", [2]),
        ("[variables('o').list[1].NAME]", "second"),
        ("[variables('o').?missing]", None),
        ("[coalesce(null(), 'x')]", "x"),
        ("[tryGet(variables('o'), 'list', 0, 'name')]", "first"),
        ("[tryGet(variables('o'), 'nope', 'x')]", None),
        ("[empty('')]", True),
        ("[length('abc')]", 3),
        ("[contains(createArray('a'), 'a')]", True),
        ("[contains(variables('o'), 'LIST')]", True),
        ("[replace(toUpper('ab'), 'A', 'x')]", "xB"),
        ("[split('a,b;c', createArray(',', ';'))]", ["a", "b", "c"]),
        ("[join(range(1, 3), '+')]", "1+2+3"),
        ("[substring('abcd', 1, 2)]", "bc"),
        ("[padLeft(7, 3, '0')]", "007"),
        ("[add(1, mul(2, sub(5, 2)))]", 7),
        ("[div(-7, 2)]", -3),
        ("[mod(-7, 2)]", -1),
        ("[max(createArray(1, 9, 3))]", 9),
        ("[int('12')]", 12),
        ("[string(createObject('a', 1))]", '{"a":1}'),
        ("[json('{\"a\": [1]}')]", {"a": [1]}),
        ("[first(skip(take(range(0, 9), 5), 2))]", 2),
        ("[last('abc')]", "c"),
        ("[last(createArray(1, 2))]", 2),
        ("[last(createArray())]", None),
        ("[first('')]", ""),
        ("[intersection(createObject('a', 1, 'b', 2), createObject('a', 1, 'b', 3))]", {"a": 1}),
        ("[indexOf(createArray('a', 'b'), 'b')]", 1),
        ("[indexOf(createArray('a', 'b'), 'c')]", -1),
        ("[string(createArray('é', true()))]", '["é",true]'),
        ("[base64ToString(base64('hi'))]", "hi"),
        ("[map(createArray(1, 2), lambda('x', add(lambdaVariables('x'), 1)))]", [2, 3]),
        ("[filter(range(0, 5), lambda('x', greater(lambdaVariables('x'), 2)))]", [3, 4]),
        ("[reduce(range(1, 3), 0, lambda('a', 'b', add(lambdaVariables('a'), lambdaVariables('b'))))]", 6),
        ("[toObject(createArray('a', 'b'), lambda('x', lambdaVariables('x')), lambda('x', 1))]", {"a": 1, "b": 1}),
        ("[items(createObject('b', 2, 'a', 1))[0].key]", "a"),
        ("[flatten(createArray(createArray(1), createArray(2)))]", [1, 2]),
    ],
)  # fmt: skip
def test_expressions(text: str, wanted: object) -> None:
    found = value(text, b="x", o={"list": [{"name": "first"}, {"name": "second"}]})
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[resourceGroup().location]", "resourcegroup() is known when it is deployed"),
        ("[concat('a', uniqueString('b'))]", "uniquestring() is known when it is deployed"),
        ("[listKeys('x', '1').keys[0]]", "listkeys() is known when it is deployed"),
        ("[parameters('x')]", "the template has no parameter x"),
        ("[concat('a']", "an expression with ',' missing"),
        ("[concat('a'))]", "an expression that goes on after its end, at ')'"),
        ("[]", "an empty expression"),
        ("[div(1, 0)]", "a division by 0"),
        ("[add('a', 1)]", "a function of numbers that gets something else"),
        ("[format('{0:D2}', 'x')]", "a format() in a way we do not write"),
        ("[if(true(), 1)]", "an if() that is not (condition, value, value)"),
        ("[concat 'a']", "an expression with '(' missing"),
        ("[toLower()]", "tolower() of what it does not take"),
        ("[variables('a')]", "variable a refers to itself"),
        ("[" + "concat(" * 100 + ")" * 100 + "]", "an expression nested deeper than 60 levels"),
    ],
)
def test_what_cannot_be_told_says_why(text: str, reason: str) -> None:
    assert value(text, a="[variables('b')]", b="[variables('a')]") == Unknown(reason)


def test_unknown_parts_stay_parts() -> None:
    unknown = "subscription().id"
    found = value(f"[union(createObject('a', 1, 'b', {unknown}), createObject('c', 2))]")
    assert found == {"a": 1, "b": Unknown("subscription() is known when it is deployed"), "c": 2}
    assert value(f"[and(false(), {unknown})]") is False
    assert value(f"[or(true(), {unknown})]") is True
    assert isinstance(value(f"[and(true(), {unknown})]"), Unknown)
    either = value(f"[if({unknown}, createObject('a', 1, 'b', 2), createObject('a', 1))]")
    assert either == {"a": 1, "b": Unknown("subscription() is known when it is deployed")}


def test_doubling_ends() -> None:
    doubled: dict[str, object] = {"v0": "x"}
    doubled |= {f"v{n}": f"[concat(variables('v{n - 1}'), variables('v{n - 1}'))]" for n in range(1, 60)}
    assert "characters" in str(value("[variables('v59')]", **doubled))
    nested: dict[str, object] = {"v0": 1}
    nested |= {f"v{n}": f"[createArray(variables('v{n - 1}'), variables('v{n - 1}'))]" for n in range(1, 60)}
    assert "parts" in str(value("[string(variables('v59'))]", **nested))


def test_tags_from_parameters_and_variables(template: Write) -> None:
    found = template(
        [{**DISK, "tags": "[union(variables('common'), createObject('env', parameters('Env')))]",
          "properties": {"diskSizeGB": 64}, "sku": {"name": "Premium_LRS"}},
         {**DISK, "name": "open",
          "tags": "[union(createObject('a', '1'), parameters('extra'), createObject('b', '2'))]"},
         {**DISK, "name": "all", "tags": "[parameters('extra')]"},
         {**DISK, "name": "none", "tags": None}],
        parameters={"env": {"type": "string", "defaultValue": "dev"}, "extra": {"type": "object"}},
        variables={"common": {"team": "core", "by": "[concat('a-', parameters('env'))]"}},
    )  # fmt: skip
    disk = found["Microsoft.Compute/disks/d"]
    assert dict(disk.tags) == {"team": "core", "by": "a-dev", "env": "dev"}
    assert (disk.fields["region"], disk.fields["kind"], disk.fields["cloud"]) == ("westeurope", "volume", "azure")
    assert disk.fields["capacity.provisioned"] == 64
    part = found["Microsoft.Compute/disks/open"]
    assert dict(part.tags) == {"b": "2"}
    assert why(part, "a") == why(part, "absent") == "parameter extra has no value"
    assert why(found["Microsoft.Compute/disks/all"], "team") == "parameter extra has no value"
    assert found["Microsoft.Compute/disks/none"].tags.look("team") is None
    assert disk.at == Location(disk.at.file if disk.at else "", 20, 3)


def test_loops(template: Write) -> None:
    found = template(
        [
            {**DISK, "name": "[format('d{0}', copyIndex())]", "copy": {"name": "disks", "count": 3},
             "tags": {"n": "[string(copyIndex('disks', 1))]"}},
            {**DISK, "name": "no", "copy": {"name": "none", "count": 0}},
            {**DISK, "name": "[format('u{0}', copyIndex())]", "tags": {"team": "a"},
             "copy": {"name": "some", "count": "[length(parameters('many'))]"}},
            {**DISK, "name": "listed", "tags": {"all": "[join(variables('list'), ',')]"}},
        ],
        parameters={"many": {"type": "array"}},
        variables={"copy": [{"name": "list", "count": 3, "input": "[format('x{0}', copyIndex('list'))]"}]},
    )  # fmt: skip
    assert [dict(found[f"Microsoft.Compute/disks/d{n}"].tags) for n in range(3)] == [{"n": str(n)} for n in (1, 2, 3)]
    assert dict(found["Microsoft.Compute/disks/listed"].tags) == {"all": "x0,x1,x2"}
    (all_of_them,) = [each for each in found.values() if "[*]" in each.id]
    assert "parameter many has no value" in why(all_of_them, "team")
    assert len(found) == 5


def test_loops_in_loops_end(template: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arm_scope, "MAX_ROUNDS", 3000)
    inner: dict[str, object] = {**DISK, "copy": {"name": "c", "count": 800}}
    for depth in range(4):
        inner = {"type": "Microsoft.Resources/deployments", "name": f"n{depth}", "copy": {"name": "c", "count": 800},
                 "properties": {"template": {"resources": [inner]}}}  # fmt: skip
    found = template([inner])
    assert "rounds in all" in why(list(found.values())[-1], "team")


def test_conditions(template: Write) -> None:
    found = template(
        [
            {**DISK, "name": "yes", "condition": "[equals(parameters('on'), true())]"},
            {**DISK, "name": "no", "condition": "[not(parameters('on'))]"},
            {**DISK, "name": "perhaps", "condition": "[parameters('open')]", "tags": {"team": "a"}},
        ],
        parameters={"on": {"type": "bool", "defaultValue": True}, "open": {"type": "bool"}},
    )
    assert found.keys() == {"Microsoft.Compute/disks/yes", "Microsoft.Compute/disks/perhaps"}
    assert "parameter open has no value" in why(found["Microsoft.Compute/disks/perhaps"], "team")


def deployment(scope: str | None, **inside: object) -> dict[str, object]:
    options = {} if scope is None else {"expressionEvaluationOptions": {"scope": scope}}
    template = {
        "parameters": {"team": {"type": "string", "defaultValue": "inner default"}},
        "resources": [{**DISK, "tags": {"team": "[parameters('team')]"}}],
    }
    return {"type": "Microsoft.Resources/deployments", "name": "below",
            "properties": {**options, "template": template, **inside}}  # fmt: skip


@pytest.mark.parametrize(
    ("scope", "inside", "team"),
    [
        (None, {}, "outer"),
        ("outer", {"parameters": {"team": {"value": "given"}}}, "outer"),
        ("inner", {}, "inner default"),
        ("Inner", {"parameters": {"team": {"value": "[concat(parameters('team'), '!')]"}}}, "outer!"),
    ],
)
def test_nested_deployments(template: Write, scope: str | None, inside: dict[str, object], team: str) -> None:
    found = template([deployment(scope, **inside)], parameters={"team": {"defaultValue": "outer"}})
    assert {each: dict(tags.tags) for each, tags in found.items()} == {
        "below/Microsoft.Compute/disks/d": {"team": team}
    }


def test_linked_templates(template: Write, tmp_path: Path) -> None:
    (tmp_path / "child.json").write_text(json.dumps({"resources": [{**DISK, "tags": {"team": "x"}}]}))
    link = {"type": "Microsoft.Resources/deployments", "name": "a", "properties": {}}
    notes = Notes()
    found = template(
        [
            {**link, "properties": {"templateLink": {"relativePath": "child.json"}}},
            {**link, "name": "far", "properties": {"templateLink": {"uri": "https://example.com/x.json"}}},
            {**link, "name": "self", "properties": {"templateLink": {"relativePath": "main.json"}}},
        ],
        notes=notes,
    )
    assert dict(found["a/Microsoft.Compute/disks/d"].tags) == {"team": "x"}
    unseen = [each for each in found.values() if each.id.endswith("/*")]
    assert len(unseen) == len(notes.gaps) == 2
    assert "nothing is downloaded" in why(unseen[0], "team")


def test_a_linked_template_is_beside_its_own(template: Write, tmp_path: Path) -> None:
    (tmp_path / "child.json").write_text(json.dumps({"resources": [DISK]}))
    for where in (str(tmp_path / "child.json"), "child.json\0", 3, "[parameters('x')]"):
        link = {"templateLink": {"relativePath": where}}
        found = template([{"type": "Microsoft.Resources/deployments", "name": "a", "properties": link}])
        assert [each[-2:] for each in found] == ["/*"]


def test_language_version_two(template: Write) -> None:
    found = template(
        {
            "disk": {**DISK, "tags": "[parameters('tags')]"},
            "there": {**DISK, "existing": True},
            "loop": {**DISK, "copy": {"name": "loop", "count": 2}},
            "pod": {**DISK, "import": "Kubernetes", "type": "core/Pod@v1"},
        },
        languageVersion="2.0",
        parameters={"tags": {"type": "object", "nullable": True}},
    )
    assert found.keys() == {"disk", "loop[0]", "loop[1]", "pod/*"}
    assert found["disk"].tags.look("team") is None


def test_children_and_functions_of_its_own(template: Write) -> None:
    found = template(
        [
            {"type": "Microsoft.Sql/servers", "name": "s", "tags": {"team": "[our.named('x')]"},
             "resources": [{"type": "databases", "name": "d"}]}
        ],
        functions=[{"namespace": "our", "members": {"named": {
            "parameters": [{"name": "p", "type": "string"}],
            "output": {"type": "string", "value": "[concat(parameters('p'), '-ours')]"}}}}],
    )  # fmt: skip
    assert dict(found["Microsoft.Sql/servers/s"].tags) == {"team": "x-ours"}
    assert found["Microsoft.Sql/servers/databases/s/d"].fields["name"] == "d"


def test_machines(template: Write) -> None:
    found = template(
        [
            {"type": "Microsoft.Compute/virtualMachines", "name": "m", "location": "[resourceGroup().location]",
             "properties": {"hardwareProfile": {"vmSize": "Standard_NC24ads_A100_v4"}, "priority": "Spot"}},
            {"type": "microsoft.containerservice/managedclusters", "name": "k", "tags": {"team": "a"}, "properties": {
                "agentPoolProfiles": [{"name": "gpu", "vmSize": "Standard_NC6s_v3", "count": 2, "tags": {"team": "b"}},
                                      {"name": "cpu", "vmSize": "Standard_D2s_v3", "count": 1}]}},
        ]
    )  # fmt: skip
    machine = found["Microsoft.Compute/virtualMachines/m"]
    assert (machine.facts["instance_type"], machine.fields["purchase"]) == ("Standard_NC24ads_A100_v4", "spot")
    assert machine.fields["accelerators.count"] == 1
    assert machine.unknown["region"] == "resourcegroup() is known when it is deployed"
    cluster, gpu, cpu = (each for name, each in found.items() if name != "Microsoft.Compute/virtualMachines/m")
    assert "instance_type" not in cluster.facts
    assert (gpu.fields["accelerators.count"], gpu.facts["instances"], dict(gpu.tags)) == (2, 2, {"team": "b"})
    assert (cpu.fields["accelerators.count"], cpu.fields["kind"]) == (0, "node-pool")


def test_types_that_nobody_knows(template: Write) -> None:
    found = template(
        [{"type": "Ours.Own/things", "name": "bare"}, {"type": "Ours.Own/things", "name": "tagged", "tags": {"a": "b"}},
         {"type": "Microsoft.Network/bastionHosts", "name": "listed"},
         {"type": "Microsoft.Sql/servers/connectionPolicies", "name": "s/plain"}]
    )  # fmt: skip
    taggable = {str(each.fields["name"]): each.fields.get("taggable") for each in found.values()}
    assert taggable == {"bare": None, "tagged": True, "listed": True, "plain": False}


def test_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "main.json").write_text(json.dumps({"$schema": SCHEMA, "resources": [DISK]}))
    (tmp_path / "a" / "main.parameters.json").write_text(json.dumps(
        {"$schema": SCHEMA.replace("deploymentTemplate", "deploymentParameters"), "parameters": {}}))  # fmt: skip
    (tmp_path / "b.bicep").write_text("\n")
    (tmp_path / "other.json").write_text("{}")
    notes = Notes()
    assert read(tmp_path, notes).keys() == {"a/main:Microsoft.Compute/disks/d"}
    assert [gap.type for gap in notes.gaps] == ["b.bicep"]


def test_a_deployment_with_a_symbolic_name(template: Write) -> None:
    found = template({"module": deployment("inner")}, languageVersion="2.0")
    assert found.keys() == {"module/Microsoft.Compute/disks/d"}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('"contentVersion": "1"}', "1:1: an ARM template without resources"),
        ('"resources": [{"name": "a"}]}', "resources[0] has no type"),
        ('"resources": [', "not JSON: it ends in the middle"),
        ('"resources": [1]}', "resources[0] has no type"),
    ],
)
def test_refusals_are_one_line_with_the_place(text: str, wrong: str, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(f'{{"$schema": "{SCHEMA}", {text}')
    with pytest.raises(InputError) as caught:
        read(path)
    assert wrong in caught.value.what
    assert caught.value.what.startswith(f"{path}:1:")


def test_comments_and_texts_over_lines(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(f"""\
/* a
   template */
{{"$schema": "{SCHEMA}", // which
 "resources": [{{"type": "Microsoft.Compute/disks", "name": "d", "tags": {{"team": "a",}}, "x": "two
lines"}}]}}
""")
    assert dict(read(path)["Microsoft.Compute/disks/d"].tags) == {"team": "a"}


def test_a_parameter_file_is_no_template(tmp_path: Path) -> None:
    path = tmp_path / "t.parameters.json"
    path.write_text('{"$schema": "https://x/2019-04-01/deploymentParameters.json#", "parameters": {}}')
    assert arm.recognises(path, path.read_bytes())
    with pytest.raises(InputError, match="a parameter file"):
        read(path)


def test_bicep_without_its_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    path = tmp_path / "main.bicep"
    path.write_text("resource a 'x@1' = {}\n")
    with pytest.raises(InputError, match="no `bicep` on the PATH"):
        read(path)


def test_bicep_through_its_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "main.bicep"
    path.write_text("resource a 'x@1' = {}\n")
    built = tmp_path / "built.json"
    built.write_text(json.dumps({"$schema": SCHEMA, "resources": [{**DISK, "tags": {"team": "a"}}]}))
    compiler = tmp_path / "bicep"
    compiler.write_text(f'#!/bin/sh\n[ "$1 $2 $3 $4" = "build --stdout --no-restore {path}" ] && cat {built}\n')
    compiler.chmod(compiler.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    found = read(path)["Microsoft.Compute/disks/d"]
    assert dict(found.tags) == {"team": "a"}
    assert found.at == Location(str(path), 1)
    compiler.write_text("#!/bin/sh\necho 'main.bicep(1,1) : Error BCP018' >&2\nexit 1\n")
    with pytest.raises(InputError, match="BCP018"):
        read(path)


SAMPLES = Path(__file__).parents[4] / "shared" / "data" / "iac" / "arm"


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the public templates are not here")
def test_every_public_template_gives_resources() -> None:
    files = sorted(SAMPLES.iterdir())
    assert len(files) == 8
    for file in files:
        found = read(file)
        assert found
        assert all(each.at and each.at.file == str(file) for each in found.values())
