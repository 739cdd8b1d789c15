"""Who would recreate or revert a resource, as its tags tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.model import Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finops_guard.model import Tags

_MARKS = (
    ("aws:autoscaling:groupName", "autoscaling"),
    ("eks:nodegroup-name", "eks-nodegroup"),
    ("karpenter.sh/nodepool", "karpenter"),
    ("aws:eks:cluster-name", "eks"),
    ("eks:cluster-name", "eks"),
    ("aws:batch:compute-environment", "batch"),
    ("aws:elasticmapreduce:job-flow-id", "emr"),
    ("aws:ec2spot:fleet-request-id", "spot-fleet"),
    ("aws:ec2:fleet-id", "ec2-fleet"),
    ("aws:cloudformation:stack-name", "cloudformation"),
)
"""Tags that AWS services and controllers write, the one that acts soonest first."""


def managed_by(tags: Mapping[str, str]) -> str | None:
    """`autoscaling/<group>`, `cloudformation/<stack>`, … from the raw tags, or None."""
    for key, manager in _MARKS:
        if tags.get(key):
            return f"{manager}/{tags[key]}"
    return None


def manager_of(tags: Tags) -> str | Unknown | None:
    """The same of tags that may not have been read: then nobody knows."""
    found = managed_by(tags.raw)
    return Unknown(tags.open_because) if found is None and tags.open_because is not None else found
