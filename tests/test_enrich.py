from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from finops_guard.costs.pricing import Pricer, pricer_of
from finops_guard.enrich import enrich
from finops_guard.errors import InputError
from finops_guard.language.policy import load_policy
from finops_guard.model import Money, Price, Resource, Tags

if TYPE_CHECKING:
    from pathlib import Path

    from finops_guard.model import Policy

AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
POLICY = """\
policy: acme
owner: finops@acme.example
currency: EUR
fx: {USD: {EUR: 0.5, as_of: 2026-11-01}}
rates: {discount: {aws: 10%}, cards: [cards/edp.csv]}
packs: [{use: ai-tags, with: {teams: [vision]}}]
"""
CARD = "cloud,machine,price,currency,from\naws,g5.xlarge,0.8,EUR,2026-01-01\n"


def policy(folder: Path, card: str = CARD) -> Policy:
    (folder / "cards").mkdir()
    (folder / "cards/edp.csv").write_text(card)
    (folder / "finops-guard.yaml").write_text(POLICY)
    return load_policy(folder / "finops-guard.yaml")


def machine(name: str) -> Resource:
    known = {"id": f"arn:{name}", "cloud": "aws", "type": "AWS::EC2::Instance", "region": "us-east-1"}
    return Resource({**known, "state": "running"}, Tags.of({}), facts={"instance_type": name})


def test_rates_of_the_policy_price_every_scan_in_its_currency(tmp_path: Path) -> None:
    card, listed, none = enrich(map(machine, ("g5.xlarge", "p5.48xlarge", "p5e.48xlarge")), policy(tmp_path), AT)
    assert card.price == Price(Money(Decimal("0.8"), "EUR"), "rate-card cards/edp.csv:2", "2026-01-01")
    assert card.fields["cost.month"] == Money(Decimal(584), "EUR")
    assert listed.price == Price(Money(Decimal("49.536"), "USD"), "list-price less 10%", "2026-07-20")
    assert listed.fields["cost.hour"] == Money(Decimal("24.768"), "EUR")
    assert none.unknown["cost.month"] == "no price for p5e.48xlarge in the snapshot of 2026-07-20"


def test_a_pricer_that_knows_the_bill_goes_before(tmp_path: Path) -> None:
    rules = policy(tmp_path)
    billed = pricer_of(rules, AT, {"arn:g5.xlarge": (Decimal("0.3"), "USD", AT.date())})
    (found,) = enrich([machine("g5.xlarge")], rules, AT, billed)
    assert found.fields["cost.hour"] == Money(Decimal("0.15"), "EUR")
    (plain,) = enrich([machine("g5.xlarge")], rules, AT, Pricer(AT.date()))
    assert plain.fields["cost.hour"] == Money(Decimal("0.503"), "EUR")


def test_a_rate_card_that_cannot_be_used_stops_before_anything_is_judged(tmp_path: Path) -> None:
    rules = policy(tmp_path, CARD.replace("EUR,2026", "EURO,2026"))
    with pytest.raises(InputError, match=r"^cards/edp\.csv:2:19: error: 'EURO' is not an ISO 4217 currency"):
        enrich([machine("g5.xlarge")], rules, AT)
