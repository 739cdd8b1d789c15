"""Types and kinds of what only the index knows, from its ARN and the shipped table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

_COMPUTE = frozenset(
    "appstream autoscaling batch bedrock braket codebuild deadline ec2 ecs eks elasticmapreduce emr-containers "
    "gamelift lightsail omics outposts pcs sagemaker workspaces".split()
)
"""Services that rent machines: of a type of theirs that the table lacks, nobody knows whether it has accelerators."""


@dataclass(frozen=True, slots=True)
class Found:
    """CloudFormation type where the table has it, else the index's own name. `plain`: no machine is in it."""

    type: str
    kind: str
    plain: bool


def of(arn: str, cfn_type: str = "") -> Found:
    """What an ARN is. `cfn_type`: what the index says it is, empty where it does not."""
    name = _index_type(arn)
    row = _table().get(cfn_type or name) or _table().get(name)
    if row is None:
        return Found(cfn_type or name, "other", plain=name.partition(":")[0] not in _COMPUTE)
    return Found(cfn_type or row[0], row[1], plain=row[2])


def _index_type(arn: str) -> str:
    """`service:type` of an ARN, or `service:` where ARNs of the service carry no type (SNS, SQS)."""
    _, _, service, _, _, resource = arn.split(":", 5)
    resource = resource.strip("/")
    ends = [end for end in (resource.find("/"), resource.find(":")) if end >= 0]
    return f"{service}:{resource[: min(ends)] if ends else ''}"


@cache
def _table() -> dict[str, tuple[str, str, bool]]:
    """By index name and by CloudFormation type: type, kind, whether it can have no accelerators."""
    text = resources.files(__package__).joinpath("_kinds.tsv").read_text("utf-8")
    table = {}
    for line in text.splitlines()[1:]:
        name, cfn_type, kind, machines = line.split("\t")
        table[name] = table[cfn_type] = (cfn_type, kind, machines == "no")
    return table
