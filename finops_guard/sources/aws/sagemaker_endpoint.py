"""SageMaker endpoints."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from finops_guard.model import NOT_ASKED, Unknown
from finops_guard.sources.aws import _machines
from finops_guard.sources.aws._endpoints import as_it_was, described, instances, restored, scaled, variants
from finops_guard.sources.aws._managed import manager_of
from finops_guard.sources.aws._reading import one_by_one
from finops_guard.sources.aws._writes import one_each

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from finops_guard.model import Outcome, Resource, Step, Value
    from finops_guard.sources.aws._cells import Answer, Cell
    from finops_guard.sources.aws._writes import Site

TYPE = "AWS::SageMaker::Endpoint"
KIND = "endpoint"
ARN = "arn:*:sagemaker:*:*:endpoint/*"
CLIENT = "sagemaker"
SWEPT = True
PERMISSIONS = {
    "collect": [
        "sagemaker:ListEndpoints",
        "sagemaker:DescribeEndpoint",
        "sagemaker:DescribeEndpointConfig",
        "sagemaker:ListTags",
        "ec2:DescribeInstanceTypes",
    ],
    "read": ["application-autoscaling:DescribeScalableTargets", "sagemaker:DescribeModel"],
    "tag": ["sagemaker:AddTags", "sagemaker:DeleteTags"],
    "start": ["sagemaker:UpdateEndpointWeightsAndCapacities"],
    "stop": [
        "sagemaker:CreateEndpoint",
        "sagemaker:DeleteEndpoint",
        "sagemaker:UpdateEndpointWeightsAndCapacities",
        "sagemaker:AddTags",
    ],
}

_DESCRIBED = ("accelerators.", "cost.", "capacity.")
_STATES = {
    "Creating": "creating",
    "Deleting": "deleting",
    "Failed": "failed",
    "UpdateRollbackFailed": "failed",
    "OutOfService": "stopped",
}


def collect(cell: Cell) -> Iterator[Resource]:
    """Every endpoint; its machines stand in two more answers, asked for only if a rule can reach them."""
    asked = cell.needs(*_DESCRIBED)
    configs: dict[str, Answer | Unknown | None] = {}
    for page in cell.pages("ListEndpoints", "Endpoints", MaxResults=100):
        for summary in page:
            if not asked:
                yield _resource(cell, summary, _unasked())
                continue
            endpoint = cell.detail("DescribeEndpoint", EndpointName=summary["EndpointName"])
            if endpoint is not None:
                yield _resource(cell, summary, _parts(cell, endpoint, configs))


def read(cell: Cell, resources: Sequence[Resource]) -> Iterator[Resource]:
    """Those endpoints as they are now."""
    configs: dict[str, Answer | Unknown | None] = {}

    def one(arn: str) -> Resource:
        endpoint = described(cell, arn)
        parts = _parts(cell, endpoint, configs) if cell.needs(*_DESCRIBED) else _unasked()
        found = _resource(cell, endpoint, parts)
        config = configs.get(str(endpoint["EndpointConfigName"]))
        if isinstance(config, dict):
            found.facts["before scale_to_zero"] = as_it_was(endpoint, config, found.tags.raw)
        return found

    return one_by_one(resources, one)


def scale_to_zero(site: Site, steps: Sequence[Step]) -> Iterator[Outcome]:
    """No instances where SageMaker allows that, else no endpoint: its configuration stays, and undo makes it anew.

    It is deleted only if what undo would make is the same: see `_endpoints.not_the_same_again`.
    """

    def act(step: Step) -> Outcome:
        return scaled(site, step, empty, delete)

    def empty(name: str, variants: list[Answer]) -> None:
        site.write("UpdateEndpointWeightsAndCapacities", EndpointName=name, DesiredWeightsAndCapacities=variants)

    def delete(name: str) -> None:
        site.write("DeleteEndpoint", EndpointName=name)

    return one_each(steps, act)


def undo_scale_to_zero(site: Site, steps: Sequence[Step]) -> Iterator[Outcome]:
    """As many instances as before, or the endpoint made anew from its configuration, with its tags."""

    def act(step: Step) -> Outcome:
        return restored(site, step, fill, create)

    def fill(name: str, variants: list[Answer]) -> None:
        site.write("UpdateEndpointWeightsAndCapacities", EndpointName=name, DesiredWeightsAndCapacities=variants)

    def create(name: str, asked: Answer) -> None:
        site.write("CreateEndpoint", EndpointName=name, **asked)

    return one_each(steps, act)


def start(site: Site, steps: Sequence[Step]) -> Iterator[Outcome]:
    """The instances that our own `scale_to_zero` found, of an endpoint that it left without any.

    One that it had to delete is not there to be started; only undo makes it anew.
    """
    return undo_scale_to_zero(site, [replace(step, before=step.after, after=step.before) for step in steps])


undo_start = undo_scale_to_zero


def _resource(cell: Cell, endpoint: Answer, parts: _machines.Parts) -> Resource:
    arn = endpoint["EndpointArn"]
    tags = cell.tags(arn, cell.reader("ListTags", "Tags", ResourceArn=arn))
    fields: dict[str, Value | Unknown] = {
        "state": _STATES.get(endpoint["EndpointStatus"], "running"),
        "created": endpoint["CreationTime"],
        "purchase": "on-demand",
        "interruptible": False,
        "checkpointed": None,
        "protected": None,
        "managed_by": manager_of(tags),
        **parts.fields,
    }
    started = endpoint["CreationTime"] if fields["state"] == "running" else None
    # When it was last given instances SageMaker does not say, only when it was last changed.
    facts = {**parts.facts, "modified": endpoint["LastModifiedTime"]}
    return cell.resource(arn, endpoint["EndpointName"], tags, fields, started=started, facts=facts)


def _unasked() -> _machines.Parts:
    unsaid = Unknown(NOT_ASKED)
    return _machines.Parts({**_machines.fields(unsaid), "capacity.provisioned": unsaid}, {})


def _parts(cell: Cell, endpoint: Answer | Unknown, configs: dict[str, Answer | Unknown | None]) -> _machines.Parts:
    """The machines of an endpoint, all variants together. `configs`: those read already."""
    if isinstance(endpoint, Unknown):
        return _machines.Parts({**_machines.fields(endpoint), "capacity.provisioned": endpoint}, {})
    named = str(endpoint["EndpointConfigName"])
    if named not in configs:
        configs[named] = cell.detail("DescribeEndpointConfig", EndpointConfigName=named)
    config = configs[named]
    if config is None or isinstance(config, Unknown):
        why = config or Unknown("its configuration was deleted")
        return _machines.Parts({**_machines.fields(why), "capacity.provisioned": why}, {})
    counts = instances(endpoint, config)
    counted = [
        (str(variant["InstanceType"]), counts[variant["VariantName"]])
        for variant in variants(config)
        if variant.get("InstanceType")
    ]
    facts = {"config": named, "serverless": not counted}
    if not counted:
        return _machines.Parts({"capacity.provisioned": 0}, facts)
    machines = cell.run.machines.get(cell, (kind for kind, _ in counted))
    parts = _machines.of_parts([(kind, machines[kind], times) for kind, times in counted])
    provisioned = sum(times for _, times in counted)
    return _machines.Parts({**parts.fields, "capacity.provisioned": provisioned}, {**parts.facts, **facts})
