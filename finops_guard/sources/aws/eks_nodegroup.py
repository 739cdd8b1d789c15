"""Node groups of EKS clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.model import Tags, Unknown
from finops_guard.sources.aws import _machines
from finops_guard.sources.aws._cells import tag_map
from finops_guard.sources.aws._managed import managed_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finops_guard.model import Resource
    from finops_guard.sources.aws._cells import Answer, Cell

TYPE = "AWS::EKS::Nodegroup"
KIND = "node-pool"
ARN = "arn:*:eks:*:*:nodegroup/*/*/*"
CLIENT = "eks"
PERMISSIONS = {
    "collect": ["eks:ListClusters", "eks:ListNodegroups", "eks:DescribeNodegroup", "ec2:DescribeInstanceTypes"]
}

_STATES = {"CREATING": "creating", "DELETING": "deleting", "CREATE_FAILED": "failed", "DELETE_FAILED": "failed"}
_PURCHASE = {"SPOT": "spot", "CAPACITY_BLOCK": "reserved"}


def collect(cell: Cell) -> Iterator[Resource]:
    """Every node group of every cluster. One that could not be described has no ARN: its gap stands for it."""
    for clusters in cell.pages("ListClusters", "clusters", maxResults=100):
        for cluster in clusters:
            for names in cell.pages("ListNodegroups", "nodegroups", clusterName=cluster, maxResults=100):
                for name in names:
                    answer = cell.detail("DescribeNodegroup", clusterName=cluster, nodegroupName=name)
                    if answer is not None and not isinstance(answer, Unknown):
                        yield _resource(cell, answer["nodegroup"])


def _resource(cell: Cell, group: Answer) -> Resource:
    raw = tag_map(group.get("tags"))
    nodes = int((group.get("scalingConfig") or {}).get("desiredSize") or 0)
    purchase = _PURCHASE.get(str(group.get("capacityType")), "on-demand")
    machines = _accelerators(cell, group, nodes)
    return cell.resource(
        group["nodegroupArn"],
        group["nodegroupName"],
        Tags.of(raw),
        {
            # A group scaled to nothing is what a stop leaves behind.
            "state": _STATES.get(str(group.get("status")), "running" if nodes else "stopped"),
            "created": group["createdAt"],
            "purchase": purchase,
            "interruptible": purchase == "spot",
            "checkpointed": None,
            "protected": None,
            "managed_by": managed_by({key: value for key, value in raw.items() if not key.startswith("eks:")}),
            "capacity.provisioned": nodes,
            **machines.fields,
        },
        facts={
            **machines.facts,
            "instances": nodes,
            "cluster": group.get("clusterName"),
            "scaling": dict(group.get("scalingConfig") or {}),
        },
    )


def _accelerators(cell: Cell, group: Answer, nodes: int) -> _machines.Parts:
    types = [str(name) for name in group.get("instanceTypes") or []]
    if not types:
        return _machines.Parts(_machines.fields(Unknown("its launch template says which machines it has")), {})
    machines = cell.run.machines.get(cell, types)
    alike = {machine if isinstance(machine, Unknown) else machine.count for machine in machines.values()}
    if len(types) > 1 and len(alike) > 1:
        unsaid = Unknown(f"it mixes {', '.join(types)}, and EKS does not say how many of each")
        return _machines.Parts(_machines.fields(unsaid), {"accelerator_family": True})
    parts = _machines.of_parts([(types[0], machines[types[0]], nodes)])
    if len(types) > 1:
        parts.facts.pop("instance_type", None)
    return parts
