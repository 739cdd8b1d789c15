"""The tags of a CloudFormation resource: lists or maps, what reaches machines, what launch templates write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.model import Unknown
from finops_guard.sources.iac import _tags
from finops_guard.sources.iac._cfn.machines import launched_from, several_templates
from finops_guard.sources.iac._either import looked_up
from finops_guard.sources.iac._tags import NONE, Labels

if TYPE_CHECKING:
    from finops_guard.sources.iac._cfn.stack import Stack
    from finops_guard.sources.iac._types import IacType

_GROUP = "AWS::AutoScaling::AutoScalingGroup"
_FLEETS = ("AWS::EC2::EC2Fleet", "AWS::EC2::SpotFleet")
_LAUNCHED = (_GROUP, "AWS::EC2::Instance", *_FLEETS)
SPECIFIED = {
    "AWS::EC2::LaunchTemplate": "launch-template",
    **dict.fromkeys(_FLEETS, "instance"),
    "AWS::EC2::CapacityReservation": "capacity-reservation",
}
"""Types with `TagSpecifications`, and whose tags are theirs: a fleet is its machines."""


def labels_of(stack: Stack, name: str, type_: str, row: IacType | None, values: object) -> Labels:
    """The tags that a resource, or the machines that it starts, will carry by what the template says."""
    path = ("Tags",) if row is None else row.tags
    if path is None:
        return NONE
    raw = looked_up(values, path)
    if type_ in SPECIFIED:
        own = _tags.launched_by(_maps(raw), SPECIFIED[type_])
    else:
        own = _tags.of_list(raw, launched=True) if type_ == _GROUP else _tags.of_map(raw)
    if type_ not in _LAUNCHED:
        return own
    return _tags.merged(_launched(name, launched_from(stack, row, values), values), own)


def launched(name: str, template: object, what: str = "instance") -> Labels:
    """What the launch template of a resource writes on what it launches."""
    if template is None:
        return NONE
    if isinstance(template, Unknown):
        return Labels({}, f"the launch template of {name} may add tags: {template.reason}")
    return _tags.launched_by(_maps(looked_up(template, ("LaunchTemplateData", "TagSpecifications"))), what)


def _launched(name: str, template: object, values: object) -> Labels:
    """What machines get of what they are started from."""
    specified = looked_up(values, ("SpotFleetRequestConfigData", "LaunchSpecifications"))
    rows = specified if isinstance(specified, list) else []
    if several_templates(values) or len(rows) > 1:
        return Labels({}, f"{name} starts machines from several templates, and they may differ in their tags")
    for row in rows:
        return _tags.launched_by(_maps(looked_up(row, ("TagSpecifications",))))
    return launched(name, template)


def _maps(specifications: object) -> object:
    """The specifications without what is none."""
    if not isinstance(specifications, list):
        return specifications
    return [each for each in specifications if isinstance(each, dict | Unknown)]
