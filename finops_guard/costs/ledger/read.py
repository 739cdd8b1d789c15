"""What reading one file of cost rows came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class FileRead:
    """One file: counted whole, or refused whole.

    `path` as it was given (a file of a folder, of a zip or of a bucket with its own name behind it). `format`:
    `focus-1.0` to `focus-1.4`, `aws-cur-2.0`, `aws-cur-1`, `azure-cost`, `gcp-billing`; empty where no format was
    recognised. `refused`: `file:record:column: reason`, records counted from 1 behind the header; empty where the file
    counts. `total`: control totals by effective, billed, list and contracted, then by currency, with every digit of
    the source; a metric that the file does not have is left out. `notes`: each leniency with its count.
    """

    path: str
    format: str
    sha256: str
    rows: int
    refused: tuple[str, ...] = ()
    total: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def exact(amount: Decimal) -> Decimal:
    """The same amount without the zeros that a fixed scale puts at its end, and never in scientific notation."""
    return Decimal(f"{amount:f}".rstrip("0").rstrip(".") or "0") if "." in f"{amount:f}" else amount
