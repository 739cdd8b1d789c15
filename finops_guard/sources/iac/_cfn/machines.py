"""The machines of a CloudFormation resource: its own, those of its launch template, of its variants, of its groups."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from finops_guard.model import Unknown
from finops_guard.sources.iac import _planned
from finops_guard.sources.iac._cfn.scope import Reference
from finops_guard.sources.iac._either import Choice, looked_up
from finops_guard.sources.iac._looking import first, one_of, total
from finops_guard.sources.iac._planned import Machines

if TYPE_CHECKING:
    from finops_guard.sources.iac._cfn.stack import Stack
    from finops_guard.sources.iac._types import IacType, Path

_SPOT: tuple[tuple[Path, object], ...] = (
    (("InstanceMarketOptions", "MarketType"), "spot"),
    (("LaunchTemplateData", "InstanceMarketOptions", "MarketType"), "spot"),
    (("CapacityType",), "SPOT"),
    (("ComputeResources", "Type"), "SPOT"),
    (("TargetCapacitySpecification", "DefaultTargetCapacityType"), "spot"),
)
_OVERRIDES: tuple[Path, ...] = (
    ("MixedInstancesPolicy", "LaunchTemplate", "Overrides"),
    ("LaunchTemplateConfigs", 0, "Overrides"),
    ("SpotFleetRequestConfigData", "LaunchTemplateConfigs", 0, "Overrides"),
)
"""What a group may take in place of its template's machine type."""
_CONFIGS: tuple[Path, ...] = (("LaunchTemplateConfigs",), ("SpotFleetRequestConfigData", "LaunchTemplateConfigs"))
_BATCH = Unknown("a compute environment starts as many machines as its jobs need")
_NO_MACHINE = Unknown("its launch template names no machine type")


def machines_of(stack: Stack, type_: str, row: IacType | None, values: object) -> Machines:
    """What a resource runs; a type that the table does not have runs what its `InstanceType` says."""

    def look(path: Path) -> object:
        return looked_up(values, path)

    if row is None:
        return _chosen(Machines(look(("InstanceType",))))
    found = _planned.machines_of(row, look)
    other = launched_from(stack, row, values)
    spot = any(looked_up(each, path) == wanted for each in (values, other) for path, wanted in _SPOT)
    found = replace(found, spot=spot or (looked_up(other, ("SpotPrice",)) is not None))
    if type_ == "AWS::SageMaker::Cluster":
        return _chosen(_listed(values, "InstanceGroups", "InstanceCount", "RestrictedInstanceGroups"))
    if type_ == "AWS::Batch::ComputeEnvironment":
        return _chosen(replace(found, instances=_BATCH))
    if found.machine is not None or other is None:
        return _chosen(found)
    if isinstance(other, Unknown):
        return replace(found, machine=Unknown(other.reason))
    if looked_up(other, ("ProductionVariants",)) is not None:
        return _chosen(_listed(other, "ProductionVariants", "InitialInstanceCount"))
    machine, choices = one_of(_overriding(values) or _of_template(other))
    return _chosen(replace(found, machine=_NO_MACHINE if machine is None else machine, choices=choices))


def launched_from(stack: Stack, row: IacType | None, values: object) -> object:
    """The properties of the launch template (or configuration, or endpoint configuration) that a resource names.

    None where it names none, Unknown where that is not in the template.
    """
    named = None if row is None else first(lambda path: looked_up(values, path), row.via)
    if named is None:
        return None
    if isinstance(named, Reference):
        return stack.properties(named.to) if named.to in stack.bodies else Unknown(named.reason)
    if isinstance(named, Unknown):
        return named
    return stack.named(str(named)) or Unknown(f"{named} is not in the template")


def several_templates(values: object) -> bool:
    """Whether a fleet starts machines from more than one launch template."""
    configs = first(lambda path: looked_up(values, path), _CONFIGS)
    return isinstance(configs, list) and len(configs) > 1


def _overriding(values: object) -> object:
    """The machine types that a group may take in place of its template's; None where it says none."""

    def look(path: Path) -> object:
        return looked_up(values, path)

    if several_templates(values):
        return Unknown("it starts machines from several templates")
    return first(look, [(*path, "*", "InstanceType") for path in _OVERRIDES])


def _of_template(template: object) -> object:
    return looked_up(template, ("LaunchTemplateData", "InstanceType")) or looked_up(template, ("InstanceType",))


def _listed(values: object, groups: str, number: str, *more: str) -> Machines:
    """Machines of several groups together: those of one type are added up, of several types they are named."""
    kinds: list[object] = []
    counts: list[object] = []
    for name in (groups, *more):
        rows = looked_up(values, (name,))
        if isinstance(rows, Unknown):
            return Machines(rows, rows)
        for row in rows if isinstance(rows, list) else ():
            kind, count = looked_up(row, ("InstanceType",)), looked_up(row, (number,))
            if kind is not None:
                kinds.append(kind)
                counts.append(1 if count is None else count)
    if not kinds:
        return Machines()
    machine, choices = one_of(kinds)
    return Machines(machine, total(counts), choices=choices)


def _chosen(found: Machines) -> Machines:
    """Of a parameter without a value, what it allows is what the machine will be."""
    return replace(found, choices=found.machine.of) if isinstance(found.machine, Choice) else found
