"""What a machine would cost before it is there: each way to buy it, and what else has the same accelerators for less.

Types are compared as they are, never by an average price of an accelerator: the same GPU costs twice as much in one
machine as in another. Only the accelerators' number, memory and maker are compared; how fast they are is not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from finops_guard.costs import prices, tables
from finops_guard.costs.accelerators import accelerator, folded
from finops_guard.errors import InputError
from finops_guard.language.near import suggest
from finops_guard.model import Money, Price, Resource, Tags, Unknown, money_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from finops_guard.costs.pricing import Pricer
    from finops_guard.costs.tables import Accelerator, Rate

_TYPES = {
    ("aws", "ec2"): "AWS::EC2::Instance",
    ("aws", "sagemaker"): "AWS::SageMaker::TrainingJob",
    ("azure", "vm"): "Microsoft.Compute/virtualMachines",
    ("gcp", "vm"): "compute.googleapis.com/Instance",
}
_AZURE = "standard_"


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine type of a cloud. `resource` is what its price list calls the service; None is not known."""

    cloud: str
    resource: str
    name: str
    accelerator: Accelerator | None
    vcpus: int | None
    memory_gib: Decimal | None


@dataclass(frozen=True, slots=True)
class Offer:
    """One way to buy a machine: the price of an hour of one, or why there is none.

    `region`: whose price it is. `read_from`: where a list price was read.
    """

    purchase: str
    price: Price | Unknown
    region: str
    read_from: str = ""

    def stale(self, day: date) -> bool:
        """Whether the price is older than 90 days."""
        if isinstance(self.price, Unknown):
            return False
        return (day - date.fromisoformat(self.price.as_of)).days > prices.STALE_AFTER_DAYS

    def total(self, machines: int, hours: Decimal) -> Money | None:
        """What so many machines cost in so many hours."""
        hour = None if isinstance(self.price, Unknown) else self.price.hour
        return hour and Money(hour.amount * machines * hours, hour.currency)


@dataclass(frozen=True, slots=True)
class Choice:
    """A machine, the ways to buy it, and cheaper ones bought like `basis`, the cheapest first.

    `not_compared`: in words, what would compare but has no price to compare with.
    """

    machine: Machine
    offers: tuple[Offer, ...]
    basis: Offer
    cheaper: tuple[tuple[Machine, Offer], ...]
    not_compared: str


def choose(name: str, cloud: str | None, region: str | None, pricer: Pricer, *, spot: bool = False) -> Choice:
    """A machine type by its name, in a region (None: where its newest list price is from). InputError for no such."""
    machine = find(name, cloud)
    where = region or _home(machine)
    on_demand, on_spot, reserved = (offer(machine, how, where, pricer) for how in ("on-demand", "spot", "reserved"))
    basis = on_spot if spot else on_demand
    cheaper, without = _cheaper(machine, basis, where, pricer)
    return Choice(machine, (on_demand, on_spot, reserved), basis, cheaper, without)


def find(name: str, cloud: str | None) -> Machine:
    """The machine type that a name means, any case, on Azure without `Standard_` too."""
    known = {key: spelt for key, spelt in tables.machines().items() if cloud in (None, key[0])}
    asked = folded(name)
    for (where, resource, key), spelt in known.items():
        if key in {asked, _AZURE + asked if where == "azure" else asked}:
            return _machine(where, resource, spelt)
    meant = {spelt.casefold(): spelt for spelt in known.values()}
    near = suggest(asked, meant)
    hint = f" (did you mean '{meant[near]}'?)" if near else ""
    raise InputError(
        f"no machine type '{name}'{f' of {cloud}' if cloud else ''} in the snapshot{hint}",
        help="finops-guard export prices lists them; a model takes --input-tokens and --output-tokens",
    )


def offer(machine: Machine, purchase: str, region: str, pricer: Pricer) -> Offer:
    """The price of an hour of one machine bought like this: on-demand, spot, or reserved as COMMITMENT says."""
    resource = Resource(
        {
            "cloud": machine.cloud,
            "type": _TYPES[machine.cloud, machine.resource],
            "region": region,
            "state": "running",
            "purchase": purchase,
        },
        Tags.of({}),
        facts={"instance_type": machine.name},
    )
    suffix = {"spot": " spot", "reserved": " reserved"}.get(purchase, "")
    rate = prices.rate_of(machine.cloud, machine.resource + suffix, folded(machine.name), region)
    found = pricer.price(resource) if purchase != "reserved" else _reserved(resource, rate, pricer)
    listed = rate is not None and isinstance(found, Price) and found.source.startswith("list-price")
    what = tables.COMMITMENT if purchase == "reserved" else purchase
    if isinstance(found, Unknown) and purchase == "on-demand":
        found = Unknown(_note(machine) or found.reason)
    return Offer(what, found, rate.region if rate and listed else region, rate.source if rate and listed else "")


def in_currency(choice: Choice, currency: str, fx: Mapping[tuple[str, str], tuple[Decimal, date]]) -> Choice:
    """The same in another currency, where the policy has a rate; else as it was."""

    def other(offered: Offer) -> Offer:
        if isinstance(offered.price, Unknown):
            return offered
        hour = money_in(offered.price.hour, currency, fx)
        return offered if hour is None else replace(offered, price=replace(offered.price, hour=hour))

    return replace(
        choice,
        offers=tuple(map(other, choice.offers)),
        basis=other(choice.basis),
        cheaper=tuple((machine, other(offered)) for machine, offered in choice.cheaper),
    )


def _reserved(resource: Resource, rate: Rate | None, pricer: Pricer) -> Price | Unknown:
    card = pricer.card(resource)
    if card is not None:
        return card
    if rate is None:
        return Unknown(f"no such price for {resource.facts['instance_type']} in the snapshot")
    source = "list-price" if rate.region == resource.text("region") else f"list-price {rate.region}"
    return Price(Money(rate.usd, "USD"), source, rate.as_of)


def _cheaper(
    machine: Machine, basis: Offer, region: str, pricer: Pricer
) -> tuple[tuple[tuple[Machine, Offer], ...], str]:
    least = machine.accelerator
    if least is None:
        return (), "types without accelerators are not compared"
    if least.count is None or least.memory_bytes is None:
        return (), "how many accelerators it has is not known, so nothing is compared"
    if isinstance(basis.price, Unknown):
        return (), "without a price of its own there is nothing to compare"
    found, without = [], 0
    for other in _alike(machine, least):
        offered = offer(other, basis.purchase, region, pricer)
        # A price of another region says nothing about which is the cheaper one in this.
        if isinstance(offered.price, Unknown) or offered.region != basis.region:
            without += 1
        elif offered.price.hour.currency == basis.price.hour.currency and (
            offered.price.hour.amount < basis.price.hour.amount
        ):
            found.append((offered.price.hour.amount, other.name, other, offered))
    counted = f"{without} type{'s' * (without != 1)} with as much, not priced in {basis.region}" if without else ""
    return tuple((other, offered) for _, _, other, offered in sorted(found, key=lambda each: each[:2])), counted


def _alike(machine: Machine, least: Accelerator) -> Iterator[Machine]:
    """Other types of the same service whose accelerators are by the same maker, no fewer, with no less memory each."""
    for (cloud, resource, key), spelt in tables.machines().items():
        if (cloud, resource) != (machine.cloud, machine.resource) or key == folded(machine.name):
            continue
        has = accelerator(cloud, spelt)
        if has is None or has.vendor != least.vendor or has.count is None or has.memory_bytes is None:
            continue
        if has.count >= (least.count or 0) and has.memory_bytes >= (least.memory_bytes or 0):
            yield _machine(cloud, resource, spelt)


def _machine(cloud: str, resource: str, name: str) -> Machine:
    return Machine(
        cloud,
        resource,
        name,
        accelerator(cloud, name),
        tables.vcpus(cloud, name),
        tables.memory_gib(cloud, name),
    )


def _home(machine: Machine) -> str:
    found = prices.rate_of(machine.cloud, machine.resource, folded(machine.name), "")
    return found.region if found is not None else ""


def _note(machine: Machine) -> str:
    """Why the snapshot has no price of a type, where its table says so."""
    parts = (part.strip() for part in tables.note(machine.cloud, machine.name).split(";"))
    return next((part for part in parts if part.startswith("no ")), "")
