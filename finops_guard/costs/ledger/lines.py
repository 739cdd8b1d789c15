"""How many lines and records a CSV file has, counted beside the database that reads it.

DuckDB's reader takes one kind of line end throughout and has been seen to pass over rows of a file with two kinds
without a word. So a file with several is written anew, and what it read is held against a count of ours.
"""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path

from finops_guard.costs.formats._plan import RefusedError
from finops_guard.costs.ledger import scan as scans
from finops_guard.costs.ledger.scan import Scan

_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Lines:
    """`count` of lines, and whether all end alike; None where the file cannot be unpacked to its end."""

    count: int
    alike: bool


def lines(path: Path) -> Lines | None:
    """Of a file that may be compressed, in one pass."""
    feeds = both = returns = 0
    last = b""
    try:
        with scans.unpacked(path) as file:
            while block := file.read(_BLOCK):
                feeds += block.count(b"\n")
                returns += block.count(b"\r")
                both += block.count(b"\r\n") + (last == b"\r" and block[:1] == b"\n")
                last = block[-1:]
    except (EOFError, gzip.BadGzipFile, OSError):
        return None
    return Lines(feeds + (last not in (b"\n", b"")), (feeds, returns) in ((both, both), (feeds, 0)))


def agrees(scan: Scan, said: Lines, rows: int) -> bool:
    """Whether a reader that found so many rows found all: a row a line, or as many as the standard library finds."""
    return rows == said.count - 1 or rows == sum(1 for _ in scans.records(scan.path)) - 1


def rewritten(scan: Scan, work: Path) -> tuple[Scan, int]:
    """The same table written anew with one kind of line end, and its rows; RefusedError names what cannot be read."""
    made, number = work / "rewritten.csv", 0
    with made.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for number, record in enumerate(scans.records(scan.path)):
            if len(record) != len(scan.names):
                raise RefusedError(f"has {len(record)} cells where the header has {len(scan.names)}", number)
            writer.writerow(cell.replace("\r\n", "\n").replace("\r", "\n") for cell in record)
    return scans.csv_scan(made), number
