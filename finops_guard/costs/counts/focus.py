"""ConsumedQuantity of the cost rows themselves: tokens, requests, GB, hours, as the bill has them.

`metric` names the ConsumedUnit; a unit of so many (`1000 Tokens`) is taken apart. Without it there may be one only.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from finops_guard.costs.asks import Ask, Total
from finops_guard.costs.counts._counted import Asked, Counted, Tally
from finops_guard.errors import InputError
from finops_guard.model import canonical

_OF = re.compile(r"(?:([0-9][0-9_,]*) )?\s*(.+)")


def count(asked: Asked) -> Counted:
    """Consumed quantity of usage that corrects nothing, by day. A day that is billed whole and has none has none."""
    if asked.ledger is None:
        raise InputError("there is no cost data to take ConsumedQuantity from", help="costs: [{from: focus, path: …}]")
    by = ("day", "unit", *(f"tags.{key}" for key in asked.by))
    where = asked.count.match if asked.count.match is not None else asked.covers
    totals = asked.ledger.totals(Ask(where=where, by=by, start=asked.start, end=asked.end, usage_only=True))
    totals = [total for total in totals if total.quantity is not None]
    unit = asked.text("metric") or _only(totals)
    tally = Tally()
    tally.known(asked.days())
    unclear = 0
    for total in totals:
        many, name = _taken_apart(total.key[1] or "")
        if name == _folded(unit) and total.quantity is not None:
            unclear += 0 if total.decided else total.rows
            if total.decided:
                tally.add(date.fromisoformat(total.key[0] or ""), total.key[2:], total.quantity * many)
    remarks = (f"of {unclear} rows the bill cannot tell whether they are counted",) if unclear else ()
    return Counted(
        tally.amounts,
        f"ConsumedQuantity of usage rows in {unit or 'no unit'}, added up by UTC day of ChargePeriodStart",
        "cost data",
        estimated=bool(unclear),
        remarks=remarks,
    )


def _only(totals: list[Total]) -> str:
    """The one unit that everything is consumed in."""
    units = sorted({_taken_apart(total.key[1] or "")[1] for total in totals})
    if len(units) > 1:
        raise InputError(f"ConsumedQuantity is in {', '.join(units)}", help=f"say which to count: metric: {units[0]}")
    return units[0] if units else ""


def _taken_apart(unit: str) -> tuple[Decimal, str]:
    """`1000 Tokens` is (1000, tokens)."""
    found = _OF.fullmatch(unit.strip())
    if found is None:
        return Decimal(1), ""
    many = (found[1] or "1").replace(",", "").replace("_", "")
    return Decimal(many), _folded(found[2])


def _folded(unit: str) -> str:
    return canonical(unit)
