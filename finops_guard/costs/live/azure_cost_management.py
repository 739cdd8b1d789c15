"""Azure Cost Management: cost by day of a scope (Query - Usage, api-version 2023-11-01), free and throttled.

An answer has two groupings at most: the tag key that the policy asks for first, and the subscription. Billed is
Azure's ActualCost, effective its AmortizedCost, so each is asked once and they are joined by day and group.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from finops_guard.costs import endpoints
from finops_guard.costs.formats._plan import ONLY_TAG
from finops_guard.costs.live._answers import Days, answered, days_of, row_of
from finops_guard.costs.reach import Reach
from finops_guard.costs.web import Site
from finops_guard.errors import ScanError
from finops_guard.language.secrets import resolve
from finops_guard.model.money import CostSource

PERMISSIONS = ("Microsoft.CostManagement/query/action",)

_VERSION = "2023-11-01"
_TYPES = {"ActualCost": 0, "AmortizedCost": 1}
Group = tuple[date, str, str | None, str]
"""Day, subscription, the tag's value (None: it has none), currency."""


def fetch(source: CostSource, reach: Reach) -> Iterator[Path]:
    """One FOCUS-shaped file. ScanError where Azure refuses, InputError where nobody is logged in."""
    days = days_of(reach)
    scope = resolve(str(source.settings["scope"]), reach.environ).strip("/")
    key = reach.keys[0] if reach.keys else ""
    there = endpoints.azure(reach)
    yield answered(
        reach, "azure-cost-management", (there.base, scope, days, key), partial(_rows, there, scope, days, key)
    )


def _rows(there: Site, scope: str, days: Days, key: str) -> Iterator[dict[str, str]]:
    amounts: dict[Group, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for kind, place in _TYPES.items():
        for group, cost in _groups(there, scope, _body(kind, days, key), keyed=bool(key)):
            amounts[group][place] += cost
    for (day, subscription, value, currency), (billed, effective) in sorted(amounts.items(), key=str):
        more = {"ProviderName": "Microsoft", "BillingCurrency": currency, "SubAccountId": subscription.lower()}
        if key:
            more[f"{ONLY_TAG}{key}"] = value or ""
        yield row_of(day, more, billed=billed, effective=effective)


def _body(kind: str, days: Days, key: str) -> dict[str, object]:
    grouping = [{"type": "Dimension", "name": "SubscriptionId"}, *([{"type": "TagKey", "name": key}] if key else [])]
    return {
        "type": kind,
        "timeframe": "Custom",
        "timePeriod": {"from": f"{days.start}T00:00:00Z", "to": f"{days.end}T00:00:00Z"},
        "dataset": {
            "granularity": "Daily",
            "aggregation": {"totalCost": {"name": "Cost", "function": "Sum"}},
            "grouping": grouping,
        },
    }


def _groups(there: Site, scope: str, body: object, *, keyed: bool) -> Iterator[tuple[Group, Decimal]]:
    path: str | None = f"/{quote(scope)}/providers/Microsoft.CostManagement/query?api-version={_VERSION}"
    while path:
        answer = there.post(path, body)
        try:
            properties = answer["properties"]
            names = [str(column["name"]).casefold() for column in properties["columns"]]
            for row in properties["rows"]:
                yield _group(dict(zip(names, row, strict=True)), keyed=keyed)
            path = _next(there, properties.get("nextLink"))
        except (TypeError, KeyError, ValueError, ArithmeticError):
            raise ScanError(f"{there.said} did not answer as Azure Cost Management does") from None


def _group(cells: dict[str, Any], *, keyed: bool) -> tuple[Group, Decimal]:
    day = datetime.strptime(str(cells["usagedate"]), "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
    value = str(cells.get("tagvalue") or "") or None if keyed else None
    cost = Decimal(str(cells["cost"] if "cost" in cells else cells["totalcost"]))
    return (day, str(cells["subscriptionid"]), value, str(cells["currency"])), cost


def _next(there: Site, link: object) -> str | None:
    """The path of the next page. It has to be where we asked: the answer does not choose who gets our token."""
    if not isinstance(link, str) or not link:
        return None
    where = urlsplit(link)
    if f"{where.scheme}://{where.netloc}" != there.base:
        raise ScanError(f"{there.said} names a next page somewhere else")
    return f"{where.path}?{where.query}"
