"""What a resource costs an hour, at list price, from the dated snapshot that ships with the package.

A price nobody gave is unknown, with the reason; it is never 0. Only what does not run costs 0, and its source says that
this is the compute part alone.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

from finops_guard.costs import provisioned, tables
from finops_guard.costs.accelerators import accelerator, folded, is_accelerator_family
from finops_guard.costs.tables import Accelerator, PricedBy, Rate
from finops_guard.costs.tpu import chips_of
from finops_guard.model import Money, Price, Resource, Unknown

__all__ = ["Accelerator", "accelerator", "apply_price", "is_accelerator_family", "price", "set_price", "stale"]

HOURS_A_MONTH = 730
STALE_AFTER_DAYS = 90
IDLE_STATES = frozenset({"stopped", "completed", "failed", "deleting"})
BY_USAGE = "priced by usage, not by the hour"
_HOUR_DIGITS = Decimal("1e-12")
_MONTH_DIGITS = Decimal("1e-6")
_FACT = re.compile(r"\{(\w+)\}")


def price(resource: Resource) -> Price | Unknown:
    """The list price in USD of one hour of a resource as it is now, or why there is none.

    Reads the fields cloud, type, region, state and purchase, and the facts instance_type and instances (1 when left
    out), or those that `data/priced_by.tsv` names. `source` is `list-price`, with the region of the price where it is
    not the resource's own, and with what is metered beside the hours.
    """
    stands = fixed(resource)
    return listed(resource) if stands is None else stands


def listed(resource: Resource) -> Price | Unknown:
    """The list price of what `fixed` does not decide."""
    how = tables.priced_by().get(resource.text("type").casefold())
    if how is None:
        return Unknown(f"no price for {resource.text('type') or 'a resource without a type'} in the snapshot")
    if how.by == "usage":
        return Unknown(BY_USAGE)
    return _machine_price(resource, how) if _by_machine(resource, how) else _meter_price(resource, how)


def fixed(resource: Resource) -> Price | Unknown | None:
    """What no rate can change, None for what takes one.

    Machines that do not run cost 0, "compute only"; machines whose state or number is unknown have no price, nor has
    what is priced by its parts: counted here too, every machine would stand in the totals twice.
    """
    how = tables.priced_by().get(resource.text("type").casefold())
    if how is None:
        return None
    if not _by_machine(resource, how):
        return Unknown("priced as the machines it runs, each by itself") if how.by == "parts" else None
    state = resource.look("state")
    if isinstance(state, Unknown):
        return Unknown(f"its state is unknown: {state.reason}")
    if state in IDLE_STATES:
        return _nothing(resource, str(state))
    count = _count(resource, "instances")
    if isinstance(count, Unknown):
        return count
    return None if count else _nothing(resource, "no instances")


def machine_of(resource: Resource) -> str:
    """The machine type that a resource is priced by; empty where it is priced otherwise, or its type was not read."""
    how = tables.priced_by().get(resource.text("type").casefold())
    machine = resource.facts.get("instance_type")
    return machine if how is not None and _by_machine(resource, how) and isinstance(machine, str) else ""


def times_of(resource: Resource, machine: str) -> int | Unknown:
    """How many times the price of one is paid: machines by their number, the rest by what their type counts."""
    how = tables.priced_by().get(resource.text("type").casefold())
    fact = "instances" if machine else how.times if how is not None else ""
    return _count(resource, fact) if fact else 1


def metered_times(resource: Resource) -> int | Unknown:
    """How many hours a bill meters in one hour of a resource.

    The standby of a database is in the price of the same meter, not in its hours (infracost golden test db_instance:
    Multi-AZ is 730 hours a month at twice the price).
    """
    machine = machine_of(resource)
    how = tables.priced_by().get(resource.text("type").casefold())
    return 1 if machine and how is not None and how.resource == "rds" else times_of(resource, machine)


def _by_machine(resource: Resource, how: PricedBy) -> bool:
    return how.by == "machine" or (how.by == "parts" and resource.text("state") == "planned")


def apply_price(resource: Resource) -> None:
    """Set `price`, cost.hour and cost.month (730 h) of a resource, or the reasons why they are unknown.

    A price that somebody set before (a rate card, the bill) stays, and its hour and month are filled in from it.
    """
    set_price(resource, price(resource) if resource.price is None else resource.price)


def set_price(resource: Resource, found: Price | Unknown) -> None:
    """Set `price`, cost.hour and cost.month (730 h) of a resource to what was found, or the reasons."""
    if isinstance(found, Unknown):
        for name in ("cost.hour", "cost.month"):
            resource.fields.pop(name, None)
            resource.unknown[name] = found.reason
        return
    month = (found.hour.amount * HOURS_A_MONTH).quantize(_MONTH_DIGITS)
    resource.price = found
    resource.fields["cost.hour"] = found.hour
    resource.fields["cost.month"] = Money(month, found.hour.currency)
    for name in ("cost.hour", "cost.month"):
        resource.unknown.pop(name, None)


def stale(now: datetime) -> str | None:
    """A remark for the report when the snapshot of machine prices is older than 90 days, else None."""
    dates = {cloud: tables.machines_as_of(cloud) for cloud in ("aws", "azure", "gcp")}
    old = [
        f"{cloud} of {as_of}"
        for cloud, as_of in dates.items()
        if as_of is not None and (now.date() - date.fromisoformat(as_of)).days > STALE_AFTER_DAYS
    ]
    return f"list prices older than {STALE_AFTER_DAYS} days: {', '.join(old)}" if old else None


def _machine_price(resource: Resource, how: PricedBy) -> Price | Unknown:
    count = _count(resource, "instances")
    return count if isinstance(count, Unknown) else _machines(resource, how, count)


def _nothing(resource: Resource, why: str) -> Price:
    # Disks and addresses of a stopped machine are resources with prices of their own.
    as_of = tables.machines_as_of(resource.text("cloud")) or ""
    return Price(Money(Decimal(0), "USD"), f"{why}: compute only", as_of)


def _machines(resource: Resource, how: PricedBy, count: int) -> Price | Unknown:
    machine = resource.facts.get("instance_type")
    if isinstance(machine, Unknown):
        return Unknown(f"its machine type is not known: {machine.reason}")
    if not isinstance(machine, str) or not machine:
        return Unknown("its machine type was not read")
    cloud, region = resource.text("cloud"), resource.text("region")
    # Spot moves by the hour and the on-demand price is several times higher: neither stands for the other.
    spot = resource.text("purchase") == "spot"
    kind = _filled(how.meter, resource)
    if isinstance(kind, Unknown):
        return kind
    meter = f"{kind} {folded(machine)}".lstrip()
    if beside := _beside(resource, cloud, machine):
        return Unknown(beside)
    bought = f"{how.resource} spot" if spot else how.resource
    rate = rate_of(cloud, bought, meter, region)
    if rate is None and cloud == "gcp" and (parts := chips_of(folded(machine))):
        rate, count = rate_of(cloud, bought, parts[0], region), count * parts[1]
    if rate is None:
        what = f"spot price for {machine}" if spot else f"price for {f'{kind} {machine}'.lstrip()}"
        return Unknown(f"no {what} in the snapshot of {tables.machines_as_of(cloud) or 'this package'}")
    return _at(rate, count, region, how.without)


def _beside(resource: Resource, cloud: str, machine: str) -> str:
    """Why accelerators that are attached to a machine leave it without a price; empty where it has none, or its own."""
    kind, number = (resource.facts.get(name) for name in ("accelerator_type", "accelerator_count"))
    if (kind is None and number is None) or number == 0 or is_accelerator_family(cloud, machine):
        return ""
    return (
        f"no price for {folded(kind) if isinstance(kind, str) else 'the accelerators'} beside {machine} in the snapshot"
    )


def _meter_price(resource: Resource, how: PricedBy) -> Price | Unknown:
    named = _filled(f"{how.resource}\t{how.meter}", resource)
    if isinstance(named, Unknown):
        return named
    name, _, meter = named.partition("\t")
    rate = rate_of(resource.text("cloud"), name, meter.casefold(), resource.text("region"))
    if rate is None:
        return Unknown(f"no price for {name} {meter} in the snapshot")
    if how.by == "size":
        count: Decimal | int | Unknown = size_of(resource)
    else:
        count = _count(resource, how.times) if how.times and rate.usd else 1  # free, however many zones
    if isinstance(count, Unknown):
        return count
    found = _at(rate, count, resource.text("region"), how.without)
    return provisioned.added(resource, found, rate_of) if how.by == "size" else found


def rate_of(cloud: str, resource: str, meter: str, region: str) -> Rate | None:
    """The rate of the resource's own region; else the newest, of whichever region the snapshot has.

    Prices of two regions mostly differ by less than a quarter, which sorts findings by money far better than a price
    that is unknown; the price's source names the region, so that nobody takes it for the bill.
    """
    known = tables.rates().get((cloud, resource, meter), ())
    return next((rate for rate in known if rate.region == region), next(iter(known), None))


def _at(rate: Rate, count: Decimal | int, region: str, without: str = "") -> Price:
    hour = rate.usd * count
    if rate.unit.endswith("-month"):
        hour = (hour / HOURS_A_MONTH).quantize(_HOUR_DIGITS)
    source = "list-price" if rate.region in {region, "all"} else f"list-price {rate.region}"
    return Price(Money(hour, "USD"), f"{source}, without {without}" if without else source, rate.as_of)


def _count(resource: Resource, fact: str) -> int | Unknown:
    # A machine is one unless its facts say otherwise; the zones of an endpoint have no such default.
    count = resource.facts.get(fact, 1 if fact == "instances" else None)
    if isinstance(count, Unknown):
        return Unknown(f"its number of {fact} is not known: {count.reason}")
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        return Unknown(f"its number of {fact} was not read")
    return count


def size_of(resource: Resource) -> Decimal | Unknown:
    """The GiB that a resource is paid for."""
    size = resource.look("capacity.provisioned")
    if isinstance(size, Unknown):
        return Unknown(f"its size was not read: {size.reason}")
    if isinstance(size, bool) or not isinstance(size, int | float | Decimal) or size <= 0:
        return Unknown("its size was not read")
    return Decimal(str(size))


def _filled(template: str, resource: Resource) -> str | Unknown:
    """`{fact}` replaced by the fact, folded; Unknown where one was not read."""
    text = template
    for fact in _FACT.findall(template):
        value = resource.facts.get(fact)
        if isinstance(value, Unknown):
            return Unknown(f"its {fact} is not known: {value.reason}")
        if not isinstance(value, str) or not value:
            return Unknown(f"its {fact} was not read")
        text = text.replace(f"{{{fact}}}", value.casefold())
    return text
