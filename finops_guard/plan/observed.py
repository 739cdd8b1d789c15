"""What a step was decided on, so that it can be told whether others changed it since.

Quantities that are measured or grow with time (usage, spend, age, traffic) always differ: of those only the rule's own
verdict counts, which is asked for anew. The rest is compared: what the rules, their bindings' `where` and their
exemptions look at, and what the verb touches.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

from finops_guard.evaluate.fold import reads
from finops_guard.fields import FIELDS
from finops_guard.model import LIFECYCLE, Ref, Unknown
from finops_guard.state.lines import to_line
from finops_guard.state.values import encode, moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from finops_guard.model import Condition, Policy, Resource, Step

Observed: TypeAlias = "Mapping[str, object]"
"""What was looked at, by name, as JSON; what was not known is left out."""

_GROWS = frozenset({"money", "percent", "duration"})
_SETTINGS = frozenset({"log.retention", "budget.name", "data.region"})
_MEASURED = (
    "age",
    "capacity.used",
    "usage.",
    "traffic.",
    "budget.",
    "network.inter",
    "log.ingest",
    "data.",
    "unit_cost.",
)
_TOUCHED = ("state", "protected", "managed_by", "capacity.provisioned")


def observed(step: Step, policy: Policy) -> Observed:
    """What `step` was decided on, as its resource is in it."""
    return look(step, step.resource, policy)


def look(step: Step, resource: Resource, policy: Policy) -> Observed:
    """The same things as they are on another reading of its resource."""
    found: dict[str, object] = {}
    for ref in _refs(step, policy):
        value = _value(resource, ref)
        if not isinstance(value, Unknown):
            found[str(ref)] = encode(value)
    if step.do in LIFECYCLE and resource.started is not None:
        found["started"] = moment(resource.started)
    for key in step.before if step.do in ("tag", "notify") else ():
        found[f"tag {key}"] = resource.tags.raw.get(key)
    return dict(sorted(found.items()))


def changed(then: Observed, now: Observed) -> list[str]:
    """The names of what was known then and is not the same now."""
    return [name for name, value in then.items() if name not in now or now[name] != value]


def digest(what: Observed) -> str:
    """sha256 of what was observed."""
    return sha256(to_line(what)).hexdigest()


def _refs(step: Step, policy: Policy) -> Iterator[Ref]:
    if step.do in LIFECYCLE:
        yield from (Ref("field", name) for name in _TOUCHED)
    for condition in _conditions(step, policy):
        for ref in reads(condition):
            if ref.space != "field" or not _is_measured(ref.name):
                yield ref


def _conditions(step: Step, policy: Policy) -> Iterator[Condition]:
    for binding in policy.bindings:
        rules = [rule for rule in binding.rules if rule.id in step.rules]
        for rule in rules:
            yield rule.match
            yield rule.require
        if any(rule.partition("/")[0] == binding.pack.name for rule in step.rules):
            yield binding.where
    yield from (exemption.where for exemption in policy.exempt if exemption.rule in step.rules)


def _is_measured(name: str) -> bool:
    field = FIELDS[name]
    return name not in _SETTINGS and (field.metric or field.type in _GROWS or name.startswith(_MEASURED))


def _value(resource: Resource, ref: Ref) -> object:
    if ref.space == "field":
        return resource.look(ref.name)
    return (resource.tags if ref.space == "tag" else resource.account_tags).look(ref.name)
