"""Tags of a document before they are `Tags`: known or not, open or complete, in any of the shapes they have.

A raw value is as JSON has it with `Unknown` where it cannot be told; null is absent, numbers and booleans are text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from finops_guard.model import Tags, Unknown
from finops_guard.sources.iac._either import Open


@dataclass(frozen=True, slots=True)
class Labels:
    """Raw key -> value or why it cannot be told. `open_because`: why there may be more keys, None where it is all."""

    values: Mapping[str, str | Unknown] = field(default_factory=dict)
    open_because: str | None = None


NONE = Labels()
MOST = 1000
"""Tags of one thing that are looked at; no provider takes more than some dozens."""
_MANY = Labels({}, f"it has more than {MOST} tags")


def of_map(raw: object) -> Labels:
    """From a map of tags, or from a list of pairs of key and value as some types have them."""
    if isinstance(raw, Unknown):
        return Labels({}, raw.reason)
    if isinstance(raw, list):
        return of_list(raw)
    if not isinstance(raw, dict):
        return NONE if raw is None else Labels({}, "its tags are not a map")
    if len(raw) > MOST:
        return _MANY
    because = raw.because if isinstance(raw, Open) else None
    return Labels({str(key): _value(value) for key, value in raw.items() if value is not None}, because)


def of_list(raw: object, *, launched: bool = False) -> Labels:
    """From `[{key, value}]`. `launched`: only what reaches machines, `propagate_at_launch` (an Auto Scaling group).

    A tag of which it cannot be told whether it reaches them cannot be told.
    """
    if isinstance(raw, list) and len(raw) > MOST:
        return _MANY
    if not isinstance(raw, list):
        return of_map(raw) if not isinstance(raw, dict) else of_list([raw], launched=launched)
    values: dict[str, str | Unknown] = {}
    more = None
    for pair in raw:
        folded = {str(name).casefold().replace("_", ""): part for name, part in pair.items()} if _pair(pair) else None
        if folded is None:
            more = pair.reason if isinstance(pair, Unknown) else "one of its tags is not a pair of key and value"
            continue
        key, value, reaches = folded.get("key"), folded.get("value"), folded.get("propagateatlaunch", False)
        if isinstance(key, Unknown):
            more = key.reason
        elif key is None or (launched and _off(reaches)):
            more = pair.because if isinstance(pair, Open) else more
        elif launched and isinstance(reaches, Unknown):
            values[str(key)] = Unknown(f"whether it reaches the machines: {reaches.reason}")
        elif value is not None:
            values[str(key)] = _value(value)
    return Labels(values, more)


def launched_by(specifications: object, what: str = "instance") -> Labels:
    """What a launch template writes on the instances (or volumes) that it launches: `[{resource_type, tags}]`."""
    if isinstance(specifications, Unknown):
        return Labels({}, specifications.reason)
    found = NONE
    for each in specifications if isinstance(specifications, list) else ():
        if isinstance(each, Unknown):
            found = merged(found, Labels({}, each.reason))
            continue
        folded = {str(name).casefold().replace("_", ""): part for name, part in each.items()}
        type_, tags = folded.get("resourcetype"), folded.get("tags")
        if isinstance(type_, Unknown):
            found = merged(found, Labels({}, type_.reason))
        elif str(type_) == what:
            found = merged(found, of_map(tags))
    return found


def merged(*some: Labels) -> Labels:
    """All of them, a later one wins. What comes after may hide what came before, where it may hold more keys."""
    values: dict[str, str | Unknown] = {}
    reason = None
    for each in some:
        if each.open_because is not None:
            reason = reason or each.open_because
            values = {key: Unknown(each.open_because) for key in values}
        values.update(each.values)
    return Labels(values, reason)


def tags_of(labels: Labels, aliases: Mapping[str, str]) -> Tags:
    """The tags that rules read."""
    raw = {key: value for key, value in labels.values.items() if isinstance(value, str)}
    if len(raw) == len(labels.values):
        return Tags.of(raw, aliases, open_because=labels.open_because)
    unknown = {key: value.reason for key, value in labels.values.items() if isinstance(value, Unknown)}
    return Tags.of(raw, aliases, open_because=labels.open_because, unknown=unknown)


def _pair(raw: object) -> bool:
    return isinstance(raw, dict)


def _off(reaches: object) -> bool:
    return reaches is None or reaches is False or str(reaches).casefold() in {"false", "0"}


def _value(raw: object) -> str | Unknown:
    if isinstance(raw, str | Unknown):
        return raw
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int | float):
        return f"{raw:.15g}" if isinstance(raw, float) else str(raw)
    return Unknown("its value is not a text")
