"""All that `costs` says, before it is written anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from finops_guard.costs.allocation import Spending, spending
from finops_guard.costs.allocation_asked import Wanted, dimension
from finops_guard.costs.allocation_showback import Showback, showback
from finops_guard.costs.allocation_unusual import UnusualDays, unusual_days
from finops_guard.costs.asks import DIMENSIONS
from finops_guard.costs.ledger import FileRead, Ledger
from finops_guard.language.near import suggest

DEFAULT = ("team",)


@dataclass(frozen=True, slots=True)
class Told:
    """The answer. `doubts`: what a reader should know who asked for something that is not there."""

    files: tuple[FileRead, ...]
    spending: Spending
    showback: tuple[Showback, ...]
    unusual: UnusualDays
    doubts: tuple[str, ...]


def told(ledger: Ledger, wanted: Wanted) -> Told:
    """Everything, while the ledger is open."""
    found = spending(ledger, wanted)
    return Told(
        tuple(ledger.files),
        found,
        showback(ledger, wanted),
        unusual_days(ledger, wanted),
        tuple(_doubts(found, ledger)),
    )


def _doubts(found: Spending, ledger: Ledger) -> Iterator[str]:
    counted = any(not file.refused for file in ledger.files)
    known = (*DIMENSIONS, *found.spellings)
    for name in found.wanted.by if found.wanted.by != DEFAULT else ():
        key = dimension(name).removeprefix("tags.")
        if key not in known and found.rows:
            near = suggest(key, known)
            yield f"no row has the tag '{key}'{f' (did you mean {near!r}?)' if near else ''}"
    if not found.rows and counted:
        days = ledger.days()
        yield f"no row lies in these days: charges are from {days[0]} to {days[1]}" if days else "there is no row"
    ours = found.wanted.policy.currency if found.wanted.policy else None
    for currency in sorted({*found.total} - {ours}) if ours else ():
        yield f"no rate from {currency} to {ours}: what is in {currency} stays in it"
    if found.untold:
        yield f"{found.untold:,} rows are not counted: their file does not tell the {found.wanted.metric} cost"
