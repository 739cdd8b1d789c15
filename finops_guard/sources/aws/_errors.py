"""What went wrong with a request, in the words of a gap: `AccessDenied ec2:DescribeInstances`."""

from __future__ import annotations

import re

from botocore.exceptions import ClientError

_DENIED = frozenset(
    "AccessDenied AccessDeniedException UnauthorizedOperation UnauthorizedException AuthorizationError "
    "AuthorizationErrorException NotAuthorized Forbidden 403".split()
)
_NOT_FOUND = re.compile(r"could not find|not ?found", re.IGNORECASE)
_GONE = ("NotFound", "NoSuchBucket", "NoSuchEntity")
_IAM = {"elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag"}
_ACTIONS = {"s3:ListBuckets": "s3:ListAllMyBuckets"}
"""Operations whose IAM action has another name."""
_LONGEST = 200


class Unreadable(Exception):  # noqa: N818 - it is a fact about a cell, and becomes a gap
    """A request that got no usable answer. `denied`: asking again is pointless. `gone`: what was asked for is not."""

    def __init__(self, reason: str, *, denied: bool = False, gone: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.denied = denied
        self.gone = gone


def unreadable(error: Exception, service: str, operation: str) -> Unreadable:
    """`error`, which a request of `service` (the SDK's name) raised, as a reason."""
    name = f"{_IAM.get(service, service)}:{operation}"
    action = _ACTIONS.get(name, name)
    if not isinstance(error, ClientError):
        return Unreadable(f"{type(error).__name__} {action}")
    code = str(error.response.get("Error", {}).get("Code", "unknown error"))
    message = str(error.response.get("Error", {}).get("Message", ""))
    if code in _DENIED:
        return Unreadable(f"AccessDenied {action}", denied=True)
    if code.isdigit():  # no error document: an HTML page, or nothing
        code = f"HTTP {code}"
    # SageMaker has one code for all and says so in the text: Could not find, RecordNotFound, resource not found.
    gone = any(word in code for word in _GONE) or (
        code == "ValidationException" and _NOT_FOUND.search(message) is not None
    )
    return Unreadable(f"{code} {action}", gone=gone)


def crash(error: Exception) -> str:
    """The reason of a gap for an error nobody foresaw."""
    if isinstance(error, Unreadable):
        return error.reason
    return f"{type(error).__name__}: {error}"[:_LONGEST]
