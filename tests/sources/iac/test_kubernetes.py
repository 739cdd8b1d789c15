"""Kubernetes manifests: labels of pods as tags, accelerators and how many run."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

import pytest

from finops_guard.errors import InputError
from finops_guard.model import Location, Notes, Resource, Unknown
from finops_guard.sources import iac
from finops_guard.sources.iac import kubernetes

Write: TypeAlias = Callable[..., dict[str, Resource]]


def read(path: Path) -> dict[str, Resource]:
    return {found.id: found for found in iac.collect(path, iac.Reading(Notes()))}


@pytest.fixture
def manifest(tmp_path: Path) -> Write:
    def write(text: str, name: str = "all.yaml") -> dict[str, Resource]:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return read(path)

    return write


def pod(resources: str = "", more: str = "") -> str:
    return f"{{containers: [{{name: a, image: b, resources: {{{resources}}}}}]{more}}}"


def on(label: str) -> str:
    return f", nodeSelector: {{{label}}}"


GPU = "limits: {nvidia.com/gpu: 2}"


def test_the_labels_of_its_pods_count(manifest: Write) -> None:
    found = manifest(f"""\
# Source: chart/templates/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: prod, labels: {{team: only-outside, app: web}}}}
spec:
  replicas: 3
  template:
    metadata: {{labels: {{app: web, version: 1.10, gpu: true}}}}
    spec: {pod(GPU, ", nodeSelector: {node.kubernetes.io/instance-type: p4d.24xlarge}")}
---
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings, labels: {{team: a}}}}
data: {{x: "containers: [a]"}}
""")
    web = found["prod/Deployment/web"]
    assert dict(web.tags) == {"app": "web", "version": "1.10", "gpu": "true"}
    assert (web.fields["kind"], web.fields["type"]) == ("container-service", "apps/Deployment")
    assert (web.facts["instances"], web.fields["accelerators.count"]) == (3, 6)
    assert (web.fields["accelerators.model"], web.fields["accelerators.vendor"]) == ("A100", "nvidia")
    assert web.fields["accelerators.memory"] == 40 * 1024**3
    assert isinstance(web.look("cloud"), Unknown)
    assert web.at is not None
    assert web.at == Location(web.at.file, 2, 1)
    settings = found["ConfigMap/settings"]
    assert dict(settings.tags) == {"team": "a"}
    assert (settings.fields["kind"], settings.fields["accelerators.count"]) == ("other", 0)
    assert settings.facts["free"] is True


def thing(kind: str, spec: str) -> str:
    version, _, name = kind.rpartition("/")
    return f"{{apiVersion: {version}, kind: {name}, metadata: {{name: x}}, spec: {spec}}}"


def times(name: str, number: int, inside: str) -> str:
    return f"{{{name}: {number}, template: {{spec: {inside}}}}}"


TEMPLATE = f"{{template: {{spec: {pod(GPU)}}}}}"


@pytest.mark.parametrize(
    ("body", "kind", "instances", "accelerators"),
    [
        (thing("v1/Pod", pod(GPU)), "container-service", 1, 2),
        (thing("apps/v1/StatefulSet", TEMPLATE), "container-service", 1, 2),
        (thing("apps/v1/Deployment", times("replicas", 0, pod(GPU))), "container-service", 0, 0),
        (thing("batch/v1/Job", f"{{parallelism: 8, completions: 3, {TEMPLATE[1:]}"), "job", 3, 6),
        (thing("batch/v1/CronJob", f"{{jobTemplate: {{spec: {times('parallelism', 2, pod(GPU))}}}}}"), "job", 2, 4),
        (
            thing(
                "kubeflow.org/v1/PyTorchJob",
                f"{{pytorchReplicaSpecs: {{Master: {TEMPLATE}, Worker: {times('replicas', 3, pod(GPU))}}}}}",
            ),
            "training-job",
            4,
            8,
        ),
        (
            thing(
                "ray.io/v1/RayCluster",
                f"{{headGroupSpec: {times('x', 1, pod())}, workerGroupSpecs: [{times('replicas', 2, pod(GPU))}]}}",
            ),
            "cluster",
            3,
            4,
        ),
        (
            thing(
                "jobset.x-k8s.io/v1alpha2/JobSet",
                f"{{replicatedJobs: [{times('replicas', 2, times('parallelism', 3, pod(GPU)))}]}}",
            ),
            "job",
            6,
            12,
        ),
        (
            thing(
                "serving.kserve.io/v1beta1/InferenceService",
                f"{{predictor: {{minReplicas: 2, model: {{resources: {{{GPU}}}}}}}}}",
            ),
            "endpoint",
            2,
            4,
        ),
        (thing("example.com/v1/Thing", f"{{pods: {times('replicas', 2, pod(GPU))}}}"), "container-service", 2, 4),
    ],
)
def test_how_many_run(manifest: Write, body: str, kind: str, instances: int, accelerators: int) -> None:
    (found,) = manifest(f"kind: List\napiVersion: v1\nitems: [{body}]\n").values()
    assert found.fields["kind"] == kind
    assert (found.facts["instances"], found.fields["accelerators.count"]) == (instances, accelerators)


@pytest.mark.parametrize(
    ("spec", "count", "model", "vendor"),
    [
        (pod("limits: {amd.com/gpu: 1}"), 1, None, "amd"),
        (pod("requests: {google.com/tpu: '4'}", on("cloud.google.com/gke-tpu-accelerator: tpu-v6e-slice")),
         4, "TPU V6E", "google"),
        (pod("limits: {aws.amazon.com/neuron: 16}", on("node.kubernetes.io/instance-type: trn1.32xlarge")),
         16, "TRAINIUM", "aws"),
        (pod("limits: {habana.ai/gaudi: 8}"), 8, "GAUDI", "habana"),
        (pod(GPU, ", nodeSelector: {cloud.google.com/gke-accelerator: nvidia-tesla-t4}"), 2, "T4", "nvidia"),
        (pod(GPU, ", nodeSelector: {nvidia.com/gpu.product: NVIDIA-A100-SXM4-80GB}"), 2, "A100", "nvidia"),
        (pod(GPU, ", affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: ["
             "{matchExpressions: [{key: karpenter.k8s.aws/instance-gpu-name, operator: In, values: [h100]}]}]}}}"),
         2, "H100", "nvidia"),
        (pod(GPU, ", initContainers: [{resources: {limits: {nvidia.com/gpu: 1}}}]"), 2, None, "nvidia"),
        (pod(GPU, ", initContainers: [{resources: {limits: {nvidia.com/gpu: 4}}}]"), 4, None, "nvidia"),
        (pod("limits: {nvidia.com/mig-1g.5gb: 1}"), None, None, "nvidia"),
        (pod("claims: [{name: gpu}]"), None, None, None),
        (pod("limits: {cpu: 2, memory: 1Gi}"), 0, "none", "none"),
    ],
)  # fmt: skip
def test_accelerators(manifest: Write, spec: str, count: int | None, model: str | None, vendor: str | None) -> None:
    found = manifest(f"apiVersion: v1\nkind: Pod\nmetadata: {{name: x}}\nspec: {spec}\n")["Pod/x"]
    for field, wanted in (("count", count), ("model", model), ("vendor", vendor)):
        value = found.look(f"accelerators.{field}")
        assert isinstance(value, Unknown) if wanted is None else value == (None if wanted == "none" else wanted), field


def test_what_runs_in_a_number_that_is_not_said(manifest: Write) -> None:
    template = f"template: {{metadata: {{labels: {{team: a}}}}, spec: {pod(GPU)}}}"
    found = manifest(f"""\
{{apiVersion: apps/v1, kind: DaemonSet, metadata: {{name: each}}, spec: {{{template}}}}}
---
{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web}}, spec: {{replicas: 2, {template}}}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: web}}
spec: {{minReplicas: 2, maxReplicas: 9, scaleTargetRef: {{kind: Deployment, name: web}}}}
---
apiVersion: sparkoperator.k8s.io/v1beta2
kind: SparkApplication
metadata: {{name: s}}
spec: {{executor: {{gpu: 1}}}}
""")
    assert found["DaemonSet/each"].look("accelerators.count") == Unknown("one runs on each node that fits")
    assert found["Deployment/web"].look("accelerators.count") == Unknown("an autoscaler runs from 2 to 9 of it")
    assert isinstance(found["Deployment/web"].facts["instances"], Unknown)
    assert isinstance(found["SparkApplication/s"].look("accelerators.count"), Unknown)


def test_labels_of_what_operators_run(manifest: Write) -> None:
    def group(name: str, labels: str) -> str:
        return f"{name}: {{replicas: 1, template: {{metadata: {{labels: {{{labels}}}}}, spec: {pod(GPU)}}}}}"

    found = manifest(f"""\
apiVersion: kubeflow.org/v1
kind: PyTorchJob
metadata: {{name: x, labels: {{team: a}}}}
spec:
  pytorchReplicaSpecs: {{{group("Master", "same: s, role: m, first: f")}, {group("Worker", "same: s, role: w")}}}
""")["PyTorchJob/x"]
    assert dict(found.tags) == {"team": "a", "same": "s"}
    assert found.tags.look("role") == Unknown("its pods differ in it")
    assert found.tags.look("first") is None


def test_volumes_and_balancers(manifest: Write) -> None:
    found = manifest("""\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {storageClassName: gp3, resources: {requests: {storage: 1.5Ti}}}
---
{apiVersion: v1, kind: Service, metadata: {name: in}, spec: {type: ClusterIP}}
---
{apiVersion: v1, kind: Service, metadata: {name: out}, spec: {type: LoadBalancer}}
""")
    data = found["PersistentVolumeClaim/data"]
    assert (data.fields["kind"], data.fields["capacity.provisioned"]) == ("volume", Decimal(1536))
    assert data.facts["volume_type"] == "gp3"
    assert found["Service/in"].fields["kind"] == "other"
    assert found["Service/out"].fields["kind"] == "load-balancer"


def test_folders_name_the_file_and_what_is_there_twice_is_numbered(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "a.yaml").write_text("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n")
    (tmp_path / "b.yaml").write_text("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n---\n"
                                     "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n")  # fmt: skip
    (tmp_path / "values.yaml").write_text("replicas: 3\n")
    (tmp_path / "kustomization.yaml").write_text("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n")
    assert list(read(tmp_path)) == ["b:Secret/s", "b:Secret/s#2", "base/a:Secret/s"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("apiVersion: v1\nkind: Pod\nmetadata: {{ .Values.x }}\n", "3:11: a Helm template that is not rendered"),
        ("{{- if .Values.on }}\napiVersion: v1\nkind: Pod\n{{- end }}\n", "1:1: a Helm template that is not rendered"),
        ("apiVersion: v1\nkind: Pod\n---\n- 1\n", "a document that is no Kubernetes object"),
        ("apiVersion: v1\nkind: Pod\n---\nname: x\n", "4:1: a Kubernetes object without apiVersion and kind"),
        ("apiVersion: v1\nkind: Pod\nkind: Pod\n", "3:1: duplicate key 'kind'"),
        ("apiVersion: v1\nkind: Pod\nmetadata: [\n", "not YAML"),
    ],
)
def test_refusals_are_one_line_with_the_place(tmp_path: Path, text: str, wrong: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read(path)
    assert wrong in caught.value.what
    assert caught.value.what.startswith(f"{path}:")
    assert "\n" not in caught.value.what


def test_what_cannot_be_read_in_a_folder_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n")
    (tmp_path / "b.yaml").write_text("apiVersion: v1\nkind: Secret\nmetadata: {{ .Values.x }}\n")
    notes = Notes()
    found = list(iac.collect(tmp_path, iac.Reading(notes)))
    assert [each.id for each in found] == ["a:Secret/s"]
    (gap,) = notes.gaps
    assert (gap.cloud, gap.type) == ("kubernetes", "b.yaml")
    assert "b.yaml:3:11: a Helm template that is not rendered" in gap.reason


def test_strange_objects_are_no_tracebacks(manifest: Write) -> None:
    found = manifest("""\
apiVersion: apps/v1
kind: Deployment
metadata: [1]
spec: {replicas: many, template: {metadata: {labels: [1]}, spec: {containers: [{resources: {limits: 3}}, 1]}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: 3, labels: x}, spec: {containers: 1, nodeSelector: 1}}
---
apiVersion: v1
kind: Pod
metadata: {generateName: x-}
spec: {containers: [{resources: {limits: {nvidia.com/gpu: x}}}]}
""")
    assert isinstance(found["Deployment/?"].facts["instances"], Unknown)
    assert isinstance(found["Pod/x-*"].look("accelerators.count"), Unknown)


def test_what_is_a_manifest() -> None:
    yes = (
        b"apiVersion: v1\nkind: Pod\n",
        b"---\n# x\nkind: Pod\napiVersion: v1\n",
        b'{\n "apiVersion": "v1",\n "kind": "Pod"',
    )
    no = (b'{"format_version": "1.2", "planned_values": {"x": {"apiVersion": "v1", "kind": "Pod"',
          b"AWSTemplateFormatVersion: 1\n", b"apiVersion: v2\nname: chart\n", b"kind: x\n",
          b'{"$schema": "x", "resources": [{"apiVersion": "1", "kind": "V2"}]}', b"")  # fmt: skip
    assert [kubernetes.recognises(Path("x"), head) for head in yes] == [True] * len(yes)
    assert [kubernetes.recognises(Path("x"), head) for head in no] == [False] * len(no)
