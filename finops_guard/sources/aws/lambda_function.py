"""Lambda functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.model import Unknown
from finops_guard.sources.aws._cells import NOT_HOURS
from finops_guard.sources.aws._managed import manager_of
from finops_guard.sources.aws._reading import one_by_one

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from finops_guard.model import Resource
    from finops_guard.sources.aws._cells import Answer, Cell

TYPE = "AWS::Lambda::Function"
KIND = "function"
ARN = "arn:*:lambda:*:*:function:*"
CLIENT = "lambda"
SWEPT = True
PERMISSIONS = {
    "collect": ["lambda:ListFunctions", "lambda:ListTags"],
    "read": ["lambda:GetFunctionConfiguration"],
    "tag": ["lambda:TagResource", "lambda:UntagResource"],
}


def collect(cell: Cell) -> Iterator[Resource]:
    """Every function, not its versions. Between two requests nothing of it runs, so it has no state."""
    for page in cell.pages("ListFunctions", "Functions"):
        for function in page:
            yield _resource(cell, function)


def read(cell: Cell, resources: Sequence[Resource]) -> Iterator[Resource]:
    """Those functions as they are now."""
    return one_by_one(resources, lambda arn: _resource(cell, cell.call("GetFunctionConfiguration", FunctionName=arn)))


def _resource(cell: Cell, function: Answer) -> Resource:
    arn = function["FunctionArn"]
    tags = cell.tags(arn, cell.reader("ListTags", "Tags", Resource=arn))
    return cell.resource(
        arn,
        function["FunctionName"],
        tags,
        {
            "state": None,
            "created": Unknown("Lambda says only when a function was last changed"),
            "managed_by": manager_of(tags),
            **NOT_HOURS,
        },
        facts={
            "memory_mb": function.get("MemorySize"),
            "runtime": function.get("Runtime"),
            "architectures": function.get("Architectures"),
        },
    )
