"""Which EC2 instances EC2 itself cannot stop: asked before a stop is planned, so that none is tried in vain.

EC2 User Guide, "Stop and start Amazon EC2 instances" and "Stop a Spot Instance": the root volume must be on EBS, and a
Spot instance must be of a persistent request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from finops_guard.sources.aws._errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from finops_guard.sources.aws._cells import Cell

_FILTERED = 200
_ON_STORE = "EC2 cannot stop an instance whose root device is an instance store"
_ONCE = "EC2 cannot stop a Spot instance of a one-time request; it can only be terminated"


def unstoppable(cell: Cell, instances: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """By instance id, why it cannot be stopped. Spot requests are only read where a rule may stop something."""
    found = {str(i["InstanceId"]): _ON_STORE for i in instances if i.get("RootDeviceType") == "instance-store"}
    spot = [i for i in instances if i.get("InstanceLifecycle") == "spot"]
    if not spot or not cell.needs("protected", "interruptible"):
        return found
    try:
        persistent = _persistent(
            cell, (str(i["SpotInstanceRequestId"]) for i in spot if i.get("SpotInstanceRequestId"))
        )
    except Unreadable as error:
        why = f"whether EC2 can stop this Spot instance is unknown: {error.reason}"
        return dict.fromkeys((str(i["InstanceId"]) for i in spot), why) | found
    once = (i for i in spot if i.get("SpotInstanceRequestId") not in persistent)
    return dict.fromkeys((str(i["InstanceId"]) for i in once), _ONCE) | found


def _persistent(cell: Cell, requests: Iterable[str]) -> set[str]:
    """Those of some Spot requests that are persistent. A filter, because an id that is gone refuses a list."""
    ids = sorted(requests)
    found: set[str] = set()
    for start in range(0, len(ids), _FILTERED):
        some = [
            {"Name": "spot-instance-request-id", "Values": ids[start : start + _FILTERED]},
            {"Name": "type", "Values": ["persistent"]},
        ]
        for page in cell.pages("DescribeSpotInstanceRequests", "SpotInstanceRequests", client="ec2", Filters=some):
            found |= {str(request["SpotInstanceRequestId"]) for request in page}
    return found
