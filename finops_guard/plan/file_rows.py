"""The steps of a plan file as JSON and back, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, cast, get_args

from finops_guard.model import VERBS, Money, Step, StepState
from finops_guard.plan.observed import digest
from finops_guard.state.rows import from_row, to_row
from finops_guard.state.values import decode, encode, moment, money_of, time_of

if TYPE_CHECKING:
    from datetime import datetime

    from finops_guard.model import Verb
    from finops_guard.plan.observed import Observed

Raw: TypeAlias = Any  # a document until it is checked
_KEYS = frozenset(
    {
        "id", "do", "resource", "rules", "binding", "state", "due", "reversible", "loses", "because", "before", "after",
        "saves_month", "warn", "serves", "dependants", "observed",
    }
)  # fmt: skip


def step_of(step: Step, was: Observed) -> dict[str, object]:
    """A step as JSON, with what it was decided on and who else is known to depend on its resource (null: unknown)."""
    dependants = step.resource.facts.get("dependants")
    return {
        "id": step.id,
        "do": step.do,
        "resource": to_row(step.resource),
        "rules": list(step.rules),
        "binding": step.binding,
        "state": step.state,
        "due": step.due and moment(step.due),
        "reversible": step.reversible,
        "loses": list(step.loses),
        "dependants": encode(dependants) if isinstance(dependants, list | tuple) else None,
        "because": step.because,
        "before": encode(step.before),
        "after": encode(step.after),
        "saves_month": step.saves_month and str(step.saves_month),
        "warn": [moment(at) for at in step.warn],
        "serves": [list(served) for served in step.serves],
        "observed": {"sha256": digest(was), "of": dict(was)},
    }


def to_step(row: Raw) -> tuple[Step, Observed]:
    """The step in a row and what it was decided on; ValueError, TypeError or KeyError if it is none."""
    if not isinstance(row, dict) or row.keys() != _KEYS:
        raise ValueError("a step that is not whole")
    if row["do"] not in VERBS or row["state"] not in get_args(StepState):
        raise ValueError(f"no step is {row['do']!r} and {row['state']!r}")
    was = cast("Observed", _map(row["observed"]["of"]))
    if digest(was) != row["observed"]["sha256"]:
        raise ValueError(f"what step {row['id']} was decided on was altered")
    step = Step(
        id=_text(row["id"]),
        do=cast("Verb", row["do"]),
        resource=from_row(row["resource"]),
        rules=tuple(_text(rule) for rule in row["rules"]),
        binding=_text(row["binding"]),
        state=cast("StepState", row["state"]),
        due=_time(row["due"]),
        reversible=row["reversible"] is True,
        loses=tuple(_text(lost) for lost in row["loses"]),
        because=None if row["because"] is None else _text(row["because"]),
        before=_map(decode(row["before"])),
        after=_map(decode(row["after"])),
        saves_month=_money(row["saves_month"]),
        warn=tuple(time_of(at) for at in row["warn"]),
        serves=tuple((_text(finding), int(rung)) for finding, rung in row["serves"]),
    )
    return step, was


def texts(raw: Raw) -> dict[str, str]:
    """A map of texts; ValueError if it is none."""
    return {_text(key): _text(value) for key, value in _map(raw).items()}


def _map(raw: Raw) -> dict[str, object]:
    if not isinstance(raw, dict):
        raise TypeError(f"not an object: {raw!r}")
    return raw


def _text(raw: Raw) -> str:
    if not isinstance(raw, str):
        raise TypeError(f"not a text: {raw!r}")
    return raw


def _time(raw: Raw) -> datetime | None:
    return None if raw is None else time_of(raw)


def _money(raw: Raw) -> Money | None:
    return None if raw is None else money_of(raw)
