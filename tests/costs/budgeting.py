"""Bills in FOCUS and machines that run, for tests of budgets: give what matters, the rest is made up."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from finops_guard.costs.budgets import statuses
from finops_guard.costs.ledger import Ledger, open_ledger
from finops_guard.costs.reach import Reach
from finops_guard.model import All, Budget, BudgetStatus, Compare, Condition, CostSource, Money, Ref, Resource, Tags

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ACCOUNT = "111122223333"
COLUMNS = (
    "BilledCost EffectiveCost ListCost ContractedCost BillingCurrency ChargeCategory ChargeClass ChargeDescription "
    "ChargePeriodStart ChargePeriodEnd ProviderName PublisherName InvoiceIssuerName BillingAccountId SubAccountId "
    "ServiceName ServiceCategory ResourceId SkuMeter ConsumedQuantity ConsumedUnit Tags"
).split()
RATES = {("USD", "EUR"): (Decimal("0.92"), date(2026, 11, 1))}
Row = dict[str, str]


def row(start: str, cost: str, *, hours: int = 24, tags: Mapping[str, str] | None = None, **more: str) -> Row:
    """A cost row that begins at a time in UTC; the other metrics are the effective one unless given."""
    begins = datetime.fromisoformat(start).replace(tzinfo=UTC)
    known = {
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), cost),
        "BillingCurrency": "USD",
        "ChargeCategory": "Usage",
        "ChargePeriodStart": f"{begins:%Y-%m-%dT%H:%M:%SZ}",
        "ChargePeriodEnd": f"{begins + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}",
        **dict.fromkeys(("ProviderName", "PublisherName", "InvoiceIssuerName"), "AWS"),
        "BillingAccountId": "999988887777",
        "SubAccountId": ACCOUNT,
        "ServiceName": "Amazon EC2",
        "ServiceCategory": "Compute",
        "Tags": json.dumps(dict(tags or {})),
    }
    return dict.fromkeys(COLUMNS, "") | known | more


def days(first: str, last: str, cost: str, **more: Any) -> list[Row]:
    """A row a day, both ends included."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [row(f"{start + timedelta(days=n)}", cost, **more) for n in range((end - start).days + 1)]


def ledger(folder: Path, rows: Iterable[Row], now: datetime = NOW) -> Ledger:
    """A ledger over one file of those rows."""
    path = folder / "focus.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, COLUMNS)
        out.writeheader()
        out.writerows(rows)
    source = CostSource("focus", {"path": str(path)})
    return open_ledger([source], Reach(now=now, folder=folder, cache=folder / "cache"))


def budget(name: str = "vision", limit: str = "1000", unit: str = "USD", **more: Any) -> Budget:
    """A monthly budget over everything."""
    return Budget(name, Decimal(limit), unit, **{"every": "month"} | more)


def team(name: str) -> Condition:
    return Compare(Ref("tag", "team"), "eq", name)


def both(*items: Condition) -> Condition:
    return All(items)


def machine(
    name: str = "i-0abc1234def567890",
    hour: str | None = "55.04",
    *,
    since: datetime | None = NOW - timedelta(hours=1),
    tags: Mapping[str, str] | None = None,
    currency: str = "USD",
    **fields: Any,
) -> Resource:
    """A machine that runs since a time, in the account that the rows are of."""
    known: dict[str, Any] = {
        "id": f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/{name}", "kind": "vm", "type": "AWS::EC2::Instance",
        "cloud": "aws", "account": ACCOUNT, "state": "running", "accelerators.count": 8,
    }  # fmt: skip
    if hour is not None:
        known["cost.hour"] = Money(Decimal(hour), currency)
    unknown = {} if hour is not None else {"cost.hour": "no price for it"}
    return Resource(known | fields, Tags.of(tags or {}), unknown=unknown, started=since)


def status(
    folder: Path,
    of: Budget,
    rows: Iterable[Row] | None = (),
    running: Iterable[Resource] | None = (),
    *,
    at: datetime = NOW,
    fx: Any = RATES,
) -> BudgetStatus:
    """The status of one budget; `rows` None: no cost data, `running` None: no inventory."""
    if rows is None:
        return statuses([of], None, running, at, fx)[0]
    with ledger(folder, rows, at) as bills:
        return statuses([of], bills, running, at, fx)[0]
