"""Small cost files and ledgers over them."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

from finops_guard.costs.ledger import Ledger, open_ledger
from finops_guard.costs.reach import Reach
from finops_guard.model.money import CostSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ROW = {
    "BilledCost": "1.5",
    "EffectiveCost": "1.25",
    "ListCost": "2",
    "BillingCurrency": "USD",
    "ChargePeriodStart": "2026-11-01T00:00:00Z",
    "ChargePeriodEnd": "2026-11-02T00:00:00Z",
    "ChargeCategory": "Usage",
    "ProviderName": "AWS",
    "SubAccountId": "111111111111",
    "ServiceName": "Amazon EC2",
    "ResourceId": "i-1",
    "Tags": '{"team": "vision"}',
}


def text(rows: Iterable[Mapping[str, str]], columns: Iterable[str] | None = None) -> str:
    """A FOCUS file; a cell that a row does not give is that of ROW, one of another column is empty."""
    rows = [{**ROW, **row} for row in rows]
    names = list(columns or dict.fromkeys(name for row in rows for name in row)) or list(ROW)
    file = io.StringIO()
    writer = csv.DictWriter(file, names, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def opened(
    folder: Path,
    *names: str,
    aliases: Mapping[str, str] | None = None,
    keys: Iterable[str] = (),
    currency: str | None = None,
    now: datetime = NOW,
) -> Ledger:
    """A ledger over files of a folder; its cache is the folder `cache` beside them."""
    sources = [CostSource("focus", {"path": name}) for name in names]
    reach = Reach(now, folder, folder / "cache")
    return open_ledger(sources, reach, aliases=aliases, keys=tuple(keys), default_currency=currency)


def ledger(folder: Path, *rows: Mapping[str, str], keys: Iterable[str] = ()) -> Ledger:
    """A ledger over one FOCUS file of these rows."""
    (folder / "focus.csv").write_text(text(rows), "utf-8")
    return opened(folder, "focus.csv", keys=keys)


def total(book: Ledger, metric: str = "effective") -> dict[str, Decimal]:
    """The control totals of all files that count."""
    sums: dict[str, Decimal] = {}
    with localcontext(prec=60):  # Python's own would round a sum to 28 digits
        for file in book.files:
            for currency, amount in file.total.get(metric, {}).items():
                sums[currency] = sums.get(currency, Decimal(0)) + amount
    return sums
