"""What is asked of cost rows, and what they answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from finops_guard.model import Condition
from finops_guard.model.money import Metric

DIMENSIONS = {
    "day": "UTC day of ChargePeriodStart, YYYY-MM-DD",
    "month": "the same, YYYY-MM",
    "cloud": "aws, azure, gcp or the provider's own name",
    "account": "SubAccountId",
    "account_name": "SubAccountName",
    "billing_account": "BillingAccountId",
    "region": "RegionId",
    "service": "ServiceName",
    "category": "ServiceCategory",
    "charge_category": "ChargeCategory",
    "charge_class": "ChargeClass: Correction, or none",
    "description": "ChargeDescription",
    "publisher": "PublisherName, or who invoices",
    "usage": "SkuMeter, or the provider's usage type",
    "sku": "SkuId",
    "id": "ResourceId, in lower case on Azure",
    "name": "ResourceName",
    "type": "ResourceType",
    "unit": "ConsumedUnit",
    "allocated_by": "AllocatedMethodId: how a part of something shared was allocated",
    "principal": "who called, where a bill says so (AWS: line_item_iam_principal)",
    "file": "the file a row came from",
}
"""What rows can be grouped by, besides `tags.<canonical key>` (of an allocated row, AllocatedTags before Tags)."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A sum over cost rows.

    `by`: names of DIMENSIONS or `tags.<key>`. `start` (inclusive) and `end` (exclusive) bound ChargePeriodStart, aware
    UTC. `usage_only`: ChargeCategory Usage that corrects nothing, what a forecast may go on from.
    """

    metric: Metric = "effective"
    where: Condition | None = None
    by: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    usage_only: bool = False


@dataclass(frozen=True, slots=True)
class Total:
    """One group of an answer: `key` in the order of `Ask.by`, None where rows do not say.

    `decided` is false for rows of which `where` cannot be told, because a bill does not hold what it reads: they are
    answered as groups of their own, and no reader may add them silently. `quantity`: ConsumedQuantity, None where no
    row has one.
    """

    key: tuple[str | None, ...]
    currency: str
    amount: Decimal
    rows: int
    quantity: Decimal | None = None
    decided: bool = True
