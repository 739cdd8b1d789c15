"""Where moto differs from AWS in what a scan sees, and what the sandbox does about it. Found with moto 5.2.5.

| moto | here |
|---|---|
| CloudWatch walks all data once for every period of every query, knows no percentiles, answers SEARCH and Metrics Insights wrongly | `Metrics` computes series when asked and refuses expressions |
| Resource Groups Tagging: no EKS, S3 buckets of all regions in each, untagged load balancers listed, tag keys repeated | `Tagging` |
| DescribeInstanceTypes: a wildcard in a filter matches nothing | `Ec2` |
| SageMaker AddTags appends, so that a key can be there twice; StopTrainingJob is missing | `SageMaker`, `front.py` |
| AssumeRole gives credentials for any role, whatever the external id | `Sts` |
| SageMaker refuses instance types newer than ml.p3 and ml.g4dn; training jobs are born completed; endpoint configurations have a tuple as ARN; EKS addresses are drawn at import; nothing can be older than now | written after creation by the modules in `plant/` |
| any access key is accepted and sees an empty account; an operation moto lacks answers HTML or hangs in retries; no Resource Explorer | `front.py` |

Not touched, because only acting sees it: a second stop of a stopped instance answers `stopping`; a stop-protected instance
refuses with the text for termination.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.models import CloudWatchBackend, MetricDatumBase, cloudwatch_backends
from moto.core.exceptions import ServiceException
from moto.core.resource_tagging import TaggedResource
from moto.ec2.models import EC2Backend, ec2_backends
from moto.eks.models import eks_backends
from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend, resourcegroupstaggingapi_backends
from moto.s3.models import s3_backends
from moto.sagemaker.models import SageMakerModelBackend, sagemaker_backends
from moto.sts.models import AssumedRole, STSBackend, sts_backends

if TYPE_CHECKING:
    from moto.ec2.models.instance_types import InstanceType

    from finops_guard.sources.sandbox.estate import Estate
    from finops_guard.sources.sandbox.metrics import Series


class Metrics(CloudWatchBackend):
    """CloudWatch over computed series."""

    series: tuple[Series, ...] = ()
    now: datetime = datetime.max.replace(tzinfo=UTC)

    def list_metrics(
        self, next_token: str | None, namespace: str, metric_name: str, dimensions: list[dict[str, str]]
    ) -> tuple[str | None, list[MetricDatumBase]]:
        """The metrics that match, 500 a page as CloudWatch has it."""
        found = [
            MetricDatumBase(one.namespace, one.name, [{"Name": k, "Value": v} for k, v in one.dimensions], None)
            for one in self.series
            if namespace in (None, one.namespace)
            and metric_name in (None, one.name)
            and all(
                any(key == want["Name"] and want.get("Value") in (None, value) for key, value in one.dimensions)
                for want in dimensions
            )
        ]
        start = int(next_token or 0)
        end = start + 500
        return (str(end) if end < len(found) else None), found[start:end]

    def get_metric_data(
        self,
        queries: list[dict[str, Any]],
        start_time: datetime,
        end_time: datetime,
        scan_by: str = "TimestampAscending",
    ) -> list[dict[str, Any]]:
        """The points of each query; an expression is refused rather than answered wrongly."""
        known = {(one.namespace, one.name, frozenset(one.dimensions)): one for one in self.series}
        start, end = _aware(start_time), min(_aware(end_time), self.now)
        results = []
        for query in queries:
            if "MetricStat" not in query:
                raise ServiceException("ValidationError", "The sandbox's CloudWatch evaluates no expressions.")
            stat, metric = query["MetricStat"], query["MetricStat"]["Metric"]
            dimensions = frozenset((each["Name"], each["Value"]) for each in metric.get("Dimensions") or [])
            one = known.get((metric["Namespace"], metric["MetricName"], dimensions))
            period = timedelta(seconds=int(stat["Period"]))
            points = list(one.points(start, end, period, stat["Stat"])) if one and start < end else []
            if scan_by == "TimestampDescending":
                points.reverse()
            results.append(
                {
                    "id": query["Id"],
                    "label": query.get("Label") or metric["MetricName"],
                    "timestamps": [at for at, _ in points],
                    "values": [value for _, value in points],
                    "status_code": "Complete",
                }
            )
        return results


def _aware(moment: datetime) -> datetime:
    """Moto hands over UTC without saying so."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).replace(microsecond=0)


class Tagging(ResourceGroupsTaggingAPIBackend):
    """The index of what is tagged, as AWS has it."""

    def _get_resources_generator(
        self,
        tag_filters: list[dict[str, Any]] | None = None,
        resource_type_filters: list[str] | None = None,
        resource_arn_list: list[str] | None = None,
    ) -> Iterator[TaggedResource]:
        buckets = s3_backends[self.account_id]["aws"].buckets
        for resource in super()._get_resources_generator(tag_filters, resource_type_filters, resource_arn_list):
            elsewhere = (
                resource.resource_type == "s3:bucket"
                and buckets[resource.arn.split(":")[-1]].region_name != self.region_name
            )
            if resource.tags and not elsewhere:
                yield resource
        for resource in self._kubernetes():
            service, type_ = resource.resource_type.split(":")
            if (
                resource.tags
                and (not resource_type_filters or {service, f"{service}:{type_}"} & set(resource_type_filters))
                and (not resource_arn_list or resource.arn in resource_arn_list)
                and all(_has(resource.tags, wanted) for wanted in tag_filters or [])
            ):
                yield resource

    def _kubernetes(self) -> Iterator[TaggedResource]:
        for cluster in eks_backends[self.account_id][self.region_name].clusters.values():
            yield TaggedResource(cluster.arn, dict(cluster.tags), "eks:cluster")
            for group in cluster.nodegroups.values():
                yield TaggedResource(group.arn, dict(group.tags), "eks:nodegroup")

    def _get_tag_keys_generator(self) -> Iterator[str]:
        yield from dict.fromkeys(key for resource in self._get_resources_generator() for key in resource.tags)

    def _get_tag_values_generator(self, tag_key: str) -> Iterator[str]:
        resources = self._get_resources_generator()
        yield from dict.fromkeys(resource.tags[tag_key] for resource in resources if tag_key in resource.tags)


def _has(tags: dict[str, str], wanted: dict[str, Any]) -> bool:
    return wanted["Key"] in tags and (not wanted.get("Values") or tags[wanted["Key"]] in wanted["Values"])


class Ec2(EC2Backend):
    """EC2 whose instance type filters take wildcards."""

    def describe_instance_types(
        self, instance_types: list[str] | None = None, filters: Any = None
    ) -> list[InstanceType]:
        """The types asked for; `p4d.*` as a filter finds p4d.24xlarge."""
        filters = dict(filters or {})
        patterns = filters.pop("instance-type", ["*"])
        found = super().describe_instance_types(instance_types, filters)
        return [each for each in found if any(fnmatch(each["InstanceType"], pattern) for pattern in patterns)]


class SageMaker(SageMakerModelBackend):
    """SageMaker whose tags have one value for a key."""

    def add_tags(self, arn: str, tags: list[dict[str, str]]) -> list[dict[str, str]]:
        """Add tags, replacing values of keys that are there."""
        self.delete_tags(arn, [tag["Key"] for tag in tags])
        return super().add_tags(arn, tags)


class Sts(STSBackend):
    """STS that looks at the role's trust policy: only the scan's role, only with the external id."""

    roles: frozenset[str] = frozenset()
    external_id = ""

    def assume_role(
        self, region_name: str, role_session_name: str, role_arn: str, policy: str, duration: int, external_id: str
    ) -> AssumedRole:
        """Credentials for a role of the estate, or AccessDenied."""
        if role_arn not in self.roles or external_id != self.external_id:
            raise _NotAllowed(
                f"User: arn:aws:iam::{self.account_id}:user/sandbox is not authorized to perform: sts:AssumeRole "
                f"on resource: {role_arn}"
            )
        return super().assume_role(region_name, role_session_name, role_arn, policy, duration, external_id)


class _NotAllowed(ServiceException):
    code = "AccessDenied"


def install(estate: Estate) -> None:
    """Put our backends in moto's registries, before anything is planted."""
    sts = Sts("aws", estate.management.id)
    sts.roles = frozenset(f"arn:aws:iam::{account.id}:role/{estate.role}" for account in estate.accounts)
    sts.external_id = estate.external_id
    sts_backends[estate.management.id]["aws"] = sts
    for account in estate.accounts:
        for region in estate.regions:
            ec2_backends[account.id][region] = Ec2(region, account.id)
            sagemaker_backends[account.id][region] = SageMaker(region, account.id)
            resourcegroupstaggingapi_backends[account.id][region] = Tagging(region, account.id)
            cloudwatch_backends[account.id][region] = Metrics(region, account.id)


def publish(series: dict[tuple[str, str], list[Series]], now: datetime) -> None:
    """Hand each account's and region's metrics to its CloudWatch."""
    for (account, region), here in series.items():
        metrics = cloudwatch_backends[account][region]
        assert isinstance(metrics, Metrics), "installed above"
        metrics.series, metrics.now = tuple(here), now


