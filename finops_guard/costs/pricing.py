"""What an hour of a resource costs, from the best of what is known: the first of these that says something.

1. nothing runs: 0, compute only; what is priced by its parts has no price of its own
2. `billed`: what an hour of the same resource was billed, discounts and commitments in it
3. `rate-card`: the customer's own price
4. `live-price`: the provider's price of today, only where somebody asked for it
5. `list-price`: the dated snapshot, less the policy's discount
6. unknown, with the reason; never 0
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from finops_guard.costs import prices, rate_cards
from finops_guard.costs.accrued import names_of
from finops_guard.model import Money, Price, Resource, Unknown

if TYPE_CHECKING:
    from finops_guard.costs.rate_cards import Card, Cards
    from finops_guard.model import Policy

_DIGITS = Decimal("1e-12")
Billed: TypeAlias = Mapping[str, tuple[Decimal, str, date]]
"""ResourceId as the bill has it -> what an hour of its meter was billed, the currency, and the last day billed.

An endpoint of three machines runs three hours of its meter in one."""
Live: TypeAlias = Callable[[Resource], Price | None]
"""The price of a resource's machine now, None where the provider was not asked or did not say."""


@dataclass(frozen=True, slots=True)
class Pricer:
    """Prices resources as of a day. `discount`: by cloud, 0 to 1, off list prices; spot prices are what they are."""

    day: date
    cards: Cards = field(default_factory=rate_cards.Cards)
    discount: Mapping[str, Decimal] = field(default_factory=dict)
    billed: Billed = field(default_factory=dict)
    live: Live | None = None

    def price(self, resource: Resource) -> Price | Unknown:
        """What an hour of a resource costs as it is now, or why that is not known."""
        fixed = prices.fixed(resource)
        if fixed is not None:
            return fixed
        return (
            (self._billed(resource) if self.billed else None)
            or (self.card(resource) if self.cards.by else None)
            or (self.live(resource) if self.live else None)
            or self._listed(resource)
        )

    def apply(self, resource: Resource) -> None:
        """Set the price, hour and month of a resource, or the reasons. A price that its source gave stays."""
        prices.set_price(resource, resource.price or self.price(resource))

    def card(self, resource: Resource) -> Price | Unknown | None:
        """The price by the customer's rate cards; None where no row is about it."""
        machine = prices.machine_of(resource)
        card = self.cards.of(resource, self.day, machine)
        if card is None:
            return None
        times = prices.times_of(resource, machine) if card.unit != "GB-month" else prices.size_of(resource)
        return times if isinstance(times, Unknown) else _by_card(card, times)

    def _billed(self, resource: Resource) -> Price | None:
        if resource.text("state") in prices.IDLE_STATES:
            return None  # what it was billed while it ran
        found = next((self.billed[name] for name in names_of(resource.id) if name in self.billed), None)
        if found is None:
            return None
        amount, currency, day = found
        # Started again since, it may be another machine: sizes change while machines stand still.
        again = resource.started is not None and resource.started.date() > day
        times = prices.metered_times(resource)
        if again or amount <= 0 or isinstance(times, Unknown):
            return None
        return Price(Money(amount * times, currency), "billed", day.isoformat())

    def _listed(self, resource: Resource) -> Price | Unknown:
        found = prices.listed(resource)
        off = self.discount.get(resource.text("cloud"))
        if not off or isinstance(found, Unknown) or not found.hour.amount or resource.text("purchase") == "spot":
            return found
        amount = (found.hour.amount * (1 - off)).quantize(_DIGITS)
        listed, _, rest = found.source.partition(",")
        source = f"{listed} less {_percent(off)}%{',' if rest else ''}{rest}"
        # All of it off is a typing mistake: a price of 0 would be believed.
        return Price(Money(amount, found.hour.currency), source, found.as_of) if amount else found


def pricer_of(
    policy: Policy, at: datetime, billed: Billed | None = None, live: Live | None = None, folder: Path | None = None
) -> Pricer:
    """The pricer of a policy: its rate cards (relative to its folder) and discounts, with what a ledger billed.

    InputError for a rate card that cannot be used.
    """
    cards = rate_cards.load(policy.rates.cards, folder or Path(policy.path).parent)
    return Pricer(at.date(), cards, policy.rates.discount, billed or {}, live)


def _by_card(card: Card, times: Decimal | int) -> Price:
    hour = card.price.amount * times
    if card.unit.endswith("month"):
        hour = (hour / prices.HOURS_A_MONTH).quantize(_DIGITS)
    return Price(Money(hour, card.price.currency), f"rate-card {card.where}", card.first.isoformat())


def _percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f}"
