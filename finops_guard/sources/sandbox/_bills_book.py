"""The company's cost rows: FOCUS 1.2 columns with AWS's own, a list of cells for each row."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from finops_guard.sources.sandbox.estate import Account

_OF_A_ROW = (
    *("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd", "InvoiceId", "BilledCost"),
    *("EffectiveCost", "PricingCurrencyEffectiveCost", "ListCost", "ContractedCost", "PricingQuantity"),
    "ConsumedQuantity",
)
_OF_A_LINE = (
    *("ProviderName", "PublisherName", "InvoiceIssuerName", "BillingAccountId", "BillingAccountName"),
    *("BillingAccountType", "SubAccountId", "SubAccountName", "SubAccountType", "ChargeCategory", "ChargeClass"),
    *("ChargeDescription", "ChargeFrequency", "ListUnitPrice", "ContractedUnitPrice", "PricingCategory"),
    *("PricingUnit", "PricingCurrency", "PricingCurrencyContractedUnitPrice", "PricingCurrencyListUnitPrice"),
    *("BillingCurrency", "ConsumedUnit", "ServiceName", "ServiceCategory", "ServiceSubcategory", "SkuId", "SkuMeter"),
    *("SkuPriceId", "SkuPriceDetails", "ResourceId", "ResourceName", "ResourceType", "RegionId", "RegionName"),
    *("AvailabilityZone", "CommitmentDiscountId", "CommitmentDiscountName", "CommitmentDiscountCategory"),
    *("CommitmentDiscountType", "CommitmentDiscountStatus", "CommitmentDiscountQuantity", "CommitmentDiscountUnit"),
    *("CapacityReservationId", "CapacityReservationStatus", "Tags", "x_ServiceCode", "x_UsageType", "x_Operation"),
)
COLUMNS = (*_OF_A_ROW, *_OF_A_LINE)
"""What changes from row to row comes first, so that the rest of a row is written once for each line."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Price:
    """What `per` consumed units cost by each of FOCUS's four costs."""

    list: Decimal
    contracted: Decimal
    billed: Decimal
    effective: Decimal
    per: Decimal = Decimal(1)

    @classmethod
    def flat(cls, each: Decimal) -> Price:
        """The same for all."""
        return cls(each, each, each, each)


@dataclass(frozen=True, slots=True)
class Line:
    """What all rows of one meter of one thing share: the end of the row as CSV, and what its amounts follow from.

    `who` tells the line from all others.
    """

    tail: str
    price: Price
    account: str
    usage: bool
    commitment: str
    who: str


@dataclass(slots=True)
class Book:
    """Rows by billing month. `today` begins the first day without any row; `late`: days ago -> share that arrived.

    `used`: (commitment, day) -> what it covered.
    """

    bills: Mapping[str, Any]
    payer: Account
    today: datetime
    months: dict[datetime, list[str]] = field(default_factory=dict)
    used: dict[tuple[str, datetime], Decimal] = field(default_factory=dict)

    def line(self, account: Account, price: Price, **cells: str) -> Line:
        """A line of an account; `cells` by column name, the rest as it is on every row."""
        invoice = self.bills["invoice"]
        known = {
            "ProviderName": invoice["provider"],
            "PublisherName": invoice["issuer"],
            "InvoiceIssuerName": invoice["issuer"],
            "BillingAccountId": self.payer.id,
            "BillingAccountName": self.payer.name,
            "BillingAccountType": "Management",
            "SubAccountId": account.id,
            "SubAccountName": account.name,
            "SubAccountType": "Member",
            "ChargeCategory": "Usage",
            "ChargeFrequency": "Usage-Based",
            "PricingCategory": "Standard",
            "PricingCurrency": "USD",
            "BillingCurrency": "USD",
            "PricingCurrencyListUnitPrice": plain(price.list),
            "PricingCurrencyContractedUnitPrice": plain(price.contracted),
            "ListUnitPrice": plain(price.list),
            "ContractedUnitPrice": plain(price.contracted),
            "ConsumedUnit": cells.get("PricingUnit", ""),
        } | cells
        usage = known["ChargeCategory"] == "Usage"
        return Line(
            tail=_csv(known.get(name, "") for name in _OF_A_LINE),
            price=price,
            account=account.id,
            usage=usage,
            commitment=known.get("CommitmentDiscountId", "") if usage else "",
            who="|".join(known.get(name, "") for name in ("SubAccountId", "RegionId", "ResourceId", "SkuMeter")),
        )

    def add(self, line: Line, start: datetime, end: datetime, consumed: Decimal, month: datetime | None = None) -> None:
        """A row of `consumed` units in a period, billed in its own month unless another is given.

        Nothing is added for a day that has none yet, and of the newest days only what has arrived.
        """
        if not consumed or not self._arrived(line, start):
            return
        price, quantity = line.price, consumed / line.price.per
        effective = quantity * price.effective
        cost = plain(effective)
        if line.commitment:
            covered = (line.commitment, start.replace(hour=0))
            self.used[covered] = self.used.get(covered, Decimal(0)) + effective
        month = month or first_of_month(start)
        after = first_of_month(month + 32 * _DAY)
        invoice = f"EUINNL{month:%y%m}-{line.account[-5:]}" if after <= self.today else ""
        self.months.setdefault(month, []).append(
            f"{stamp(month)},{stamp(after)},{stamp(start)},{stamp(end)},{invoice},{plain(quantity * price.billed)},"
            f"{cost},{cost},{plain(quantity * price.list)},{plain(quantity * price.contracted)},{plain(quantity)},"
            f"{plain(consumed) if line.usage else ''},{line.tail}"
        )

    def write(self, folder: Path) -> None:
        """A gzipped file for each month; the same rows give the same bytes."""
        for month, rows in sorted(self.months.items()):
            text = f"{_csv(COLUMNS)}{''.join(rows)}"
            packed = gzip.compress(text.encode(), compresslevel=1, mtime=0)
            (folder / f"polderzicht-{month:%Y-%m}.csv.gz").write_bytes(packed)

    def _arrived(self, line: Line, start: datetime) -> bool:
        if start >= self.today or not line.usage:
            return start < self.today
        ago = -((start - self.today) // _DAY)
        return ago not in self.bills["late"] or dice(f"{line.who}{start}") < self.bills["late"][ago]


def _csv(cells: Iterable[str]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def plain(number: Decimal) -> str:
    """A number without an exponent and with no more digits than it has."""
    return f"{number.normalize():f}" if number else "0"


@cache
def stamp(moment: datetime) -> str:
    """A time as FOCUS writes it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


@cache
def first_of_month(moment: datetime) -> datetime:
    """Midnight UTC of the first day of its month."""
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def dice(text: str) -> float:
    """From 0 to 1, and always the same for the same text."""
    return zlib.crc32(text.encode()) / 2**32


def labels(tags: Mapping[str, str], activated: list[str]) -> str:
    """Tags as the bill has them: only keys that were activated, nothing where none is left."""
    kept = {key: tags[key] for key in activated if key in tags}
    return json.dumps(kept, ensure_ascii=False) if kept else ""
