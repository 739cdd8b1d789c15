"""The machines of a CloudFormation resource: its own, those of its launch template, of its variants, of its groups."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from finops_guard.model import Unknown
from finops_guard.sources.iac import _planned
from finops_guard.sources.iac._cfn.scope import Reference
from finops_guard.sources.iac._either import looked_up
from finops_guard.sources.iac._planned import Machines

if TYPE_CHECKING:
    from finops_guard.sources.iac._cfn.stack import Stack
    from finops_guard.sources.iac._types import IacType, Path

_SPOT: tuple[tuple[Path, object], ...] = (
    (("InstanceMarketOptions", "MarketType"), "spot"),
    (("LaunchTemplateData", "InstanceMarketOptions", "MarketType"), "spot"),
    (("CapacityType",), "SPOT"),
    (("ComputeResources", "Type"), "SPOT"),
)
_OVERRIDES = ("MixedInstancesPolicy", "LaunchTemplate", "Overrides")
_BATCH = Unknown("a compute environment starts as many machines as its jobs need")
_SEVERAL = {
    "AWS::SageMaker::Cluster": ("InstanceGroups", "InstanceType", "InstanceCount"),
    "AWS::SageMaker::EndpointConfig": ("ProductionVariants", "InstanceType", "InitialInstanceCount"),
}
"""Types that have their machines in a list: which one, a machine's type and its number."""


def machines_of(stack: Stack, type_: str, row: IacType | None, values: object) -> Machines:
    """What a resource runs; a type that the table does not have runs what its `InstanceType` says."""

    def look(path: Path) -> object:
        return looked_up(values, path)

    if row is None:
        return Machines(look(("InstanceType",)))
    if type_ == "AWS::SageMaker::Cluster":
        return _listed(type_, values)
    found = _planned.machines_of(row, look)
    other = launched_from(stack, row, values)
    spot = any(looked_up(each, path) == wanted for each in (values, other) for path, wanted in _SPOT)
    found = replace(found, spot=spot or (looked_up(other, ("SpotPrice",)) is not None))
    if type_ == "AWS::Batch::ComputeEnvironment":
        kinds = found.machine if isinstance(found.machine, list) else [found.machine]
        return replace(found, machine=_one_of(kinds), instances=_BATCH)
    several = look(("InstanceTypes",))
    if isinstance(several, list) and len(several) > 1:
        return replace(found, machine=_one_of(several))
    if found.machine is not None or other is None:
        return found
    if isinstance(other, Unknown):
        return replace(found, machine=Unknown(other.reason))
    if looked_up(other, ("ProductionVariants",)) is not None:
        return _listed("AWS::SageMaker::EndpointConfig", other)
    overrides = look(_OVERRIDES)
    if isinstance(overrides, list) and overrides:
        machine = _one_of([looked_up(each, ("InstanceType",)) for each in overrides])
    else:
        machine = looked_up(other, ("LaunchTemplateData", "InstanceType")) or looked_up(other, ("InstanceType",))
    return replace(found, machine=Unknown("its launch template names no machine type") if machine is None else machine)


def launched_from(stack: Stack, row: IacType | None, values: object) -> object:
    """The properties of the launch template (or configuration, or endpoint configuration) that a resource names.

    None where it names none, Unknown where that is not in the template.
    """
    named = None if row is None else _planned.first(lambda path: looked_up(values, path), row.via)
    if named is None:
        return None
    if isinstance(named, Reference):
        return stack.properties(named.to) if named.to in stack.bodies else Unknown(named.reason)
    if isinstance(named, Unknown):
        return named
    return stack.named(str(named)) or Unknown(f"{named} is not in the template")


def _listed(type_: str, values: object) -> Machines:
    """Machines of one type, added up; several types are told by name."""
    where, machine, number = _SEVERAL[type_]
    rows = looked_up(values, (where,))
    if not isinstance(rows, list):
        return Machines(rows if isinstance(rows, Unknown) else None)
    found = [(looked_up(row, (machine,)), looked_up(row, (number,))) for row in rows]
    kinds = [kind for kind, _ in found if kind is not None]
    counts = [1 if count is None else count for kind, count in found if kind is not None]
    if not kinds:
        return Machines()
    hidden = next((each for each in counts if isinstance(each, Unknown)), None)
    total: object = hidden or sum(int(str(each)) for each in counts if str(each).isdecimal())
    return Machines(_one_of(kinds), total)


def _one_of(kinds: list[object]) -> object:
    """The one machine type of several, or that there are several."""
    for each in kinds:
        if isinstance(each, Unknown):
            return each
    names = list(dict.fromkeys(map(str, kinds)))
    return kinds[0] if len(names) == 1 else Unknown("its machines may be of several types: " + ", ".join(names[:5]))
