"""Azure cost exports before FOCUS: Enterprise Agreement and Microsoft Customer Agreement, actual or amortised.

They have one cost, which is the invoice's in an export of actual cost and the amortised one in an export of amortised
cost; nothing in the file says which. So it counts as both, and a note says so. A row is a day: it ends a day after its
`Date` (focus_converters' rule table takes the billing period's start, which puts a month on its first day).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from finops_guard.costs.formats._plan import Cell, Columns, Plan, RefusedError, filled

_COSTS = ("CostInBillingCurrency", "Cost", "PreTaxCost")
_DATES = ("Date", "UsageDateTime")
_CURRENCIES = ("BillingCurrency", "BillingCurrencyCode", "Currency")
_SIGNS = ("MeterId", "MeterCategory", "SubscriptionId", "SubscriptionGuid")
_IDS = ("ResourceId", "InstanceId", "InstanceName")
_CATEGORY = """CASE WHEN lower({ChargeType}) IN ('usage', 'unusedreservation', 'unusedsavingsplan') THEN 'Usage'
WHEN lower({ChargeType}) = 'purchase' THEN 'Purchase' WHEN lower({ChargeType}) = 'tax' THEN 'Tax'
WHEN {ChargeType} IS NOT NULL THEN 'Adjustment' END"""
_PURCHASE = """CASE lower({PricingModel}) WHEN 'ondemand' THEN 'on-demand' WHEN 'spot' THEN 'spot'
WHEN 'reservation' THEN 'reserved' WHEN 'savingsplan' THEN 'committed' END"""
_FAMILY = "CASE {ServiceFamily} WHEN 'AI + Machine Learning' THEN 'AI and Machine Learning' ELSE {ServiceFamily} END"


def detect(columns: Sequence[str]) -> str | None:
    """Azure's meters beside one cost and no EffectiveCost: FOCUS is recognised first."""
    there = Columns(columns)
    if "EffectiveCost" in there or not there.any("MeterId", "MeterCategory"):
        return None
    return "azure-cost" if there.any(*_COSTS, *_DATES) and there.any(*_SIGNS[2:]) else None


def plan(columns: Sequence[str]) -> Plan:
    """How its columns become ours."""
    there = Columns(columns)
    cost, day = there.first(*_one(there, _COSTS)), there.first(*_one(there, _DATES))
    if cost is None or day is None:
        lacking = [" or ".join(names) for cell, names in ((cost, _COSTS), (day, _DATES)) if cell is None]
        raise RefusedError(f"lacks {', '.join(lacking)}")
    name = there.first(*_IDS)
    cells: Mapping[str, Cell | None] = {
        "effective": cost,
        "billed": cost,
        "list": there.first("PaygCostInBillingCurrency"),
        "currency": there.first(*_one(there, _CURRENCIES)),
        "start": day,
        "end": Cell(f"CAST(instant({day.sql}) + INTERVAL 1 DAY AS VARCHAR) || 'Z'", day.names),
        "cloud": Cell("'azure'", ()),
        "account": there.first("SubscriptionId", "SubscriptionGuid"),
        "account_name": there.first("SubscriptionName"),
        "billing_account": there.first("BillingAccountId"),
        "region": there.first("ResourceLocation", "ResourceLocationNormalized", "MeterRegion"),
        "service": there.first("MeterCategory", "ConsumedService"),
        "category": there.cell(_FAMILY, "ServiceFamily"),
        "charge_category": there.cell(_CATEGORY, "ChargeType") or Cell("'Usage'", ()),
        "publisher": there.first("PublisherName"),
        "marketplace": there.cell("lower({PublisherType}) = 'marketplace'", "PublisherType"),
        "usage": there.first("MeterName"),
        "sku": there.first("MeterId"),
        "id": name,
        "name": there.first("ResourceName"),
        "type": name and Cell(f"nullif(regexp_extract({name.sql}, '/providers/([^/]+/[^/]+)/', 1), '')", name.names),
        "unit": there.first("UnitOfMeasure"),
        "quantity": there.first("Quantity", "UsageQuantity"),
        "hours": there.cell("CASE WHEN is_hour({UnitOfMeasure}) THEN {Quantity} END", "UnitOfMeasure", "Quantity"),
        "resource_group": there.first("ResourceGroup", "ResourceGroupName"),
        "purchase": there.cell(_PURCHASE, "PricingModel"),
    }
    said = f"has one cost ({cost.names[0]}), which counts as billed and as effective"
    return Plan(there.names, filled(cells), there.first("Tags"), notes=(said,))


def _one(there: Columns, names: Sequence[str]) -> tuple[str, ...]:
    """The first of these that is there, alone: two costs never fill each other's gaps."""
    return next(((name,) for name in names if name in there), ())
