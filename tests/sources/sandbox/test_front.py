from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sources.sandbox.conftest import Cloud


def code(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    response: Any = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_the_denied_cell_says_who_may_not_do_what(cloud: Cloud, account: Callable[[str], str]) -> None:
    logs = cloud.client("logs", account("serving"), "eu-central-1")
    with pytest.raises(ClientError, match="assumed-role/finops-guard-scan/test is not authorized") as error:
        logs.describe_log_groups()
    assert code(error) == ("AccessDenied", 403)
    assert "logs:DescribeLogGroups" in str(error.value)


@pytest.mark.parametrize(("name", "region"), [("serving", "eu-west-1"), ("training", "eu-central-1")])
def test_its_neighbours_answer(cloud: Cloud, account: Callable[[str], str], name: str, region: str) -> None:
    assert cloud.client("logs", account(name), region).describe_log_groups()["logGroups"]


def test_an_unknown_key_is_refused_and_not_shown_an_empty_account(cloud: Cloud) -> None:
    for service, operation in (("ec2", "describe_instances"), ("sagemaker", "list_endpoints"), ("s3", "list_buckets")):
        client = cloud._client(service, "eu-west-1", "AKIAIOSFODNN7EXAMPLE", "secret", None)
        with pytest.raises(ClientError) as error:
            getattr(client, operation)()
        assert code(error) == ("InvalidClientTokenId", 403)


def test_what_moto_lacks_is_one_clear_answer(cloud: Cloud, account: Callable[[str], str]) -> None:
    for service, operation, asked in (
        ("sagemaker", "list_inference_components", {}),
        ("ec2", "describe_capacity_block_offerings", {"CapacityDurationHours": 24}),
        ("sqs", "list_message_move_tasks", {"SourceArn": "arn:aws:sqs:eu-west-1:214365870912:x"}),
    ):
        with pytest.raises(ClientError, match=f"The sandbox has no {service}:") as error:
            getattr(cloud.client(service, account("training"), "eu-west-1"), operation)(**asked)
        assert code(error) == ("UnsupportedOperation", 400)


def test_a_training_job_can_be_stopped(cloud: Cloud, account: Callable[[str], str]) -> None:
    sagemaker = cloud.client("sagemaker", account("training"), "eu-central-1")
    sagemaker.stop_training_job(TrainingJobName="meldpunt-sft-01")
    job = sagemaker.describe_training_job(TrainingJobName="meldpunt-sft-01")
    assert job["TrainingJobStatus"] == "Stopped"
    assert "TrainingEndTime" in job
