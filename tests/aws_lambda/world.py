"""An estate in moto, and a policy with its pack in a bucket beside the state."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.sources.aws.cloud import Cloud

if TYPE_CHECKING:
    from collections.abc import Callable

PACK = """\
pack: whose
version: 1.0.0
rules:
  team:
    title: It says whose it is
    severity: high
    match: {kind: [vm, volume]}
    require: {tags: {team: {exists: true}}}
    otherwise:
      - {do: notify}
      - {do: tag, set: {seen-by: finops}}
"""
POLICY = """\
policy: acme
owner: finops@acme.example
mode: enforce
permit: [notify, suggest, tag]
state: s3://guard/state
scope: {aws: {regions: [eu-west-1, us-east-1]}}
packs: [{use: whose}]
notify: [{to: sns, topic: $env.TOPIC}]
"""
WHERE = "s3://guard/config/policies/acme.yaml"
SEEN = {"Name": "key", "Values": ["seen-by"]}
REGIONS = ("eu-west-1", "us-east-1")
CELLS = 4
RESOURCES = 10


@dataclass
class Context:
    """An invocation that has `left` seconds, or what a script says each time it is asked."""

    aws_request_id: str = "request-1"
    left: float = 900
    script: Callable[[int], float] | None = None
    asked: int = field(default=0)
    until: float = field(init=False)

    def __post_init__(self) -> None:
        self.until = time.monotonic() + self.left

    def get_remaining_time_in_millis(self) -> int:
        self.asked += 1
        left = self.script(self.asked) if self.script is not None else self.until - time.monotonic()
        return max(0, int(left * 1000))


class World:
    """What is there: in each of two regions two machines, their disks and a volume; one machine has a team."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.s3 = cloud.client("s3", "us-east-1")
        self.s3.create_bucket(Bucket="guard")
        self.put("config/policies/acme.yaml", POLICY)
        self.put("config/rules/whose.yaml", PACK)
        self.topic = cloud.client("sns").create_topic(Name="notices")["TopicArn"]
        for region in REGIONS:
            ec2 = cloud.client("ec2", region)
            for number in range(2):
                tags = [{"Key": "team", "Value": "vision"}] if number else [{"Key": "Name", "Value": "nobody's"}]
                kinds = [{"ResourceType": "instance", "Tags": tags}]
                ec2.run_instances(ImageId="ami-1234567890abcdef0", MinCount=1, MaxCount=1, InstanceType="g4dn.xlarge",
                                  TagSpecifications=kinds)  # fmt: skip
            ec2.create_volume(AvailabilityZone=f"{region}a", Size=8)
        self.again()

    def put(self, key: str, text: str) -> None:
        self.s3.put_object(Bucket="guard", Key=key, Body=text.encode())

    def stored(self, prefix: str = "state/") -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket="guard", Prefix=prefix)
        return [each["Key"] for page in pages for each in page.get("Contents", [])]

    def get(self, key: str) -> bytes:
        data: bytes = self.s3.get_object(Bucket="guard", Key=key)["Body"].read()
        return data

    def again(self) -> None:
        """Forget the state and what was asked."""
        for key in self.stored():
            self.s3.delete_object(Bucket="guard", Key=key)
        for region in REGIONS:
            ec2 = self.cloud.client("ec2", region)
            tagged = [tag["ResourceId"] for tag in ec2.describe_tags(Filters=[SEEN])["Tags"]]
            if tagged:
                ec2.delete_tags(Resources=tagged, Tags=[{"Key": "seen-by"}])
        self.cloud.asked.clear()

    def report(self, result: dict[str, Any]) -> dict[str, Any]:
        """The report a result names, without what two runs differ in."""
        text = self.get(f"state/{result['report']}").decode().replace(result["at"], "AT")
        told: dict[str, Any] = json.loads(text)
        return {name: value for name, value in told.items() if name not in ("run", "calls")}

    @property
    def writes(self) -> list[str]:
        """What was written to the cloud; the state is not."""
        reading = ("Describe", "Get", "List", "AssumeRole")
        return [name for service, name, _ in self.cloud.asked if service != "s3" and not name.startswith(reading)]

    def cells_asked(self) -> list[tuple[str, str]]:
        """(operation, region) of each request that reads resources."""
        reads = ("DescribeInstances", "DescribeVolumes")
        return [(operation, region) for _, operation, region in self.cloud.asked if operation in reads]
