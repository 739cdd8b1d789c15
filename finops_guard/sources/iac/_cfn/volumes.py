"""The volumes that an instance declares: billed and tagged by themselves.

They have the instance's tags only where `PropagateTagsToVolumeOnCreation` says so; tags of the stack do not reach them
(User Guide, "Resource tags").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from finops_guard.model import Unknown
from finops_guard.sources.iac import _planned, _tags
from finops_guard.sources.iac._cfn.machines import launched_from
from finops_guard.sources.iac._cfn.tags import launched
from finops_guard.sources.iac._either import looked_up
from finops_guard.sources.iac._planned import Machines, Planned
from finops_guard.sources.iac._tags import NONE, Labels
from finops_guard.sources.iac._types import iac_type

if TYPE_CHECKING:
    from finops_guard.model import Resource
    from finops_guard.sources.iac._cfn.stack import Stack

_INSTANCE, _VOLUME = "AWS::EC2::Instance", "AWS::EC2::Volume"


def volumes_of(stack: Stack, planned: Planned, values: object, own: Labels) -> Iterator[Resource]:
    """Each disk of an instance's block devices; nothing for any other type. `own`: the tags of the instance."""
    devices = looked_up(values, ("BlockDeviceMappings",)) if planned.declared == _INSTANCE else None
    for number, device in enumerate(devices if isinstance(devices, list) else ()):
        disk = looked_up(device, ("Ebs",))
        if not isinstance(disk, dict):
            continue
        end = f".BlockDeviceMappings[{number}]"
        each = replace(
            planned,
            address=planned.address + end,
            name=planned.name + end,
            declared=_VOLUME,
            row=iac_type("cloudformation", _VOLUME),
            taggable=True,
        )
        template = launched_from(stack, planned.row, values)
        labels = _tags.merged(launched(planned.name, template, "volume"), _handed_down(values, own))
        facts = {"volume_type": looked_up(disk, ("VolumeType",))}
        machines = Machines(size=looked_up(disk, ("VolumeSize",)), facts=facts)
        yield _planned.resource(each, _tags.tags_of(labels, stack.document.aliases), machines)


def _handed_down(values: object, own: Labels) -> Labels:
    handed = looked_up(values, ("PropagateTagsToVolumeOnCreation",))
    if isinstance(handed, Unknown):
        why = Unknown(f"whether it reaches the volume: {handed.reason}")
        return Labels(dict.fromkeys(own.values, why), own.open_because)
    return own if str(handed).casefold() == "true" else NONE
