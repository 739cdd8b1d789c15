"""Whether a resource is as an act should leave it, or as it was before. None: it cannot be told."""

from __future__ import annotations

from collections.abc import Mapping

from finops_guard.model import Resource, Tags
from finops_guard.state.journal import Act

UNDO = "undo_"
_REACHED = {
    "stop": frozenset({"stopping", "stopped"}),
    "start": frozenset({"creating", "running"}),
    "terminate": frozenset({"deleting"}),
}
_BACK = {"stop": _REACHED["start"], "start": _REACHED["stop"]}


def reached(act: Act, live: Resource | None) -> bool | None:
    """Whether a resource (None: it is gone) is as an act should leave it."""
    if act.verb.startswith(UNDO):
        return as_before(act.verb.removeprefix(UNDO), live, act.after)
    return as_intended(act.verb, live, act.after)


def untouched(act: Act, live: Resource | None) -> bool | None:
    """Whether a resource is still as an act found it."""
    if act.verb.startswith(UNDO):
        return as_intended(act.verb.removeprefix(UNDO), live, act.before)
    return as_before(act.verb, live, act.before)


def as_intended(verb: str, live: Resource | None, after: Mapping[str, object]) -> bool | None:
    """Whether `live` (None: it is gone) is as `verb` leaves it."""
    if live is None:
        return verb in {"terminate", "scale_to_zero"}  # some endpoints come to zero only by being deleted
    if verb == "tag":
        return _tagged(live.tags, after)
    if verb == "scale_to_zero":
        return _at(live, 0)
    if "capacity" in after:
        return _at(live, after["capacity"])
    return _in(live, _REACHED[verb])


def as_before(verb: str, live: Resource | None, before: Mapping[str, object]) -> bool | None:
    """Whether `live` is as `verb` found it, or on its way back there."""
    if live is None:
        return False
    if verb == "tag":
        return _tagged(live.tags, before)
    if verb == "scale_to_zero" or "capacity" in before:
        return _at(live, before.get("capacity"))
    was = before.get("state")
    return _in(live, _BACK.get(verb, frozenset()) | ({was} if isinstance(was, str) else set()))


def _tagged(tags: Tags, wanted: Mapping[str, object]) -> bool | None:
    if tags.open_because is not None:
        return None
    return all(tags.raw.get(key) == value for key, value in wanted.items())


def _at(live: Resource, capacity: object) -> bool | None:
    if live.fields.get("capacity.provisioned") is None:
        return None
    return live.fields["capacity.provisioned"] == capacity


def _in(live: Resource, states: frozenset[str]) -> bool | None:
    state = live.fields.get("state")
    return None if state is None else state in states
