"""`extends`, uses of packs: a customer's use of the same name makes the base's stricter and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from finops_guard.language.extends import WAY_OUT
from finops_guard.language.uses import Use
from finops_guard.model import SEVERITIES, Money, Param, Parameter, Rung

_LOOSENING = ("where", "skip", "accept")


def tighten(base: Use, own: Use, base_name: str) -> Use:
    """The base's use with the customer's stricter parameters, severities, mode and permit."""
    item = own.item
    for key in _LOOSENING:
        if key in item.data:
            item.problem(f"'{key}' would loosen '{base.name}' of '{base_name}'", WAY_OUT, at=(key,), key=True)
    if own.mode == "enforce" and base.mode == "dry-run":
        item.problem(f"'{base_name}' allows dry-run at most here", WAY_OUT, at=("mode",))
    for verb in item.below("permit").texts():
        if base.permit is not None and verb.data not in base.permit:
            verb.problem(f"'{base_name}' does not permit '{verb.data}' here", WAY_OUT)
    for rule, severity in own.severity.items():
        before = base.severity.get(rule, base.pack.rules[rule].severity if rule in base.pack.rules else severity)
        if SEVERITIES.index(severity) < SEVERITIES.index(before):
            item.problem(f"'{base_name}' rates {rule} {before}: it may only go up", WAY_OUT, at=("severity", rule))
    for name, value in own.values.items():
        param = base.pack.params[name]
        waits = _waits(base, name)
        if not _stricter(param, base.values.get(name, param.default), value, waits=waits):
            own.given[name].problem(_refusal(param, base_name, waits=waits), WAY_OUT)
    permit = base.permit if own.permit is None else own.permit if base.permit is None else own.permit & base.permit
    return replace(
        base,
        item=own.item,
        values=base.values | own.values,
        given=base.given | own.given,
        mode=own.mode or base.mode,
        permit=permit,
        severity=base.severity | own.severity,
    )


def _waits(use: Use, name: str) -> bool:
    """Whether a parameter is a waiting time of some ladder."""
    rungs: list[Rung] = [rung for rule in use.pack.rules.values() for rung in rule.otherwise]
    return any(Param(name) in (rung.after, *rung.warn) for rung in rungs)


def _stricter(param: Parameter, before: Any, after: Any, *, waits: bool) -> bool:
    if before is None or before == after:
        return True
    if isinstance(before, Money) and isinstance(after, Money):
        if before.currency != after.currency:
            return False
        before, after = before.amount, after.amount
    if waits:
        return bool(after > before)
    match param.stricter:
        case "subset":
            return bool(after) and (not before or set(after) <= set(before))
        case "superset":
            return set(after) >= set(before)
        case "lower":
            return bool(after < before)
        case "higher":
            return bool(after > before)
        case "true" | "false":
            return bool(after is (param.stricter == "true"))
    return False


def _refusal(param: Parameter, base_name: str, *, waits: bool) -> str:
    if waits:
        return f"'{param.name}' of '{base_name}' is a waiting time: it may only become longer"
    if param.stricter is None:
        return f"'{param.name}' is set by '{base_name}' and has no stricter direction"
    words = {"subset": "lose values", "superset": "gain values", "lower": "go down", "higher": "go up"}
    return f"'{param.name}' of '{base_name}' may only {words.get(param.stricter, f'become {param.stricter}')}"
