"""What a volume is paid for beside its size: operations and throughput, as far as they are more than what is included.

`data/provisioned.tsv` has, for a type of volume and a fact, how much is included, the meter of the rest, and up to how
much that meter is the whole price. What was not read is not added, and the price goes on to say that it is without.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from finops_guard.costs import tables
from finops_guard.model import Money, Price, Resource, Unknown

if TYPE_CHECKING:
    from finops_guard.costs.tables import Rate

RateOf: TypeAlias = "Callable[[str, str, str, str], Rate | None]"
_MONTH = 730  # prices.HOURS_A_MONTH, which imports this
_DIGITS = Decimal("1e-12")
_DIGITS_OF_IT = 9
"""Of a number of operations; nobody can buy more."""


def added(resource: Resource, size: Price, rate_of: RateOf) -> Price | Unknown:
    """The price of a volume's size with what it provisions; Unknown where that cannot be told."""
    rows = _rows().get((resource.text("type").casefold(), str(resource.facts.get("volume_type", "")).casefold()))
    if rows is None:
        return size
    hour = size.hour.amount
    for row in rows:
        fact = row["fact"]
        value = resource.facts.get(fact)
        if isinstance(value, Unknown):
            return Unknown(f"its {fact} is not known: {value.reason}")
        if value is None:
            if not int(row["included"]):
                return size  # there always is some: it was not read
            continue
        amount = _number(value)
        if amount is None or amount > int(row["most"] or amount):
            return Unknown(f"no price for {value} {fact} of {resource.facts['volume_type']} in the snapshot")
        extra = max(Decimal(0), amount - int(row["included"]))
        rate = rate_of(resource.text("cloud"), row["resource"], row["meter"].casefold(), resource.text("region"))
        if extra and rate is None:
            return Unknown(f"no price for {row['meter']} in the snapshot")
        hour += (extra * rate.usd / _MONTH).quantize(_DIGITS) if rate is not None else 0
    return replace(size, hour=Money(hour, size.hour.currency), source=size.source.partition(", without")[0])


def _number(value: object) -> Decimal | None:
    text = str(value)
    return Decimal(text) if text.isdecimal() and len(text) <= _DIGITS_OF_IT else None


@cache
def _rows() -> Mapping[tuple[str, str], list[dict[str, str]]]:
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in tables.rows("provisioned"):
        found.setdefault((row["type"].casefold(), row["volume_type"]), []).append(row)
    return found
