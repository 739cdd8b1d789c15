"""Where moto differs from AWS in what a scan sees, and what the sandbox does about it. Found with moto 5.2.5.

| moto | here |
|---|---|
| CloudWatch is too slow for weeks by the hour, wrong for percentiles, SEARCH, Metrics Insights | `cloudwatch.py` |
| Resource Groups Tagging misses services and repeats others; there is no Resource Explorer | `index.py` |
| DescribeInstanceTypes: a wildcard in a filter matches nothing | `Ec2` |
| SageMaker AddTags appends, so that a key can be there twice | `SageMaker` |
| AssumeRole gives credentials for any role, whatever the external id; any access key is accepted and sees an empty |
| account; what moto lacks (StopTrainingJob) answers HTML | `front.py` |
| SageMaker refuses instance types newer than ml.p3 and ml.g4dn, its training jobs are born completed, its endpoint |
| configurations have a tuple as ARN; EKS addresses are drawn at import; nothing can be older than now | `plant/` |

Not touched, because only acting sees it: a second stop of a stopped instance answers `stopping`; a stop-protected
instance refuses with the text for termination.
"""

from __future__ import annotations

from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.base_backend import BackendDict
from moto.ec2.models import EC2Backend, ec2_backends
from moto.organizations.models import organizations_backends
from moto.resourcegroupstaggingapi.models import resourcegroupstaggingapi_backends
from moto.sagemaker.models import SageMakerModelBackend, sagemaker_backends

from finops_guard.sources.sandbox.cloudwatch import Metrics
from finops_guard.sources.sandbox.index import Tagging

if TYPE_CHECKING:
    from moto.ec2.models.instance_types import InstanceType

    from finops_guard.sources.sandbox.estate import Estate


class Ec2(EC2Backend):
    """EC2 whose instance type filters take wildcards."""

    def describe_instance_types(
        self,
        instance_types: list[str] | None = None,
        filters: Any = None,  # noqa: ANN401 - moto's signature
    ) -> list[InstanceType]:
        """The types asked for; `p4d.*` as a filter finds p4d.24xlarge."""
        filters = dict(filters or {})
        patterns = filters.pop("instance-type", ["*"])
        found = super().describe_instance_types(instance_types, filters)
        return [each for each in found if any(fnmatch(each["InstanceType"], pattern) for pattern in patterns)]


class SageMaker(SageMakerModelBackend):
    """SageMaker whose tags have one value for a key."""

    def add_tags(self, arn: str, tags: list[dict[str, str]]) -> list[dict[str, str]]:
        """Add tags, replacing the values of keys that are there."""
        self.delete_tags(arn, [tag["Key"] for tag in tags])
        return super().add_tags(arn, tags)


def empty() -> None:
    """Forget everything that is in moto. Its own reset leaves who is a member of which organization."""
    BackendDict.reset()
    organizations_backends.master_accounts.clear()


def install(estate: Estate) -> dict[tuple[str, str], Metrics]:
    """Put our backends in moto's registries, before anything is planted; the CloudWatch of each account and region."""
    watches = {}
    for account in estate.accounts:
        for region in estate.regions:
            ec2_backends[account.id][region] = Ec2(region, account.id)
            sagemaker_backends[account.id][region] = SageMaker(region, account.id)
            resourcegroupstaggingapi_backends[account.id][region] = Tagging(region, account.id)
            watches[account.id, region] = cloudwatch_backends[account.id][region] = Metrics(region, account.id)
    return watches
