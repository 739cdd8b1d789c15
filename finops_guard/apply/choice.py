"""Which steps are tried, in which batches, and how many acts of a verb a day still holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from finops_guard.apply.own import as_the_verb
from finops_guard.errors import InputError
from finops_guard.model import LIFECYCLE, Policy, Step
from finops_guard.plan.authority import cap_of
from finops_guard.plan.context import WRITES


def due(steps: Sequence[Step], now: datetime, only: Collection[str] | None) -> list[Step]:
    """The steps that write and whose time has come. InputError where `only` names one that is not there."""
    if only is not None and (stray := sorted(set(only) - {step.id for step in steps})):
        raise InputError(f"no step of the plan is called {', '.join(stray)}")
    return [
        step
        for step in steps
        if (only is None or step.id in only)
        and _writes(step)
        and step.state in ("due", "scheduled")
        and step.due is not None
        and step.due <= now
    ]


def _writes(step: Step) -> bool:
    return as_the_verb(step) in WRITES and (step.do != "notify" or bool(step.after))


def batches(steps: Iterable[Step]) -> list[list[Step]]:
    """Steps by account, region, type and verb: tags before any lifecycle verb, those least destructive first."""
    groups: dict[tuple[int, str, str, str], list[Step]] = {}
    for step in steps:
        rank = LIFECYCLE.index(step.do) + 1 if step.do in LIFECYCLE else 0
        account, region, type_name = (step.resource.text(name) for name in ("account", "region", "type"))
        place = rank, account, region, type_name
        groups.setdefault(place, []).append(step)
    return [groups[place] for place in sorted(groups, key=lambda place: place[0])]


def room(policy: Policy, verb: str, spent: int) -> int | None:
    """How many more acts of a verb the next moment allows; None for any number."""
    cap = cap_of(policy, verb)  # type: ignore[arg-type] # a verb
    return None if cap is None else max(0, cap.count - spent)


def defers(policy: Policy, verb: str) -> bool:
    """Whether what is beyond `at_most` waits; else the verb does none."""
    cap = cap_of(policy, verb)  # type: ignore[arg-type] # a verb
    return cap is not None and cap.then == "defer"


def beyond(policy: Policy, verb: str, spent: int, wanted: int) -> str:
    """What `at_most` says to that many."""
    cap = cap_of(policy, verb)  # type: ignore[arg-type] # a verb
    return f"at_most {cap.count if cap else 0} {verb} in 24 h: {spent} done, {wanted} due"
