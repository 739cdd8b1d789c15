"""What steps save, once a resource, and the order that money gives them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from finops_guard.evaluate.fold import reads
from finops_guard.evaluate.hours import off_share
from finops_guard.model import DESTRUCTIVE, Money, money_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from finops_guard.model import Policy, Resource
    from finops_guard.plan.context import Draft

_DIGITS = Decimal("0.000001")
_PAID_ANYWAY = frozenset({"reserved", "committed"})
_IDLE_STATES = frozenset({"stopped", "completed", "failed", "deleting", "planned"})


def saved_by_stopping(resource: Resource) -> Money | None:
    """The price of a month of what runs; None where it is unknown, or paid whether it runs or not."""
    if resource.fields.get("purchase") in _PAID_ANYWAY or resource.fields.get("state") in _IDLE_STATES:
        return None
    return resource.month


def savings(drafts: Iterable[Draft], policy: Policy) -> None:
    """Put each resource's saving on its first lifecycle step that is not refused. `drafts`: a resource's in order."""
    counted: set[str] = set()
    for draft in drafts:
        step = draft.step
        if step.do in DESTRUCTIVE and step.state in ("due", "scheduled") and step.resource.id not in counted:
            counted.add(step.resource.id)
            step.saves_month = _by_hours(saved_by_stopping(step.resource), draft, policy)


def _by_hours(month: Money | None, draft: Draft, policy: Policy) -> Money | None:
    """What a rule that goes by a schedule stops runs again in its hours: only the others are saved."""
    schedule = policy.schedules.get(draft.step.resource.text("schedule.name"))
    if month is None or schedule is None or all(ref.name != "schedule.on" for ref in reads(draft.finding.rule.match)):
        return month
    return Money((month.amount * off_share(schedule.hours)).quantize(_DIGITS), month.currency)


def in_order(policy: Policy) -> Callable[[Draft], tuple[Decimal, str, str, str]]:
    """The dearest resource first, unknown prices last; a resource's steps by time, then by id.

    Money is compared in the policy's currency; an amount without a rate to it counts as it stands.
    """

    def key(draft: Draft) -> tuple[Decimal, str, str, str]:
        step = draft.step
        month = step.resource.month
        if month is not None and policy.currency is not None:
            month = money_in(month, policy.currency, policy.fx) or month
        due = "" if step.due is None else step.due.isoformat()
        return (Decimal(1) if month is None else -month.amount, step.resource.id, due, step.id)

    return key
