"""`extends`: what a policy may change of the one it stands on.

Requirements only become stricter, authority only smaller, waiting times only longer; what the base did not set is the
customer's. Anything else is an error that names the way out: an `exempt` entry. Uses of packs: see `tighten`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finops_guard.language.item import Item, Parts
from finops_guard.language.sections import caps
from finops_guard.model import DESTRUCTIVE, Cap

JOINED = frozenset({"packs", "notify", "exempt", "freeze", "costs", "shared"})
"""Lists: the base's entries, then the customer's."""
MERGED = frozenset({"tags", "teams", "datasets", "budgets", "units", "assume", "windows", "schedules"})
"""Maps: the customer adds keys and changes none of the base's."""
ADDED = frozenset({"ai"})
"""Sections that only ever ask for more: both hold."""
OWN = frozenset({"policy", "owner", "extends"})
WAY_OUT = "only an exempt entry loosens a base policy"
_EXCLUDING = ("except",)
"""Lists that leave something out: longer is smaller, so the base's are kept and the customer's added."""


def compare(key: str, base: Item, own: Item, base_name: str) -> None:
    """Note what a section of the customer's loosens, if both are well written."""
    if not base.reader.sound(base.place) or not own.reader.sound(own.place):
        return
    if key in _SMALLER:
        _SMALLER[key](base, own, base_name)
    elif key in MERGED:
        for name, entry in own.entries():
            if isinstance(base.data, dict) and name in base.data and entry.data != base.data[name]:
                entry.problem(f"'{base_name}' sets '{name}' already", WAY_OUT, key=True)
    elif key not in JOINED | ADDED | OWN and own.data != base.data:
        own.problem(f"'{key}' is set by '{base_name}'", WAY_OUT, key=True)


def _mode(base: Item, own: Item, base_name: str) -> None:
    if base.data == "dry-run" and own.data == "enforce":
        own.problem(f"'{base_name}' allows dry-run at most", WAY_OUT)


def _permit(base: Item, own: Item, base_name: str) -> None:
    for item in own.texts():
        if item.data not in (base.data or []):
            item.problem(f"'{base_name}' does not permit '{item.data}'", WAY_OUT)


def _at_most(base: Item, own: Item, base_name: str) -> None:
    limits, wanted = caps([base]), caps([own])
    for verb, cap in wanted.items():
        limit = limits.get(verb, Cap(0) if verb in DESTRUCTIVE else None)
        if limit is None:
            continue
        if cap.count > limit.count:
            own.problem(f"'{base_name}' allows {limit.count} at most", WAY_OUT, at=(verb,))
        elif cap.then == "defer" and limit.then == "refuse" and cap.count:
            own.problem(f"'{base_name}' does nothing beyond its limit: then: refuse", WAY_OUT, at=(verb, "then"))


def _approve(base: Item, own: Item, base_name: str) -> None:
    for verb, count in own.entries():
        least = base.get(verb) or 0
        if isinstance(count.data, int) and isinstance(least, int) and count.data < least:
            count.problem(f"'{base_name}' asks for {least} approvals", WAY_OUT)


def _fx(base: Item, own: Item, base_name: str) -> None:
    for source, targets in own.entries():
        before = base.below(source)
        for target, rate in targets.entries():
            if target != "as_of" and before.get(target) not in (None, rate.data):
                rate.problem(f"'{base_name}' sets the rate of {source} to {target}", WAY_OUT, key=True)


def _scope(base: Item, own: Item, base_name: str) -> None:
    for cloud, mine in own.entries():
        if not isinstance(mine.data, dict):
            continue  # inventories and expected gaps are the customer's
        limits = base.get(cloud)
        if not isinstance(limits, dict):
            mine.problem(f"'{base_name}' leaves {cloud} out of scope", WAY_OUT, key=True)
            continue
        _narrower(limits, mine, base_name, f"scope.{cloud}")
        if cloud == "aws":
            for one, other in (("organization", "accounts"), ("accounts", "organization")):
                if one in limits and other in mine.data and one not in mine.data:
                    mine.problem(f"'{base_name}' sets scope.aws.{one} instead", WAY_OUT, at=(other,), key=True)


def _narrower(limits: Mapping[str, Any], mine: Item, base_name: str, name: str) -> None:
    for key, part in mine.entries():
        allowed = limits.get(key)
        if allowed is None or key in _EXCLUDING:
            continue
        if isinstance(allowed, dict) and isinstance(part.data, dict):
            _narrower(allowed, part, base_name, f"{name}.{key}")
        elif isinstance(allowed, list) and isinstance(part.data, list):
            for item in part.items():
                if item.data not in allowed:
                    item.problem(f"'{base_name}' leaves {item.data} out of scope", WAY_OUT)
        elif allowed not in (part.data, "enabled"):
            part.problem(f"'{base_name}' sets {name}.{key}", WAY_OUT, key=True)


_SMALLER = {"mode": _mode, "permit": _permit, "at_most": _at_most, "approve": _approve, "fx": _fx, "scope": _scope}


def scope(parts: Parts) -> dict[str, dict[str, Any]]:
    """The clouds of the base's scope, narrowed by the customer's."""
    merged: dict[str, dict[str, Any]] = {}
    for part in parts:
        for cloud, item in part.entries():
            if isinstance(item.data, dict):
                merged[cloud] = _narrowed(merged.get(cloud, {}), item.data)
                if "organization" in item.data and "accounts" in item.data:
                    item.problem("give either 'organization' or 'accounts'", at=("accounts",), key=True)
    return merged


def _narrowed(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        before = merged.get(key)
        if key in _EXCLUDING and isinstance(before, list) and isinstance(value, list):
            merged[key] = list(dict.fromkeys([*before, *value]))
        elif isinstance(before, dict) and isinstance(value, dict):
            merged[key] = _narrowed(before, value)
        else:
            merged[key] = value
    return merged
