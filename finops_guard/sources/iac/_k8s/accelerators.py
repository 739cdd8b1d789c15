"""Accelerators that pods ask for: which resource, how many, of which model where the manifest says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from finops_guard.costs import tables
from finops_guard.model import Unknown
from finops_guard.sources.iac._either import looked_up
from finops_guard.sources.iac._k8s.claims import CLAIMED, Claims, claimed_by
from finops_guard.sources.iac._k8s.nodes import nodes_of, of_machine, spelt
from finops_guard.sources.iac._k8s.numbers import Number, most, plus, times, whole
from finops_guard.sources.iac._k8s.pods import Pods
from finops_guard.sources.iac._planned import NO_ACCELERATORS

_PARTS = re.compile(
    r"(?P<vendor>nvidia|amd)\.com/(?!.*(?:rdma|sriov|nic|hostdev|bf\d|vf|hca))"
    r"|gpu\.intel\.com/|habana\.ai/|huawei\.com/|qualcomm\.com/|cambricon\.com/|cloud-tpus\.google\.com/"
    r"|volcano\.sh/v?gpu|aliyun\.com/gpu|tencent\.com/vcuda|aws\.amazon\.com/neuron",
    re.IGNORECASE,
)
"""Resources that are accelerators or shares of one (MIG, time slices, virtual ones), of plugins that we do not know."""
_SHARES = ("gpu-fraction", "gpu-memory")
"""Annotations that ask a scheduler for a share of an accelerator (KAI, Run:ai)."""
_PART = Unknown("it asks for a part of an accelerator")
_UNSAID = Unknown("the manifest does not say which accelerator")


@dataclass(frozen=True, slots=True)
class Request:
    """What pods that are alike ask for: the resources of one of them, their number, and the nodes that they want."""

    resources: Mapping[str, Number]
    number: Number
    nodes: Mapping[str, str]

    @staticmethod
    def of(pods: Pods, claims: Claims) -> Request:
        """Of pods by their specification.

        Init containers run before the others, one after the other, so the most counts; one that is always restarted
        stays beside those that come after it (Kubernetes, "Sidecar containers").
        """
        spec, stays = pods.spec, dict[str, Number]()
        before: dict[str, Number] = {}
        for container in _containers(spec, "initContainers"):
            asked = dict(_asked(container))
            together = {name: plus((count, stays.get(name, 0))) for name, count in asked.items()}
            if container.get("restartPolicy") == "Always":
                stays.update(together)
            before.update({name: most(before.get(name, 0), count) for name, count in together.items()})
        found = dict(stays)
        for container in _containers(spec, "containers") if "containers" in spec else [spec]:
            for name, count in _asked(container):
                found[name] = plus((found.get(name, 0), count))
        found.update({name: most(found.get(name, 0), count) for name, count in before.items()})
        claimed = list(claimed_by(spec, claims))
        if claimed:
            found.pop("claims", None)  # what containers say of claims is which of them use one
        for name, count in claimed:
            found[name] = plus((found.get(name, 0), count))
        for name in _SHARES:
            if looked_up(pods.metadata, ("annotations", name)) is not None:
                found[name] = _PART
        return Request(found, pods.number, nodes_of(spec))


def fields_of(requests: Sequence[Request]) -> dict[str, int | str | Unknown | None]:
    """The accelerator fields of all of them together."""
    asked = [(each, name, count) for each in requests for name, count in each.resources.items() if count != 0]
    if not asked:
        return {**NO_ACCELERATORS}  # type: ignore[dict-item] # numbers and None
    total: Number = 0
    for each, name, count in asked:
        if name == "claims":
            total = count
        elif not _known().get(name, _NOT_KNOWN).whole:
            total = _PART
        else:
            total = plus((total, times(count, each.number)))
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


def _containers(spec: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    listed = spec.get(name)
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _asked(container: Mapping[str, object]) -> Iterator[tuple[str, Number]]:
    """Resources and numbers: a limit of a device is its request too."""
    resources = container.get("resources")
    if not isinstance(resources, dict):
        return
    found: dict[str, object] = {}
    for name in ("requests", "limits"):
        part = resources.get(name)
        found.update(part if isinstance(part, dict) else {})
    for name, count in found.items():
        if name in _known() or _PARTS.match(name):
            yield name, whole(count, "accelerators")
    if resources.get("claims"):
        yield "claims", CLAIMED


def _vendor(name: str) -> str | Unknown:
    if name in _known():
        return _known()[name].vendor or _UNSAID
    part = _PARTS.match(name)
    return part["vendor"].casefold() if part is not None and part["vendor"] else _UNSAID


def _model(request: Request, name: str) -> str | Unknown:
    if (kind := _known().get(name)) is not None and kind.model:
        return kind.model
    if said := request.nodes.get("model"):
        return spelt(said)
    found = of_machine(request.nodes.get("machine"))
    return _UNSAID if found is None else found.model


def _memory(request: Request) -> int | Unknown:
    found = of_machine(request.nodes.get("machine"))
    return _UNSAID if found is None or found.memory_bytes is None else found.memory_bytes
