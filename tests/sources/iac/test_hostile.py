"""Whatever stands in a template: resources, or one line that says what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops_guard.errors import InputError
from finops_guard.model import Notes
from finops_guard.sources import iac
from finops_guard.sources.iac import arm, cloudformation, kubernetes

TEXTS = st.sampled_from(
    ["", "a", "A", "P", "${P}", "${A.b}", "&{P}", "AWS::NoValue", "AWS::Region", "1", "true", "[", "[]", "[[x]", "x\0y",
     "[parameters('p')]", "[variables('v')]", "[copyIndex()]", "[if(parameters('p'), 1, createObject('a', 2))]",
     "[union(parameters('p'), createObject('team', 'x'))]", "[concat('a', resourceGroup().id)]", "[length(1)]",
     "AWS::EC2::Instance", "AWS::CloudFormation::Stack", "AWS::SageMaker::Cluster", "Microsoft.Compute/disks",
     "Microsoft.Resources/deployments", "Microsoft.ContainerService/managedClusters", "spot", "\u2028"]
)  # fmt: skip
KEYS = st.sampled_from(
    ["Ref", "Fn::If", "Fn::Sub", "Fn::GetAtt", "Fn::Join", "Fn::Select", "Fn::Split", "Fn::FindInMap", "Fn::Equals",
     "Fn::And", "Fn::Not", "Condition", "Fn::ForEach::x", "Fn::Transform", "Fn::Length", "Fn::ToJsonString", "Type",
     "Properties", "Tags", "Key", "Value", "LaunchTemplate", "LaunchTemplateId", "InstanceGroups", "InstanceType",
     "BlockDeviceMappings", "Ebs", "Metadata", "a", "P", "type", "name", "tags", "properties", "location", "sku",
     "copy", "count", "input", "condition", "resources", "template", "templateLink", "agentPoolProfiles", "value",
     "metadata", "labels", "spec", "replicas", "parallelism", "completions", "containers", "initContainers",
     "limits", "requests", "claims", "nvidia.com/gpu", "nodeSelector", "affinity", "scaleTargetRef", "items"]
)  # fmt: skip
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 900) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=25,
)
CLOUDFORMATION = st.fixed_dictionaries(
    {"Resources": ANY | st.dictionaries(KEYS, ANY | st.fixed_dictionaries({"Type": TEXTS, "Properties": ANY}))},
    optional={"Parameters": ANY, "Conditions": ANY, "Mappings": ANY, "Globals": ANY, "Transform": ANY},
)
ARM = st.fixed_dictionaries(
    {"resources": ANY | st.lists(ANY | st.fixed_dictionaries({"type": TEXTS, "name": TEXTS, "tags": ANY}))},
    optional={"parameters": ANY, "variables": ANY, "functions": ANY, "languageVersion": ANY},
)
KUBERNETES = st.fixed_dictionaries(
    {"apiVersion": TEXTS | st.just("apps/v1"), "kind": TEXTS | st.sampled_from(["Deployment", "List", "DaemonSet"])},
    optional={"metadata": ANY, "spec": ANY, "items": ANY},
)


def check(path: Path, module: iac.Document, document: object) -> None:
    path.write_text(json.dumps(document), encoding="utf-8")
    wrong = f"{path}:"
    try:
        for found in module.collect(path, iac.Reading(Notes())):
            assert found.id
            assert found.kind
            found.tags.look("team")
    except InputError as error:
        wrong = error.what
    assert "\n" not in wrong
    assert wrong.startswith(f"{path}:")


@pytest.mark.parametrize(
    ("module", "documents"),
    [(cloudformation, CLOUDFORMATION), (arm, ARM), (kubernetes, KUBERNETES)],
    ids=["cloudformation", "arm", "kubernetes"],
)
def test_no_document_is_a_traceback(module: iac.Document, documents: st.SearchStrategy[object], tmp_path: Path) -> None:
    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(documents)
    def look(document: object) -> None:
        check(tmp_path / "x.json", module, document)

    run: Callable[[], None] = look
    run()
