"""S3 buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.model import Unknown
from finops_guard.sources.aws._cells import NOT_HOURS, tag_map
from finops_guard.sources.aws._errors import Unreadable
from finops_guard.sources.aws._managed import manager_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from finops_guard.model import Resource
    from finops_guard.sources.aws._cells import Answer, Cell

TYPE = "AWS::S3::Bucket"
KIND = "bucket"
ARN = "arn:*:s3:::*"
CLIENT = "s3"
GLOBAL = True
SWEPT = True
PERMISSIONS = {
    "collect": ["s3:ListAllMyBuckets", "s3:GetBucketLocation", "s3:GetBucketTagging"],
    "tag": ["s3:GetBucketTagging", "s3:PutBucketTagging"],
}

_ALL = 10_000
"""The most a page may hold. Asking for a page at all is what makes AWS say each bucket's region."""


def collect(cell: Cell) -> Iterator[Resource]:
    """Every bucket of the account, once, in whichever of the scope's regions it is."""
    buckets = [bucket for page in cell.pages("ListBuckets", "Buckets", MaxBuckets=_ALL) for bucket in page]
    regions = {b["Name"]: b["BucketRegion"] for b in buckets if b.get("BucketRegion")}
    regions |= _regions(cell, {b["Name"] for b in buckets} - regions.keys())
    for bucket in buckets:
        region = regions.get(bucket["Name"])
        if region is None:
            continue
        where = cell.region if isinstance(region, Unknown) else region
        if cell.run.every_region or where in cell.run.regions:
            yield _resource(cell, bucket, region, where)


def read(cell: Cell, resources: Sequence[Resource]) -> Iterator[Resource]:
    """Those buckets as they are now; a bucket stays in its region."""
    there = {resource.id.rpartition(":")[2] for resource in resources}
    for page in cell.pages("ListBuckets", "Buckets", MaxBuckets=_ALL):
        for bucket in page:
            if bucket["Name"] in there:
                yield _resource(cell, bucket, cell.region, cell.region)


def _resource(cell: Cell, bucket: Answer, region: str | Unknown, where: str) -> Resource:
    arn = f"arn:{cell.account.partition}:s3:::{bucket['Name']}"
    tags = cell.tags(arn, _reader(cell, bucket["Name"], where), where)
    return cell.resource(
        arn,
        bucket["Name"],
        tags,
        {
            "region": region,
            "state": None,
            "created": bucket["CreationDate"],
            "data.region": region,
            "managed_by": manager_of(tags),
            **NOT_HOURS,
            "capacity.provisioned": None,
        },
    )


def _regions(cell: Cell, unplaced: set[str]) -> dict[str, str | Unknown]:
    """Regions of buckets that the list did not place, as in moto: a list for each region, else bucket by bucket."""
    claims: dict[str, list[str]] = {name: [] for name in unplaced}
    for region in cell.run.regions if unplaced else ():
        for page in cell.pages("ListBuckets", "Buckets", region=region, MaxBuckets=_ALL, BucketRegion=region):
            for bucket in page:
                claims.get(bucket["Name"], []).append(region)
    if not cell.run.every_region and any(claims.values()):
        # The filter works, so what no region in scope claims is in one that is not.
        claims = {name: found for name, found in claims.items() if found}
    # Claimed by two regions: whoever answers does not know the filter.
    return {name: found[0] if len(found) == 1 else _location(cell, name) for name, found in claims.items()}


def _location(cell: Cell, name: str) -> str | Unknown:
    answer = cell.detail("GetBucketLocation", Bucket=name)
    if answer is None:
        return Unknown("it was deleted during the scan")
    if isinstance(answer, Unknown):
        return answer
    # The oldest two regions have names of their own here.
    location = str(answer.get("LocationConstraint") or "us-east-1")
    return "eu-west-1" if location == "EU" else location


def _reader(cell: Cell, name: str, region: str) -> Callable[[], Mapping[str, str]]:
    def read() -> Mapping[str, str]:
        try:
            return tag_map(cell.call("GetBucketTagging", region=region, Bucket=name).get("TagSet"))
        except Unreadable as error:
            if error.reason.startswith("NoSuchTagSet"):
                return {}
            raise

    return read
