"""The two indexes of what an account has: Resource Groups Tagging for what is tagged, Resource Explorer for everything.

Moto's tagging index lists S3 buckets of every region in each, untagged load balancers as well, each tag key as often
as it occurs, and nothing of EKS, elastic addresses and VPC endpoints; it does not tag EKS and load balancers. Moto has
no Resource Explorer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.resource_tagging import TaggedResource, iter_taggable_backends, make_tag_matcher, match_resource_type
from moto.ec2.models import ec2_backends
from moto.eks.models import eks_backends
from moto.elbv2.models import ELBv2Backend, elbv2_backends
from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend, resourcegroupstaggingapi_backends
from moto.s3.models import s3_backends

if TYPE_CHECKING:
    from collections.abc import Iterator

_EC2 = ("instance", "volume", "natgateway", "elastic-ip", "vpc-endpoint", "transit-gateway")
_SAGEMAKER = ("endpoint", "notebook-instance", "training-job")
_OTHERS = ("s3:bucket", "rds:db", "lambda:function", "logs:loggroup", "eks:cluster", "eks:nodegroup")
_EXPLORED = frozenset(
    {*_OTHERS, "elasticloadbalancing:loadbalancer"}
    | {f"ec2:{kind}" for kind in _EC2}
    | {f"sagemaker:{kind}" for kind in _SAGEMAKER}
)
"""What the estate is about. Moto also has, in every region, a default network and a thousand images with snapshots."""


class Tagging(ResourceGroupsTaggingAPIBackend):
    """The index of what is tagged, as AWS has it."""

    def everything(self) -> Iterator[TaggedResource]:
        """What is in this account and region, tagged or not."""
        buckets = s3_backends[self.account_id]["aws"].buckets
        for backend in iter_taggable_backends(self.account_id, self.region_name):
            for found in backend.iter_tagged_resources():
                bucket = found.resource_type == "s3:bucket" and buckets[found.arn.rpartition(":")[2]]
                if not bucket or bucket.region_name == self.region_name:
                    yield found
        for cluster in eks_backends[self.account_id][self.region_name].clusters.values():
            yield TaggedResource(cluster.arn, dict(cluster.tags), "eks:cluster")
            for group in cluster.nodegroups.values():
                yield TaggedResource(group.arn, dict(group.tags), "eks:nodegroup")
        ec2 = ec2_backends[self.account_id][self.region_name]
        for kind, ids in (
            ("elastic-ip", [str(address.allocation_id) for address in ec2.addresses]),
            ("vpc-endpoint", list(ec2.vpc_end_points)),
        ):
            for identity in ids:
                arn = f"arn:aws:ec2:{self.region_name}:{self.account_id}:{kind}/{identity}"
                yield TaggedResource(arn, dict(ec2.tags.get(identity, {})), f"ec2:{kind}")

    def tag_resources(self, resource_arns: list[str], tags: dict[str, str]) -> dict[str, dict[str, Any]]:
        """Add tags; what could not be tagged, by ARN."""
        others = []
        for arn in resource_arns:
            own = self._eks_tags(arn)
            if own is not None:
                own.update(tags)
            elif arn in self._balancers:
                self._elbv2.tagging_service.tag_resource(arn, [{"Key": k, "Value": v} for k, v in tags.items()])
            else:
                others.append(arn)
        return super().tag_resources(others, tags)

    def untag_resources(self, resource_arn_list: list[str], tag_keys: list[str]) -> dict[str, dict[str, Any]]:
        """Remove tags; from what they could not be removed, by ARN."""
        others = []
        for arn in resource_arn_list:
            own = self._eks_tags(arn)
            if own is not None:
                for key in tag_keys:
                    own.pop(key, None)
            elif arn in self._balancers:
                self._elbv2.tagging_service.untag_resource_using_names(arn, tag_keys)
            else:
                others.append(arn)
        return super().untag_resources(others, tag_keys)

    def _eks_tags(self, arn: str) -> dict[str, str] | None:
        """The tags themselves of a cluster or node group."""
        for cluster in eks_backends[self.account_id][self.region_name].clusters.values():
            things: list[Any] = [cluster, *cluster.nodegroups.values()]
            for thing in things:
                if thing.arn == arn:
                    own: dict[str, str] = thing.tags
                    return own
        return None

    @property
    def _elbv2(self) -> ELBv2Backend:
        return elbv2_backends[self.account_id][self.region_name]

    @property
    def _balancers(self) -> frozenset[str]:
        return frozenset(self._elbv2.load_balancers)

    def _get_resources_generator(
        self,
        tag_filters: list[dict[str, Any]] | None = None,
        resource_type_filters: list[str] | None = None,
        resource_arn_list: list[str] | None = None,
    ) -> Iterator[TaggedResource]:
        matches = make_tag_matcher(tag_filters)
        for found in self.everything():
            if (
                found.tags
                and match_resource_type(found.resource_type, resource_type_filters)
                and (not resource_arn_list or found.arn in resource_arn_list)
                and matches(found.tags)
            ):
                yield found

    def _get_tag_keys_generator(self) -> Iterator[str]:
        yield from dict.fromkeys(key for found in self.everything() for key in found.tags)

    def _get_tag_values_generator(self, tag_key: str) -> Iterator[str]:
        yield from dict.fromkeys(found.tags[tag_key] for found in self.everything() if tag_key in found.tags)


def explored(account: str, region: str) -> list[dict[str, Any]]:
    """The same as Resource Explorer lists it: with what never had a tag. Outside the estate there is nothing."""
    tagging = resourcegroupstaggingapi_backends[account][region]
    if not isinstance(tagging, Tagging):  # an account or region that gaps.install knows nothing of
        return []
    return [
        {
            "Arn": found.arn,
            "OwningAccountId": account,
            "Region": region,
            "ResourceType": found.resource_type,
            "Service": found.resource_type.partition(":")[0],
            "Properties": [
                {"Name": "tags", "Data": [{"Key": key, "Value": value} for key, value in found.tags.items()]}
            ],
        }
        for found in tagging.everything()
        if found.resource_type in _EXPLORED
    ]
