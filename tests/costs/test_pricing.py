from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops_guard.costs import prices
from finops_guard.costs.pricing import Pricer
from finops_guard.costs.rate_cards import Card, Cards
from finops_guard.model import Money, Price, Resource, Tags, Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finops_guard.model import Value

DAY = date(2026, 11, 25)
ARN = "arn:aws:ec2:us-east-1:111111111111:instance/i-0abc1234def56789"
BILLED = {"i-0abc1234def56789": (Decimal("38.2"), "USD", date(2026, 11, 22))}
NOW = Price(Money(Decimal(50), "USD"), "live-price", "2026-11-25")
OFF = {"aws": Decimal("0.12")}


def machine(kind: str = "AWS::EC2::Instance", facts: Mapping[str, object] | None = None, **fields: Value) -> Resource:
    known: dict[str, Value] = {
        "id": ARN,
        "cloud": "aws",
        "type": kind,
        "region": "us-east-1",
        "state": "running",
        "purchase": "on-demand",
        **fields,
    }
    return Resource(known, Tags.of({}), facts={"instance_type": "p5.48xlarge", **(facts or {})})


def card(price: str, currency: str = "EUR", unit: str = "hour", **more: object) -> Card:
    whole = Card(Money(Decimal(price), currency), unit, "", "", date(2026, 1, 1), None, "edp.csv:2")
    return replace(whole, **more)  # type: ignore[arg-type] # fields of a card


def cards(*some: Card, key: tuple[str, str, str] = ("aws", "machine", "p5.48xlarge")) -> Cards:
    return Cards({key: some})


@pytest.mark.parametrize(
    ("pricer", "hour", "source", "as_of"),
    [
        # what is billed goes before the card, that before today's price, that before the list less the discount
        (Pricer(DAY, cards(card("41")), OFF, BILLED, lambda _: NOW), "38.2 USD", "billed", "2026-11-22"),
        (Pricer(DAY, cards(card("41")), OFF, {}, lambda _: NOW), "41 EUR", "rate-card edp.csv:2", "2026-01-01"),
        (Pricer(DAY, Cards(), OFF, {}, lambda _: NOW), "50 USD", "live-price", "2026-11-25"),
        (Pricer(DAY, Cards(), OFF, {}, lambda _: None), "48.4352 USD", "list-price less 12%", "2026-07-20"),
        (Pricer(DAY), "55.04 USD", "list-price", "2026-07-20"),
        # a bill of something else, another cloud's discount
        (
            Pricer(DAY, billed={"i-0abd1234def56789": BILLED["i-0abc1234def56789"]}),
            "55.04 USD",
            "list-price",
            "2026-07-20",
        ),
        (Pricer(DAY, discount={"azure": Decimal("0.5")}), "55.04 USD", "list-price", "2026-07-20"),
        (Pricer(DAY, discount={"aws": Decimal("0.075")}), "50.912 USD", "list-price less 7.5%", "2026-07-20"),
        # nothing billed is no price, and a discount of everything is a mistake
        (Pricer(DAY, billed={"i-0abc1234def56789": (Decimal(0), "USD", DAY)}), "55.04 USD", "list-price", "2026-07-20"),
        (Pricer(DAY, discount={"aws": Decimal(1)}), "55.04 USD", "list-price", "2026-07-20"),
    ],
)
def test_precedence(pricer: Pricer, hour: str, source: str, as_of: str) -> None:
    amount, _, currency = hour.partition(" ")
    assert pricer.price(machine()) == Price(Money(Decimal(amount), currency), source, as_of)


def test_a_machine_started_after_its_last_bill_may_be_another_size() -> None:
    again = machine()
    again.started = datetime(2026, 11, 24, tzinfo=UTC)
    found = Pricer(DAY, billed=BILLED).price(again)
    assert isinstance(found, Price)
    assert found.source == "list-price"
    again.started = datetime(2026, 11, 22, 23, tzinfo=UTC)
    assert Pricer(DAY, billed=BILLED).price(again) != found


def test_what_it_was_billed_while_it_ran_is_no_price_of_what_stands_still() -> None:
    stopped = machine(state="stopped")
    assert Pricer(DAY, cards(card("41")), OFF, BILLED).price(stopped) == Price(
        Money(Decimal(0), "USD"), "stopped: compute only", "2026-07-20"
    )
    other = machine("AWS::OpenSearchService::Domain", state="stopped")
    assert isinstance(Pricer(DAY, billed=BILLED).price(other), Unknown)


@pytest.mark.parametrize(
    ("kind", "facts", "hour"),
    [
        ("AWS::SageMaker::Endpoint", {"instance_type": "ml.g5.xlarge", "instances": 3}, "114.6"),
        ("AWS::EC2::VPCEndpoint", {"zones": 2}, "76.4"),
        ("AWS::RDS::DBInstance", {"instance_type": "db.t3.large", "engine": "mysql", "instances": 2}, "38.2"),
        ("AWS::EC2::NatGateway", {}, "38.2"),
    ],
)
def test_a_bill_counts_the_hours_of_each_machine(kind: str, facts: dict[str, object], hour: str) -> None:
    found = Pricer(DAY, billed={ARN: BILLED["i-0abc1234def56789"]}).price(machine(kind, facts))
    assert found == Price(Money(Decimal(hour), "USD"), "billed", "2026-11-22")


def test_how_many_machines_were_billed_must_be_known() -> None:
    unread = machine("AWS::EC2::VPCEndpoint")
    assert isinstance(Pricer(DAY, billed={ARN: BILLED["i-0abc1234def56789"]}).price(unread), Unknown)


def test_what_the_snapshot_does_not_know_is_priced_by_its_bill() -> None:
    found = Pricer(DAY, billed={ARN: BILLED["i-0abc1234def56789"]}).price(machine("AWS::OpenSearchService::Domain"))
    assert isinstance(found, Price)
    assert found.hour == Money(Decimal("38.2"), "USD")


def test_a_node_group_is_priced_by_its_machines_whatever_a_card_says() -> None:
    group = machine("AWS::EKS::Nodegroup")
    pricer = Pricer(DAY, cards(card("41")), OFF, {ARN: BILLED["i-0abc1234def56789"]})
    assert pricer.price(group) == Unknown("priced as the machines it runs, each by itself")
    planned = machine("AWS::EKS::Nodegroup", {"instances": 2}, state="planned")
    assert pricer.price(planned) == Price(Money(Decimal("76.4"), "USD"), "billed", "2026-11-22")


@pytest.mark.parametrize(
    ("rows", "purchase", "region", "expected"),
    [
        ((card("41"),), "on-demand", "us-east-1", "41"),
        ((card("41"),), "reserved", "us-east-1", "41"),
        ((card("41"),), "spot", "us-east-1", None),  # an agreement about machines says nothing of spot
        ((card("41", purchase="on-demand"),), "spot", "us-east-1", None),
        ((card("20", purchase="spot"),), "spot", "us-east-1", "20"),
        ((card("20", purchase="spot"),), "on-demand", "us-east-1", None),
        ((card("41", region="eu-west-1"),), "on-demand", "us-east-1", None),
        ((card("41"), card("44", region="us-east-1")), "on-demand", "us-east-1", "44"),
        ((card("44", region="us-east-1"), card("43", purchase="on-demand")), "on-demand", "us-east-1", "44"),
        ((card("41"), card("43", purchase="on-demand")), "on-demand", "us-east-1", "43"),
        ((card("41"), card("39", first=date(2026, 6, 1))), "on-demand", "us-east-1", "39"),
        ((card("41", last=date(2026, 11, 24)),), "on-demand", "us-east-1", None),
        ((card("41", last=DAY),), "on-demand", "us-east-1", "41"),
        ((card("41", first=date(2026, 11, 26)),), "on-demand", "us-east-1", None),
    ],
)
def test_which_row_of_a_card_prices_a_machine(
    rows: tuple[Card, ...], purchase: str, region: str, expected: str | None
) -> None:
    found = Pricer(DAY, cards(*rows)).price(machine(purchase=purchase, region=region))
    if expected is None:
        assert isinstance(found, Unknown) or found.source.startswith("list-price")
    else:
        assert isinstance(found, Price)
        assert found.hour == Money(Decimal(expected), "EUR")


def test_a_card_is_paid_for_each_machine_zone_or_gib() -> None:
    three = Pricer(DAY, cards(card("41"))).price(machine(facts={"instances": 3}))
    assert isinstance(three, Price)
    assert three.hour == Money(Decimal(123), "EUR")
    endpoint = machine("AWS::EC2::VPCEndpoint", {"zones": 3})
    by_type = Pricer(DAY, cards(card("0.73", unit="month"), key=("aws", "type", "aws::ec2::vpcendpoint")))
    found = by_type.price(endpoint)
    assert isinstance(found, Price)
    assert found.hour == Money(Decimal("0.003"), "EUR")
    unread = machine("AWS::EC2::VPCEndpoint")
    assert by_type.price(unread) == Unknown("its number of zones was not read")
    volume = machine("AWS::EC2::Volume")
    volume.fields["capacity.provisioned"] = 730
    sized = Pricer(DAY, cards(card("0.07", unit="GB-month"), key=("aws", "type", "aws::ec2::volume"))).price(volume)
    assert isinstance(sized, Price)
    assert sized.hour == Money(Decimal("0.07"), "EUR")


def test_a_spot_price_is_never_the_on_demand_price_and_has_no_discount() -> None:
    spot = machine(purchase="spot")
    assert isinstance(Pricer(DAY, discount=OFF).price(spot), Unknown)
    google = machine("compute.googleapis.com/Instance", {"instance_type": "a2-highgpu-1g"}, cloud="gcp")
    google.fields |= {"purchase": "spot", "region": "us-central1"}
    found = Pricer(DAY, discount={"gcp": Decimal("0.5")}).price(google)
    assert isinstance(found, Price)
    assert (found.hour.amount, found.source) == (Decimal("1.92802"), "list-price")


def test_apply_keeps_a_price_that_the_source_gave() -> None:
    given_ = machine()
    given_.price = Price(Money(Decimal(3), "EUR"), "purchase list", "2026-11-01")
    Pricer(DAY, billed=BILLED).apply(given_)
    assert given_.fields["cost.hour"] == Money(Decimal(3), "EUR")


_MACHINES = st.sampled_from(["p5.48xlarge", "p5e.48xlarge", "m5.large", "nothing.like-it"])


@st.composite
def asked(draw: st.DrawFn) -> Resource:
    kinds = ["AWS::EC2::Instance", "AWS::EC2::NatGateway", "AWS::S3::Bucket", "AWS::Other::Thing"]
    facts = {"instance_type": draw(_MACHINES), "instances": draw(st.integers(-1, 50))}
    state = draw(st.sampled_from(["running", "stopped", "planned", "deleting"]))
    purchase = draw(st.sampled_from(["on-demand", "spot", "reserved"]))
    return machine(draw(st.sampled_from(kinds)), facts, state=state, purchase=purchase)


@given(
    asked(),
    st.decimals(0, 1, places=3),
    st.decimals(0, 100, places=6),
    st.decimals(Decimal("0.000001"), 100, places=6),
)
def test_no_price_is_0_unless_nothing_runs(resource: Resource, off: Decimal, rate: Decimal, price: Decimal) -> None:
    pricer = Pricer(DAY, cards(card(str(price))), {"aws": off}, {"i-0abc1234def56789": (rate, "EUR", DAY)})
    found = pricer.price(resource)
    if isinstance(found, Unknown):
        assert found.reason
        return
    assert found.hour.amount > 0 or found.source.endswith(": compute only")
    assert found.source
    assert date.fromisoformat(found.as_of) <= DAY


def test_without_a_policy_prices_are_those_of_the_list() -> None:
    for resource in (machine(), machine(state="stopped"), machine("AWS::S3::Bucket"), machine(purchase="spot")):
        assert Pricer(DAY).price(resource) == prices.price(resource)
