"""The machines that a planned resource runs: its own, those of its launch template, those of its variants."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from finops_guard.model import Unknown
from finops_guard.sources.iac import _planned
from finops_guard.sources.iac._plan_values import AFTER_APPLY, Values
from finops_guard.sources.iac._planned import Machines
from finops_guard.sources.iac._types import IacType

_SPOT = (
    (("instance_market_options", 0, "market_type"), "spot"),
    (("capacity_type",), "SPOT"),
    (("scheduling", 0, "provisioning_model"), "SPOT"),
    (("scheduling", 0, "preemptible"), True),
    (("node_config", 0, "spot"), True),
    (("node_config", 0, "preemptible"), True),
    (("priority",), "Spot"),
)
_OVERRIDES = ("mixed_instances_policy", 0, "launch_template", 0, "override")
_UNLISTED = ("instance_type", "machine_type", "vm_size", "node_type", "instance_class")
_ACCELERATOR = ("accelerator_type", "accelerator_count")
_SHOWN = 5


def machines_of(
    row: IacType | None, declared: str, side: Values, other: Values | Unknown | None, written: Collection[str] = ()
) -> Machines:
    """What a resource runs. `other`: what its row's `via` leads to; `written`: the attributes that its block has.

    A type that the table does not have runs machines if one of its attributes is called like one.
    """
    if row is None:
        name = next((name for name in _UNLISTED if side.has(name)), None)
        return Machines() if name is None else Machines(side.look((name,)))
    spot = declared == "aws_spot_instance_request" or any(side.look(path) == wanted for path, wanted in _SPOT)
    own = _planned.machines_of(row, side.look)
    found = replace(own, spot=spot, facts=_attached(row, own.facts, written))
    if found.machine is not None or other is None:
        return found
    overrides = side.look(_OVERRIDES)
    if isinstance(overrides, list) and overrides:
        return _one_of(found, overrides)
    if isinstance(other, Unknown):
        return replace(found, machine=other)
    if other.has("production_variants"):
        return _variants(other)
    machine = other.look(("instance_type",))
    return replace(found, machine=Unknown("its launch template names no machine type") if machine is None else machine)


def _attached(row: IacType, facts: Mapping[str, object], written: Collection[str]) -> Mapping[str, object]:
    """Facts without accelerators that nobody wrote down: the provider then fills in those of the machine type."""
    if not written or not any(isinstance(facts.get(name), Unknown) for name in _ACCELERATOR):
        return facts
    guessed = {name for name in _ACCELERATOR if name in row.facts and row.facts[name][0] not in written}
    return {name: value for name, value in facts.items() if name not in guessed}


def was(machines: Machines, region: object) -> dict[str, object]:
    """What prices read of a resource as it was before."""
    place = {} if isinstance(region, Unknown) or region is None else {"region": region}
    size = {} if machines.size is None else {"size": machines.size}
    return {**_planned.priced(machines), **place, **size, "spot": machines.spot}


def disk(device: Mapping[str, object]) -> Machines:
    """A volume of an instance, by its block."""
    return Machines(size=device.get("volume_size"), facts={"volume_type": device.get("volume_type")})


def _variants(config: Values) -> Machines:
    """The machines of an endpoint's configuration, all variants together."""
    variants = config.look(("production_variants",))
    if not isinstance(variants, list):
        return Machines(variants if isinstance(variants, Unknown) else None)
    rows = [each for each in variants if isinstance(each, dict) and each.get("instance_type") is not None]
    kinds = [each["instance_type"] for each in rows]
    if hidden := next((kind for kind in kinds if isinstance(kind, Unknown)), None):
        return Machines(hidden)
    if len(set(map(str, kinds))) > 1:
        return Machines(Unknown("its variants run several machine types"))
    counts = [each.get("initial_instance_count") for each in rows]
    whole = [count for count in counts if isinstance(count, int)]
    return Machines(kinds[0], sum(whole) if len(whole) == len(counts) else AFTER_APPLY) if kinds else Machines()


def _one_of(found: Machines, overrides: list[object]) -> Machines:
    """The machines of a group that may take one of several types."""
    kinds = [each.get("instance_type") if isinstance(each, dict) else each for each in overrides]
    known = tuple(dict.fromkeys(kind for kind in kinds if isinstance(kind, str)))
    if len(known) == 1 and len(set(map(str, kinds))) == 1:
        return replace(found, machine=known[0])
    several = Unknown("its machines may be of several types: " + ", ".join(known[:_SHOWN]))
    return replace(found, machine=several, choices=known if all(isinstance(kind, str) for kind in kinds) else ())
