"""A cloud in which a policy's acts were done: what a snapshot says, with the imagined acts put over it.

An act holds for as long as what it found is still so: where somebody changed the tag, or stopped or started the
resource, theirs is what counts, as it would have been.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from finops_guard.model import Money, Resource, Step, Tags
from finops_guard.plan.money import saved_by_stopping
from finops_guard.state.episodes import About, EpisodeRecord

_STANDS_STILL = frozenset({"stopped", "stopping", "completed", "failed", "deleting"})
_AFTER = {"stop": "stopped", "start": "running"}


@dataclass(slots=True)
class Touched:
    """What imagined acts did to one resource. `tags` are (was, is) by raw key; `by` is (rule, verb) that saves.

    `there` and `idle` are of the last snapshot: whether it holds the resource, and one that stands still anyhow.
    """

    about: About
    tags: dict[str, tuple[object, object]] = field(default_factory=dict)
    verb: str | None = None
    at: datetime | None = None
    saves: Money | None = None
    by: tuple[str, str] = ("", "")
    idle: bool = True
    there: bool = True


@dataclass(slots=True)
class Imagined:
    """The acts so far, by resource id."""

    touched: dict[str, Touched] = field(default_factory=dict)

    def act(self, step: Step, verb: str, now: datetime) -> None:
        """A step was done."""
        text = step.resource.text
        place = About("", "", step.resource.id, *map(text, ("cloud", "account", "region", "type")))
        it = self.touched.setdefault(step.resource.id, Touched(place))
        if verb == "tag":
            it.tags |= {key: (step.before.get(key), value) for key, value in step.after.items()}
            return
        it.verb, it.at = verb, now
        if step.saves_month is not None:
            it.saves, it.by = saved_by_stopping(step.resource), (step.rules[0], step.do)  # by the hour it stands still

    def over(self, resources: Iterable[Resource], aliases: Mapping[str, str]) -> Iterator[Resource]:
        """The resources of a snapshot as they would be; those that were terminated are gone."""
        for it in self.touched.values():
            it.idle, it.there = True, False
        for resource in resources:
            touched = self.touched.get(resource.id)
            if touched is None or self._put_over(resource, touched, aliases):
                yield resource

    def forget(self, looked: Callable[[About], bool]) -> None:
        """What is gone from the place that a snapshot holds is gone for good: one of its name is another one."""
        for name, it in list(self.touched.items()):
            if not it.there and looked(it.about):
                del self.touched[name]

    def saving(self) -> Iterator[Touched]:
        """What stands still in the last snapshot only because of an imagined act."""
        return (it for it in self.touched.values() if it.saves is not None and not it.idle)

    def _put_over(self, resource: Resource, it: Touched, aliases: Mapping[str, str]) -> bool:
        """Whether the resource would be there."""
        it.there = True
        if it.tags:
            _tag(resource, it, aliases)
        state = resource.fields.get("state")
        if it.verb is None or it.at is None:
            return True
        if it.verb == "terminate":
            it.idle = state in _STANDS_STILL
            return False
        if state in _STANDS_STILL or (resource.started is not None and resource.started > it.at):
            it.verb = None
            return True
        if it.verb == "scale_to_zero":
            if resource.fields.get("capacity.provisioned"):
                resource.fields["capacity.provisioned"], it.idle = 0, False
        elif state is not None:
            resource.fields["state"], it.idle = _AFTER[it.verb], it.verb == "start"
        return True


def waiting(there: Mapping[str, Resource], records: Mapping[str, EpisodeRecord]) -> dict[str, list[EpisodeRecord]]:
    """By resource, the episodes in which something was stopped, of those that are there."""
    found: dict[str, list[EpisodeRecord]] = {}
    for record in records.values():
        if record.before and record.about.resource in there:
            found.setdefault(record.about.resource, []).append(record)
    return found


def _tag(resource: Resource, it: Touched, aliases: Mapping[str, str]) -> None:
    raw = dict(resource.tags.raw)
    for key, (was, now) in list(it.tags.items()):
        if raw.get(key) != was:
            del it.tags[key]
        elif isinstance(now, str):
            raw[key] = now
        else:
            raw.pop(key, None)
    resource.tags = Tags.of(raw, aliases, open_because=resource.tags.open_because)
