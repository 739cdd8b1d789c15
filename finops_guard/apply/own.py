"""Our own acts do not count: a resource as it was before them, for judging it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy

from finops_guard.model import LIFECYCLE, Resource, Step, Tags, Value
from finops_guard.state.episodes import EpisodeRecord
from finops_guard.state.journal import Act

_STOPPED = frozenset({"stopping", "stopped"})
_STATE = ("state", "running_for", "capacity.provisioned")


def found_by(verb: str, resource: Resource) -> dict[str, object]:
    """What goes on record before a lifecycle verb: what later rungs count by, and what putting it back takes.

    A run that is killed just after it acted leaves nothing else to put back from.
    """
    if verb not in LIFECYCLE:
        return {}
    seen = {name: value for name, value in resource.fields.items() if name in _STATE or name.startswith("usage.")}
    restored = resource.facts.get(f"before {verb}")
    return {**seen, **restored} if isinstance(restored, dict) else dict(seen)


def before_ours(resource: Resource, acts: Iterable[Act], records: Iterable[EpisodeRecord]) -> Resource:
    """A copy as it was before our acts of this run, and before our stop in an episode while it stays stopped.

    A tag that somebody has changed since stays as it is now.
    """
    found = copy(resource)
    found.fields = dict(resource.fields)
    found.unknown = dict(resource.unknown)
    found.tags = _tags(resource.tags, acts)
    if resource.fields.get("state") in _STOPPED or resource.fields.get("capacity.provisioned") == 0:
        for record in records:
            if record.running:
                found.fields |= _state(record.before)
    return found


def _tags(tags: Tags, acts: Iterable[Act]) -> Tags:
    raw = dict(tags.raw)
    for act in reversed([act for act in acts if act.verb == "tag"]):
        for key, value in act.after.items():
            if raw.get(key) != value:
                continue
            was = act.before.get(key)
            if isinstance(was, str):
                raw[key] = was
            else:
                raw.pop(key, None)
    return tags if raw == tags.raw else Tags.of(raw, open_because=tags.open_because)


def _state(before: Mapping[str, object]) -> dict[str, Value]:
    return {
        name: value  # type: ignore[misc] # what `found_by` gave the state
        for name, value in before.items()
        if name in _STATE or name.startswith("usage.")
    }


def as_the_verb(step: Step) -> str:
    """The verb that carries a step out: a notice that marks its resource writes a tag."""
    return "tag" if step.do == "notify" else step.do
