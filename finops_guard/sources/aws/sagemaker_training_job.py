"""SageMaker training jobs: all that run, and those that ended in the last 30 days."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from finops_guard.model import Unknown
from finops_guard.sources.aws import _machines
from finops_guard.sources.aws._managed import manager_of
from finops_guard.sources.aws._reading import one_by_one, present
from finops_guard.sources.aws._writes import Move, States

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from finops_guard.model import Outcome, Resource, Step, Value
    from finops_guard.sources.aws._cells import Answer, Cell
    from finops_guard.sources.aws._writes import Site

TYPE = "AWS::SageMaker::TrainingJob"
KIND = "training-job"
ARN = "arn:*:sagemaker:*:*:training-job/*"
CLIENT = "sagemaker"
SWEPT = True
PERMISSIONS = {
    "collect": [
        "sagemaker:ListTrainingJobs",
        "sagemaker:DescribeTrainingJob",
        "sagemaker:ListTags",
        "ec2:DescribeInstanceTypes",
    ],
    "tag": ["sagemaker:AddTags", "sagemaker:DeleteTags"],
    "stop": ["sagemaker:StopTrainingJob"],
}

_STATES = {
    "InProgress": "running",
    "Stopping": "stopping",
    "Stopped": "stopped",
    "Completed": "completed",
    "Failed": "failed",
    "Deleting": "deleting",
}
_STOP = Move(frozenset({"running"}), ("stopping", "stopped", "completed", "failed"))
_ENDED = timedelta(days=30)
_LONGEST = timedelta(days=120)
"""No job is older: 28 days of run time at most (MaxRuntimeInSeconds), and as long again to wait for capacity, twice."""
_DESCRIBED = ("accelerators.", "purchase", "interruptible", "checkpointed", "data.")
_DESCRIBED_WHILE_IT_RUNS = ("cost.", "running_for")
"""An ended job costs nothing an hour, whatever it ran on."""


def collect(cell: Cell) -> Iterator[Resource]:
    """Each job once; what it runs on stands in one more answer, asked for only if a rule can reach it."""
    always, while_it_runs = cell.needs(*_DESCRIBED), cell.needs(*_DESCRIBED_WHILE_IT_RUNS)
    for job in _jobs(cell):
        described = always or (while_it_runs and job["TrainingJobStatus"] in {"InProgress", "Stopping"})
        answer = cell.detail("DescribeTrainingJob", TrainingJobName=job["TrainingJobName"]) if described else None
        if answer is not None or not described:
            yield _resource(cell, job, answer or Unknown("no rule asked for it"))


def read(cell: Cell, resources: Sequence[Resource]) -> Iterator[Resource]:
    """Those jobs as they are now."""

    def one(arn: str) -> Resource:
        job = _described(cell, arn)
        return _resource(cell, job, job)

    return one_by_one(resources, one)


def stop(site: Site, steps: Sequence[Step]) -> Iterator[Outcome]:
    """End a job before its time, for good: it gets two minutes to save what it can, and is run anew if at all."""

    def send(arns: Sequence[str]) -> None:
        site.write("StopTrainingJob", TrainingJobName=_name(arns[0]))

    return States(_STOP, partial(_states, site), send).outcomes(steps)


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _described(cell: Cell, arn: str) -> Answer:
    return cell.call("DescribeTrainingJob", TrainingJobName=_name(arn))


def _states(site: Site, arns: Sequence[str]) -> dict[str, str]:
    found = present(arns, partial(_described, site))
    return {arn: _STATES.get(answer["TrainingJobStatus"], "unknown") for arn, answer in found.items()}


def _resource(cell: Cell, job: Answer, answer: Answer | Unknown) -> Resource:
    arn = job["TrainingJobArn"]
    tags = cell.tags(arn, cell.reader("ListTags", "Tags", ResourceArn=arn))
    parts = _parts(cell, answer)
    running = job["TrainingJobStatus"] == "InProgress"
    detail = {} if isinstance(answer, Unknown) else answer
    ended = job.get("TrainingEndTime")
    return cell.resource(
        arn,
        job["TrainingJobName"],
        tags,
        {
            "state": _STATES.get(job["TrainingJobStatus"], Unknown("a state we do not know")),
            "created": job["CreationTime"],
            "protected": None,
            "managed_by": manager_of(tags),
            **parts.fields,
        },
        started=detail.get("TrainingStartTime") if running else None,
        facts={**parts.facts, **({"ended": ended} if ended else {})},
    )


def _jobs(cell: Cell) -> Iterator[Answer]:
    # AWS applies StatusEquals after it took a page from all jobs of all times: without a date, an account with a long
    # history would answer with hundreds of empty pages. Jobs that end between two lists are in the last one too.
    since_longest = {"CreationTimeAfter": cell.now - _LONGEST}
    lists = (
        {"StatusEquals": "InProgress", **since_longest},
        {"StatusEquals": "Stopping", **since_longest},
        {"LastModifiedTimeAfter": cell.now - _ENDED},
    )
    seen: set[str] = set()
    for asked in lists:
        for page in cell.pages("ListTrainingJobs", "TrainingJobSummaries", MaxResults=100, **asked):
            for job in page:
                ended = job.get("TrainingEndTime")
                # A change of tags or a profiler's end modifies a job that ended long ago.
                if job["TrainingJobArn"] not in seen and (ended is None or ended >= cell.now - _ENDED):
                    seen.add(job["TrainingJobArn"])
                    yield job


def _parts(cell: Cell, job: Answer | Unknown) -> _machines.Parts:
    if isinstance(job, Unknown):
        unread: dict[str, Value | Unknown] = dict.fromkeys(("purchase", "interruptible", "checkpointed"), job)
        return _machines.Parts({**_machines.fields(job), **unread}, {})
    config = job.get("ResourceConfig") or {}
    groups = config.get("InstanceGroups") or [config]
    counted = [(str(g["InstanceType"]), int(g.get("InstanceCount") or 0)) for g in groups if g.get("InstanceType")]
    machines = cell.run.machines.get(cell, (kind for kind, _ in counted))
    parts = _machines.of_parts([(kind, machines[kind], times) for kind, times in counted])
    spot = job.get("EnableManagedSpotTraining") is True
    plan = config.get("TrainingPlanArn")
    inputs = [
        channel.get("DataSource", {}).get("S3DataSource", {}).get("S3Uri")
        for channel in job.get("InputDataConfig") or []
    ]
    return _machines.Parts(
        {
            **parts.fields,
            "purchase": "spot" if spot else "committed" if plan else "on-demand",
            "interruptible": spot,
            "checkpointed": bool((job.get("CheckpointConfig") or {}).get("S3Uri")),
        },
        {**parts.facts, "inputs": [uri for uri in inputs if uri]},
    )
