"""AWS Cost and Usage Report: 2.0 from Data Exports, and the legacy one, as CSV or as Athena names columns.

EffectiveCost is what AWS documents as amortised cost: covered usage at what its plan or reservation cost, fees only as
far as they were not used. An export without those columns counts each line at its unblended cost, and says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from finops_guard.costs.formats._plan import Cell, Columns, Plan, RefusedError, filled

_NEEDED = (
    "line_item_unblended_cost line_item_currency_code line_item_line_item_type line_item_usage_start_date"
    " line_item_usage_end_date"
).split()
_WORDS = re.compile(r"(?<=[A-Za-z0-9])(?=[A-Z])|[/ :]")
_TAGS = re.compile(r"resourceTags/(.+)|resource_tags_(.+)")
_TYPE = "line_item_line_item_type"
_CATEGORY = f"""CASE WHEN {{{_TYPE}}} = 'Tax' THEN 'Tax' WHEN {{{_TYPE}}} = 'Credit' THEN 'Credit'
WHEN {{{_TYPE}}} IN ('Fee', 'RIFee', 'SavingsPlanUpfrontFee', 'SavingsPlanRecurringFee') THEN 'Purchase'
WHEN {{{_TYPE}}} IN ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage', 'SavingsPlanNegation', 'BundledDiscount',
'Discount', 'PrivateRateDiscount', 'EdpDiscount') THEN 'Usage' WHEN {{{_TYPE}}} IS NOT NULL THEN 'Adjustment' END"""
_PURCHASE = f"""CASE WHEN {{{_TYPE}}} = 'DiscountedUsage' THEN 'reserved'
WHEN {{{_TYPE}}} = 'SavingsPlanCoveredUsage' THEN 'committed'
WHEN contains({{line_item_usage_type}}, 'SpotUsage') THEN 'spot' WHEN {{{_TYPE}}} = 'Usage' THEN 'on-demand' END"""
_PLANS = (
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
)
_PLANS_COST = f"""WHEN {{{_TYPE}}} = 'SavingsPlanCoveredUsage' THEN {{savings_plan_savings_plan_effective_cost}}
WHEN {{{_TYPE}}} = 'SavingsPlanRecurringFee' THEN less({{savings_plan_total_commitment_to_date}},
{{savings_plan_used_commitment}}) WHEN {{{_TYPE}}} IN ('SavingsPlanNegation', 'SavingsPlanUpfrontFee') THEN '0'"""
_RESERVED = (
    "reservation_effective_cost",
    "reservation_unused_amortized_upfront_fee_for_billing_period",
    "reservation_unused_recurring_fee",
    "reservation_reservation_a_r_n",
)
_RESERVED_COST = f"""WHEN {{{_TYPE}}} = 'DiscountedUsage' THEN {{reservation_effective_cost}}
WHEN {{{_TYPE}}} = 'RIFee' THEN plus({{reservation_unused_amortized_upfront_fee_for_billing_period}},
{{reservation_unused_recurring_fee}})
WHEN {{{_TYPE}}} = 'Fee' AND {{reservation_reservation_a_r_n}} IS NOT NULL THEN '0'"""


def detect(columns: Sequence[str]) -> str | None:
    """2.0 has one column for all resource tags, a map; the legacy report has a column for each key."""
    there = Columns(_ours(columns))
    if len(there.lacking(_NEEDED)) > 2:  # noqa: PLR2004 - one that lacks a column is still a report, so that it is named
        return None
    return "aws-cur-2.0" if there.any("resource_tags", "product") else "aws-cur-1"


def plan(columns: Sequence[str]) -> Plan:
    """How its columns become ours."""
    there = Columns(_ours(columns))
    if lacking := there.lacking(_NEEDED):
        raise RefusedError(f"lacks {', '.join(lacking)}")
    effective, notes = _effective(there)
    tags, names = _tags(columns, there)
    cells: Mapping[str, Cell | None] = {
        "effective": effective,
        "billed": there.first("line_item_unblended_cost"),
        "list": there.first("pricing_public_on_demand_cost"),
        "currency": there.first("line_item_currency_code"),
        "start": there.first("line_item_usage_start_date"),
        "end": there.first("line_item_usage_end_date"),
        "cloud": Cell("'aws'", ()),
        "account": there.first("line_item_usage_account_id"),
        "account_name": there.first("line_item_usage_account_name"),
        "billing_account": there.first("bill_payer_account_id"),
        "region": there.first("product_region_code", "product_region"),
        "service": _service(there),
        "charge_category": there.cell(_CATEGORY, _TYPE),
        "publisher": there.first("line_item_legal_entity"),
        "marketplace": there.cell("{bill_billing_entity} = 'AWS Marketplace'", "bill_billing_entity"),
        "usage": there.first("line_item_usage_type"),
        "sku": there.first("product_sku"),
        "id": there.first("line_item_resource_id"),
        "principal": there.first("line_item_iam_principal"),
        "unit": there.first("pricing_unit"),
        "quantity": there.first("line_item_usage_amount"),
        "hours": there.cell(
            "CASE WHEN is_hour({pricing_unit}) THEN {line_item_usage_amount} END",
            "pricing_unit",
            "line_item_usage_amount",
        ),
        "purchase": there.cell(_PURCHASE, _TYPE, "line_item_usage_type"),
    }
    return Plan(there.names, filled(cells), tags, tag_names=names, key_of=_key_of, notes=notes)


def _effective(there: Columns) -> tuple[Cell, tuple[str, ...]]:
    parts, names, missing = "", [_TYPE, "line_item_unblended_cost"], []
    for what, wanted, cost in (("savings plans", _PLANS, _PLANS_COST), ("reservations", _RESERVED, _RESERVED_COST)):
        if there.lacking(wanted):
            missing.append(what)
        else:
            parts, names = f"{parts} {cost}", [*names, *wanted]
    if not parts:
        cell = Cell("{line_item_unblended_cost}", ("line_item_unblended_cost",))
    else:
        cell = Cell(f"CASE {parts} ELSE {{line_item_unblended_cost}} END", tuple(reversed(names)))
    said = f"without the columns of {' and '.join(missing)}: what they cover counts at its unblended cost"
    return cell, (said,) if missing else ()


def _service(there: Columns) -> Cell | None:
    named = there.first("product_product_name", "product_servicename")
    code = there.first("line_item_product_code")
    if named is None:
        named = there.cell("json_extract_string({product}, '$.product_name')", "product")
    if named is None or code is None:
        return named or code
    return Cell(f"coalesce({named.sql}, {code.sql})", (*named.names, *code.names))


def _tags(columns: Sequence[str], there: Columns) -> tuple[Cell | None, tuple[str, ...]]:
    """The map of 2.0, or an array of the tag columns' values beside their keys."""
    if "resource_tags" in there:
        return there.first("resource_tags"), ()
    keys = {name: _tag_of(real) for name, real in zip(there.names, columns, strict=True) if name.startswith("tag ")}
    if not keys:
        return None, ()
    values = ", ".join(f"{{{name}}}" for name in keys)
    return Cell(f"CAST(to_json([{values}]) AS VARCHAR)", tuple(keys)), tuple(keys.values())


def _ours(columns: Sequence[str]) -> list[str]:
    """Columns as Athena spells them, whichever report they are of; a tag's column by its place."""
    return [
        f"tag {place}" if _TAGS.fullmatch(name) else "_".join(_WORDS.split(name)).lower()
        for place, name in enumerate(name.strip() for name in columns)
    ]


def _tag_of(column: str) -> str:
    found = _TAGS.fullmatch(column.strip())
    return "" if found is None else found[1] or found[2]


def _key_of(key: str) -> str:
    """`user:team` of a legacy report and `user_team` of 2.0 are the tag `team`; AWS's own keep their prefix."""
    if key.startswith(("user:", "user_")):
        return key[len("user:") :]
    return f"aws:{key[len('aws_') :]}" if key.startswith("aws_") else key
