"""What AWS says of the company's bill, which moto does not know: its export, and which tag keys reach it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

    from finops_guard.sources.sandbox.estate import Estate

_BILLS = Path(__file__).with_name("bills.yaml")
_EXPORT = "focus"
_QUERY = "SELECT BilledCost, EffectiveCost, ResourceId, Tags FROM FOCUS_1_2_AWS"
_DELIVERED = timedelta(hours=9)


def answers(estate: Estate) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
    """`service:Operation` -> what it answers to a request of the account that pays."""
    bills: dict[str, Any] = yaml.safe_load(_BILLS.read_text(encoding="utf-8"))
    arn = f"arn:aws:bcm-data-exports:us-east-1:{estate.management.id}:export/{_EXPORT}"
    status = {"StatusCode": "HEALTHY", "LastRefreshedAt": (estate.now - _DELIVERED).timestamp()}
    used = f"{estate.now:%Y-%m}-01T00:00:00Z"
    tags = [
        {"TagKey": key, "Type": "UserDefined", "Status": state, "LastUsedDate": used}
        for state, keys in (("Active", bills["activated"]), ("Inactive", bills["inactive"]))
        for key in keys
    ]
    return {
        "bcm-data-exports:ListExports": lambda _: {
            "Exports": [{"ExportArn": arn, "ExportName": _EXPORT, "ExportStatus": status}]
        },
        "bcm-data-exports:GetExport": lambda _: {
            "Export": {"ExportArn": arn, "Name": _EXPORT, "DataQuery": {"QueryStatement": _QUERY}},
            "ExportStatus": status,
        },
        "cur:DescribeReportDefinitions": lambda _: {"ReportDefinitions": []},
        "ce:ListCostAllocationTags": lambda asked: {
            "CostAllocationTags": [tag for tag in tags if asked.get("Status") in (None, tag["Status"])]
        },
    }
