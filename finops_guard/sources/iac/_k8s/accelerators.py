"""Accelerators that pods ask for: which resource, how many, of which model where the manifest says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from finops_guard.costs import tables
from finops_guard.costs.accelerators import accelerator
from finops_guard.model import Unknown
from finops_guard.sources.iac._either import looked_up
from finops_guard.sources.iac._planned import NO_ACCELERATORS

_PARTS = "nvidia.com/mig-"
_MODEL_LABELS = (
    "cloud.google.com/gke-accelerator",
    "cloud.google.com/gke-tpu-accelerator",
    "nvidia.com/gpu.product",
    "karpenter.k8s.aws/instance-gpu-name",
    "eks.amazonaws.com/instance-gpu-name",
    "amd.com/gpu.product-name",
)
_MACHINE_LABELS = ("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type")
_TPUS = {
    "tpu-v5-lite-podslice": "TPU V5E",
    "tpu-v5-lite-device": "TPU V5E",
    "tpu-v5p-slice": "TPU V5P",
    "tpu-v6e-slice": "TPU V6E",
}
_PART = Unknown("it asks for a part of an accelerator")
_CLAIMED = Unknown("its devices are claimed (DRA), and the claim says how many")
_UNSAID = Unknown("the manifest does not say which accelerator")


@dataclass(frozen=True, slots=True)
class Request:
    """What pods that are alike ask for: the resources of one of them, their number, and the nodes that they want."""

    resources: Mapping[str, int | Unknown]
    number: int | Unknown
    nodes: Mapping[str, str]

    @staticmethod
    def of(spec: Mapping[str, object], number: int | Unknown) -> Request:
        """Of a pod's specification. Init containers run before the others, one after the other, so the most counts."""
        together: dict[str, int | Unknown] = {}
        for container in _containers(spec, "containers") if "containers" in spec else [spec]:
            for name, count in _asked(container):
                together[name] = _plus(together.get(name, 0), count)
        for container in _containers(spec, "initContainers"):
            for name, count in _asked(container):
                together[name] = _most(together.get(name, 0), count)
        return Request(together, number, _nodes(spec))


def fields_of(requests: Sequence[Request]) -> dict[str, int | str | Unknown | None]:
    """The accelerator fields of all of them together."""
    asked = [(each, name, count) for each in requests for name, count in each.resources.items() if count != 0]
    if not asked:
        return {**NO_ACCELERATORS}  # type: ignore[dict-item] # numbers and None
    total: int | Unknown = 0
    for each, name, count in asked:
        if name == "claims":
            total = _CLAIMED
        elif not _known().get(name, _NOT_KNOWN).whole:
            total = _PART
        else:
            total = _plus(total, _times(count, each.number))
    vendors = {_vendor(name) for _, name, _ in asked}
    models = {_model(each, name) for each, name, _ in asked}
    model = models.pop() if len(models) == 1 else Unknown("its pods ask for several")
    vendor = vendors.pop() if len(vendors) == 1 else Unknown("its pods ask for several")
    return {
        "accelerators.count": total,
        "accelerators.model": model,
        "accelerators.vendor": vendor,
        "accelerators.memory": _memory(asked[0][0])
        if len({each.nodes.get("machine") for each, _, _ in asked}) == 1
        else _UNSAID,
    }


@dataclass(frozen=True, slots=True)
class _Kind:
    """A resource of device plugins: whose it is, which model it is of alone, and whether one is a whole accelerator."""

    vendor: str
    model: str
    whole: bool


_NOT_KNOWN = _Kind("", "", whole=False)


@cache
def _known() -> Mapping[str, _Kind]:
    rows = tables.rows("kubernetes_accelerators")
    return {row["resource"]: _Kind(row["vendor"], row["model"], row["whole"] == "yes") for row in rows}


@cache
def _models() -> Mapping[str, str]:
    return {found.model.casefold(): found.model for found in tables.accelerators().values()}


def _containers(spec: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    listed = spec.get(name)
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _asked(container: Mapping[str, object]) -> Iterator[tuple[str, int | Unknown]]:
    """Resources and numbers: a limit of a device is its request too."""
    resources = container.get("resources")
    if not isinstance(resources, dict):
        return
    found: dict[str, object] = {}
    for name in ("requests", "limits"):
        part = resources.get(name)
        found.update(part if isinstance(part, dict) else {})
    for name, count in found.items():
        if name in _known() or name.startswith(_PARTS):
            yield name, _count(count)
    if resources.get("claims"):
        yield "claims", _CLAIMED


def _count(value: object) -> int | Unknown:
    text = str(value)
    return int(text) if text.isdecimal() and len(text) < 10 else Unknown("its number of accelerators is not a number")  # noqa: PLR2004 - no sane number is longer


def _plus(one: int | Unknown, other: int | Unknown) -> int | Unknown:
    if isinstance(one, Unknown):
        return one
    return other if isinstance(other, Unknown) else one + other


def _most(one: int | Unknown, other: int | Unknown) -> int | Unknown:
    if isinstance(one, Unknown):
        return one
    return other if isinstance(other, Unknown) else max(one, other)


def _times(count: int | Unknown, number: int | Unknown) -> int | Unknown:
    if count == 0 or number == 0:
        return 0
    if isinstance(count, Unknown):
        return count
    return number if isinstance(number, Unknown) else count * number


def _vendor(name: str) -> str | Unknown:
    if name.startswith(_PARTS):
        return "nvidia"
    return _known()[name].vendor if name in _known() else _UNSAID


def _model(request: Request, name: str) -> str | Unknown:
    if (kind := _known().get(name)) is not None and kind.model:
        return kind.model
    if said := request.nodes.get("model"):
        return _spelt(said)
    found = _of_machine(request.nodes.get("machine"))
    return _UNSAID if found is None else found.model


def _memory(request: Request) -> int | Unknown:
    found = _of_machine(request.nodes.get("machine"))
    return _UNSAID if found is None or found.memory_bytes is None else found.memory_bytes


def _of_machine(machine: str | None) -> tables.Accelerator | None:
    """What a node's machine has, of whichever cloud: their machines are named apart."""
    if machine is None:
        return None
    return next((found for cloud in ("aws", "azure", "gcp") if (found := accelerator(cloud, machine))), None)


def _spelt(said: str) -> str:
    """A model as our table spells it: `nvidia-tesla-t4`, `NVIDIA-A100-SXM4-80GB` and `t4` are all written there."""
    if said in _TPUS:
        return _TPUS[said]
    parts = [part for part in said.casefold().split("-") if part not in {"nvidia", "tesla", "amd", "instinct"}]
    for end in range(len(parts), 0, -1):
        if (known := _models().get("-".join(parts[:end]))) is not None:
            return known
    return said


def _nodes(spec: Mapping[str, object]) -> dict[str, str]:
    """The one machine type and model that a pod's nodes must be of, from its selector or its required affinity."""
    wanted: dict[str, list[object]] = {}
    selector = spec.get("nodeSelector")
    if isinstance(selector, dict):
        wanted.update({key: [value] for key, value in selector.items()})
    terms = looked_up(
        spec, ("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
    )
    if isinstance(terms, list) and len(terms) == 1:
        listed = looked_up(terms[0], ("matchExpressions",))
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, dict) and each.get("operator") == "In" and isinstance(each.get("values"), list):
                wanted[str(each.get("key"))] = each["values"]
    found = {}
    for name, labels in (("machine", _MACHINE_LABELS), ("model", _MODEL_LABELS)):
        values = next((wanted[label] for label in labels if label in wanted), [])
        if len(values) == 1:
            found[name] = str(values[0])
    return found
