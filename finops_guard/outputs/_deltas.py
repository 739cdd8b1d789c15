"""What a plan adds to the bill of a month, as words and as JSON rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.outputs._units import amount, cents, number

if TYPE_CHECKING:
    from decimal import Decimal

    from finops_guard.model import PlanDelta

_HIDDEN = 3


def delta_row(delta: PlanDelta) -> dict[str, object]:
    """All of a plan, or the part of a team or a budget; a bound that nobody knows is null, `unknown` says of what."""
    return {
        "team": None if delta.budget else delta.name or None,
        "budget": delta.budget or None,
        "currency": delta.currency,
        "low": None if delta.low is None else cents(delta.low),
        "high": None if delta.high is None else cents(delta.high),
        "before": None if delta.before is None else cents(delta.before),
        "accelerators": None if delta.accelerators is None else float(delta.accelerators),
        "unknown": list(dict.fromkeys((*delta.hidden, *([delta.uncounted] if delta.uncounted else [])))),
        "by_usage": delta.by_usage,
    }


def change(delta: PlanDelta) -> str:
    """How a month's cost changes: `+1,234.50 EUR`, `at least +100.00 EUR`; never 0 for what nobody knows."""
    low, high = delta.low, delta.high
    if low is None and high is None:
        return "unknown"
    if low is None or high is None:
        word, value = ("at least", low) if high is None else ("at most", high)
        return f"{word} {_signed(value)} {delta.currency}"
    both = _signed(low) if low == high else f"{_signed(low)} to {_signed(high)}"
    return f"{both} {delta.currency}"


def before(delta: PlanDelta) -> str:
    """What is there costs now."""
    return "unknown" if delta.before is None else f"{amount(delta.before)} {delta.currency}"


def accelerators(delta: PlanDelta) -> str:
    """Accelerators added less taken away."""
    if delta.accelerators is None:
        return "unknown"
    return f"{'+' if delta.accelerators > 0 else ''}{number(delta.accelerators)}"


def doubts(delta: PlanDelta) -> str:
    """Of what no price is known, and what is only priced by use; empty where all is known."""
    told = [*delta.hidden[:_HIDDEN], *([f"and {len(delta.hidden) - _HIDDEN} more"] if delta.hidden[_HIDDEN:] else [])]
    if delta.uncounted and delta.uncounted not in delta.hidden:
        told.append(f"accelerators of {delta.uncounted}")
    if delta.by_usage:
        told.append(f"{delta.by_usage:,} priced by use, which nobody assumed, counted without it")
    return "; ".join(told)


def _signed(value: Decimal | None) -> str:
    if value is None:
        return "unknown"
    return f"{'+' if value > 0 else ''}{amount(value)}"
