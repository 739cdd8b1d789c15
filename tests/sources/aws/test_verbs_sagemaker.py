"""Notebooks stop and start, jobs end, endpoints lose their instances or go and come back; what is sent is asserted."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from finops_guard.model import Outcome
from tests.sources.aws.acts import act, acting, impatient, sent, states, step, undo
from tests.sources.aws.cloud import ROLE, answer, html, need, pairs, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from finops_guard.model import Resource
    from tests.sources.aws.cloud import Cloud

REGION = "eu-west-1"
NOTEBOOKS = ("StopNotebookInstance", "StartNotebookInstance")
ENDPOINTS = ("UpdateEndpointWeightsAndCapacities", "DeleteEndpoint", "CreateEndpoint")
TAGS = {"team": "vision", "project": "churn"}


@pytest.fixture
def sagemaker(cloud: Cloud) -> Any:
    return cloud.client("sagemaker", REGION)


@pytest.fixture
def notebooks(cloud: Cloud, sagemaker: Any) -> Iterator[list[Resource]]:
    for name in ("a", "b", "c"):
        sagemaker.create_notebook_instance(NotebookInstanceName=name, InstanceType="ml.t3.medium", RoleArn=ROLE)
    yield scan(need("notebook"))[0]
    cloud.reset()
    for name in ("a", "b", "c"):
        sagemaker.stop_notebook_instance(NotebookInstanceName=name)
        sagemaker.delete_notebook_instance(NotebookInstanceName=name)


@pytest.fixture
def endpoint(cloud: Cloud, sagemaker: Any) -> Iterator[Callable[..., Resource]]:
    def make(*variants: str, count: int = 2) -> Resource:
        sagemaker.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "image"})
        sagemaker.create_endpoint_config(
            EndpointConfigName="config",
            ProductionVariants=[
                {
                    "VariantName": name,
                    "ModelName": "m",
                    "InstanceType": "ml.p3.8xlarge",
                    "InitialInstanceCount": count,
                    "InitialVariantWeight": 0.5,
                }
                for name in variants or ("v",)
            ],
        )
        sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="config", Tags=pairs(TAGS))
        (found,) = scan(need("endpoint", fields=["capacity.provisioned"]))[0]
        return found

    yield make
    cloud.reset()
    with suppress(sagemaker.exceptions.ClientError):
        sagemaker.delete_endpoint(EndpointName="e")
    with suppress(sagemaker.exceptions.ClientError):
        sagemaker.delete_endpoint_config(EndpointConfigName="config")
    with suppress(sagemaker.exceptions.ClientError):
        sagemaker.delete_model(ModelName="m")


def _refuses_zero(asked: dict[str, Any]) -> Any:
    """As SageMaker does where the endpoint is not asynchronous."""
    if all(variant["DesiredInstanceCount"] for variant in asked["DesiredWeightsAndCapacities"]):
        return None
    return answer({"__type": "ValidationException", "message": "Desired instance count must be at least 1"}, 400)


def _states(sagemaker: Any) -> list[str]:
    found = sagemaker.list_notebook_instances()["NotebookInstances"]
    return [one["NotebookInstanceStatus"] for one in sorted(found, key=lambda one: one["NotebookInstanceName"])]


def test_notebooks_stop_once_and_start_again(cloud: Cloud, sagemaker: Any, notebooks: list[Resource]) -> None:
    requests = sent(cloud, *NOTEBOOKS)
    steps = [step(found, "stop") for found in notebooks]
    outcomes = act(steps)
    assert outcomes == [Outcome(s.id, "done", {"state": "running"}, {"state": "stopping"}) for s in steps]
    assert requests == [("StopNotebookInstance", {"NotebookInstanceName": name}) for name in "abc"]
    assert _states(sagemaker) == ["Stopped"] * 3
    assert {outcome.error for outcome in act(steps)} == {"already stopped"}
    assert states(undo(steps, outcomes)) == ["done"] * 3
    assert requests[3:] == [("StartNotebookInstance", {"NotebookInstanceName": name}) for name in "abc"]
    assert _states(sagemaker) == ["InService"] * 3


@pytest.mark.parametrize(("status", "state"), [("Updating", "updating"), ("Pending", "creating"), ("Failed", "failed")])
def test_only_a_notebook_in_service_is_stopped(
    cloud: Cloud, notebooks: list[Resource], status: str, state: str
) -> None:
    told = {"NotebookInstanceArn": notebooks[0].id, "NotebookInstanceName": "a", "NotebookInstanceStatus": status}
    cloud.instead = {"DescribeNotebookInstance": lambda _: answer(told)}
    requests = sent(cloud, *NOTEBOOKS)
    (outcome,) = act([step(notebooks[0], "stop")])
    assert (outcome.state, outcome.error) == ("skipped", f"it is {state}")
    assert requests == []


def test_what_still_stops_is_started_later(cloud: Cloud, notebooks: list[Resource]) -> None:
    told = {"NotebookInstanceArn": notebooks[0].id, "NotebookInstanceName": "a", "NotebookInstanceStatus": "Stopping"}
    cloud.instead = {"DescribeNotebookInstance": lambda _: answer(told)}
    (outcome,) = act([step(notebooks[0], "start")])
    assert (outcome.state, outcome.error) == ("scheduled", "it is still stopping: try again in a minute")


def test_one_notebook_that_fails_holds_up_no_other(
    cloud: Cloud, notebooks: list[Resource], monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch)
    broken = {"StopNotebookInstance": lambda asked: html(None) if asked["NotebookInstanceName"] == "b" else None}
    cloud.instead = {**broken}
    outcomes = act([step(found, "stop") for found in notebooks])
    assert states(outcomes) == ["done", "failed", "done"]
    assert outcomes[1].error == "HTTP 500 sagemaker:StopNotebookInstance: no answer came, and nothing has changed"


def test_one_that_is_gone_is_skipped(cloud: Cloud, notebooks: list[Resource]) -> None:
    gone = {"__type": "ValidationException", "message": "RecordNotFound"}
    cloud.instead = {
        "DescribeNotebookInstance": lambda asked: answer(gone, 400) if asked["NotebookInstanceName"] == "b" else None
    }
    outcomes = act([step(found, "stop") for found in notebooks])
    assert [(outcome.state, outcome.error) for outcome in outcomes] == [
        ("done", None),
        ("skipped", "it is gone"),
        ("done", None),
    ]


def test_a_training_job_is_ended_for_good(cloud: Cloud, sagemaker: Any) -> None:
    arn = sagemaker.create_training_job(
        TrainingJobName="job",
        AlgorithmSpecification={"TrainingImage": "image", "TrainingInputMode": "File"},
        RoleArn=ROLE,
        OutputDataConfig={"S3OutputPath": "s3://out/x"},
        ResourceConfig={"InstanceType": "ml.p3.16xlarge", "InstanceCount": 2, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )["TrainingJobArn"]
    (job,) = scan(need("training-job"))[0]
    requests = sent(cloud, "StopTrainingJob")
    (outcome,) = act([step(job, "stop")])
    assert (outcome.state, outcome.error, requests) == ("skipped", "already completed", [])

    told = {"TrainingJobName": "job", "TrainingJobArn": arn, "TrainingJobStatus": "InProgress"}
    cloud.instead = {"DescribeTrainingJob": lambda _: answer(told), "StopTrainingJob": lambda _: answer({})}
    requests = sent(cloud, "StopTrainingJob")
    steps = [step(job, "stop")]
    outcomes = act(steps)
    assert outcomes == [Outcome(steps[0].id, "done", {"state": "running"}, {"state": "stopping"})]
    assert requests == [("StopTrainingJob", {"TrainingJobName": "job"})]
    assert [(back.state, back.error) for back in undo(steps, outcomes)] == [
        ("skipped", "stop of AWS::SageMaker::TrainingJob cannot be undone")
    ]
    assert not acting().has(job.text("type"), "undo_stop")


def test_an_endpoint_is_scaled_to_zero_where_that_is_allowed(cloud: Cloud, endpoint: Callable[..., Resource]) -> None:
    found = endpoint()
    requests = sent(cloud, *ENDPOINTS)
    steps = [step(found, "scale_to_zero")]
    outcomes = act(steps)
    before = {"capacity": 2, "counts": {"v": 2}, "config": "config"}
    assert outcomes == [Outcome(steps[0].id, "done", before, {"capacity": 0, "counts": {"v": 0}})]
    wanted = {"VariantName": "v", "DesiredInstanceCount": 0, "DesiredWeight": 0.5}
    assert requests == [
        ("UpdateEndpointWeightsAndCapacities", {"EndpointName": "e", "DesiredWeightsAndCapacities": [wanted]})
    ]
    (again,) = acting().read([found], ())
    assert again.fields["capacity.provisioned"] == 0
    assert [(o.state, o.error) for o in act(steps)] == [("skipped", "already scaled to zero")]
    assert states(undo(steps, outcomes)) == ["done"]
    assert requests[1][1]["DesiredWeightsAndCapacities"] == [{**wanted, "DesiredInstanceCount": 2}]
    assert [(o.state, o.error) for o in undo(steps, outcomes)] == [("skipped", "its counts are as before already")]
    assert len(requests) == 2


def test_an_endpoint_without_instances_gets_back_those_that_it_had(
    cloud: Cloud, endpoint: Callable[..., Resource]
) -> None:
    found = endpoint()
    (stopped,) = act([step(found, "scale_to_zero")])
    requests = sent(cloud, *ENDPOINTS)
    steps = [step(found, "start", stopped.after, {name: stopped.before[name] for name in stopped.after})]
    outcomes = act(steps)
    assert states(outcomes) == ["done"]
    assert states(act(steps)) == ["skipped"]
    assert states(undo(steps, outcomes)) == ["done"]
    counts = [asked["DesiredWeightsAndCapacities"][0]["DesiredInstanceCount"] for _, asked in requests]
    assert ({name for name, _ in requests}, counts) == ({"UpdateEndpointWeightsAndCapacities"}, [2, 0])


def test_what_others_scaled_since_is_left_alone(sagemaker: Any, endpoint: Callable[..., Resource]) -> None:
    steps = [step(endpoint(), "scale_to_zero")]
    outcomes = act(steps)
    wanted = [{"VariantName": "v", "DesiredInstanceCount": 1, "DesiredWeight": 0.5}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName="e", DesiredWeightsAndCapacities=wanted)
    (back,) = undo(steps, outcomes)
    assert (back.state, back.error) == ("skipped", "left alone, its counts were changed by others since")


@pytest.mark.parametrize("variants", [("v",), ("v", "w")])
def test_elsewhere_it_is_deleted_and_made_anew_as_it_was(
    cloud: Cloud, sagemaker: Any, endpoint: Callable[..., Resource], variants: tuple[str, ...]
) -> None:
    found = endpoint(*variants)
    cloud.instead = {"UpdateEndpointWeightsAndCapacities": _refuses_zero}
    requests = sent(cloud, *ENDPOINTS)
    steps = [step(found, "scale_to_zero")]
    outcomes = act(steps)
    assert states(outcomes) == ["done"]
    assert (
        outcomes[0].error == "deleted, because SageMaker keeps no such endpoint without instances; undo makes it anew"
    )
    assert outcomes[0].before["tags"] == TAGS
    assert requests[-1] == ("DeleteEndpoint", {"EndpointName": "e"})
    assert list(acting().read([found], ())) == []
    assert [(o.state, o.error) for o in act(steps)] == [("skipped", "it is gone")]

    outcomes = [_through_a_journal(outcome) for outcome in outcomes]
    assert states(undo(steps, outcomes)) == ["done"]
    assert requests[-1] == (
        "CreateEndpoint",
        {"EndpointName": "e", "EndpointConfigName": "config", "Tags": pairs(TAGS)},
    )
    (again,) = acting().read([found], ())
    assert (again.id, again.tags.raw) == (found.id, TAGS)
    assert again.fields["capacity.provisioned"] == found.fields["capacity.provisioned"]
    assert sagemaker.describe_endpoint(EndpointName="e")["EndpointConfigName"] == "config"
    sent_so_far = len(requests)
    assert [(o.state, o.error) for o in undo(steps, outcomes)] == [
        ("skipped", "there is an endpoint of its name already")
    ]
    assert len(requests) == sent_so_far


def _through_a_journal(outcome: Outcome) -> Outcome:
    before, after = json.loads(json.dumps([dict(outcome.before), dict(outcome.after)]))
    return Outcome(outcome.step, outcome.state, before, after, outcome.error)


def _without_its_configuration(cloud: Cloud) -> None:
    cloud.client("sagemaker", REGION).delete_endpoint_config(EndpointConfigName="config")


def _without_its_model(cloud: Cloud) -> None:
    cloud.client("sagemaker", REGION).delete_model(ModelName="m")


def _grown(cloud: Cloud) -> None:
    wanted = [{"VariantName": "v", "DesiredInstanceCount": 3, "DesiredWeight": 0.5}]
    sagemaker = cloud.client("sagemaker", REGION)
    sagemaker.update_endpoint_weights_and_capacities(EndpointName="e", DesiredWeightsAndCapacities=wanted)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_without_its_configuration, "its configuration was deleted: it would not come back"),
        (_without_its_model, "not deleted either: model m was deleted"),
        (_grown, "the count or weight of variant v is not that of its configuration any more"),
    ],
)
def test_nothing_is_deleted_that_would_not_come_back_as_it_was(
    cloud: Cloud, endpoint: Callable[..., Resource], change: Callable[[Cloud], None], why: str
) -> None:
    found = endpoint()
    change(cloud)
    cloud.instead = {"UpdateEndpointWeightsAndCapacities": _refuses_zero}
    requests = sent(cloud, "DeleteEndpoint", "CreateEndpoint")
    (outcome,) = act([step(found, "scale_to_zero")])
    assert outcome.state == "failed"
    assert outcome.error is not None
    assert outcome.error.endswith(why)
    assert requests == []


def test_what_scales_by_itself_is_not_touched(cloud: Cloud, endpoint: Callable[..., Resource]) -> None:
    found = endpoint()
    scaling = cloud.client("application-autoscaling", REGION)
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/e/variant/v",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=4)
    requests = sent(cloud, *ENDPOINTS)
    try:
        (outcome,) = act([step(found, "scale_to_zero")])
    finally:
        scaling.deregister_scalable_target(**target)
    assert (outcome.state, requests) == ("failed", [])
    assert outcome.error == "Application Auto Scaling manages its instances and would bring them back"


def test_undo_says_so_when_the_configuration_is_gone(cloud: Cloud, endpoint: Callable[..., Resource]) -> None:
    cloud.instead = {"UpdateEndpointWeightsAndCapacities": _refuses_zero}
    steps = [step(endpoint(), "scale_to_zero")]
    outcomes = act(steps)
    _without_its_configuration(cloud)
    requests = sent(cloud, *ENDPOINTS)
    (back,) = undo(steps, outcomes)
    assert (back.state, requests) == ("failed", [])
    assert back.error == "its configuration config was deleted: it cannot be made anew"


def test_a_lost_answer_to_a_deletion_is_looked_after(
    cloud: Cloud, endpoint: Callable[..., Resource], monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch)
    found = endpoint("v", "w")
    cloud.lost = {"DeleteEndpoint", "CreateEndpoint"}
    requests = sent(cloud, *ENDPOINTS)
    steps = [step(found, "scale_to_zero")]
    outcomes = act(steps)
    assert states(outcomes) == ["done"]
    assert states(undo(steps, outcomes)) == ["done"]
    assert [operation for operation, _ in requests] == ["DeleteEndpoint", "CreateEndpoint"]
