"""What is said about a file: why it is refused, or what it was forgiven."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from finops_guard.costs.formats._plan import TIMES, Plan
from finops_guard.costs.ledger.database import SCALE, connect
from finops_guard.costs.ledger.recognise import short
from finops_guard.costs.ledger.rows import LENIENCIES, Check, Rows, checks
from finops_guard.costs.ledger.scan import Scan
from finops_guard.costs.ledger.tagsets import Counts, load

_SHOWN = 5
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?")
_FLOATS = ("DOUBLE", "FLOAT")


def refusals(work: Path, scan: Scan, plan: Plan, errors: int) -> Iterator[str]:
    """`record:column: reason` of the first cells that each failed check found."""
    base, rows = connect(work, ordered=True), Rows(plan, scan, None, numbered=True)
    try:
        scan.point(base)
        load(base, work, ())
        for bit, check in enumerate(checks(plan)):
            if errors & 1 << bit:
                found = base.execute(rows.wrong(check)).fetchall()
                for record, text in found[:_SHOWN]:
                    yield f"{record}:{_column(scan, plan, check)}: {_reason(check, text)}"
                if len(found) > _SHOWN:
                    yield f" and more of {_column(scan, plan, check)}"
    finally:
        base.close()


def notes(scan: Scan, plan: Plan, counts: Counts, met: Mapping[str, int]) -> Iterator[str]:
    """Each leniency with its count, then what is said of the format, then tags."""
    yield from plan.notes
    for name, what in LENIENCIES.items():
        if met[name]:
            yield f"{met[name]} {what}"
    named = zip(scan.names, plan.columns, scan.types, strict=True)
    binary = [name for name, ours, kind in named if kind in _FLOATS and _used(plan, ours)]
    if binary:
        yield f"binary floating point, read through its shortest decimal text: {', '.join(sorted(binary))}"
    yield from _tag_notes(counts)


def _tag_notes(counts: Counts) -> Iterator[str]:
    for what, rows in sorted(counts.leniencies.items()):
        yield f"{rows} {what}"
    for key, spelt in sorted(counts.spellings.items()):
        if len(spelt) > 1:
            ways = ", ".join(f"{short(raw)} in {rows}" for raw, rows in sorted(spelt.items(), key=lambda it: -it[1]))
            yield f"tag {key} is spelt {len(spelt)} ways: {ways} rows"
    for key, rows in sorted(counts.conflicting.items()):
        yield f"{rows} rows whose spellings of the tag {key} disagree: unknown there"


def _used(plan: Plan, name: str) -> bool:
    return any(name.casefold() in (each.casefold() for each in cell.names) for cell in plan.cells.values())


def _column(scan: Scan, plan: Plan, check: Check) -> str:
    """What the file calls the column that a check is about."""
    cell = (plan.tags or plan.allocated) if check.column == "tags" else plan.cells.get(check.column)
    if cell is None or not cell.names:
        return check.column
    folded = [name.casefold() for name in plan.columns]
    return scan.names[folded.index(cell.names[0].casefold())].strip()


def _reason(check: Check, text: str | None) -> str:
    if check.what == "missing":
        return "is empty"
    if check.column == "tags":
        return f"{short(text)} is no JSON object of tags"
    if check.column == "currency":
        return f"{short(text)} is no currency"
    if check.column in TIMES:
        return f"{short(text)} is no time"
    if _NUMBER.fullmatch(text or ""):
        return f"{short(text)} has more than {SCALE} decimals, or over 20 digits before them"
    return f"{short(text)} is no amount"
