"""What a backtest cannot judge: rules about money without cost data, and what a snapshot's run did not look for."""

from __future__ import annotations

from collections.abc import Iterator

from finops_guard.evaluate.fold import reads
from finops_guard.evaluate.need import kinds_of
from finops_guard.model import Need, Policy

_MONEY = ("budget.", "unit_cost.", "charge.", "exports.")
_COMPUTED = frozenset({"budget", "unit", "charge"})


def about_money(policy: Policy) -> tuple[str, ...]:
    """The rules that only who has cost data can judge: about budgets, unit costs, charges and exports."""
    found: dict[str, None] = {}
    for binding in policy.bindings:
        for rule in binding.rules:
            refs = (*reads(rule.match), *reads(rule.require))
            if kinds_of(rule.match) <= _COMPUTED or any(ref.name.startswith(_MONEY) for ref in refs):
                found[rule.id] = None
    return tuple(found)


def not_looked_for(had: Need | None, wants: Need) -> Iterator[str]:
    """What a policy looks at and the run that took a snapshot did not. Money is in no snapshot."""
    if had is None:
        return
    if had.kinds is not None:
        lacking = (wants.kinds or frozenset({"of any sort"})) - had.kinds - _COMPUTED
        yield from (f"kind {kind}" for kind in sorted(lacking))
    yield from sorted(name for name in wants.fields - had.fields if not name.startswith(_MONEY))
    lacks = {name for name, over in wants.metrics if not any(n == name and o >= over for n, o in had.metrics)}
    yield from sorted(lacks - (wants.fields - had.fields))
