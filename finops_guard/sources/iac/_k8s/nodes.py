"""The nodes that pods want: their machine type and the model of their accelerators, where the manifest says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from finops_guard.costs import tables
from finops_guard.costs.accelerators import accelerator
from finops_guard.sources.iac._either import looked_up

_MODEL_LABELS = (
    "cloud.google.com/gke-accelerator",
    "cloud.google.com/gke-tpu-accelerator",
    "nvidia.com/gpu.product",
    "karpenter.k8s.aws/instance-gpu-name",
    "eks.amazonaws.com/instance-gpu-name",
    "amd.com/gpu.product-name",
)
_MACHINE_LABELS = ("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type")
_TERMS = ("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
PLACEHOLDER = re.compile(r"\{\{|\$\{|\$\(|<[A-Za-z]")
"""What no label's value can hold: something fills it in before it is applied."""
_TPUS = {
    "tpu-v4-podslice": "TPU V4",
    "tpu7x": "TPU V7X",
    "tpu-v5-lite-podslice": "TPU V5E",
    "tpu-v5-lite-device": "TPU V5E",
    "tpu-v5p-slice": "TPU V5P",
    "tpu-v6e-slice": "TPU V6E",
}


def nodes_of(spec: Mapping[str, object]) -> dict[str, str]:
    """The one `machine` and `model` that a pod's nodes must be of, from its selector or its required affinity."""
    wanted: dict[str, list[object]] = {}
    selector = spec.get("nodeSelector")
    if isinstance(selector, dict):
        wanted.update({key: [value] for key, value in selector.items()})
    terms = looked_up(spec, _TERMS)
    if isinstance(terms, list) and len(terms) == 1:
        listed = looked_up(terms[0], ("matchExpressions",))
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, dict) and each.get("operator") == "In" and isinstance(each.get("values"), list):
                wanted[str(each.get("key"))] = each["values"]
    found = {}
    for name, labels in (("machine", _MACHINE_LABELS), ("model", _MODEL_LABELS)):
        values = next((wanted[label] for label in labels if label in wanted), [])
        if len(values) == 1 and not PLACEHOLDER.search(str(values[0])):
            found[name] = str(values[0])
    return found


def of_machine(machine: str | None) -> tables.Accelerator | None:
    """What a node's machine has, of whichever cloud: their machines are named apart."""
    if machine is None:
        return None
    return next((found for cloud in ("aws", "azure", "gcp") if (found := accelerator(cloud, machine))), None)


def spelt(said: str) -> str:
    """A model as our table spells it: `nvidia-tesla-t4`, `NVIDIA-A100-SXM4-80GB` and `t4` are all written there."""
    if said in _TPUS:
        return _TPUS[said]
    parts = [part for part in said.casefold().split("-") if part not in {"nvidia", "tesla", "amd", "instinct"}]
    for end in range(len(parts), 0, -1):
        if (known := _models().get("-".join(parts[:end]))) is not None:
            return known
    return said


@cache
def _models() -> Mapping[str, str]:
    return {found.model.casefold(): found.model for found in tables.accelerators().values()}
