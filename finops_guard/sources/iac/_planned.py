"""A resource that is planned: what its document says of it, as fields and facts, the same for every language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation

from finops_guard.costs.accelerators import accelerator, folded, is_accelerator_family
from finops_guard.model import Location, Resource, Tags, Unknown, Value
from finops_guard.sources.iac._looking import Look, at, first, one_of, total
from finops_guard.sources.iac._types import IacType, cloud_of

__all__ = ["Look", "Machines", "Planned", "first", "machines_of", "priced", "region_of", "resource"]

NO_ACCELERATORS: Mapping[str, Value] = {
    "accelerators.count": 0,
    "accelerators.model": None,
    "accelerators.vendor": None,
    "accelerators.memory": None,
}
_LARGEST = 10**12
_TOO_LARGE = Unknown("its number is larger than there can be of anything")
STANDBY = "multi_az"
"""The fact that there is a second machine which waits."""
DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "AWS::EC2::Volume": {"volume_type": "gp2"},
    "AWS::EC2::VPCEndpoint": {"endpoint_type": "Gateway"},
    "AWS::ElasticLoadBalancingV2::LoadBalancer": {"lb_type": "application"},
}
"""What EC2 and load balancing make of nothing (CreateVolume, CreateVpcEndpoint, CreateLoadBalancer)."""
_ACCELERATORS = tuple(NO_ACCELERATORS)
_NOT_IN_TABLE = "neither the document nor the shipped table says"
_ACCOUNT = "the document does not say which account it goes to"
_ZONE = re.compile(r"([a-z]+-[a-z]+\d)-[a-z]")
"""A zone of GCP and its region."""


@dataclass(frozen=True, slots=True)
class Machines:
    """The machines a resource runs and what prices read of it. Each part known, None (none) or Unknown.

    `choices`: the types of which a machine that is not known will be one; `between`: the least and the most of them, if
    their number moves.
    """

    machine: object = None
    instances: object = 1
    size: object = None
    facts: Mapping[str, object] = field(default_factory=dict)
    spot: bool = False
    choices: tuple[str, ...] = ()
    between: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """What a document says of one resource beside its machines and tags."""

    address: str
    name: str
    declared: str
    row: IacType | None
    change: str | None
    region: object
    account: object = None
    taggable: bool | None = None
    at: Location | None = None


def resource(planned: Planned, tags: Tags, machines: Machines) -> Resource:
    """The resource, state planned. `change` None: unknown, there is nothing to compare with."""
    row, cloud = planned.row, cloud_of(planned.declared)
    type_ = row.type if row else planned.declared
    fields: dict[str, Value] = {
        "cloud": cloud,
        "type": type_,
        "kind": row.kind if row else "other",
        "id": planned.address,
        "name": planned.name,
        "state": "planned",
        "purchase": "spot" if machines.spot else "on-demand",
        "interruptible": machines.spot,
        "managed_by": None,
        "protected": None,
    }
    unknown: dict[str, str] = {}
    _put(fields, unknown, "region", planned.region if planned.region is not None else _unsaid(cloud))
    _put(fields, unknown, "account", Unknown(_ACCOUNT) if planned.account is None else planned.account)
    if planned.change is None:
        unknown["change"] = "there is no plan that says what is there already"
    else:
        fields["change"] = planned.change
    if planned.taggable is None:
        unknown["taggable"] = f"whether {planned.declared} can carry tags is not in the shipped table"
    else:
        fields["taggable"] = planned.taggable
    facts: dict[str, object] = {"declared": planned.declared, **priced(machines)}
    if row is not None and row.free:
        facts["free"] = True
    for name, value in _accelerated(cloud, machines).items():
        _put(fields, unknown, name, value)
    names = machines.choices or (str(machines.machine),)
    if all(is_accelerator_family(cloud or "", name) for name in names):
        facts["accelerator_family"] = True
    if machines.size is not None:
        _put(fields, unknown, "capacity.provisioned", _number(machines.size))
    return Resource(fields, tags, unknown, facts=facts, at=planned.at)


def priced(machines: Machines) -> dict[str, object]:
    """The facts that prices read; what cannot be told is `Unknown` with its reason."""
    found = {name: value for name, value in machines.facts.items() if value is not None}
    if machines.machine is not None:
        found["instance_type"] = machines.machine
    if machines.machine is not None or (machines.instances is not None and machines.instances != 1):
        found["instances"] = 1 if machines.instances is None else _whole(machines.instances)
    if machines.between is not None:
        found["least"], found["most"] = machines.between
    return found


def machines_of(row: IacType, look: Look) -> Machines:
    """What a resource says itself of its machines; how many, where it scales, as a least and a most."""
    machine, choices = one_of(first(look, row.machine))
    count = total(first(look, row.count))
    facts = {fact: at(look, path) for fact, path in row.facts.items()}
    facts |= {fact: value for fact, value in DEFAULTS.get(row.type, {}).items() if facts.get(fact) is None}
    standby = facts.pop(STANDBY, None)
    if isinstance(standby, Unknown):
        count = standby
    elif str(standby).casefold() == "true":
        count = 2  # the one and its standby, as bills and inventories have it
    found = Machines(machine, 1 if count is None else count, first(look, row.size), facts, choices=choices)
    return found if isinstance(count, int) or not row.scale else scaled(found, *(at(look, path) for path in row.scale))


def scaled(machines: Machines, least: object, most: object) -> Machines:
    """The same machines, of which as many run as are needed, between a least and a most."""
    low, high = (_whole(0 if each is None else each) for each in (least, most))
    if most is None or isinstance(low, Unknown) or isinstance(high, Unknown):
        hidden = next((each for each in (low, high) if isinstance(each, Unknown)), None)
        return replace(machines, instances=machines.instances if hidden is None and least is None else hidden or low)
    if low == high:
        return replace(machines, instances=low)
    return replace(machines, instances=Unknown(f"it scales between {low} and {high}"), between=(low, high))


def region_of(cloud: str | None, value: object) -> object:
    """A region as its provider names it in an inventory: a zone is in one, Azure writes `West Europe` too."""
    if not isinstance(value, str):
        return value
    if cloud == "azure":
        return value.replace(" ", "").casefold()
    if cloud != "gcp":
        return value
    place = value.rpartition("/")[2].casefold()
    zone = _ZONE.fullmatch(place)
    return zone[1] if zone else place


def _accelerated(cloud: str | None, machines: Machines) -> dict[str, object]:
    attached = _attached(machines)
    if attached is not None:
        return attached
    machine = machines.machine
    if machine is None:
        return {**NO_ACCELERATORS}
    if isinstance(machine, Unknown):
        plain = machines.choices and not any(_has_any(cloud or "", name) for name in machines.choices)
        return {**NO_ACCELERATORS} if plain else dict.fromkeys(_ACCELERATORS, machine)
    name = str(machine)
    found = accelerator(cloud or "", name)
    if found is None:
        if is_accelerator_family(cloud or "", folded(name)):
            return dict.fromkeys(_ACCELERATORS, Unknown(_NOT_IN_TABLE))
        return {**NO_ACCELERATORS}
    times = _whole(machines.instances)
    count: object = Unknown(_NOT_IN_TABLE)
    if found.count is not None:
        count = found.count * times if isinstance(times, int) else times
    return {
        "accelerators.count": count,
        "accelerators.model": found.model,
        "accelerators.vendor": found.vendor,
        "accelerators.memory": Unknown(_NOT_IN_TABLE) if found.memory_bytes is None else found.memory_bytes,
    }


def _has_any(cloud: str, machine: str) -> bool:
    return accelerator(cloud, machine) is not None or is_accelerator_family(cloud, folded(machine))


def _attached(machines: Machines) -> dict[str, object] | None:
    """Accelerators that are named beside the machine (GCP's guest accelerators); None where there are none."""
    kind, count = machines.facts.get("accelerator_type"), machines.facts.get("accelerator_count")
    if kind is None and count is None:
        return None
    each, times = _whole(1 if count is None else count), _whole(machines.instances)
    if each == 0:
        return None
    total: object = each * times if isinstance(each, int) and isinstance(times, int) else Unknown(_NOT_IN_TABLE)
    for part in (times, each):
        total = part if isinstance(part, Unknown) else total
    model = folded(kind) if isinstance(kind, str) else Unknown(_NOT_IN_TABLE)
    vendor = "nvidia" if isinstance(model, str) and model.startswith("nvidia") else Unknown(_NOT_IN_TABLE)
    return {
        "accelerators.count": total,
        "accelerators.model": model,
        "accelerators.vendor": vendor,
        "accelerators.memory": Unknown(_NOT_IN_TABLE),
    }


def _put(fields: dict[str, Value], unknown: dict[str, str], name: str, value: object) -> None:
    if isinstance(value, Unknown):
        unknown[name] = value.reason
    else:
        fields[name] = value  # type: ignore[assignment] # numbers and texts, as the callers above make them


def _whole(value: object) -> int | Unknown:
    """A number of things; Unknown where it is none."""
    number = _number(value)
    if isinstance(number, Unknown):
        return number
    return int(number) if number >= 0 and number == int(number) else Unknown(f"its number is {value!r}")


def _number(value: object) -> int | Decimal | Unknown:
    if isinstance(value, Unknown):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) <= _LARGEST else _TOO_LARGE
    try:
        number = Decimal(str(value))
    except (InvalidOperation, ValueError):
        return Unknown("its number is not a number")
    if not number.is_finite():
        return Unknown("its number is not a number")
    if abs(number) > _LARGEST:
        return _TOO_LARGE
    return int(number) if number == int(number) else number


def _unsaid(cloud: str | None) -> object:
    return None if cloud is None else Unknown("the document does not say in which region")
