"""EC2 instances."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from finops_guard.model import NOT_ASKED, Tags, Unknown
from finops_guard.sources.aws import _machines, _targets_of
from finops_guard.sources.aws._cells import tag_map
from finops_guard.sources.aws._managed import managed_by
from finops_guard.sources.aws._reading import batches
from finops_guard.sources.aws._unstoppable import unstoppable
from finops_guard.sources.aws._writes import Move, States

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from finops_guard.model import Outcome, Resource, Step, Value
    from finops_guard.sources.aws._cells import Cell
    from finops_guard.sources.aws._machines import Machine
    from finops_guard.sources.aws._writes import Site

TYPE = "AWS::EC2::Instance"
KIND = "vm"
ARN = "arn:*:ec2:*:*:instance/*"
CLIENT = "ec2"
PERMISSIONS = {
    "collect": [
        "ec2:DescribeInstances",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeInstanceAttribute",
        "ec2:DescribeSpotInstanceRequests",
    ],
    "read": [*_targets_of.PERMISSIONS],
    "tag": ["ec2:CreateTags", "ec2:DeleteTags"],
    "start": ["ec2:StartInstances"],
    "stop": ["ec2:StopInstances"],
    "terminate": ["ec2:TerminateInstances"],
}

_STATES = {"pending": "creating", "shutting-down": "deleting", "terminated": "deleting"}
_FILTERED, _WRITTEN = 200, 50
"""Values of a filter, at most; instances that one request changes, so that one that refuses is found in few more."""
_STOP = Move(frozenset({"running"}), ("stopping", "stopped"))
_START = Move(frozenset({"stopped"}), ("creating", "running"), soon=frozenset({"stopping"}))
_TERMINATE = Move(frozenset({"creating", "running", "stopping", "stopped"}), ("deleting",))
_PURCHASE = {"spot": "spot", "scheduled": "reserved", "capacity-block": "reserved"}


def collect(cell: Cell) -> Iterator[Resource]:
    """Every instance but the terminated ones, those that AWS services run for the account among them."""
    return _read(cell)


def read(cell: Cell, resources: Sequence[Resource]) -> Iterator[Resource]:
    """Those instances as they are now."""
    for ids in batches(resources, _FILTERED):
        yield from _read(cell, Filters=[{"Name": "instance-id", "Values": ids}])


def dependants(cell: Cell, resources: Sequence[Resource]) -> dict[str, list[str]]:
    """Who else depends on instances, as far as EC2 and load balancers say; Unreadable."""
    arns = [resource.id for resource in resources]
    found = _targets_of.load_balancers(cell, _ids(arns))
    return {arn: found[name] for arn, name in zip(arns, _ids(arns), strict=True)}


def stop(site: Site, steps: Sequence[Step]) -> Iterator[Outcome]:
    """Stop what runs, in the way that lets it end its work: no hibernation, no skipped shutdown."""

    def send(arns: Sequence[str]) -> None:
        site.write("StopInstances", InstanceIds=_ids(arns))

    return States(_STOP, partial(_states, site), send, _WRITTEN).outcomes(steps)


def start(site: Site, steps: Sequence[Step]) -> Iterator[Outcome]:
    """Start what is stopped."""

    def send(arns: Sequence[str]) -> None:
        site.write("StartInstances", InstanceIds=_ids(arns))

    return States(_START, partial(_states, site), send, _WRITTEN).outcomes(steps)


def terminate(site: Site, steps: Sequence[Step]) -> Iterator[Outcome]:
    """Terminate, for good. One that is protected refuses it."""

    def send(arns: Sequence[str]) -> None:
        site.write("TerminateInstances", InstanceIds=_ids(arns))

    return States(_TERMINATE, partial(_states, site), send, _WRITTEN).outcomes(steps)


undo_stop = start
undo_start = stop


def _ids(arns: Sequence[str]) -> list[str]:
    return [arn.rpartition("/")[2] for arn in arns]


def _states(site: Site, arns: Sequence[str]) -> dict[str, str]:
    """States by ARN, without what AWS does not know any more. A filter, because an id that is gone refuses a list."""
    arn_of = dict(zip(_ids(arns), arns, strict=True))
    pages = _pages(site, Filters=[{"Name": "instance-id", "Values": list(arn_of)}])
    found = [instance for reservations in pages for r in reservations for instance in r["Instances"]]
    return {arn_of[i["InstanceId"]]: _STATES.get(i["State"]["Name"], i["State"]["Name"]) for i in found}


def _pages(cell: Cell, **asked: Any) -> Iterator[list[Any]]:  # noqa: ANN401 - as the SDK has them
    input_shape = cell.client().meta.service_model.operation_model("DescribeInstances").input_shape
    if input_shape is not None and "IncludeManagedResources" in input_shape.members:
        # Without it the nodes of EKS Auto Mode and the like are hidden, GPU nodes among them.
        asked["IncludeManagedResources"] = True
    return cell.pages("DescribeInstances", "Reservations", MaxResults=1000, **asked)


def _read(cell: Cell, **asked: Any) -> Iterator[Resource]:  # noqa: ANN401 - as the SDK has them
    for reservations in _pages(cell, **asked):
        found = [i for r in reservations for i in r["Instances"] if i["State"]["Name"] != "terminated"]
        machines = cell.run.machines.get(cell, (i["InstanceType"] for i in found))
        stuck = unstoppable(cell, found)
        for instance in found:
            one = _resource(cell, instance, machines[instance["InstanceType"]])
            if instance["InstanceId"] in stuck:
                one.facts["cannot"] = {"stop": stuck[instance["InstanceId"]]}
            yield one


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
        started=instance["LaunchTime"],
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
        return Unknown(NOT_ASKED)
    answers = []
    for attribute in ("disableApiTermination", "disableApiStop"):
        answer = cell.detail("DescribeInstanceAttribute", InstanceId=instance, Attribute=attribute)
        if answer is None:
            return Unknown("it was terminated during the scan")
        if isinstance(answer, Unknown):
            return answer
        answers.append(answer.get(attribute[0].upper() + attribute[1:], {}).get("Value") is True)
    return any(answers)
