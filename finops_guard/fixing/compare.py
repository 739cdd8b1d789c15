"""Whether what was wanted came about, and nothing else: what is there before and after, compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from finops_guard.fixing.gains import Reached
from finops_guard.model import All, AnyOf, Compare, Not

if TYPE_CHECKING:
    from finops_guard.fixing.draft import Draft
    from finops_guard.fixing.job import Job
    from finops_guard.fixing.judged import Seen
    from finops_guard.model import Condition, Resource


@dataclass(frozen=True, slots=True)
class Wrong:
    """A resource that would be what nobody wanted, in what, and which tags (canonical keys) may be the cause."""

    resource: Resource
    what: str
    keys: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Allowed:
    """What tags may be afterwards: by resource and raw key; what may change wherever it stands, and what all may get.

    `moved`: names of keys in another spelling; `inherited`: (key, value before, value after), absent is None.
    """

    own: dict[str, dict[str, set[str | None]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))
    moved: dict[str, str] = field(default_factory=dict)
    inherited: set[tuple[str, str | None, str | None]] = field(default_factory=set)
    gains: Reached = field(default_factory=lambda: Reached(()))


def wrongs(draft: Draft, before: Seen, after: Seen) -> Iterator[Wrong]:
    """All that would be otherwise than it was meant to be, findings first."""
    for finding in after.by_id.values():
        was = before.by_id.get(finding.id)
        if was is None or was.verdict not in {finding.verdict, "fail"}:
            keys = frozenset(_read(finding.rule.match) | _read(finding.rule.require))
            yield Wrong(
                finding.resource, f"{finding.rule.id} would be {finding.verdict} for {finding.resource.id}", keys
            )
    allowed = _allowed(draft)
    for name in dict.fromkeys([*before.resources, *after.resources]):
        one, two = before.resources.get(name), after.resources.get(name)
        if one is None or two is None or one.fields != two.fields or one.unknown != two.unknown:
            there = one or two or next(iter(after.resources.values()))
            yield Wrong(there, f"{name} would become another")
        else:
            yield from _tags(one, two, allowed)


def _tags(old: Resource, new: Resource, allowed: _Allowed) -> Iterator[Wrong]:
    one, two, name = old.tags, new.tags, old.id
    hidden = {allowed.moved.get(key, key): reason for key, reason in one.unknown.items()}
    hidden |= {key: reason for key, reason in two.unknown.items() if allowed.gains.of(name, key)}
    if hidden != two.unknown or one.open_because != two.open_because:
        yield Wrong(old, f"what is known of the tags of {name} would change")
    if one.raw == two.raw:
        return
    for key in dict.fromkeys([*one.raw, *two.raw]):
        was, is_ = one.raw.get(key), two.raw.get(key)
        if was == is_ or is_ in allowed.own[name].get(key, ()) or (key, was, is_) in allowed.inherited:
            continue
        if key in one.raw or is_ not in allowed.gains.of(name, key):
            yield Wrong(old, f"tag '{key}' of {name} would change too")


def _allowed(draft: Draft) -> _Allowed:
    found = _Allowed()
    for job in draft.jobs:
        _allow(job, found)
    for job in draft.jobs:
        _allow_names(job, found)
    found.gains = Reached(draft.gains)
    return found


def _allow(job: Job, found: _Allowed) -> None:
    raw, own = job.finding.resource.tags.raw, found.own[job.finding.resource.id]
    for key, value in (job.want.adds | job.want.values).items():
        own[key].add(value)
    found.inherited |= {(key, raw[key], value) for key, value in job.want.values.items()}


def _allow_names(job: Job, found: _Allowed) -> None:
    """A key in another spelling takes its value along, or the right one; after all values are known."""
    raw, own = job.finding.resource.tags.raw, found.own[job.finding.resource.id]
    found.moved |= job.want.names
    for key, name in job.want.names.items():
        own[name] |= {raw[key]} | own[key]
        own[key].add(None)
        found.inherited |= {(key, raw[key], None)} | {(name, None, value) for value in own[name]}


def _read(condition: Condition) -> set[str]:
    """The tags that a condition looks at."""
    match condition:
        case All(items) | AnyOf(items):
            return {key for item in items for key in _read(item)}
        case Not(item):
            return _read(item)
        case Compare(ref):
            return {ref.name} if ref.space == "tag" else set()
