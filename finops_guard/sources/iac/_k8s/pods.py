"""The pods that an object runs, wherever it has their templates, and how many of each.

Every map with a list of containers is a pod; `replicas` and `parallelism` on the way to it multiply. So the jobs of
Kubeflow, Ray, Volcano and JobSet are read as they are, without a list of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from finops_guard.model import Unknown

_TIMES = ("replicas", "parallelism", "minReplicas")
_EACH_NODE = Unknown("one runs on each node that fits")
_NONE = frozenset(
    {"CustomResourceDefinition", "ConfigMap", "Secret", "PodTemplate", "WorkflowTemplate", "ClusterWorkflowTemplate"}
)
"""Kinds that run nothing, whatever they hold."""
_LATER = {
    "Workflow": "its steps",
    "CronWorkflow": "its steps",
    "PipelineRun": "its steps",
    "TrainJob": "its runtime",
    "LeaderWorkerSet": "its groups",
}
_MAX_PODS = 1000


@dataclass(frozen=True, slots=True)
class Pods:
    """Pods that are alike: their specification, labels and number."""

    spec: Mapping[str, object]
    labels: object
    number: int | Unknown

    def times(self, number: int | Unknown) -> Pods:
        """The same pods, in another number."""
        return replace(self, number=number)


def pods_of(body: Mapping[str, object], kind: str) -> list[Pods]:
    """The pods of an object, none for what runs nothing."""
    if kind in _NONE:
        return []
    found = []
    for each in _below(body, body.get("metadata"), 1):
        found.append(each)
        if len(found) >= _MAX_PODS:
            break
    if kind == "DaemonSet":
        return [each.times(_EACH_NODE) for each in found]
    if kind in _LATER:
        return [each.times(Unknown(f"how many run at once follows from {_LATER[kind]}")) for each in found]
    return found


def _below(node: object, metadata: object, number: int | Unknown) -> Iterator[Pods]:
    waiting: list[tuple[object, object, int | Unknown]] = [(node, metadata, number)]
    while waiting:
        part, above, times = waiting.pop()
        if isinstance(part, list):
            waiting.extend((each, above, times) for each in reversed(part))
            continue
        if not isinstance(part, dict):
            continue
        times = _multiplied(times, part)
        if _has_containers(part) or _asks(part):
            yield Pods(part, above.get("labels") if isinstance(above, dict) else None, times)
            continue
        nearer = part.get("metadata") if isinstance(part.get("metadata"), dict) else above
        waiting.extend(
            (each, nearer, times) for key, each in reversed(part.items()) if key not in {"metadata", "status"}
        )


def _has_containers(part: Mapping[str, object]) -> bool:
    listed = part.get("containers")
    return isinstance(listed, list) and any(isinstance(each, dict) for each in listed)


def _asks(part: Mapping[str, object]) -> bool:
    """Whether it is a container that stands alone (KServe's `model`, Argo's `container`): it asks for resources."""
    resources = part.get("resources")
    asked = [resources.get(name) for name in ("limits", "requests")] if isinstance(resources, dict) else []
    return any(isinstance(each, dict) and "storage" not in each for each in asked)


def _multiplied(times: int | Unknown, part: Mapping[str, object]) -> int | Unknown:
    for name in _TIMES:
        if name in part and not isinstance(part[name], dict | list):
            each = _whole(part[name])
            if name == "parallelism":
                each = _least(each, part.get("completions"))
            if isinstance(times, Unknown) or each == 0:
                times = 0 if each == 0 else times
            else:
                times = each if isinstance(each, Unknown) else times * each
    return times


def _least(each: int | Unknown, completions: object) -> int | Unknown:
    """A job does not run more pods at once than it needs in all."""
    needed = _whole(completions)
    return min(each, needed) if isinstance(each, int) and isinstance(needed, int) else each


def _whole(value: object) -> int | Unknown:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:  # noqa: PLR2004 - no sane number is longer
        return int(value)
    return Unknown("its number of pods is not a number")
