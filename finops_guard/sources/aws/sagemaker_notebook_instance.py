"""SageMaker notebook instances."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.model import Unknown
from finops_guard.sources.aws import _machines
from finops_guard.sources.aws._managed import managed_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finops_guard.model import Resource
    from finops_guard.sources.aws._cells import Cell

TYPE = "AWS::SageMaker::NotebookInstance"
KIND = "notebook"
ARN = "arn:*:sagemaker:*:*:notebook-instance/*"
CLIENT = "sagemaker"
SWEPT = True
PERMISSIONS = {"collect": ["sagemaker:ListNotebookInstances", "sagemaker:ListTags", "ec2:DescribeInstanceTypes"]}

_STATES = {
    "Pending": "creating",
    "InService": "running",
    "Updating": "running",
    "Stopping": "stopping",
    "Stopped": "stopped",
    "Failed": "failed",
    "Deleting": "deleting",
}


def collect(cell: Cell) -> Iterator[Resource]:
    """Every notebook instance. One that runs was last modified when it started, or later: never earlier."""
    for page in cell.pages("ListNotebookInstances", "NotebookInstances", MaxResults=100):
        machines = cell.run.machines.get(cell, (found["InstanceType"] for found in page if found.get("InstanceType")))
        for notebook in page:
            arn = notebook["NotebookInstanceArn"]
            name = str(notebook.get("InstanceType") or "")
            machine = machines.get(name, Unknown("SageMaker does not say its type"))
            tags = cell.tags(arn, cell.reader("ListTags", "Tags", ResourceArn=arn))
            running = notebook["NotebookInstanceStatus"] == "InService"
            yield cell.resource(
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
                    "managed_by": managed_by(tags.raw),
                    **_machines.fields(machine),
                },
                started=notebook.get("LastModifiedTime") if running else None,
                facts=_machines.facts(name, machine),
            )
