"""Calls that cost money: counted, printed, and refused beyond what the command and the policy allow."""

from __future__ import annotations

from decimal import Decimal

from finops_guard.costs.reach import Reach
from finops_guard.errors import ScanError
from finops_guard.language.literals import money
from finops_guard.model import Calls
from finops_guard.model.money import CostSource


def pay(source: CostSource, reach: Reach, calls: Calls, usd: Decimal) -> None:
    """Note one paid call before it is sent. ScanError where it would cost more than one run, or one day, may.

    A day's spending is kept in the cache: a scan every hour asks no more than one scan a day would.
    """
    if reach.max_usd is not None and calls.usd + usd > reach.max_usd:
        raise ScanError(f"{source.source} would cost more than {reach.max_usd} USD in one run", help="--max-api-cost")
    written = source.settings.get("max_per_day")
    path = reach.cache / "live" / f"spent-{source.source}-{reach.now.date()}"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if isinstance(written, str):
        spent = sum((Decimal(line) for line in path.read_text().split()), Decimal(0)) if path.exists() else Decimal(0)
        if spent + usd > money(written).amount:
            raise ScanError(f"{source.source} has cost {spent} USD today, and max_per_day is {written}")
    with path.open("a") as file:
        file.write(f"{usd}\n")
    calls.usd += usd
