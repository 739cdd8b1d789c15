from __future__ import annotations

import json
from pathlib import Path

import pytest

from finops_guard.costs.formats import focus
from finops_guard.costs.formats._plan import RefusedError

BASE = ["BilledCost", "EffectiveCost", "ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "BillingCurrency"]
AZURE = Path(__file__).parents[4] / "shared/data/costs/azure/focuscost_1.2.json"


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ([], "focus-1.0"),
        (["ServiceSubcategory"], "focus-1.1"),
        (["SkuMeter"], "focus-1.1"),
        (["InvoiceId"], "focus-1.2"),
        (["SkuMeter", "PricingCurrency"], "focus-1.2"),
        (["AllocatedTags", "InvoiceId"], "focus-1.3"),
        (["ServiceProviderName"], "focus-1.3"),
        (["ServiceProviderName", "InvoiceDetailId"], "focus-1.4"),
        (["CommitmentProgramEligibilityDetails"], "focus-1.4"),
        (["x_Whatever", "Id"], "focus-1.0"),
    ],
)
def test_versions_are_told_from_columns(more: list[str], name: str) -> None:
    assert focus.detect([*BASE, *more]) == name
    assert focus.detect([column.upper() for column in (*more, *BASE)]) == name
    assert "effective" in focus.plan([*BASE, *more]).cells


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (["ContractCommitmentId", "ContractId", "BillingCurrency"], "Contract Commitment"),
        (["BillingPeriodStatus", "BillingPeriodStart"], "Billing Period"),
        (["InvoiceDetailGrain", "BilledCost", "BillingCurrency"], "Invoice Detail"),
        (["AmortizedCost", "ChargeType", "ResourceID", "BilledCost"], "FOCUS 0.5"),
    ],
)
def test_other_datasets_are_named(columns: list[str], said: str) -> None:
    assert focus.detect(columns)
    with pytest.raises(RefusedError, match=said):
        focus.plan(columns)


def test_others_are_not_focus() -> None:
    assert focus.detect(["Date", "Cost", "BilledCost"]) is None


@pytest.mark.skipif(not AZURE.is_file(), reason="other people's files are not here")
def test_azures_own_columns_are_focus() -> None:
    mappings = json.loads(AZURE.read_text("utf-8"))["translator"]["mappings"]
    columns = [each["source"]["name"] for each in mappings]
    assert focus.detect(columns) == "focus-1.2"
    assert "resource_group" in focus.plan(columns).cells
