"""EBS volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from finops_guard.model import Tags
from finops_guard.sources.aws._cells import NOT_HOURS, tag_map
from finops_guard.sources.aws._managed import managed_by
from finops_guard.sources.aws._reading import batches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from finops_guard.model import Resource
    from finops_guard.sources.aws._cells import Cell

TYPE = "AWS::EC2::Volume"
KIND = "volume"
ARN = "arn:*:ec2:*:*:volume/*"
CLIENT = "ec2"
PERMISSIONS = {"collect": ["ec2:DescribeVolumes"], "tag": ["ec2:CreateTags", "ec2:DeleteTags"]}

_FILTERED = 200
"""Values of a filter, at most."""
_STATES = {"creating": "creating", "in-use": "running", "deleting": "deleting", "error": "failed"}


def collect(cell: Cell) -> Iterator[Resource]:
    """Every volume; one that nothing uses (`available`) is stopped. Capacity in GiB."""
    return _read(cell)


def read(cell: Cell, resources: Sequence[Resource]) -> Iterator[Resource]:
    """Those volumes as they are now."""
    for ids in batches(resources, _FILTERED):
        yield from _read(cell, Filters=[{"Name": "volume-id", "Values": ids}])


def _read(cell: Cell, **asked: Any) -> Iterator[Resource]:  # noqa: ANN401 - as the SDK has them
    for page in cell.pages("DescribeVolumes", "Volumes", MaxResults=500, **asked):
        for volume in page:
            if volume["State"] == "deleted":
                continue
            raw = tag_map(volume.get("Tags"))
            attached = [found["InstanceId"] for found in volume.get("Attachments") or [] if found.get("InstanceId")]
            yield cell.resource(
                cell.arn(f"volume/{volume['VolumeId']}"),
                raw.get("Name") or volume["VolumeId"],
                Tags.of(raw),
                {
                    "state": _STATES.get(volume["State"], "stopped"),
                    "created": volume["CreateTime"],
                    "capacity.provisioned": volume["Size"],
                    "managed_by": managed_by(raw),
                    **NOT_HOURS,
                },
                facts={
                    "volume_type": volume.get("VolumeType", "standard"),
                    "attached_to": attached,
                    **{name.casefold(): volume[name] for name in ("Iops", "Throughput") if volume.get(name)},
                },
            )
