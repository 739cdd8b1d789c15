"""Node groups of EKS clusters."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from finops_guard.model import Tags, Unknown
from finops_guard.sources.aws import _machines
from finops_guard.sources.aws._cells import tag_map
from finops_guard.sources.aws._errors import Unreadable
from finops_guard.sources.aws._managed import managed_by
from finops_guard.sources.aws._reading import one_by_one
from finops_guard.sources.aws._writes import changed, failed, not_now, one_each, skipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from finops_guard.model import Outcome, Resource, Step
    from finops_guard.sources.aws._cells import Answer, Cell
    from finops_guard.sources.aws._writes import Site

TYPE = "AWS::EKS::Nodegroup"
KIND = "node-pool"
ARN = "arn:*:eks:*:*:nodegroup/*/*/*"
CLIENT = "eks"
PERMISSIONS = {
    "collect": [
        "eks:ListClusters",
        "eks:ListNodegroups",
        "eks:DescribeNodegroup",
        "ec2:DescribeInstanceTypes",
        "autoscaling:DescribeScalingActivities",
    ],
    "tag": ["eks:TagResource", "eks:UntagResource"],
    "start": ["eks:UpdateNodegroupConfig"],
    "stop": ["eks:UpdateNodegroupConfig"],
}

_STATES = {"CREATING": "creating", "DELETING": "deleting", "CREATE_FAILED": "failed", "DELETE_FAILED": "failed"}
_LAUNCH = "Launching"
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


def read(cell: Cell, resources: Sequence[Resource]) -> Iterator[Resource]:
    """Those node groups as they are now."""

    def one(arn: str) -> Resource | None:
        group = _described(cell, arn)
        if group is None:
            return None
        found = _resource(cell, group)
        found.facts["before scale_to_zero"] = {"scaling": _sizes(group)["scaling"]}
        return found

    return one_by_one(resources, one)


def scale_to_zero(site: Site, steps: Sequence[Step]) -> Iterator[Outcome]:
    """No nodes, and none kept ready; the most it may have stays, so that a cluster autoscaler can still add some."""

    def act(step: Step) -> Outcome:
        group = _described(site, step.resource.id)
        if group is None:
            return skipped(step, "it is gone")
        before = _sizes(group)
        if before["scaling"]["minSize"] == before["scaling"]["desiredSize"] == 0:
            return skipped(step, "already scaled to zero", before)
        if group["status"] != "ACTIVE":
            return not_now(step, f"it is {group['status']}: try again when it is ACTIVE", before)
        scaling = {**before["scaling"], "minSize": 0, "desiredSize": 0}

        def send() -> None:
            site.write("UpdateNodegroupConfig", **_asked(group, scaling))

        return changed(step, before, _after(scaling), send, lambda: _sizes(_described(site, step.resource.id) or {}))

    return one_each(steps, act)


def undo_scale_to_zero(site: Site, steps: Sequence[Step]) -> Iterator[Outcome]:
    """The sizes of before, where they still are those that our act left."""

    def act(step: Step) -> Outcome:
        group = _described(site, step.resource.id)
        if group is None:
            return skipped(step, "it is gone")
        now, scaling = _sizes(group), step.before.get("scaling")
        if not isinstance(scaling, dict):
            return failed(step, "its sizes before were not recorded", now)
        if now["scaling"] == scaling:
            return skipped(step, "its sizes are as before already", now)
        left = step.after.get("scaling") or {**scaling, "minSize": 0, "desiredSize": 0}  # its run was cut short
        if now["scaling"] != left:
            return skipped(step, "left alone, its sizes were changed by others since", now)

        def send() -> None:
            site.write("UpdateNodegroupConfig", **_asked(group, scaling))

        return changed(step, now, _after(scaling), send, lambda: _sizes(_described(site, step.resource.id) or {}))

    return one_each(steps, act)


def start(site: Site, steps: Sequence[Step]) -> Iterator[Outcome]:
    """The sizes that our own `scale_to_zero` found: they stand in `after`, those that it left in `before`."""
    return undo_scale_to_zero(site, [replace(step, before=step.after, after=step.before) for step in steps])


undo_start = undo_scale_to_zero


def _described(cell: Cell, arn: str) -> Answer | None:
    """The group of this ARN; a new one of the same name is another one."""
    _, cluster, name, _ = arn.rpartition(":")[2].split("/")
    try:
        group: Answer = cell.call("DescribeNodegroup", clusterName=cluster, nodegroupName=name)["nodegroup"]
    except Unreadable as error:
        if error.gone:
            return None
        raise
    return group if group["nodegroupArn"] == arn else None


def _sizes(group: Answer) -> Answer:
    scaling = group.get("scalingConfig") or {}
    return _after({name: int(scaling.get(name) or 0) for name in ("minSize", "maxSize", "desiredSize")})


def _after(scaling: Mapping[str, int]) -> Answer:
    return {"capacity": scaling["desiredSize"], "scaling": dict(scaling)}


def _asked(group: Answer, scaling: Mapping[str, int]) -> Answer:
    """The request. Its token is the same while the group is as it is, so that a second request does nothing."""
    state = f"{group['nodegroupArn']} {group.get('modifiedAt')} {sorted(scaling.items())}"
    return {
        "clusterName": group["clusterName"],
        "nodegroupName": group["nodegroupName"],
        "scalingConfig": dict(scaling),
        "clientRequestToken": sha256(state.encode()).hexdigest()[:32],
    }


def _resource(cell: Cell, group: Answer) -> Resource:
    raw = tag_map(group.get("tags"))
    nodes = int((group.get("scalingConfig") or {}).get("desiredSize") or 0)
    purchase = _PURCHASE.get(str(group.get("capacityType")), "on-demand")
    machines = _accelerators(cell, group, nodes)
    launched = _launched(cell, group) if nodes == 0 and cell.needs("stopped_by") else None
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
        started=None if isinstance(launched, Unknown) else launched,
        facts={
            **machines.facts,
            **({"starts_unread": launched.reason} if isinstance(launched, Unknown) else {}),
            "instances": nodes,
            "cluster": group.get("clusterName"),
            "scaling": dict(group.get("scalingConfig") or {}),
        },
    )


def _launched(cell: Cell, group: Answer) -> datetime | Unknown | None:
    """When the newest node of a group that has none now was launched; None in the six weeks that AWS remembers.

    EKS itself says only when a group was last changed, which health checks and updates do too.
    """
    found: list[datetime] = []
    places = (group.get("resources") or {}).get("autoScalingGroups") or []
    if not places:
        return Unknown("EKS names no Auto Scaling group of it")
    for place in places:
        asked = {"AutoScalingGroupName": place["name"], "MaxRecords": 100}
        try:
            for page in cell.pages("DescribeScalingActivities", "Activities", client="autoscaling", **asked):
                found += (each["StartTime"] for each in page if str(each.get("Description")).startswith(_LAUNCH))
                if found:  # the newest come first
                    break
        except Unreadable as error:
            cell.gap(error.reason)
            return Unknown(error.reason)
    return max(found, default=None)


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
