"""Bring new list prices of machines into the snapshot: `python tools/prices.py NEW.tsv …`.

NEW.tsv has the columns of finops_guard/data/machines.tsv. Every row names where its price was read and that source's
date: facts come from what can be read and named, never from memory, and no code comes along. Of several rows about one
machine in one region from one source (whatever its commit) the newest stays. Without arguments the table is only
checked and put in order.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from finops_guard.costs.tables import day

TABLE = Path(__file__).parent.parent / "finops_guard/data/machines.tsv"
KEY = ("provider", "resource", "machine", "region")
AMOUNTS = ("on_demand_usd_h", "spot_usd_h", "committed_usd_h")
COLUMNS = (*KEY, *AMOUNTS, "source", "source_date")
Row = dict[str, str]


def read(path: Path) -> Iterator[Row]:
    """Rows of one file; SystemExit names the line of the first that cannot be used."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        if tuple(rows.fieldnames or ()) != COLUMNS:
            sys.exit(f"{path}:1: the columns are {' '.join(COLUMNS)}")
        for number, row in enumerate(rows, 2):
            if wrong := mistake(row):
                sys.exit(f"{path}:{number}: {wrong}")
            yield row


def mistake(row: Row) -> str | None:
    """What is wrong with a row."""
    if None in row or None in row.values() or not all(row[name] for name in (*KEY, "source")):
        return "a machine, its place and a source are needed in each row"
    try:
        date.fromisoformat(day(row["source_date"]))
        amounts = [Decimal(row[name]) for name in AMOUNTS if row[name]]
    except (ValueError, InvalidOperation) as error:
        return f"not a date or not a price: {error}"
    return None if amounts and min(amounts) > 0 else "a price above 0 is needed in each row"


def merged(rows: Iterable[Row]) -> list[Row]:
    """One row a machine, region and source, the newest; in the order of the table."""
    newest: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = (*(row[name] for name in KEY), row["source"].partition("@")[0])
        if key not in newest or day(newest[key]["source_date"]) <= day(row["source_date"]):
            newest[key] = row
    return [newest[key] for key in sorted(newest)]


def main(paths: list[str]) -> None:
    """Merge the files named into the table."""
    rows = merged(row for path in (TABLE, *map(Path, paths)) for row in read(path))
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(
            file, COLUMNS, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None, lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(rows)
    print(f"{len(rows)} rows, {TABLE.stat().st_size:,} bytes, newest {max(day(row['source_date']) for row in rows)}")


if __name__ == "__main__":
    main(sys.argv[1:])
