"""How many pods there are: numbers of a manifest, multiplied on the way to a pod, or why they cannot be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from finops_guard.model import Unknown

Number: TypeAlias = int | Unknown
_LONGEST = 9
_RAY = ("RayCluster", "RayJob", "RayService")


def whole(value: object, what: str = "pods") -> Number:
    """A number of something."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and value.isdecimal() and len(value) <= _LONGEST:
        return int(value)
    return Unknown(f"its number of {what} is not a number")


def times(*numbers: Number) -> Number:
    """The product; what is not known is nothing of what there is none of."""
    if any(each == 0 for each in numbers):
        return 0
    product = 1
    for each in numbers:
        if isinstance(each, Unknown):
            return each
        product *= each
    return product


def plus(numbers: Iterable[Number]) -> Number:
    """The sum."""
    found = 0
    for each in numbers:
        if isinstance(each, Unknown):
            return each
        found += each
    return found


def most(one: Number, other: Number) -> Number:
    """The larger one."""
    if isinstance(one, Unknown):
        return one
    return other if isinstance(other, Unknown) else max(one, other)


def between(least: object, largest: object) -> Number:
    """Of what an autoscaler runs: known only where it can run no other number of them."""
    if least == largest and least is not None:
        return whole(least)
    shown = "as many as are needed" if largest is None else str(largest)[:20]
    return Unknown(f"an autoscaler runs from {str(least)[:20]} to {shown} of it")


def copies(part: Mapping[str, object], kind: str, *, autoscaled: bool) -> Number:
    """How many times what stands in a part of an object is run. `autoscaled`: by what runs its replicas, as Ray may."""
    found: list[Number] = []
    if _said(part, "replicas") and not (autoscaled and _said(part, "maxReplicas")):
        found.append(whole(part["replicas"]))
    elif _said(part, "minReplicas") or _said(part, "maxReplicas"):
        found.append(_scaled(part, kind, autoscaled=autoscaled))
    if _said(part, "numOfHosts"):
        found.append(whole(part["numOfHosts"]))
    if _said(part, "parallelism"):
        found.append(_needed(whole(part["parallelism"]), part.get("completions")))
    return times(*found)


def _scaled(part: Mapping[str, object], kind: str, *, autoscaled: bool) -> Number:
    least, largest = part.get("minReplicas"), part.get("maxReplicas")
    if kind in _RAY and not autoscaled:
        return whole(0 if least is None else least)
    least = 1 if least is None else least
    if largest is None and least not in {0, "0"}:
        return whole(least)
    return between(least, largest)


def _said(part: Mapping[str, object], name: str) -> bool:
    return name in part and not isinstance(part[name], dict | list) and part[name] is not None


def _needed(each: Number, completions: object) -> Number:
    """A job does not run more pods at once than it needs in all."""
    needed = whole(completions)
    return min(each, needed) if isinstance(each, int) and isinstance(needed, int) else each
