"""FOCUS Cost and Usage, 1.0 to 1.4 (https://focus.finops.org), whichever columns an exporter adds or leaves out.

The version is told from the columns, as each version added some. Files of the other FOCUS datasets, and of 0.5, are
named and refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from finops_guard.costs.formats._plan import ONLY_TAG, Cell, Columns, Plan, RefusedError, filled

_OTHERS = {
    "focus-contract-commitment": "FOCUS Contract Commitment rows: what was agreed, not what it cost",
    "focus-billing-period": "FOCUS Billing Period rows: they hold no cost",
    "focus-invoice-detail": "FOCUS Invoice Detail rows: give the Cost and Usage dataset instead",
}
_NEEDED = ("BilledCost", "EffectiveCost", "ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory")
_PURCHASE = """CASE lower({PricingCategory}) WHEN 'standard' THEN 'on-demand' WHEN 'dynamic' THEN 'spot'
WHEN 'committed' THEN %s END"""
_COMMITTED = "CASE WHEN contains(lower({CommitmentDiscountType}), 'reserv') THEN 'reserved' ELSE 'committed' END"
_CONSUMED = "CASE WHEN is_hour({ConsumedUnit}) THEN {ConsumedQuantity} END"
_HOURS = _CONSUMED.replace(" END", " WHEN is_hour({PricingUnit}) THEN {PricingQuantity} END")


def detect(columns: Sequence[str]) -> str | None:
    """The dataset and version, by the tests of each version's new columns, newest first."""
    there = Columns(columns)
    if "ContractCommitmentId" in there and "ChargePeriodStart" not in there:
        return "focus-contract-commitment"
    if "BillingPeriodStatus" in there and "BilledCost" not in there:
        return "focus-billing-period"
    if "InvoiceDetailGrain" in there and "ChargePeriodStart" not in there:
        return "focus-invoice-detail"
    if "AmortizedCost" in there and "ChargeType" in there and "ResourceID" in there and "EffectiveCost" not in there:
        return "focus-0.5"
    # One that lacks a mandatory column is still FOCUS, so that the column can be named.
    if len(there.lacking(_NEEDED)) > 2:  # noqa: PLR2004 - fewer than three of five is another kind of file
        return None
    for version, signs in (
        ("1.4", ("CommitmentProgramEligibilityDetails", "InvoiceDetailId")),
        ("1.3", ("AllocatedTags", "ServiceProviderName")),
        ("1.2", ("BillingAccountType", "PricingCurrency", "InvoiceId")),
        ("1.1", ("ServiceSubcategory", "SkuMeter")),
    ):
        if there.any(*signs):
            return f"focus-{version}"
    return "focus-1.0"


def plan(columns: Sequence[str]) -> Plan:
    """How its columns become ours."""
    there, name = Columns(_ours(columns)), detect(columns) or ""
    if name in _OTHERS:
        raise RefusedError(_OTHERS[name])
    if lacking := there.lacking(_NEEDED):
        old = "FOCUS 0.5, of which this reads nothing: " if name == "focus-0.5" else ""
        raise RefusedError(f"{old}lacks {', '.join(lacking)}")
    hours = there.cell(_HOURS, "ConsumedUnit", "ConsumedQuantity", "PricingUnit", "PricingQuantity")
    publisher = there.first("PublisherName", "ServiceProviderName", "InvoiceIssuerName")
    provider = there.first("ServiceProviderName", "ProviderName", "PublisherName", "InvoiceIssuerName")
    cells = {
        "effective": there.first("EffectiveCost"),
        "billed": there.first("BilledCost"),
        "list": there.first("ListCost"),
        "contracted": there.first("ContractedCost"),
        "currency": there.first("BillingCurrency"),
        "start": there.first("ChargePeriodStart"),
        "end": there.first("ChargePeriodEnd"),
        "cloud": provider and there.cell(f"cloud_of({provider.sql})", *provider.names),
        "account": there.first("SubAccountId"),
        "account_name": there.first("SubAccountName"),
        "billing_account": there.first("BillingAccountId"),
        "region": there.first("RegionId"),
        "service": there.first("ServiceName"),
        "category": there.first("ServiceCategory"),
        "charge_category": there.first("ChargeCategory"),
        "charge_class": there.first("ChargeClass"),
        "description": there.first("ChargeDescription"),
        "correction": there.cell("lower({ChargeClass}) = 'correction'", "ChargeClass"),
        "publisher": publisher,
        "usage": there.first("SkuMeter", "x_UsageType", "x_SkuMeterName"),
        "sku": there.first("SkuId"),
        "id": there.first("ResourceId"),
        "name": there.first("ResourceName"),
        "type": there.first("ResourceType"),
        "unit": there.first("ConsumedUnit"),
        "quantity": there.first("ConsumedQuantity"),
        "hours": hours or there.cell(_CONSUMED, "ConsumedUnit", "ConsumedQuantity"),
        "resource_group": there.first("x_ResourceGroupName"),
        "allocated_by": there.first("AllocatedMethodId"),
        "purchase": there.cell(_PURCHASE % _COMMITTED, "PricingCategory", "CommitmentDiscountType")
        or there.cell(_PURCHASE % "'committed'", "PricingCategory"),
        "marketplace": _marketplace(there),
    }
    plan = Plan(there.names, filled(cells), there.first("Tags"), there.first("AllocatedTags"))
    return _told(plan, columns) if plan.tags is None and plan.allocated is None else plan


def _ours(columns: Sequence[str]) -> list[str]:
    """A column of one tag by its place: its key is anybody's text, and no template holds that."""
    return [f"tag {place}" if name.startswith(ONLY_TAG) else name for place, name in enumerate(columns)]


def _told(plan: Plan, columns: Sequence[str]) -> Plan:
    """A plan with the tags that stand in columns of their own, where there are any."""
    keys = {
        ours: name.strip().removeprefix(ONLY_TAG)
        for ours, name in zip(plan.columns, columns, strict=True)
        if name.startswith(ONLY_TAG)
    }
    if not keys:
        return plan
    values = ", ".join(f"{{{name}}}" for name in keys)
    tags = Cell(f"CAST(to_json([{values}]) AS VARCHAR)", tuple(keys))
    return replace(plan, tags=tags, tag_names=tuple(keys.values()), only=True)


def _marketplace(there: Columns) -> Cell | None:
    """Made by another than invoices it, and by no cloud; a vendor that invoices its own service is no marketplace.

    AWS invoices by several legal entities, which are publishers too; where an exporter leaves cells empty it is not
    told.
    """
    maker = next((name for name in ("PublisherName", "ServiceProviderName") if name in there), None)
    if maker is None:
        return None
    sql = f"CASE WHEN is_cloud({{{maker}}}) THEN false ELSE {{{maker}}} <> {{InvoiceIssuerName}} END"
    return there.cell(sql, maker, "InvoiceIssuerName") or there.cell(f"NOT is_cloud({{{maker}}})", maker)
