"""What a policy assumes of planned resources: usage that no plan can know, and what only a person can say of it.

`assume: {aws_nat_gateway.main: {bytes_processed_month: 5 TB}}`, by address; an address without instance keys is of all
its instances. What a plan does know is never replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache

from finops_guard.costs import prices, tables
from finops_guard.model import Money, Price, Resource, Unknown

HOURS = "hours_month"
_COUNT = "accelerators.count"
_SETTLED = ("instance_type", "instances")
_KEYS = re.compile(r"\[(?:\"(?:[^\"\\]|\\.)*\"|[^\]]*)\]")
_GB = Decimal(10**9)
_DIGITS = Decimal("1e-12")

Assumed = Mapping[str, object]


def of(resource: Resource, assume: Mapping[str, Assumed]) -> Assumed | None:
    """What is assumed of a planned resource; None where nothing is."""
    if not assume or resource.fields.get("state") != "planned":
        return None
    return assume.get(resource.id) or assume.get(_KEYS.sub("", resource.id))


def settle(resource: Resource, assumed: Assumed) -> None:
    """Its machine type and how many there are, where the plan does not know them."""
    for name in _SETTLED:
        if name in assumed and not isinstance(resource.facts.get(name, Unknown("")), str | int):
            resource.facts[name] = assumed[name]
    if _COUNT in resource.unknown and _COUNT not in resource.fields:
        _accelerate(resource)


def _accelerate(resource: Resource) -> None:
    """The accelerators of machines that are known by now; none where only some of it is."""
    machine, times = resource.facts.get("instance_type"), resource.facts.get("instances", 1)
    if not isinstance(machine, str) or not isinstance(times, int) or "accelerator_type" in resource.facts:
        return
    found = prices.accelerator(resource.text("cloud"), machine)
    if found is None and prices.is_accelerator_family(resource.text("cloud"), machine):
        return
    told = {
        _COUNT: 0 if found is None else None if found.count is None else found.count * times,
        "accelerators.model": None if found is None else found.model,
        "accelerators.vendor": None if found is None else found.vendor,
        "accelerators.memory": None if found is None else found.memory_bytes,
    }
    if told[_COUNT] is not None:
        resource.fields |= told


def add(resource: Resource, assumed: Assumed) -> None:
    """Usage on top of its hours: hours of a month that it runs, and what is metered beside them."""
    metered = sum((amount for amount in _metered(resource, assumed)), Decimal(0))
    price = resource.price
    if price is None:
        if metered and _by_usage(resource):
            prices.set_price(resource, Price(Money(metered, "USD"), "list-price, usage as assumed", _as_of(resource)))
        return
    hour = price.hour.amount
    if isinstance(hours := assumed.get(HOURS), int | Decimal):
        hour = hour * Decimal(hours) / prices.HOURS_A_MONTH
    if price.hour.currency != "USD":
        metered = Decimal(0)  # list prices are in USD; two currencies are not added up
    found = replace(
        price,
        hour=Money((hour + metered).quantize(_DIGITS), price.hour.currency),
        source=f"{price.source.partition(', without')[0]}, usage as assumed",
    )
    prices.set_price(resource, found)


def _metered(resource: Resource, assumed: Assumed) -> Iterable[Decimal]:
    """The price of an hour of each usage, spread over a month."""
    for usage, (name, meter) in _meters().get(resource.text("type").casefold(), {}).items():
        amount = assumed.get(usage)
        rate = prices.rate_of(resource.text("cloud"), name, meter.casefold(), resource.text("region"))
        if rate is not None and isinstance(amount, int | Decimal):
            yield (rate.usd * Decimal(amount) / _GB / prices.HOURS_A_MONTH).quantize(_DIGITS)


def _by_usage(resource: Resource) -> bool:
    how = tables.priced_by().get(resource.text("type").casefold())
    return how is not None and how.by == "usage"


def _as_of(resource: Resource) -> str:
    return tables.machines_as_of(resource.text("cloud")) or ""


@cache
def _meters() -> Mapping[str, Mapping[str, tuple[str, str]]]:
    """Folded type -> usage -> the resource and meter of its rate."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for row in tables.rows("assumed_usage"):
        found.setdefault(row["type"].casefold(), {})[row["usage"]] = (row["resource"], row["meter"])
    return found
