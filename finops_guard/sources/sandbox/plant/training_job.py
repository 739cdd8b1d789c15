"""SageMaker training jobs: running, completed, failed, stopped."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from moto.sagemaker.models import sagemaker_backends

from finops_guard.sources.sandbox.plant._sagemaker import usage
from finops_guard.sources.sandbox.site import naive, pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moto.sagemaker.models import FakeTrainingJob

    from finops_guard.sources.sandbox.estate import Item
    from finops_guard.sources.sandbox.metrics import Series
    from finops_guard.sources.sandbox.site import Site

_SECONDARY = {"InProgress": "Training", "Completed": "Completed", "Failed": "Failed", "Stopped": "Stopped"}
_PREPARING = timedelta(minutes=4)


def plant(item: Item, site: Site) -> Iterator[Series]:
    """One job with its data, its stopping condition and, where the fleet says so, its checkpoints."""
    facts = item.facts
    data = f"s3://{facts['bucket']}/train/"
    job = sagemaker_backends[site.account][site.region].create_training_job(
        training_job_name=item.name,
        hyper_parameters={"epochs": "40"},
        algorithm_specification={
            "TrainingImage": f"{site.account}.dkr.ecr.{site.region}.amazonaws.com/train:latest",
            "TrainingInputMode": "File",
        },
        role_arn=site.role,
        input_data_config=[
            {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": data}}}
        ],
        output_data_config={"S3OutputPath": f"s3://{facts['bucket']}/models"},
        resource_config={"InstanceType": facts["type"], "InstanceCount": facts["nodes"], "VolumeSizeInGB": 500},
        vpc_config={},
        stopping_condition={"MaxRuntimeInSeconds": 14 * 86400},
        tags=pairs(item.tags),
        enable_network_isolation=False,
        enable_inter_container_traffic_encryption=False,
        enable_managed_spot_training=bool(facts.get("spot")),
        checkpoint_config={"S3Uri": f"s3://{facts['bucket']}/checkpoints/"} if facts.get("checkpoints") else {},
        debug_hook_config={},
        debug_rule_configurations=[],
        tensor_board_output_config={},
        experiment_config={},
    )
    for name in (
        "vpc_config",
        "debug_hook_config",
        "tensor_board_output_config",
        "experiment_config",
        "checkpoint_config",
    ):
        if not vars(job)[name]:
            vars(job)[name] = None  # SageMaker leaves out what was not given; moto would answer an empty object
    _state(job, item, site)
    if item.load:
        for node in range(1, facts["nodes"] + 1):
            host = (("Host", f"{item.name}/algo-{node}"),)
            yield from usage("/aws/sagemaker/TrainingJobs", host, item, item.created + _PREPARING)


def _state(job: FakeTrainingJob, item: Item, site: Site) -> None:
    """Moto's jobs are born completed; write what the fleet says, with the dates that go with it."""
    status = item.facts["status"]
    started = item.created + _PREPARING
    ended = None if status == "InProgress" else started + timedelta(seconds=item.facts["runs"])
    job.training_job_status = status
    job.secondary_status = _SECONDARY[status]
    job.creation_time = naive(item.created)
    job.training_start_time = naive(started)
    vars(job)["training_end_time"] = None if ended is None else naive(ended)
    job.last_modified_time = naive(started if ended is None else ended)
    job.secondary_status_transitions = [
        {
            "Status": "Starting",
            "StartTime": job.creation_time,
            "EndTime": job.training_start_time,
            "StatusMessage": "Preparing the instances for training",
        }
    ]
    job.final_metric_data_list = []
    seconds = int(((ended or site.now) - started).total_seconds())
    vars(job)["training_time_in_seconds"] = seconds
    vars(job)["billable_time_in_seconds"] = seconds * (3 if item.facts.get("spot") else 10) // 10
    if status == "Failed":
        vars(job)["failure_reason"] = "AlgorithmError: CUDA out of memory, exit code: 1"
