"""What the policy allows: mode, permit, notice, approval. The same for every resource a binding judges by a rule.

`block` is the result of a pipeline and writes nothing, so nothing has to permit it: as the exit code does, it follows
from the mode that the policy and the binding declare, whatever mode the command has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from finops_guard.model import DESTRUCTIVE, Cap

if TYPE_CHECKING:
    from finops_guard.model import Binding, Policy, Rule, Verb
    from finops_guard.plan.context import Context, Draft

NO_TICKETS = "this version opens no tickets"
_NONE = Cap(0)


class _Says(NamedTuple):
    refused: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def check(draft: Draft, index: int, context: Context) -> None:
    """Add what the policy says to this rung of this rule under this binding."""
    key = (draft.binding.name, draft.finding.rule.id, index)
    said = context.known.get(key)
    if said is None:
        said = context.known[key] = _says(draft.binding, draft.finding.rule, index, context)
    says = cast("_Says", said)
    draft.refused += says.refused
    draft.waits += says.waits
    draft.idle += says.idle
    draft.notes += says.notes


def cap_of(policy: Policy, verb: Verb) -> Cap | None:
    """How many acts of a verb a day holds; None is any number."""
    if verb == "block":
        return None
    return policy.at_most.get(verb, _NONE if verb in DESTRUCTIVE else None)


def _says(binding: Binding, rule: Rule, index: int, context: Context) -> _Says:
    policy, rung = context.policy, rule.otherwise[index]
    if rung.do == "block":
        lowered = _lowered(binding, context)
        if lowered:
            return _Says((f"{lowered}: it is told and fails no pipeline",))
        return _Says(notes=("fails the pipeline at any severity, but for --fail-on never",))
    refused = [*_not_permitted(binding, rule, index, policy)]
    waits, idle = [], []
    lowered = None if rung.do == "suggest" else _lowered(binding, context)
    if lowered and context.mode == "enforce":
        refused.append(lowered)
    elif lowered and policy.mode == "enforce":
        idle.append(lowered)
    if not refused and rung.do == "ticket":
        (refused if context.mode == "enforce" else idle).append(NO_TICKETS)
    if not refused and (needed := policy.approve.get(rung.do, 0)):
        waits.append(f"{rung.do} waits for {needed} approval{'s' * (needed > 1)}")
    return _Says(tuple(refused), tuple(waits), tuple(idle))


def _lowered(binding: Binding, context: Context) -> str | None:
    if context.policy.mode == "dry-run":
        return "the policy is dry-run"
    return f"binding '{binding.name}' is dry-run" if binding.mode == "dry-run" else None


def _not_permitted(binding: Binding, rule: Rule, index: int, policy: Policy) -> list[str]:
    rung = rule.otherwise[index]
    if rung.do not in policy.permit:
        return [f"the policy does not permit {rung.do}"]
    if rung.do not in binding.permit:
        return [f"binding '{binding.name}' does not permit {rung.do}"]
    reasons = []
    if rung.do in DESTRUCTIVE:
        told = {earlier.do for earlier in rule.otherwise[:index]} & policy.permit & binding.permit
        if "notify" not in told:
            reasons.append(f"{rung.do} needs an earlier notify that is permitted")
    cap = cap_of(policy, rung.do)
    if cap is not None and cap.count == 0:
        reasons.append(f"at_most allows no {rung.do}" + ("" if rung.do in policy.at_most else " (it is not set)"))
    return reasons
