"""What made a day dear: the one resource, usage type or project that added most of what was unusual."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from finops_guard.costs.anomalies import WEEKS
from finops_guard.costs.asks import Ask, Total
from finops_guard.model import All, Compare, Condition, Ref, canonical

if TYPE_CHECKING:
    from finops_guard.costs.ledger import Ledger

_BY = {"id": "resource", "usage": "usage", "tags.project": "project"}
"""Narrowest first: what names a resource helps most."""
_HALF = 2


class Group(NamedTuple):
    """Whose charge it is; None where rows do not say."""

    cloud: str | None
    account: str | None
    team: str | None
    service: str | None


def cause(ledger: Ledger, group: Group, key: str, day: date, amount: Callable[[Total], Decimal]) -> str | None:
    """The first of `_BY` of which one value added at least half of what the day cost more; None where it is spread.

    More than the mean day of the eight weeks before. `amount`: a total in the one currency of it all.
    """
    where = _condition(group, key)
    end = datetime.combine(day, time(), UTC)
    start, after = end - timedelta(weeks=WEEKS), end + timedelta(days=1)
    for by, word in _BY.items():
        more: dict[str | None, Decimal] = defaultdict(Decimal)
        for total in ledger.totals(Ask(where=where, by=(by,), start=end, end=after, usage_only=True)):
            more[total.key[0]] += amount(total)
        for total in ledger.totals(Ask(where=where, by=(by,), start=start, end=end, usage_only=True)):
            more[total.key[0]] -= amount(total) / (WEEKS * 7)
        top = max(more, key=lambda value: (more[value], value or ""), default=None)
        if top is not None and _HALF * more[top] >= sum(more.values(), Decimal(0)):
            return f"{word} {top}"
    return None


def _condition(group: Group, key: str) -> Condition:
    refs = (Ref("field", "cloud"), Ref("field", "account"), Ref("tag", canonical(key)), Ref("field", "charge.service"))
    return All(
        tuple(
            Compare(ref, "exists", value=False) if value is None else Compare(ref, "eq", value)
            for ref, value in zip(refs, group, strict=True)
        )
    )
