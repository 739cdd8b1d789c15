"""Kubernetes as people train and serve on it: how many pods, which devices, whose labels; charts and overlays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from finops_guard.errors import InputError
from finops_guard.model import Notes, Resource, Unknown
from finops_guard.sources import iac

Write: TypeAlias = Callable[[str], dict[str, Resource]]
GPUS = "resources: {limits: {nvidia.com/gpu: 8}}"
POD = f"{{containers: [{{{GPUS}}}]}}"
TEMPLATE = f"template: {{spec: {POD}}}"
RAY = f"headGroupSpec: {{template: {{spec: {{containers: [{{name: h}}]}}}}}}, workerGroupSpecs: [{{%s, {TEMPLATE}}}]"
ONE, TWO = (f"resources: {{limits: {{nvidia.com/gpu: {number}}}}}" for number in (1, 2))
LEADER = "leaderTemplate: {spec: {containers: [{name: l}]}}"
RANGE = "minReplicas: 2, maxReplicas: 5"


def read(path: Path) -> dict[str, Resource]:
    return {found.id: found for found in iac.collect(path, iac.Reading(Notes()))}


@pytest.fixture
def manifest(tmp_path: Path) -> Write:
    def write(text: str) -> dict[str, Resource]:
        path = tmp_path / "x.yaml"
        path.write_text(text, encoding="utf-8")
        return read(path)

    return write


def thing(kind: str, spec: str) -> str:
    version, _, name = kind.rpartition("/")
    return f"apiVersion: {version}\nkind: {name}\nmetadata: {{name: x}}\nspec: {{{spec}}}\n"


@pytest.mark.parametrize(
    ("kind", "spec", "count", "instances"),
    [
        ("ray.io/v1/RayCluster", RAY % "replicas: 3, minReplicas: 2, maxReplicas: 5", 24, 4),
        ("ray.io/v1/RayCluster", RAY % "replicas: 1, numOfHosts: 4", 32, 5),
        ("ray.io/v1/RayCluster", RAY % RANGE, 16, 3),
        ("ray.io/v1/RayCluster", "enableInTreeAutoscaling: true, " + RAY % f"replicas: 3, {RANGE}",
         "an autoscaler runs from 2 to 5 of it", None),
        ("ray.io/v1/RayJob", f"rayClusterSpec: {{{RAY % 'replicas: 2'}}}", 16, 3),
        ("leaderworkerset.x-k8s.io/v1/LeaderWorkerSet",
         f"replicas: 2, leaderWorkerTemplate: {{size: 4, workerTemplate: {{spec: {POD}}}}}", 64, 8),
        ("leaderworkerset.x-k8s.io/v1/LeaderWorkerSet",
         f"replicas: 2, leaderWorkerTemplate: {{size: 4, {LEADER}, workerTemplate: {{spec: {POD}}}}}", 48, 8),
        ("trainer.kubeflow.org/v1alpha1/TrainJob",
         "trainer: {numNodes: 4, resourcesPerNode: {limits: {nvidia.com/gpu: 8}}}", 32, 4),
        ("trainer.kubeflow.org/v1alpha1/TrainJob", "trainer: {resourcesPerNode: {limits: {nvidia.com/gpu: 8}}}",
         "how many nodes follows from its runtime", None),
        ("kubeflow.org/v2beta1/MPIJob", f"mpiReplicaSpecs: {{Worker: {{replicas: 2, {TEMPLATE}}}}}", 16, 2),
        ("serving.kserve.io/v1beta1/InferenceService", f"predictor: {{model: {{{GPUS}}}}}", 8, 1),
        ("serving.kserve.io/v1beta1/InferenceService", f"predictor: {{{RANGE}, model: {{{GPUS}}}}}",
         "an autoscaler runs from 2 to 5 of it", None),
        ("serving.kserve.io/v1beta1/InferenceService", f"predictor: {{minReplicas: 0, model: {{{GPUS}}}}}",
         "an autoscaler runs from 0 to as many as are needed of it", None),
        ("serving.knative.dev/v1/Service", TEMPLATE, "an autoscaler runs from 0 to as many as are needed of it", None),
        ("serving.knative.dev/v1/Service", TEMPLATE.replace("{spec", "{metadata: {annotations: {"
         "autoscaling.knative.dev/min-scale: '2', autoscaling.knative.dev/maxScale: '2'}}, spec"), 16, 2),
        ("keda.sh/v1alpha1/ScaledJob", f"jobTargetRef: {{{TEMPLATE}}}", "how many run at once follows from its queue",
         None),
    ],
)  # fmt: skip
def test_how_many_run(manifest: Write, kind: str, spec: str, count: int | str, instances: int | None) -> None:
    (found,) = manifest(thing(kind, spec)).values()
    value = found.look("accelerators.count")
    assert value == (Unknown(count) if isinstance(count, str) else count)
    assert instances is None or found.facts["instances"] == instances


@pytest.mark.parametrize(
    ("spec", "count", "vendor"),
    [
        ("containers: [{resources: {limits: {nvidia.com/gpu: 1, nvidia.com/gpumem: 3000}}}]", None, "nvidia"),
        ("containers: [{resources: {limits: {nvidia.com/pgpu: 1}}}]", None, "nvidia"),
        ("containers: [{resources: {limits: {amd.com/cpx_nps4: 1}}}]", None, "amd"),
        ("containers: [{resources: {limits: {volcano.sh/vgpu-number: 1}}}]", None, None),
        ("containers: [{resources: {limits: {nvidia.com/rdma: 1, nvidia.com/hostdev: 1}}}]", 0, "none"),
        (f"initContainers: [{{restartPolicy: Always, {ONE}}}, {{{TWO}}}], containers: [{{{ONE}}}]", 3, "nvidia"),
        (f"initContainers: [{{restartPolicy: Always, {ONE}}}, {{{ONE}}}], containers: [{{{TWO}}}]", 3, "nvidia"),
        (f"initContainers: [{{{TWO}}}, {{restartPolicy: Always, {ONE}}}], containers: [{{name: c}}]", 2, "nvidia"),
        ("resourceClaims: [{resourceClaimTemplateName: two}], containers: [{resources: {claims: [{name: g}]}}]", 2,
         "nvidia"),
        (f"resourceClaims: [{{name: n, resourceClaimTemplateName: cards}}], containers: [{{{TWO}}}]", 2, "nvidia"),
        ("resourceClaims: [{name: g, resourceClaimTemplateName: part}], containers: [{name: c}]", None, "nvidia"),
        ("resourceClaims: [{name: g, resourceClaimTemplateName: all}], containers: [{name: c}]", None, None),
        ("resourceClaims: [{name: g, resourceClaimTemplateName: either}], containers: [{name: c}]", None, None),
        ("resourceClaims: [{name: g, resourceClaimName: shared}], containers: [{name: c}]", None, None),
    ],
)  # fmt: skip
def test_devices(manifest: Write, spec: str, count: int | None, vendor: str | None) -> None:
    claims = {
        "two": "{name: g, exactly: {deviceClassName: gpu.nvidia.com, count: 2}}",
        "cards": "{name: n, exactly: {deviceClassName: netdev.google.com, count: 4}}",
        "part": "{name: g, deviceClassName: mig.nvidia.com}",
        "all": "{name: g, exactly: {deviceClassName: gpu.nvidia.com, allocationMode: All}}",
        "either": "{name: g, firstAvailable: [{name: a, deviceClassName: gpu.nvidia.com}]}",
    }
    texts = [
        thing("resource.k8s.io/v1/ResourceClaimTemplate", f"spec: {{devices: {{requests: [{request}]}}}}").replace(
            "name: x", f"name: {name}"
        )
        for name, request in claims.items()
    ]
    found = manifest("---\n".join([*texts, thing("v1/Pod", spec)]))["Pod/x"]
    for field, wanted in (("count", count), ("vendor", vendor)):
        value = found.look(f"accelerators.{field}")
        assert isinstance(value, Unknown) if wanted is None else value == (None if wanted == "none" else wanted), field


@pytest.mark.parametrize("kind", ["x.io/v1/SandboxTemplate", "serving.kserve.io/v1alpha1/ClusterServingRuntime"])
def test_what_others_are_made_of_runs_nothing(manifest: Write, kind: str) -> None:
    (found,) = manifest(thing(kind, f"containers: [{{{GPUS}}}]")).values()
    assert (found.kind, found.fields["accelerators.count"], "instances" in found.facts) == ("other", 0, False)


def test_a_share_that_an_annotation_asks_for_is_not_none(manifest: Write) -> None:
    pod = "metadata: {annotations: {gpu-fraction: '0.5'}}, spec: {containers: [{name: c}]}"
    found = manifest(thing("apps/v1/Deployment", f"replicas: 2, template: {{{pod}}}"))["Deployment/x"]
    assert found.look("accelerators.count") == Unknown("it asks for a part of an accelerator")


def test_an_autoscaler_in_another_file_of_the_folder_counts(tmp_path: Path) -> None:
    web = thing("apps/v1/Deployment", f"replicas: 2, {TEMPLATE}")
    scaler = thing("keda.sh/v1alpha1/ScaledObject", "maxReplicaCount: 4, scaleTargetRef: {name: x}")
    for folder, texts in (("one", [web, scaler]), ("two", [web.replace("x}", "x, namespace: default}")])):
        (tmp_path / folder).mkdir()
        for number, text in enumerate(texts):
            (tmp_path / folder / f"{number}.yaml").write_text(text)
    found = read(tmp_path)
    assert found["one/0:Deployment/x"].look("accelerators.count") == Unknown("an autoscaler runs from 0 to 4 of it")
    assert found["two/0:default/Deployment/x"].fields["accelerators.count"] == 16


def test_lists_of_one_kind_say_it_once(manifest: Write) -> None:
    pods = f"[{{metadata: {{name: a}}, spec: {POD}}}, {{metadata: {{name: b}}, spec: {POD}}}]"
    found = manifest(f"apiVersion: v1\nkind: PodList\nitems: {pods}\n")
    assert {name: each.fields["accelerators.count"] for name, each in found.items()} == {"Pod/a": 8, "Pod/b": 8}


def test_labels_that_something_fills_in_later_are_unknown(manifest: Write) -> None:
    labels = "{team: '{{ .Values.team }}', env: '${ENV}', app: web, at: $(APP)}"
    pod = POD.replace("]}", "], nodeSelector: {nvidia.com/gpu.product: '${GPU}'}}")
    found = manifest(f"apiVersion: v1\nkind: Pod\nmetadata: {{name: x, labels: {labels}}}\nspec: {pod}\n")["Pod/x"]
    assert found.look("accelerators.model") == Unknown("the manifest does not say which accelerator")
    assert dict(found.tags) == {"app": "web"}
    assert found.tags.look("team") == Unknown("'{{ .Values.team }}' is filled in before it is applied")
    assert isinstance(found.tags.look("env"), Unknown)
    assert isinstance(found.tags.look("at"), Unknown)


def test_a_chart_that_happens_to_be_yaml_is_no_manifest(manifest: Write) -> None:
    with pytest.raises(InputError, match=r"x\.yaml:1:1: a Helm template that is not rendered"):
        manifest("apiVersion: v1\nkind: Service\nmetadata:\n  name: '{{ .Release.Name }}-web'\n")


def test_a_chart_in_a_folder_is_one_gap(tmp_path: Path) -> None:
    files = {
        "pod.yaml": thing("v1/Pod", ""),
        "web/Chart.yaml": "apiVersion: v2\nname: web\n",
        "web/templates/a.yaml": "apiVersion: v1\nkind: Service\nspec: {{ .Values.spec }}\n",
        "web/templates/b.yaml": thing("v1/Service", ""),
        "web/charts/db/Chart.yaml": "apiVersion: v2\nname: db\n",
        "web/charts/db/templates/c.yaml": "apiVersion: v1\nkind: Service\n{{ end }}\n",
        "templates/d.yaml": thing("v1/Service", ""),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    notes = Notes()
    found = {each.id for each in iac.collect(tmp_path, iac.Reading(notes))}
    assert found == {"pod:Pod/x", "templates/d:Service/x"}
    (gap,) = notes.gaps
    assert (gap.type, gap.wrong) == ("web", False)
    assert f"helm template {tmp_path / 'web'} | finops-guard scan -" in gap.reason


def test_what_an_overlay_may_label_is_unknown_and_its_patches_are_no_objects(tmp_path: Path) -> None:
    files = {
        "base/kustomization.yaml": "resources: [web.yaml, other.yaml]\n",
        "base/web.yaml": thing("apps/v1/Deployment", TEMPLATE),
        "base/other.yaml": thing("v1/Service", ""),
        "alone/pod.yaml": thing("v1/Pod", POD[1:-1]),
        "prod/kustomization.yaml": "resources: [../base, https://example.com/x.yaml]\n"
        "labels: [{pairs: {team: a}}]\npatches: [{path: patch.yaml}]\n",
        "prod/patch.yaml": thing("apps/v1/Deployment", "replicas: 3"),
        "broken/kustomization.yaml": "{",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = read(tmp_path)
    assert set(found) == {"base/web:Deployment/x", "base/other:Service/x", "alone/pod:Pod/x"}
    why = f"prod/kustomization.yaml may add labels: kustomize build {tmp_path / 'prod'} | finops-guard scan -"
    assert found["base/web:Deployment/x"].tags.look("team") == Unknown(why)
    assert found["alone/pod:Pod/x"].tags.look("team") is None


def test_nodes_that_karpenter_starts_have_the_tags_of_their_class(manifest: Write) -> None:
    found = manifest(
        thing("karpenter.k8s.aws/v1/EC2NodeClass", "tags: {team: vision}")
        + "---\n"
        + thing("karpenter.sh/v1/NodePool", "template: {metadata: {labels: {team: nodes}}, spec: {requirements: []}}")
    )
    nodes, pool = found["EC2NodeClass/x"], found["NodePool/x"]
    assert (nodes.kind, dict(nodes.tags), dict(pool.tags)) == ("node-pool", {"team": "vision"}, {"team": "nodes"})
    assert nodes.look("accelerators.count") == Unknown("which machines it starts follows from the pods")
