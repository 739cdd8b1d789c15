"""What providers ask for a machine now: AWS for its spot price, Azure's public price list for any. Only where told to.

Each machine type is asked for once in a region and purchase. What is not answered is said in the run's remarks, and
the snapshot's price stands instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from finops_guard.costs import prices
from finops_guard.costs.web import Site, trusted
from finops_guard.errors import ScanError
from finops_guard.model import Calls, Money, Price, Resource, Unknown

if TYPE_CHECKING:
    from finops_guard.costs.reach import Reach

AZURE = "https://prices.azure.com"
PERMISSIONS = ("ec2:DescribeSpotPriceHistory",)
_AZURE_PATH = "/api/retail/prices"
_AZURE_VERSION = "2023-01-01-preview"
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_PRODUCT = "Linux/UNIX"
Rate = tuple[Decimal, str]


@dataclass(frozen=True, slots=True)
class Now:
    """Prices of machines as of now. Reads the fields cloud, type, region and purchase, and what counts machines."""

    reach: Reach
    known: dict[tuple[str, str, str, bool], Rate | None] = field(default_factory=dict)

    def __call__(self, resource: Resource) -> Price | None:
        """The price of an hour of what it runs; None where nobody is asked or no price came."""
        machine, spot = prices.machine_of(resource), resource.text("purchase") == "spot"
        asked = _ASKED.get((resource.text("type").casefold(), spot))
        times = prices.times_of(resource, machine)
        if asked is None or not resource.text("region") or not _NAME.fullmatch(machine) or isinstance(times, Unknown):
            return None
        key = (resource.text("cloud"), resource.text("region"), machine.casefold(), spot)
        if key not in self.known:
            self.known[key] = self._rate(asked, resource.text("region"), machine, spot=spot)
        found = self.known[key]
        if found is None:
            return None
        amount, note = found
        return Price(Money(amount * times, "USD"), f"live-price{note}", self.reach.now.date().isoformat())

    def _rate(self, asked: Callable[..., Rate | None], region: str, machine: str, *, spot: bool) -> Rate | None:
        try:
            found = asked(self.reach, region, machine, spot=spot)
        except ScanError as error:
            self.reach.notes.remarks.append(f"no live price of {machine} in {region}: {error.what}")
            return None
        if found is None:
            what = "spot price" if spot else "price"
            self.reach.notes.remarks.append(f"{machine} has no {what} in {region} today")
        return found


def _aws_spot(reach: Reach, region: str, machine: str, *, spot: bool) -> Rate | None:
    """The dearest zone's: which zone a request is met in, nobody says before."""
    del spot
    from botocore.exceptions import BotoCoreError, ClientError

    calls = reach.notes.calls.setdefault("aws", Calls())
    newest: dict[str, tuple[datetime, Decimal]] = {}
    try:
        pages = (
            reach.aws("ec2", region)
            .get_paginator("describe_spot_price_history")
            .paginate(InstanceTypes=[machine], ProductDescriptions=[_PRODUCT], StartTime=reach.now)
        )
        for page in pages:
            calls.requests += 1
            for row in page["SpotPriceHistory"]:
                found = (row["Timestamp"], Decimal(row["SpotPrice"]))
                newest[row["AvailabilityZone"]] = max(found, newest.get(row["AvailabilityZone"], found))
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown error"))
        raise ScanError(f"{code} {PERMISSIONS[0]}") from None
    except BotoCoreError as error:
        raise ScanError(f"{type(error).__name__} {PERMISSIONS[0]}") from None
    amounts = [amount for _, amount in newest.values() if amount > 0]
    return (max(amounts), f", dearest of {len(amounts)} zones" if len(amounts) > 1 else "") if amounts else None


def _azure(reach: Reach, region: str, machine: str, *, spot: bool) -> Rate | None:
    """From https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices, without a login."""
    base = trusted(reach.environ.get("FINOPS_GUARD_AZURE_ENDPOINT") or AZURE, "FINOPS_GUARD_AZURE_ENDPOINT")
    wanted = {"serviceName": "Virtual Machines", "priceType": "Consumption"}
    wanted |= {"armRegionName": region, "armSkuName": _arm(machine)}
    asked = " and ".join(f"{name} eq '{value}'" for name, value in wanted.items())
    site = Site(base, calls=reach.notes.calls.setdefault("azure", Calls()))
    answer = site.get(_AZURE_PATH, [("api-version", _AZURE_VERSION), ("$filter", asked)])
    items = answer.get("Items") if isinstance(answer, dict) else None
    if not isinstance(items, list):
        raise ScanError(f"{site.said} answered without Items")
    dated = sorted(_offers(items, reach.now, spot=spot))
    return (dated[-1][1], "") if dated else None


def _offers(items: list[Any], now: datetime, *, spot: bool) -> Iterator[tuple[str, Decimal]]:
    """(in force since, USD an hour) of Linux machines bought like this."""
    for item in items:
        if not isinstance(item, dict):
            continue
        sku, product, since = (str(item.get(name, "")) for name in ("skuName", "productName", "effectiveStartDate"))
        if "Windows" in product or "Cloud" in product or "Low Priority" in sku or sku.endswith(" Spot") != spot:
            continue
        if item.get("unitOfMeasure") != "1 Hour" or item.get("currencyCode") != "USD" or since[:10] > f"{now:%Y-%m-%d}":
            continue
        try:
            amount = Decimal(str(item.get("retailPrice")))
        except InvalidOperation:
            continue
        if amount.is_finite() and amount > 0:
            yield since, amount


def _arm(machine: str) -> str:
    """`Standard_` as Azure spells it, whatever case a template has; the rest is compared by Azure as it is."""
    head, _, rest = machine.partition("_")
    return f"{head.capitalize()}_{rest}" if rest else machine


_ASKED: dict[tuple[str, bool], Callable[..., Rate | None]] = {
    ("aws::ec2::instance", True): _aws_spot,
    **{
        (kind, spot): _azure
        for kind in ("microsoft.compute/virtualmachines", "microsoft.compute/virtualmachinescalesets")
        for spot in (False, True)
    },
}
"""Folded type and whether it is spot -> who is asked."""
