"""AWS Cost Explorer: cost by day, without an export, at $0.01 a page of an answer.

An answer has two groupings at most. With a tag key that the policy asks for, usage is grouped by it and by account;
otherwise by account and service. What the answer cannot tell then has no column, so that it is unknown, not absent.
Tax, credits, refunds and fees come in an answer of their own, by what they are: a forecast must not go on from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any

from finops_guard.costs.formats._plan import ONLY_TAG
from finops_guard.costs.live._answers import Days, answered, days_of, row_of
from finops_guard.costs.live._paid import pay
from finops_guard.costs.reach import Reach
from finops_guard.errors import ScanError
from finops_guard.model import Calls, canonical
from finops_guard.model.money import CostSource

PERMISSIONS = ("ce:GetCostAndUsage", "ce:ListCostAllocationTags", "sts:GetCallerIdentity")
USD_A_PAGE = Decimal("0.01")
"""Of any request (https://aws.amazon.com/aws-cost-management/aws-cost-explorer/faqs/, as of 2026-11)."""

_REGION = "us-east-1"
_TAGS_A_PAGE = 1000
_BILLED, _EFFECTIVE = "UnblendedCost", "AmortizedCost"
_OTHER = {
    "Tax": "Tax",
    "Credit": "Credit",
    "Refund": "Adjustment",
    "Fee": "Purchase",
    "RIFee": "Purchase",
    "Recurring reservation fee": "Purchase",
    "Upfront reservation fee": "Purchase",
    "SavingsPlanRecurringFee": "Purchase",
    "SavingsPlanUpfrontFee": "Purchase",
    "Savings Plan Recurring Fee": "Purchase",
    "Savings Plan Upfront Fee": "Purchase",
}
"""RECORD_TYPE values that are no usage -> FOCUS ChargeCategory; a value that is not here counts as usage.

Both spellings are in use: the API's own, and those of the console
(https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/create-cost-categories.html, Term comparison).
"""


def fetch(source: CostSource, reach: Reach) -> Iterator[Path]:
    """FOCUS-shaped files of usage and of the rest. ScanError where AWS refuses or it would cost too much."""
    days = days_of(reach)
    reach.notes.calls.setdefault("aws", Calls())
    who = _called("sts:GetCallerIdentity", lambda: reach.aws("sts", None).get_caller_identity())["Account"]
    client = reach.aws("ce", _REGION)
    key = reach.keys[0] if reach.keys else ""
    spelt = cache(partial(_spelt, source, reach, client, key))
    names = list(_OTHER)
    usage = {"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": names}}}
    rest = {"Dimensions": {"Key": "RECORD_TYPE", "Values": names}}
    by = ("LINKED_ACCOUNT",) if key else ("LINKED_ACCOUNT", "SERVICE")
    by_what = ("RECORD_TYPE",) if key else ("LINKED_ACCOUNT", "RECORD_TYPE")
    for filtered, dimensions in ((usage, by), (rest, by_what)):
        ask = partial(
            _rows, source, reach, client, days, filtered, partial(_groups, spelt if key else None, dimensions)
        )
        yield answered(reach, "aws-cost-explorer", (who, days, filtered, key), ask)


def _rows(
    source: CostSource,
    reach: Reach,
    client: Any,  # noqa: ANN401 # only boto3 knows
    days: Days,
    filtered: object,
    by: Callable[[], list[dict[str, str]]],
) -> Iterator[dict[str, str]]:
    groups = by()
    calls, estimated = reach.notes.calls["aws"], set[str]()
    params: dict[str, object] = {
        "TimePeriod": {"Start": days.start.isoformat(), "End": days.end.isoformat()},
        "Granularity": "DAILY",
        "Metrics": [_BILLED, _EFFECTIVE],
        "Filter": filtered,
        "GroupBy": groups,
    }
    while True:
        pay(source, reach, calls, USD_A_PAGE)
        page = _called("ce:GetCostAndUsage", partial(client.get_cost_and_usage, **params))
        for period in page["ResultsByTime"]:
            day = date.fromisoformat(period["TimePeriod"]["Start"])
            if period.get("Estimated"):
                estimated.add(day.isoformat())
            for group in period["Groups"]:
                yield _row(day, group, groups)
        if not page.get("NextPageToken"):
            break
        params["NextPageToken"] = page["NextPageToken"]
    if estimated:
        reach.notes.remarks.append(f"Cost Explorer calls the figures of {len(estimated)} days estimated")


def _groups(spelt: Callable[[], str] | None, dimensions: Iterable[str]) -> list[dict[str, str]]:
    """What rows are grouped by; how a tag's key is spelled is asked only where its answer is."""
    return [*([_tag(spelt())] if spelt else []), *map(_dimension, dimensions)]


def _row(day: date, group: Mapping[str, Any], groups: list[dict[str, str]]) -> dict[str, str]:
    more = {"ProviderName": "AWS"}
    for how, value in zip(groups, group["Keys"], strict=True):
        if how["Type"] == "TAG":
            more[f"{ONLY_TAG}{how['Key']}"] = str(value).partition("$")[2]
        elif how["Key"] == "LINKED_ACCOUNT":
            more["SubAccountId"] = str(value)
        elif how["Key"] == "SERVICE":
            more["ServiceName"] = str(value)
        else:
            more["ChargeCategory"] = _OTHER.get(str(value), "Usage")
    billed, effective = group["Metrics"][_BILLED], group["Metrics"][_EFFECTIVE]
    if billed["Unit"] != effective["Unit"]:
        raise ScanError(f"Cost Explorer answered in {billed['Unit']} and {effective['Unit']} for one group")
    more["BillingCurrency"] = str(billed["Unit"])
    return row_of(day, more, billed=Decimal(billed["Amount"]), effective=Decimal(effective["Amount"]))


def _spelt(source: CostSource, reach: Reach, client: Any, key: str) -> str:  # noqa: ANN401 # as above
    """How an activated cost allocation tag of a canonical key is spelled; the key itself where AWS does not say."""
    params = {"Status": "Active", "MaxResults": _TAGS_A_PAGE}
    while True:
        pay(source, reach, reach.notes.calls["aws"], USD_A_PAGE)
        try:
            page = _called("ce:ListCostAllocationTags", partial(client.list_cost_allocation_tags, **params))
        except ScanError:
            return key
        found = [str(tag["TagKey"]) for tag in page["CostAllocationTags"] if canonical(str(tag["TagKey"])) == key]
        if found or not page.get("NextToken"):
            return found[0] if found else key
        params["NextToken"] = page["NextToken"]


def _called(action: str, call: Any) -> Any:  # noqa: ANN401 # as above
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return call()
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown error"))
        raise ScanError(f"{code} {action}", help="the payer account sees every account; see docs/money.md") from None
    except BotoCoreError as error:
        raise ScanError(f"{type(error).__name__} {action}") from None


def _tag(key: str) -> dict[str, str]:
    return {"Type": "TAG", "Key": key}


def _dimension(name: str) -> dict[str, str]:
    return {"Type": "DIMENSION", "Key": name}
