"""The machines that a planned resource runs: its own, those of its launch template, those of its variants."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from finops_guard.model import Unknown
from finops_guard.sources.iac import _google_machines, _planned
from finops_guard.sources.iac._looking import first, one_of, total
from finops_guard.sources.iac._plan_values import Values
from finops_guard.sources.iac._planned import Machines
from finops_guard.sources.iac._types import MACHINES, IacType, Path

_SPOT = (
    (("instance_market_options", 0, "market_type"), "spot"),
    (("capacity_type",), "SPOT"),
    (("scheduling", 0, "provisioning_model"), "SPOT"),
    (("scheduling", 0, "preemptible"), True),
    (("node_config", 0, "spot"), True),
    (("node_config", 0, "preemptible"), True),
    (("priority",), "Spot"),
    (("vm_priority",), "LowPriority"),
    (("spot_instance_enabled",), True),
    (("compute_resources", 0, "type"), "SPOT"),
    (("target_capacity_specification", 0, "default_target_capacity_type"), "spot"),
)
_SPOT_ONLY = frozenset({"aws_spot_instance_request", "aws_spot_fleet_request"})
_OVERRIDES: tuple[Path, ...] = (
    ("mixed_instances_policy", 0, "launch_template", 0, "override", "*", "instance_type"),
    ("launch_template_config", 0, "override", "*", "instance_type"),
    ("launch_template_config", 0, "overrides", "*", "instance_type"),
)
_TEMPLATE: tuple[Path, ...] = (("instance_type",), ("machine_type",))
_FILLED_IN = ("accelerator_type", "accelerator_count", "iops", "throughput")


def machines_of(
    row: IacType | None, declared: str, side: Values, other: Values | Unknown | None, written: Collection[str] = ()
) -> Machines:
    """What a resource runs. `other`: what its row's `via` leads to; `written`: the attributes that its block has.

    A type that the table does not have runs machines if one of its attributes is called like one.
    """
    if row is None:
        name = next((name for name in MACHINES if side.has(name)), None)
        return Machines() if name is None else Machines(side.look((name,)))
    found = _numbered(row, side, written)
    spot = declared in _SPOT_ONLY or _is_spot(side)
    found = replace(found, spot=spot, facts=_attached(row, found.facts, written))
    if row.name == "aws_batch_compute_environment":
        return _batch(found)
    if found.machine is None and other is not None:
        found = _launched(found, side, other)
    return _google_machines.machines_of(declared, found, side.look)


def _launched(found: Machines, side: Values, other: Values | Unknown) -> Machines:
    """The machines of what starts them by a template, or of an endpoint's configuration."""
    machine, choices = one_of(first(side.look, _OVERRIDES))
    if machine is not None:
        return replace(found, machine=machine, choices=choices)
    if isinstance(other, Unknown):
        return replace(found, machine=other)
    if other.has("production_variants"):
        return _variants(other)
    machine = first(other.look, _TEMPLATE)
    spot = found.spot or _is_spot(other)
    facts = {**found.facts, **{fact: other.look(path) for fact, path in _google_machines.ACCELERATORS.items()}}
    if machine is None:
        machine = Unknown("its launch template names no machine type")
    return replace(found, machine=machine, spot=spot, facts=facts)


def _is_spot(side: Values) -> bool:
    return any(side.has(str(path[0])) and side.look(path) == wanted for path, wanted in _SPOT)


def _numbered(row: IacType, side: Values, written: Collection[str]) -> Machines:
    """The machines and how many. A number that nobody wrote the provider takes from others: `min_size`, say."""
    filled = {_planned.STANDBY, *_planned.DEFAULTS.get(row.type, ())}
    numbers = [*row.count, *(path for fact, path in row.facts.items() if fact in filled)]
    filled_in = {path for path in numbers if written and path[0] not in written}

    def look(path: Path) -> object:
        value = side.look(path)
        return None if path in filled_in and isinstance(value, Unknown) else value

    found = _planned.machines_of(row, look)
    told = first(look, (*row.count, *row.scale[1:]))
    late = first(side.look, row.count) if told is None else None
    return found if late is None else replace(found, instances=total(late))


def _batch(found: Machines) -> Machines:
    """A compute environment: families stand for their machines, and jobs say how many of them there are."""
    kinds = found.choices or ((found.machine,) if isinstance(found.machine, str) else ())
    named = tuple(kind if "." in kind or kind == "optimal" else f"{kind}.any" for kind in kinds)
    machine = found.machine if named == kinds else Unknown("its machines may be of several types: " + ", ".join(kinds))
    return replace(found, machine=machine, choices=named, instances=Unknown("it starts machines as its jobs need them"))


def _attached(row: IacType, facts: Mapping[str, object], written: Collection[str]) -> Mapping[str, object]:
    """Facts without what nobody wrote down: the provider fills in what belongs to the machine type or volume type."""
    if not written or not any(isinstance(facts.get(name), Unknown) for name in _FILLED_IN):
        return facts
    guessed = {name for name in _FILLED_IN if name in row.facts and row.facts[name][0] not in written}
    return {name: value for name, value in facts.items() if name not in guessed or not isinstance(value, Unknown)}


def was(machines: Machines, region: object) -> dict[str, object]:
    """What prices read of a resource as it was before."""
    place = {} if isinstance(region, Unknown) or region is None else {"region": region}
    size = {} if machines.size is None else {"size": machines.size}
    return {**_planned.priced(machines), **place, **size, "spot": machines.spot}


def disk(device: Mapping[str, object]) -> Machines:
    """A volume of an instance, by its block."""
    told = {name: device.get(name) for name in ("iops", "throughput")}  # filled in by the provider where not written
    known = {name: value for name, value in told.items() if not isinstance(value, Unknown)}
    return Machines(size=device.get("volume_size"), facts={"volume_type": device.get("volume_type"), **known})


def _variants(config: Values) -> Machines:
    """The machines of an endpoint's configuration, all variants together; each has one unless it says more."""
    variants = config.look(("production_variants",))
    if not isinstance(variants, list):
        return Machines(variants if isinstance(variants, Unknown) else None)
    rows = [each for each in variants if isinstance(each, dict) and each.get("instance_type") is not None]
    machine, choices = one_of([each["instance_type"] for each in rows] or None)
    if machine is None:
        return Machines()
    return Machines(machine, total([each.get("initial_instance_count") for each in rows]), choices=choices)
