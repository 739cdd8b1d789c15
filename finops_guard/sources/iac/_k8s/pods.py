"""The pods that an object runs, wherever it has their templates, and how many of each.

Every map with a list of containers is a pod; `replicas` and `parallelism` on the way to it multiply. So the jobs of
Kubeflow, Ray, Volcano and JobSet are read as they are, without a list of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from finops_guard.model import Unknown
from finops_guard.sources.iac._either import looked_up
from finops_guard.sources.iac._k8s.numbers import Number, between, copies, times, whole

_EACH_NODE = Unknown("one runs on each node that fits")
_NONE = ("CustomResourceDefinition", "ConfigMap", "Secret", "Template", "ServingRuntime", "TrainingRuntime")
"""Ends of kinds that run nothing, whatever they hold: others take it from them."""
_LATER = {
    "Workflow": "its steps",
    "CronWorkflow": "its steps",
    "PipelineRun": "its steps",
    "ScaledJob": "its queue",
    "TrainJob": "its runtime",
}
_KNATIVE = "serving.knative.dev/"
_MAX_PODS = 1000


@dataclass(frozen=True, slots=True)
class Pods:
    """Pods that are alike: their specification, their metadata and number."""

    spec: Mapping[str, object]
    metadata: object
    number: Number

    @property
    def labels(self) -> object:
        """What labels they get."""
        return looked_up(self.metadata, ("labels",))

    def times(self, number: Number) -> Pods:
        """The same pods, in another number."""
        return replace(self, number=number)


def pods_of(body: Mapping[str, object], kind: str) -> list[Pods]:
    """The pods of an object, none for what runs nothing."""
    if kind.endswith(_NONE):
        return []
    found = []
    for each in _below(body, kind):
        found.append(each)
        if len(found) >= _MAX_PODS:
            break
    if kind == "DaemonSet":
        return [each.times(_EACH_NODE) for each in found]
    if kind == "LeaderWorkerSet":
        return list(_groups(body, found))
    if kind == "TrainJob" and (nodes := _nodes(body)) is not None:
        return [nodes]
    if str(body.get("apiVersion")).startswith(_KNATIVE):
        return [each.times(_on_demand(body)) for each in found]
    if kind in _LATER:
        return [each.times(Unknown(f"how many run at once follows from {_LATER[kind]}")) for each in found]
    return found


def _below(body: Mapping[str, object], kind: str) -> Iterator[Pods]:
    waiting: list[tuple[object, object, Number, bool]] = [(body, body.get("metadata"), 1, False)]
    while waiting:
        part, above, number, autoscaled = waiting.pop()
        if isinstance(part, list):
            waiting.extend((each, above, number, autoscaled) for each in reversed(part))
            continue
        if not isinstance(part, dict):
            continue
        autoscaled = autoscaled or part.get("enableInTreeAutoscaling") is True
        number = times(number, copies(part, kind, autoscaled=autoscaled))
        if _has_containers(part) or _asks(part):
            yield Pods(part, above, number)
            continue
        nearer = part.get("metadata") if isinstance(part.get("metadata"), dict) else above
        waiting.extend(
            (each, nearer, number, autoscaled)
            for key, each in reversed(part.items())
            if key not in {"metadata", "status"}
        )


def _groups(body: Mapping[str, object], found: list[Pods]) -> Iterator[Pods]:
    """Of a LeaderWorkerSet: `replicas` groups of `size` pods, of which one leads by its own template if it has one."""
    template = looked_up(body, ("spec", "leaderWorkerTemplate"))
    size = looked_up(template, ("size",))
    groups = looked_up(body, ("spec", "replicas"))
    number, each = whole(1 if groups is None else groups), whole(1 if size is None else size)
    leader = looked_up(template, ("leaderTemplate", "spec"))
    followers = each if leader is None or isinstance(each, Unknown) else max(0, each - 1)
    for pods in found:
        yield pods.times(number if pods.spec is leader else times(number, followers))


def _nodes(body: Mapping[str, object]) -> Pods | None:
    """Of a TrainJob that says itself what each of its nodes asks for; None where its runtime does."""
    trainer = looked_up(body, ("spec", "trainer"))
    asked = looked_up(trainer, ("resourcesPerNode",))
    if not isinstance(asked, dict):
        return None
    nodes = looked_up(trainer, ("numNodes",))
    number: Number = Unknown("how many nodes follows from its runtime") if nodes is None else whole(nodes, "nodes")
    return Pods({"containers": [{"resources": asked}]}, None, number)


def _on_demand(body: Mapping[str, object]) -> Number:
    """Of a Knative service, which scales with its requests, from none on (Knative, "Configuring scale bounds")."""
    notes = looked_up(body, ("spec", "template", "metadata", "annotations"))
    said = (
        {str(key).casefold().replace("-", ""): value for key, value in notes.items()} if isinstance(notes, dict) else {}
    )
    least, largest = (said.get(f"autoscaling.knative.dev/{name}scale") for name in ("min", "max"))
    return between(0 if least is None else least, largest)


def _has_containers(part: Mapping[str, object]) -> bool:
    listed = part.get("containers")
    return isinstance(listed, list) and any(isinstance(each, dict) for each in listed)


def _asks(part: Mapping[str, object]) -> bool:
    """Whether it is a container that stands alone (KServe's `model`, Argo's `container`): it asks for resources."""
    resources = part.get("resources")
    asked = [resources.get(name) for name in ("limits", "requests")] if isinstance(resources, dict) else []
    return any(isinstance(each, dict) and "storage" not in each for each in asked)
