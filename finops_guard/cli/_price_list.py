"""The snapshot of list prices, as CSV or JSON: what `export prices` writes."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from finops_guard.costs import tables
from finops_guard.errors import InputError

SCHEMA = "finops-guard/prices/1"
COLUMNS = ("cloud", "resource", "meter", "unit", "usd", "region", "source", "as_of")


def export_prices(shape: str, to: Path | None) -> None:
    """Write every price we ship to stdout or a file. InputError where the file cannot be written."""
    text = _json() if shape == "json" or (to is not None and to.suffix == ".json") else _csv()
    if to is None:
        sys.stdout.write(text)
        return
    try:
        to.write_text(text, "utf-8", newline="")
    except OSError as error:
        raise InputError(f"{to}: cannot be written: {error.strerror}") from None


def rows() -> Iterator[tuple[str, ...]]:
    """Every price in the order of COLUMNS; those of one meter and region, the newest first."""
    for (cloud, resource, meter), rates in sorted(tables.rates().items()):
        for rate in sorted(rates, key=lambda rate: rate.region):
            yield cloud, resource, meter, rate.unit, f"{rate.usd:f}", rate.region, rate.source, rate.as_of


def _csv() -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows())
    return text.getvalue()


def _json() -> str:
    prices = [dict(zip(COLUMNS, row, strict=True)) for row in rows()]
    return json.dumps({"schema": SCHEMA, "prices": prices}, indent=1) + "\n"
