"""`extends`: what a policy may change of the one it stands on.

Requirements only become stricter, authority only smaller, waiting times only longer; what the base did not set is the
customer's. Anything else is an error that names the way out: an `exempt` entry.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from finops_guard.language.sections import Item, caps
from finops_guard.language.uses import Use
from finops_guard.model import SEVERITIES, Money, Parameter, Rung

JOINED = frozenset({"packs", "notify", "exempt", "freeze", "costs", "shared"})
"""Lists: the base's entries, then the customer's."""
MERGED = frozenset({"tags", "teams", "datasets", "budgets", "units", "assume", "windows"})
"""Maps: the customer adds keys and changes none of the base's."""
OWN = frozenset({"policy", "owner", "extends"})
_WAY_OUT = "only an exempt entry loosens a base policy"


def compare(key: str, base: Item, own: Item, base_name: str) -> None:
    """Note what a section of the customer's loosens."""
    if key in _SMALLER:
        _SMALLER[key](base, own, base_name)
    elif key in MERGED:
        for name, entry in own.entries():
            if isinstance(base.data, dict) and name in base.data:
                entry.problem(f"'{base_name}' sets '{name}' already", _WAY_OUT, key=True)
    elif key not in JOINED and key not in OWN:
        own.problem(f"'{key}' is set by '{base_name}'", _WAY_OUT, key=True)


def _mode(base: Item, own: Item, base_name: str) -> None:
    if base.data == "dry-run" and own.data == "enforce":
        own.problem(f"'{base_name}' allows dry-run at most", _WAY_OUT)


def _permit(base: Item, own: Item, base_name: str) -> None:
    for item in own.items():
        if item.data not in (base.data or []):
            item.problem(f"'{base_name}' does not permit '{item.data}'", _WAY_OUT)


def _at_most(base: Item, own: Item, base_name: str) -> None:
    limits = caps([base])
    for verb, cap in caps([own]).items():
        if verb not in limits:
            own.problem(f"'{base_name}' sets no room for '{verb}'", _WAY_OUT, at=(verb,), key=True)
        elif cap.count > limits[verb].count:
            own.problem(f"'{base_name}' allows {limits[verb].count} at most", _WAY_OUT, at=(verb,))


def _approve(base: Item, own: Item, base_name: str) -> None:
    for verb, count in own.entries():
        if isinstance(count.data, int) and count.data < (base.get(verb) or 0):
            count.problem(f"'{base_name}' asks for {base.get(verb)} approvals", _WAY_OUT)


def _scope(base: Item, own: Item, base_name: str) -> None:
    for cloud, mine in own.entries():
        limits = base.get(cloud)
        if not isinstance(limits, dict):
            continue
        for key, part in mine.entries():
            allowed = limits.get(key)
            if isinstance(allowed, list) and isinstance(part.data, list):
                for item in part.items():
                    if item.data not in allowed:
                        item.problem(f"'{base_name}' leaves {item.data} out of scope", _WAY_OUT)
            elif allowed is not None and allowed not in (part.data, "enabled"):
                part.problem(f"'{base_name}' sets scope.{cloud}.{key}", _WAY_OUT, key=True)


_SMALLER = {"mode": _mode, "permit": _permit, "at_most": _at_most, "approve": _approve, "scope": _scope}


def tighten(base: Use, own: Use, base_name: str) -> Use:
    """The base's use with the customer's stricter parameters, severities, mode and permit."""
    item = own.item
    for key in ("where", "skip", "accept"):
        if key in item.data:
            item.problem(f"'{key}' would loosen {base.name} of '{base_name}'", _WAY_OUT, at=(key,), key=True)
    if own.mode == "enforce" and base.mode == "dry-run":
        item.problem(f"'{base_name}' allows dry-run at most here", _WAY_OUT, at=("mode",))
    for verb in sorted(
        (own.permit or frozenset()) - (base.permit if base.permit is not None else own.permit or frozenset())
    ):
        item.problem(f"'{base_name}' does not permit '{verb}' here", _WAY_OUT, at=("permit",))
    for rule, severity in own.severity.items():
        before = base.severity.get(rule, base.pack.rules[rule].severity if rule in base.pack.rules else severity)
        if SEVERITIES.index(severity) < SEVERITIES.index(before):
            item.problem(f"'{base_name}' rates {rule} {before}", _WAY_OUT, at=("severity", rule))
    for name, value in own.values.items():
        param = base.pack.params[name]
        now = base.values.get(name, param.default)
        if not _stricter(param, _waits(base, name), now, value):
            own.given[name].problem(_refusal(param, base_name, waits=_waits(base, name)), _WAY_OUT)
    return replace(
        base,
        item=own.item,
        values=base.values | own.values,
        given=base.given | own.given,
        mode=own.mode or base.mode,
        permit=own.permit if own.permit is not None else base.permit,
        severity=base.severity | own.severity,
    )


def _waits(use: Use, name: str) -> bool:
    """Whether a parameter is a waiting time of some ladder."""
    rungs: list[Rung] = [rung for rule in use.pack.rules.values() for rung in rule.otherwise]
    return any(getattr(item, "name", None) == name for rung in rungs for item in (rung.after, *rung.warn))


def _stricter(param: Parameter, waits: bool, before: Any, after: Any) -> bool:  # noqa: FBT001 - a fact about the parameter
    if before is None or before == after:
        return True
    if waits:
        return bool(after > before)
    if isinstance(before, Money) and isinstance(after, Money):
        if before.currency != after.currency:
            return False
        before, after = before.amount, after.amount
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
