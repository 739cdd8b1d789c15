"""The tags of a CloudFormation resource: lists or maps, what reaches machines, what launch templates write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.model import Unknown
from finops_guard.sources.iac import _tags
from finops_guard.sources.iac._cfn.machines import launched_from
from finops_guard.sources.iac._either import Open, looked_up
from finops_guard.sources.iac._tags import NONE, Labels

if TYPE_CHECKING:
    from finops_guard.sources.iac._cfn.stack import Stack
    from finops_guard.sources.iac._types import IacType

_GROUP = "AWS::AutoScaling::AutoScalingGroup"
_LAUNCHED = (_GROUP, "AWS::EC2::Instance")
SPECIFIED = {
    "AWS::EC2::LaunchTemplate": "launch-template",
    "AWS::EC2::EC2Fleet": "instance",
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
        return _tags.launched_by(_maps(raw), SPECIFIED[type_])
    own = _of(raw, launched=type_ == _GROUP)
    if type_ not in _LAUNCHED:
        return own
    return _tags.merged(launched(name, launched_from(stack, row, values)), own)


def launched(name: str, template: object, what: str = "instance") -> Labels:
    """What the launch template of a resource writes on what it launches."""
    if template is None:
        return NONE
    if isinstance(template, Unknown):
        return Labels({}, f"the launch template of {name} may add tags: {template.reason}")
    return _tags.launched_by(_maps(looked_up(template, ("LaunchTemplateData", "TagSpecifications"))), what)


def _of(raw: object, *, launched: bool) -> Labels:
    if isinstance(raw, Open):
        return Labels(_tags.of_map({**raw}).values, raw.because)
    return _tags.of_list(raw, launched=True) if launched else _tags.of_map(raw)


def _maps(specifications: object) -> object:
    """The specifications without what is none."""
    if not isinstance(specifications, list):
        return specifications
    return [each for each in specifications if isinstance(each, dict | Unknown)]
