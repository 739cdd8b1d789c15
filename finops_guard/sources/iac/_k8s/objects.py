"""One Kubernetes object as a resource.

Labels that count are those that its pods get: cost is allocated by the labels of pods, and the built-in controllers do
not hand theirs down. What operators run has the object's labels too, as they hand them down.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from finops_guard.model import Location, Resource, Unknown
from finops_guard.sources.iac import _planned, _tags
from finops_guard.sources.iac._either import looked_up
from finops_guard.sources.iac._k8s.accelerators import Request, fields_of
from finops_guard.sources.iac._k8s.claims import Claims
from finops_guard.sources.iac._k8s.nodes import PLACEHOLDER
from finops_guard.sources.iac._k8s.numbers import Number, between, plus
from finops_guard.sources.iac._k8s.pods import Pods, pods_of
from finops_guard.sources.iac._planned import Machines, Planned
from finops_guard.sources.iac._tags import NONE, Labels
from finops_guard.sources.iac._types import IacType, iac_type

if TYPE_CHECKING:
    from finops_guard.sources.iac import Reading
    from finops_guard.sources.iac._marked import Map

Scaled: TypeAlias = dict[tuple[str, str, str], Number]
"""(namespace, kind, name) of what an autoscaler scales -> how many pods it has."""
_SCALERS: Mapping[str, tuple[str, int, str]] = {
    "HorizontalPodAutoscaler": ("minReplicas", 1, "maxReplicas"),
    "ScaledObject": ("minReplicaCount", 0, "maxReplicaCount"),
}
"""What scales others: where it says the least, what that is where it does not, and where it says the most."""
_DEFAULT = "default"
_GROUPS = Unknown("an autoscaler says how many there are of groups that differ")
_RUNS = frozenset({"cluster", "container-service", "endpoint", "job", "notebook", "training-job"})
_LABELS = ("metadata", "labels")
_QUANTITY = re.compile(r"(\d{1,18}(?:\.\d{1,9})?)([kMGTPE]i?|Ki)?")
_UNITS: dict[str, int] = {unit: 1000**n for n, unit in enumerate(("", "k", "M", "G", "T", "P", "E"))}
_UNITS |= {f"{unit}i": 1024**n for n, unit in enumerate(("", "K", "M", "G", "T", "P", "E")) if unit}
_CLOUD = "the manifest does not say on which cloud its cluster runs"


@dataclass(frozen=True, slots=True)
class Around:
    """What stands in the same folder as an object: autoscalers, templates of claims, why labels may be added to it."""

    scaled: Scaled = field(default_factory=dict)
    claims: Claims = field(default_factory=dict)
    labelled: str | None = None


def resource(body: Map, at: Location, prefix: str, around: Around, document: Reading) -> Resource:
    """An object; its kind follows from its own or from that it has pods."""
    kind, name, namespace = str(body["kind"]), _name(body), _text(body, ("metadata", "namespace"))
    row = _row(body)
    pods = pods_of(body, kind)
    planned = Planned(
        address=prefix + "/".join(part for part in (namespace, kind, name) if part),
        name=name,
        declared=row.type,
        row=row,
        change=None,
        region=Unknown(_CLOUD),
        taggable=True,
        at=at,
    )
    replaced = around.scaled.get((namespace or _DEFAULT, kind, name))
    if replaced is not None:
        pods = [each.times(replaced if len(pods) == 1 else _GROUPS) for each in pods]
    labels = _labels(row, body, pods)
    if around.labelled is not None:
        labels = _tags.merged(labels, Labels({}, around.labelled))
    found = _planned.resource(planned, _tags.tags_of(labels, document.aliases), _machines(row, body))
    del found.fields["cloud"]
    found.unknown["cloud"] = _CLOUD
    if pods and row.kind == "other" and row.name == planned.declared and iac_type("kubernetes", row.name) is None:
        found.fields["kind"] = "container-service"
    for name_, value in _accelerators(row, pods, around.claims).items():
        found.fields.pop(name_, None)
        if isinstance(value, Unknown):
            found.unknown[name_] = value.reason
        else:
            found.fields[name_] = value
    if pods:
        found.facts["instances"] = plus(each.number for each in pods)
    return found


def _accelerators(row: IacType, pods: list[Pods], claims: Claims) -> Mapping[str, int | str | Unknown | None]:
    """What its pods ask for; an operator's object that runs something says in its own way what."""
    if not pods and row.kind in _RUNS:
        return dict.fromkeys(_planned.NO_ACCELERATORS, Unknown("what its pods ask for is not in the manifest"))
    if row.kind == "node-pool":
        return dict.fromkeys(_planned.NO_ACCELERATORS, Unknown("which machines it starts follows from the pods"))
    return fields_of([Request.of(each, claims) for each in pods])


def scaling_of(body: Map) -> Scaled:
    """What an autoscaler says of how many there are of what it scales; nothing for any other object."""
    names = _SCALERS.get(str(body["kind"]))
    target = looked_up(body, ("spec", "scaleTargetRef"))
    if names is None or not isinstance(target, dict):
        return {}
    least, most = (looked_up(body, ("spec", name)) for name in (names[0], names[2]))
    kind = str(target.get("kind") or "Deployment")
    key = (_text(body, ("metadata", "namespace")) or _DEFAULT, kind, str(target.get("name")))
    return {key: between(names[1] if least is None else least, most)}


def _row(body: Map) -> IacType:
    version, kind = str(body["apiVersion"]), str(body["kind"])
    group = version.rpartition("/")[0]
    name = f"{group}/{kind}" if group else kind
    row = iac_type("kubernetes", name)
    if row is not None and not (name == "Service" and looked_up(body, ("spec", "type")) == "LoadBalancer"):
        return row
    return IacType(
        name=name,
        type=name,
        kind="other" if row is None else "load-balancer",
        tags=_LABELS,
        region=(),
        machine=(),
        count=(),
        size=(),
        facts={},
        via=(),
        free=False,
    )


def _labels(row: IacType, body: Map, pods: list[Pods]) -> Labels:
    own = _filled(looked_up(body, _LABELS))
    if row.tags != _LABELS:
        return _filled(looked_up(body, row.tags or ()))
    return _tags.merged(own, _common(pods)) if pods else own


def _filled(raw: object) -> Labels:
    """Labels, of which those that are placeholders cannot be told."""
    labels = _tags.of_map(raw)
    later = {
        key: Unknown(f"{value[:40]!r} is filled in before it is applied")
        for key, value in labels.values.items()
        if isinstance(value, str) and PLACEHOLDER.search(value)
    }
    return Labels({**labels.values, **later}, labels.open_because) if later else labels


def _common(pods: list[Pods]) -> Labels:
    """The labels that all pods have."""
    first, *rest = (_filled(each.labels) for each in pods)
    found = {**first.values}
    for other in rest:
        for key in list(found):
            if key not in other.values:
                del found[key]
            elif other.values[key] != found[key]:
                found[key] = Unknown("its pods differ in it")
    return Labels(found) if found else NONE


def _machines(row: IacType, body: Map) -> Machines:
    size = _planned.first(lambda path: looked_up(body, path), row.size)
    facts: Mapping[str, object] = {fact: looked_up(body, path) for fact, path in row.facts.items()}
    return Machines(size=None if size is None else _gib(size), facts=facts)


def _gib(quantity: object) -> Decimal | Unknown:
    match = _QUANTITY.fullmatch(str(quantity))
    if match is None:
        return Unknown("its size is not a quantity")
    return Decimal(match[1]) * _UNITS[match[2] or ""] / 1024**3


def _name(body: Map) -> str:
    made = _text(body, ("metadata", "generateName"))
    return _text(body, ("metadata", "name")) or (f"{made}*" if made else "?")


def _text(body: Map, path: tuple[str, ...]) -> str:
    value = looked_up(body, path)
    return "" if value is None else str(value)
