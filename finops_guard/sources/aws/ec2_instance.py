"""EC2 instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from finops_guard.model import Tags, Unknown
from finops_guard.sources.aws import _machines
from finops_guard.sources.aws._cells import tag_map
from finops_guard.sources.aws._managed import managed_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finops_guard.model import Resource, Value
    from finops_guard.sources.aws._cells import Cell
    from finops_guard.sources.aws._machines import Machine

TYPE = "AWS::EC2::Instance"
KIND = "vm"
ARN = "arn:*:ec2:*:*:instance/*"
CLIENT = "ec2"
PERMISSIONS = {"collect": ["ec2:DescribeInstances", "ec2:DescribeInstanceTypes", "ec2:DescribeInstanceAttribute"]}

_STATES = {"pending": "creating", "shutting-down": "deleting"}
_PURCHASE = {"spot": "spot", "scheduled": "reserved", "capacity-block": "reserved"}


def collect(cell: Cell) -> Iterator[Resource]:
    """Every instance but the terminated ones, those that AWS services run for the account among them."""
    asked: dict[str, Any] = {"MaxResults": 1000}
    input_shape = cell.client().meta.service_model.operation_model("DescribeInstances").input_shape
    if input_shape is not None and "IncludeManagedResources" in input_shape.members:
        # Without it the nodes of EKS Auto Mode and the like are hidden, GPU nodes among them.
        asked["IncludeManagedResources"] = True
    for reservations in cell.pages("DescribeInstances", "Reservations", **asked):
        found = [i for r in reservations for i in r["Instances"] if i["State"]["Name"] != "terminated"]
        machines = cell.run.machines.get(cell, (i["InstanceType"] for i in found))
        for instance in found:
            yield _resource(cell, instance, machines[instance["InstanceType"]])


def _resource(cell: Cell, instance: dict[str, Any], machine: Machine | Unknown) -> Resource:
    raw = tag_map(instance.get("Tags"))
    state = str(instance["State"]["Name"])
    purchase = _PURCHASE.get(str(instance.get("InstanceLifecycle")), "on-demand")
    fields: dict[str, Value | Unknown] = {
        "state": _STATES.get(state, state),
        "created": _created(instance),
        "purchase": purchase,
        "interruptible": purchase == "spot",
        "checkpointed": Unknown("EC2 does not say"),
        "managed_by": _operator(instance) or managed_by(raw),
        "protected": _protected(cell, instance["InstanceId"]),
        **_machines.fields(machine),
    }
    facts = _machines.facts(instance["InstanceType"], machine)
    facts["instance_id"] = instance["InstanceId"]
    if instance.get("InstanceLifecycle"):
        facts["lifecycle"] = instance["InstanceLifecycle"]
    return cell.resource(
        cell.arn(f"instance/{instance['InstanceId']}"),
        raw.get("Name") or str(instance["InstanceId"]),
        Tags.of(raw),
        fields,
        started=instance["LaunchTime"] if state == "running" else None,
        facts=facts,
    )


def _created(instance: dict[str, Any]) -> Value:
    # LaunchTime is the last start. The root volume is attached when an instance is made and stays through its stops;
    # no volume can be attached before that, so the earliest of all these is the creation.
    volumes = [device.get("Ebs", {}).get("AttachTime") for device in instance.get("BlockDeviceMappings") or []]
    times: list[Value] = [instance["LaunchTime"], *(time for time in volumes if time is not None)]
    return min(times)  # type: ignore[type-var] # all of them are datetimes


def _operator(instance: dict[str, Any]) -> str | None:
    operator = instance.get("Operator") or {}
    return str(operator.get("Principal") or "aws") if operator.get("Managed") else None


def _protected(cell: Cell, instance: str) -> bool | Unknown:
    if "protected" not in cell.need.fields:
        return Unknown("no rule asked for it")
    answers = []
    for attribute in ("disableApiTermination", "disableApiStop"):
        answer = cell.detail("DescribeInstanceAttribute", InstanceId=instance, Attribute=attribute)
        if answer is None:
            return Unknown("it was terminated during the scan")
        if isinstance(answer, Unknown):
            return answer
        answers.append(answer.get(attribute[0].upper() + attribute[1:], {}).get("Value") is True)
    return any(answers)
