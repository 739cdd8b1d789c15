"""Which load balancers send requests to instances: who else notices when one of them stops."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from finops_guard.sources.aws._cells import Cell

PERMISSIONS = ["elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth"]


def load_balancers(cell: Cell, instances: Collection[str]) -> dict[str, list[str]]:
    """By instance id, the ARNs of the target groups that it is registered in, and of their load balancers; Unreadable.

    Groups of addresses, functions and other balancers name no instance, and are not looked into.
    """
    found: dict[str, set[str]] = defaultdict(set)
    wanted = set(instances)
    for page in cell.pages("DescribeTargetGroups", "TargetGroups", client="elbv2"):
        for group in page:
            if group.get("TargetType") not in (None, "instance"):
                continue
            arn = str(group["TargetGroupArn"])
            told = cell.call("DescribeTargetHealth", client="elbv2", TargetGroupArn=arn)
            ids = {str(each["Target"]["Id"]) for each in told.get("TargetHealthDescriptions") or []}
            for instance in ids & wanted:
                found[instance] |= {arn, *map(str, group.get("LoadBalancerArns") or [])}
    return {instance: sorted(found[instance]) for instance in instances}
