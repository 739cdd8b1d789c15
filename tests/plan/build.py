"""Findings and policies for the planner's tests: give what matters, the rest permits everything."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops_guard.model import (
    VERBS,
    All,
    Binding,
    Cap,
    Finding,
    Money,
    Pack,
    Policy,
    Reason,
    Resource,
    Rule,
    Rung,
    Step,
    Tags,
    Unknown,
)
from finops_guard.plan import plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)  # a Monday
H, D = 3600, 86400
ALL = frozenset(VERBS)
PACK = Pack("p", "1.0.0", "", {}, {}, "p.yaml", "00")
NOTIFY = Rung("notify")
ROOM = {"stop": Cap(1000), "scale_to_zero": Cap(1000), "terminate": Cap(1000)}


def machine(name: str = "i-1", *, tags: Mapping[str, str] | Tags | None = None, **more: Any) -> Resource:
    """A running machine on AWS at 100 EUR a month."""
    facts, unknown = {"local_disk_gb": 0} | more.pop("facts", {}), more.pop("unknown", {})
    fields: dict[str, Any] = {
        "id": name, "kind": "vm", "type": "AWS::EC2::Instance", "cloud": "aws", "state": "running",
        "protected": False, "managed_by": None, "cost.month": Money(Decimal(100), "EUR"),
    }  # fmt: skip
    known = {key: value for key, value in (fields | more).items() if not isinstance(value, Unknown)}
    made = tags if isinstance(tags, Tags) else Tags.of(tags or {})
    return Resource(known, made, unknown=dict(unknown), facts=dict(facts))


def rule(*rungs: Rung, name: str = "r") -> Rule:
    return Rule("p", name, name, "high", All(()), All(()), rungs)


def finding(
    on: Resource | None = None, of: Rule | None = None, *, binding: str = "b", lacks: Sequence[str] = (), **more: Any
) -> Finding:
    on, of = on or machine(), of or rule(NOTIFY)
    reasons = tuple(Reason(f"tags.{key}", "exists", expected=True, actual=None) for key in lacks)
    verdict = more.pop("verdict", "fail")
    return Finding(of, binding, of.severity, on, verdict, reasons, f"{of.id}@{on.id}", **more)


def binding(name: str = "b", **more: Any) -> Binding:
    given: dict[str, Any] = {"mode": "enforce", "permit": ALL}
    return Binding(name, PACK, (), All(()), **(given | more))


def policy(*bindings: Binding, **more: Any) -> Policy:
    given: dict[str, Any] = {"mode": "enforce", "permit": ALL, "at_most": ROOM}
    return Policy(
        "acme", "o@acme.example", path="", sha256="", **(given | {"bindings": bindings or (binding(),)} | more)
    )


def planned(*findings: Finding, under: Policy | None = None, now: datetime = NOW, **more: Any) -> list[Step]:
    more.setdefault("can", lambda _type, _verb: True)
    return list(plan(findings, under or policy(), now, **more))


def only(verb: str, steps: Sequence[Step]) -> Step:
    """The one step of a verb."""
    (step,) = [step for step in steps if step.do == verb]
    return step
