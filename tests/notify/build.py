"""Runs that have something to tell: findings, steps and the policy they are told under."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from finops_guard.notify import Group, Item, Notice, notices
from finops_guard.notify._channels import identity
from tests.factory import report
from tests.plan.build import NOTIFY, NOW, H, finding, machine, planned, policy, rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from finops_guard.model import Finding, Policy, Report, Step

__all__ = [
    "NOTIFY",
    "NOW",
    "H",
    "enforced",
    "finding",
    "item",
    "machine",
    "notice",
    "policy",
    "rule",
    "speaking",
    "told",
]


def speaking(*channels: Mapping[str, object], **more: Any) -> Policy:
    """An enforcing policy with those channels."""
    return replace(policy(**more), channels=channels or ({"to": "file", "path": "notices.jsonl"},))


def enforced(findings: Iterable[Finding], steps: Iterable[Step]) -> Report:
    """The report of an enforcing run."""
    return replace(report(findings, steps=steps), mode="enforce", run_id="20261114T093000Z-abcdef")


def told(*findings: Finding, under: Policy, now: datetime = NOW, **more: Any) -> list[Notice]:
    """The notices of a run that finds this; `records` say how far the episodes are."""
    steps = planned(*findings, now=now, mode="enforce", under=under, episodes=more.get("episodes"))
    return notices(enforced(findings, steps), under, now, **more)


def item(name: str = "train-1", **more: Any) -> Item:
    """One finding as it is told."""
    id_ = f"arn:aws:ec2:eu-west-1:111111111111:instance/{name}"
    made = Item(
        f"key-{name}", "Whose it is", ("tags.team is absent",), f"finding-{name}", 0, "ai-tags/whose", "high", id_, name
    )
    return replace(made, **more)


def notice(to: Mapping[str, object], *items: Item, **more: Any) -> Notice:
    """A notice to a channel."""
    made = Notice(
        "acme", "20261114T093000Z-abcdef", NOW, "finding", identity(to), (Group("vision", items or (item(),)),)
    )
    return replace(made, **more)
