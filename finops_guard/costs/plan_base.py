"""What sources without a plan add: what they cost less what they cost at an earlier commit, or at most all of it.

A plan says itself what is there already. Sources declare a whole stack, of which nobody knows what is new, nor what has
been taken out; beside a baseline at a ref of git both are known, as far as prices are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from finops_guard.model import PlanDelta

_UNSAID = "no plan says what is there already"
_NOTHING = Decimal(0)


def added(deltas: Sequence[PlanDelta], base: Iterable[PlanDelta] | None) -> tuple[PlanDelta, ...]:
    """The deltas as what is added. `base`: those of the same sources before, empty where there were none; or None."""
    if not any(delta.alone for delta in deltas):
        return tuple(deltas)
    if base is None:
        return tuple(_at_most(delta) if delta.alone else delta for delta in deltas)
    before = {each.name: each for each in base}
    gone = (_nothing(each) for name, each in sorted(before.items()) if name not in {delta.name for delta in deltas})
    return tuple(_since(delta, before.get(delta.name)) for delta in (*deltas, *gone))


def _at_most(delta: PlanDelta) -> PlanDelta:
    return replace(
        delta,
        low=None,
        before=None,
        accelerators=None if delta.accelerators else delta.accelerators,
        uncounted=delta.uncounted or (_UNSAID if delta.accelerators else ""),
        hidden=(*delta.hidden, _UNSAID),
    )


def _since(delta: PlanDelta, base: PlanDelta | None) -> PlanDelta:
    """What it costs less what it cost; a bound that either does not have, the difference does not have."""
    low, accelerators = delta.alone or (_NOTHING, _NOTHING)
    then_low, then_accelerators = (_NOTHING, _NOTHING) if base is None or base.alone is None else base.alone
    then_high = _NOTHING if base is None else base.high
    return replace(
        delta,
        low=None if low is None or then_high is None else low - then_high,
        high=None if delta.high is None or then_low is None else delta.high - then_low,
        before=then_high if then_low == then_high else None,
        accelerators=None if accelerators is None or then_accelerators is None else accelerators - then_accelerators,
        hidden=tuple(dict.fromkeys((*delta.hidden, *(() if base is None else (f"before: {w}" for w in _told(base)))))),
        uncounted=delta.uncounted or ("" if base is None else base.uncounted.replace(_UNSAID, "")),
        alone=None,
    )


def _told(base: PlanDelta) -> Iterable[str]:
    return (why for why in base.hidden if why != _UNSAID)


def _nothing(base: PlanDelta) -> PlanDelta:
    """The part of who is not there any more."""
    return PlanDelta(base.name, base.currency, _NOTHING, _NOTHING, _NOTHING, _NOTHING, budget=base.budget,
                     alone=(_NOTHING, _NOTHING))  # fmt: skip
