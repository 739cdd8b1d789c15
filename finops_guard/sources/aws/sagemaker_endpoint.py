"""SageMaker endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.model import NOT_ASKED, Unknown
from finops_guard.sources.aws import _machines
from finops_guard.sources.aws._managed import managed_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finops_guard.model import Resource, Value
    from finops_guard.sources.aws._cells import Answer, Cell

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
    ]
}

_STATES = {
    "Creating": "creating",
    "Deleting": "deleting",
    "Failed": "failed",
    "UpdateRollbackFailed": "failed",
    "OutOfService": "stopped",
}


def collect(cell: Cell) -> Iterator[Resource]:
    """Every endpoint; its machines stand in two more answers, asked for only if a rule can reach them."""
    described = cell.needs("accelerators.", "cost.", "capacity.")
    configs: dict[str, Answer | Unknown | None] = {}
    for page in cell.pages("ListEndpoints", "Endpoints", MaxResults=100):
        for endpoint in page:
            arn = endpoint["EndpointArn"]
            parts = _parts(cell, endpoint["EndpointName"], configs) if described else _unasked()
            if parts is None:
                continue
            tags = cell.tags(arn, cell.reader("ListTags", "Tags", ResourceArn=arn))
            fields: dict[str, Value | Unknown] = {
                "state": _STATES.get(endpoint["EndpointStatus"], "running"),
                "created": endpoint["CreationTime"],
                "purchase": "on-demand",
                "interruptible": False,
                "checkpointed": None,
                "protected": None,
                "managed_by": managed_by(tags.raw),
                **parts.fields,
            }
            yield cell.resource(
                arn,
                endpoint["EndpointName"],
                tags,
                fields,
                started=endpoint["CreationTime"] if fields["state"] == "running" else None,
                facts=parts.facts,
            )


def _unasked() -> _machines.Parts:
    unsaid = Unknown(NOT_ASKED)
    return _machines.Parts({**_machines.fields(unsaid), "capacity.provisioned": unsaid}, {})


def _parts(cell: Cell, name: str, configs: dict[str, Answer | Unknown | None]) -> _machines.Parts | None:
    """The machines of an endpoint, all variants together; None when it is gone. `configs`: those read already."""
    endpoint = cell.detail("DescribeEndpoint", EndpointName=name)
    if endpoint is None:
        return None
    if isinstance(endpoint, Unknown):
        return _machines.Parts({**_machines.fields(endpoint), "capacity.provisioned": endpoint}, {})
    named = str(endpoint["EndpointConfigName"])
    if named not in configs:
        configs[named] = cell.detail("DescribeEndpointConfig", EndpointConfigName=named)
    config = configs[named]
    if config is None or isinstance(config, Unknown):
        why = config or Unknown("its configuration was deleted")
        return _machines.Parts({**_machines.fields(why), "capacity.provisioned": why}, {})
    running = {variant["VariantName"]: variant for variant in _variants(endpoint)}
    counted = [
        (str(variant["InstanceType"]), int(running.get(variant["VariantName"], {}).get("CurrentInstanceCount") or 0))
        for variant in _variants(config)
        if variant.get("InstanceType")
    ]
    facts = {"config": named, "serverless": not counted}
    if not counted:
        return _machines.Parts({"capacity.provisioned": 0}, facts)
    machines = cell.run.machines.get(cell, (kind for kind, _ in counted))
    parts = _machines.of_parts([(kind, machines[kind], times) for kind, times in counted])
    instances = sum(times for _, times in counted)
    return _machines.Parts({**parts.fields, "capacity.provisioned": instances}, {**parts.facts, **facts})


def _variants(answer: Answer) -> list[Answer]:
    return [*(answer.get("ProductionVariants") or []), *(answer.get("ShadowProductionVariants") or [])]
