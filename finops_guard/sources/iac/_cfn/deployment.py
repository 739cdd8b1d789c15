"""How a template is deployed, as far as something beside it or a person says: parameters, tags, account, region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from finops_guard.sources.iac._parameters import Values

PSEUDO = ("AWS::AccountId", "AWS::Region", "AWS::StackName")
"""What a person may give beside parameters."""
_PARTITIONS = (("cn-", "aws-cn", "amazonaws.com.cn"), ("us-gov-", "aws-us-gov", "amazonaws.com"))
_PLAIN = ("aws", "amazonaws.com")


@dataclass(frozen=True, slots=True)
class Deployment:
    """What is known of it. `values` say parameters and tags of the stack, a later one wins.

    `pseudo`: `Region`, `AccountId`, `StackName`, … where they are known.
    """

    values: Sequence[Values] = ()
    pseudo: Mapping[str, str] = field(default_factory=dict)

    def plus(self, values: Sequence[Values]) -> Deployment:
        """The same with what a person gave; `AWS::Region` and its like may be given too."""
        said = [(name, value) for each in values for name, value in each.parameters.items()]
        pseudo = {name.removeprefix("AWS::"): str(value) for name, value in said if name in PSEUDO}
        return Deployment((*self.values, *values), _with_partition({**self.pseudo, **pseudo}))


def _with_partition(pseudo: Mapping[str, str]) -> Mapping[str, str]:
    """What follows from a region (User Guide, "Pseudo parameters")."""
    region = pseudo.get("Region")
    if region is None:
        return pseudo
    found = next((each[1:] for each in _PARTITIONS if region.startswith(each[0])), _PLAIN)
    return {"Partition": found[0], "URLSuffix": found[1], **pseudo}
