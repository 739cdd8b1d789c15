"""SageMaker notebook instances."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from finops_guard.model import Unknown
from finops_guard.sources.aws import _machines
from finops_guard.sources.aws._managed import manager_of
from finops_guard.sources.aws._reading import one_by_one, present
from finops_guard.sources.aws._writes import Move, States

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from finops_guard.model import Outcome, Resource, Step
    from finops_guard.sources.aws._cells import Answer, Cell
    from finops_guard.sources.aws._writes import Site

TYPE = "AWS::SageMaker::NotebookInstance"
KIND = "notebook"
ARN = "arn:*:sagemaker:*:*:notebook-instance/*"
CLIENT = "sagemaker"
SWEPT = True
PERMISSIONS = {
    "collect": ["sagemaker:ListNotebookInstances", "sagemaker:ListTags", "ec2:DescribeInstanceTypes"],
    "read": ["sagemaker:DescribeNotebookInstance"],
    "tag": ["sagemaker:AddTags", "sagemaker:DeleteTags"],
    "start": ["sagemaker:StartNotebookInstance"],
    "stop": ["sagemaker:StopNotebookInstance"],
}

_STATES = {
    "Pending": "creating",
    "InService": "running",
    "Updating": "running",
    "Stopping": "stopping",
    "Stopped": "stopped",
    "Failed": "failed",
    "Deleting": "deleting",
}
_ACTED_ON = {**_STATES, "Updating": "updating"}
_STOP = Move(frozenset({"running"}), ("stopping", "stopped"))
_START = Move(frozenset({"stopped", "failed"}), ("creating", "running"), soon=frozenset({"stopping"}))


def collect(cell: Cell) -> Iterator[Resource]:
    """Every notebook instance. One that runs was last modified when it started, or later: never earlier."""
    for page in cell.pages("ListNotebookInstances", "NotebookInstances", MaxResults=100):
        cell.run.machines.get(cell, (found["InstanceType"] for found in page if found.get("InstanceType")))
        for notebook in page:
            yield _resource(cell, notebook)


def read(cell: Cell, resources: Sequence[Resource]) -> Iterator[Resource]:
    """Those notebook instances as they are now."""
    return one_by_one(resources, lambda arn: _resource(cell, _described(cell, arn)))


def stop(site: Site, steps: Sequence[Step]) -> Iterator[Outcome]:
    """Stop what is in service. The volume with the notebooks stays; what stands outside of it is lost."""

    def send(arns: Sequence[str]) -> None:
        site.write("StopNotebookInstance", NotebookInstanceName=_name(arns[0]))

    return States(_STOP, partial(_states, site), send).outcomes(steps)


def start(site: Site, steps: Sequence[Step]) -> Iterator[Outcome]:
    """Start what is stopped."""

    def send(arns: Sequence[str]) -> None:
        site.write("StartNotebookInstance", NotebookInstanceName=_name(arns[0]))

    return States(_START, partial(_states, site), send).outcomes(steps)


undo_stop = start
undo_start = stop


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _described(cell: Cell, arn: str) -> Answer:
    return cell.call("DescribeNotebookInstance", NotebookInstanceName=_name(arn))


def _states(site: Site, arns: Sequence[str]) -> dict[str, str]:
    found = present(arns, partial(_described, site))
    return {arn: _ACTED_ON.get(answer["NotebookInstanceStatus"], "unknown") for arn, answer in found.items()}


def _resource(cell: Cell, notebook: Answer) -> Resource:
    arn = notebook["NotebookInstanceArn"]
    name = str(notebook.get("InstanceType") or "")
    unsaid = Unknown("SageMaker does not say its type")
    machine = cell.run.machines.get(cell, [name])[name] if name else unsaid
    tags = cell.tags(arn, cell.reader("ListTags", "Tags", ResourceArn=arn))
    running = notebook["NotebookInstanceStatus"] == "InService"
    return cell.resource(
        arn,
        notebook["NotebookInstanceName"],
        tags,
        {
            "state": _STATES.get(notebook["NotebookInstanceStatus"], Unknown("a state we do not know")),
            "created": notebook["CreationTime"],
            "purchase": "on-demand",
            "interruptible": False,
            "checkpointed": None,
            "protected": None,
            "managed_by": manager_of(tags),
            **_machines.fields(machine),
        },
        started=notebook.get("LastModifiedTime") if running else None,
        # SageMaker does not say when it was last started, only when it was last changed.
        facts={**_machines.facts(name, machine), **({} if running else {"modified": notebook["LastModifiedTime"]})},
    )
