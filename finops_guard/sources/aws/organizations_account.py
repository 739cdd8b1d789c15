"""Accounts that pay a bill: what is exported of it, and which tag keys reach it.

An account whose bill another pays is none of these, and of it nothing more is asked. What the bill itself shows is
filled in by whoever reads it (`finops_guard/costs/readiness.py`), and what follows for the keys of a policy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from finops_guard.model import NOT_ASKED, Unknown
from finops_guard.sources.aws._cells import NOT_HOURS
from finops_guard.sources.aws._errors import Unreadable
from finops_guard.sources.aws._session import home_region

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from finops_guard.model import Resource
    from finops_guard.sources.aws._cells import Answer, Cell

TYPE = "AWS::Organizations::Account"
KIND = "account"
ARN = "arn:*:iam::*:root"
"""What every account has, in an organization or alone. No index lists it, so none takes an account for a resource."""
CLIENT = "ce"
GLOBAL = True
FIELDS = "exports."
PERMISSIONS = {
    "collect": [
        "bcm-data-exports:GetExport",
        "bcm-data-exports:ListExports",
        "ce:ListCostAllocationTags",
        "cur:DescribeReportDefinitions",
        "organizations:DescribeOrganization",
    ]
}

_BILLING = {"aws": "us-east-1", "aws-cn": "cn-northwest-1"}
"""Partition -> where billing answers. Accounts of others are billed through one of `aws`."""
_USD_A_PAGE = Decimal("0.01")
"""Of each request to Cost Explorer (https://aws.amazon.com/aws-cost-management/aws-cost-explorer/faqs, of 2026-11)."""
_LATE = timedelta(days=2)
"""AWS refreshes exports at least once a day: one that is older missed a delivery."""
_IN_USE = timedelta(days=62)
"""A key's last use is told by the month."""
_COST_TABLE = re.compile(r"\bFROM\s+(COST_AND_USAGE_REPORT|FOCUS_\w+)", re.IGNORECASE)
"""Of the tables that can be exported, those that hold what was billed."""
_ALONE = "AWSOrganizationsNotInUseException"


@dataclass(frozen=True, slots=True)
class _Export:
    """`refreshed` None: AWS does not say, or it never was."""

    healthy: bool
    refreshed: datetime | None


def collect(cell: Cell) -> Iterator[Resource]:
    """The account, once, if it pays a bill, or if that cannot be told."""
    if cell.account.partition in _BILLING:
        pays = _pays(cell)
        if pays is not False:
            yield _resource(cell, pays if isinstance(pays, Unknown) else None)


def read(cell: Cell, resources: Sequence[Resource]) -> Iterator[Resource]:
    """The account as it is now."""
    ids = {resource.id for resource in resources}
    yield from (account for account in collect(cell) if account.id in ids)


def _resource(cell: Cell, unclear: Unknown | None) -> Resource:
    """The account; `unclear`: why it is not known whether it pays, then its exports are not either."""
    account = cell.account
    exports, unread = _exports(cell) if unclear is None else ([], unclear)
    active, inactive = _keys(cell) if unclear is None else (unclear, ())
    return cell.resource(
        f"arn:{account.partition}:iam::{account.id}:root",
        account.name if isinstance(account.name, str) else account.id,
        account.tags,
        {
            "service": "billing",
            "region": "global",
            "state": None,
            "created": Unknown(NOT_ASKED),
            "managed_by": None,
            "taggable": False,
            "cost.hour": None,
            "cost.month": None,
            **NOT_HOURS,
            "exports.present": True if exports else unread or False,
            "exports.fresh": _fresh(exports, cell.now) or unread or _stale(exports),
            "exports.activated_keys": active,
        },
        facts={"inactive_keys": inactive},
    )


def _pays(cell: Cell) -> bool | Unknown:
    """Whether the account's bill is its own: it pays for its organization, or is in none."""
    try:
        home = home_region(cell.account.partition)
        answer = cell.call("DescribeOrganization", client="organizations", region=home)
    except Unreadable as error:
        if error.reason.startswith(_ALONE):
            return True
        cell.gap(error.reason)
        return Unknown(error.reason)
    return bool(answer["Organization"].get("MasterAccountId") == cell.account.id)


def _exports(cell: Cell) -> tuple[list[_Export], Unknown | None]:
    """Exports of what was billed, old and new; and why there may be more."""
    found: list[_Export] = []
    unread: Unknown | None = None
    ways: tuple[Callable[[Cell], Iterator[_Export]], ...] = (_data_exports, _reports)
    for way in ways:
        try:
            found.extend(way(cell))
        except Unreadable as error:
            cell.gap(error.reason)
            unread = unread or Unknown(error.reason)
    return found, unread


def _data_exports(cell: Cell) -> Iterator[_Export]:
    client, region = "bcm-data-exports", _BILLING[cell.account.partition]
    for page in cell.pages("ListExports", "Exports", client=client, region=region):
        for each in page:
            answer = cell.call("GetExport", client=client, region=region, ExportArn=each["ExportArn"])
            status = each.get("ExportStatus") or {}
            if _COST_TABLE.search(answer["Export"]["DataQuery"]["QueryStatement"]):
                yield _Export(status.get("StatusCode") == "HEALTHY", status.get("LastRefreshedAt"))


def _reports(cell: Cell) -> Iterator[_Export]:
    """Cost and Usage Reports as they were before Data Exports; they go on."""
    region = _BILLING[cell.account.partition]
    for page in cell.pages("DescribeReportDefinitions", "ReportDefinitions", client="cur", region=region):
        for report in page:
            status = report.get("ReportStatus") or {}
            yield _Export(status.get("lastStatus", "SUCCESS") == "SUCCESS", _when(status.get("lastDelivery")))


def _fresh(exports: list[_Export], now: datetime) -> bool:
    return any(each.healthy and each.refreshed is not None and now - each.refreshed <= _LATE for each in exports)


def _stale(exports: list[_Export]) -> bool | Unknown:
    """What it is when none is known to be fresh."""
    untold = any(each.healthy and each.refreshed is None for each in exports)
    return Unknown("AWS does not say when its export was last delivered") if untold else False


def _keys(cell: Cell) -> tuple[tuple[str, ...] | Unknown, tuple[str, ...]]:
    """The keys that reach the bill as they are spelled, and others that people use."""
    active: list[str] = []
    inactive: list[str] = []
    region = _BILLING[cell.account.partition]
    try:
        for page in cell.pages("ListCostAllocationTags", "CostAllocationTags", region=region, Type="UserDefined"):
            cell.usd += _USD_A_PAGE
            active += [tag["TagKey"] for tag in page if tag["Status"] == "Active"]
            inactive += [tag["TagKey"] for tag in page if tag["Status"] != "Active" and _in_use(tag, cell.now)]
    except Unreadable as error:
        cell.gap(error.reason)
        return Unknown(error.reason), ()
    return tuple(sorted(active)), tuple(sorted(inactive))


def _in_use(tag: Answer, now: datetime) -> bool:
    last = _when(tag.get("LastUsedDate"))
    return last is None or now - last <= _IN_USE


def _when(text: object) -> datetime | None:
    """A time as billing writes it: ISO 8601, with and without separators."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
