"""The bills of the embedded company: a FOCUS 1.2 export of AWS, made from its estate and `bills.yaml`.

What a bill has and an inventory has not is in it: what ran and is gone, tokens, transfer, software, commitments, tax,
credits, corrections of the month before, rows that are late, one day on which a model was called six times as often.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from finops_guard.sources.sandbox._bills_book import Book
from finops_guard.sources.sandbox._bills_extra import extras
from finops_guard.sources.sandbox._bills_meters import metered
from finops_guard.sources.sandbox.estate import draw

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = "bills"
_BILLS = Path(__file__).with_name("bills.yaml")
_SEED = 7


def write_bills(folder: Path, now: datetime, *, seed: int = _SEED, ids: Mapping[str, str] | None = None) -> Path:
    """Write the export up to `now` (aware) into `folder`/bills, a gzipped CSV for each month; that folder.

    The same seed and day give the same bytes. `ids` (see `planted`): the ResourceIds of the running estate; without
    them what EC2 and load balancing name by chance has other ids than in an inventory.
    """
    estate = draw(seed, now.replace(microsecond=0))
    bills = yaml.safe_load(_BILLS.read_text(encoding="utf-8"))
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    first = today - timedelta(days=bills["days"])
    book = Book(bills, estate.management, today)
    accounts = {each.name.rpartition("-")[2]: each for each in (*estate.accounts, estate.management)}
    metered(book, estate, first, ids or {})
    extras(book, accounts, first)
    written = folder / FOLDER
    written.mkdir(parents=True, exist_ok=True)
    book.write(written)
    return written
