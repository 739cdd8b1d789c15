"""What steps save, once a resource."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from finops_guard.evaluate.fold import reads
from finops_guard.evaluate.hours import off_share
from finops_guard.model import DESTRUCTIVE, Money

if TYPE_CHECKING:
    from collections.abc import Iterable

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


def put_saving(drafts: Iterable[Draft], policy: Policy) -> None:
    """Put a resource's saving on its first lifecycle step that is not refused. `drafts`: all of it, in order."""
    for draft in drafts:
        step = draft.step
        if step.do in DESTRUCTIVE and step.state in ("due", "scheduled"):
            step.saves_month = _by_hours(saved_by_stopping(step.resource), draft, policy)
            return


def _by_hours(month: Money | None, draft: Draft, policy: Policy) -> Money | None:
    """What a rule that goes by a schedule stops runs again in its hours: only the others are saved."""
    schedule = policy.schedules.get(draft.step.resource.text("schedule.name"))
    if month is None or schedule is None or all(ref.name != "schedule.on" for ref in reads(draft.finding.rule.match)):
        return month
    return Money((month.amount * off_share(schedule.hours)).quantize(_DIGITS), month.currency)
