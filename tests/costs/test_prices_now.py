from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from boto3.session import Session
from botocore.stub import Stubber
from moto import mock_aws

from finops_guard.costs.prices_now import Now
from finops_guard.costs.pricing import Pricer
from finops_guard.costs.reach import Reach
from finops_guard.model import Money, Price, Resource, Tags
from tests.costs.answering import Answer, Asked, answering

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def machine(type_: str, cloud: str, kind: str, region: str, **facts: object) -> Resource:
    known = {"id": "x", "cloud": cloud, "type": kind, "region": region, "state": "running", "purchase": "spot"}
    return Resource({**known}, Tags.of({}), facts={"instance_type": type_, **facts})


def ec2(type_: str = "g5.xlarge", **facts: object) -> Resource:
    return machine(type_, "aws", "AWS::EC2::Instance", "eu-west-1", **facts)


def azure(**facts: object) -> Resource:
    found = machine("standard_NC24ads_A100_v4", "azure", "Microsoft.Compute/virtualMachines", "westeurope", **facts)
    found.fields["purchase"] = "on-demand"
    return found


def reach(**more: Any) -> Reach:
    return Reach(NOW, Path(), Path(), **more)


def client() -> Any:
    return Session("AKIDEXAMPLE", "secret").client("ec2", region_name="eu-west-1")


def spots(*found: tuple[str, str, int]) -> dict[str, object]:
    rows = [
        {"AvailabilityZone": zone, "SpotPrice": price, "Timestamp": NOW.replace(hour=hour), "InstanceType": "g5.xlarge"}
        for zone, price, hour in found
    ]
    return {"SpotPriceHistory": rows}


ASKED = {"InstanceTypes": ["g5.xlarge"], "ProductDescriptions": ["Linux/UNIX"], "StartTime": NOW}


def test_the_spot_price_of_aws_is_that_of_the_dearest_zone_asked_once() -> None:
    ec2_client = client()
    with Stubber(ec2_client) as stub:
        first = spots(("eu-west-1a", "0.41", 9), ("eu-west-1b", "0.44", 9), ("eu-west-1b", "0.43", 11))
        stub.add_response("describe_spot_price_history", {**first, "NextToken": "more"}, ASKED)
        stub.add_response(
            "describe_spot_price_history", spots(("eu-west-1c", "0.39", 10)), {**ASKED, "NextToken": "more"}
        )
        asked = reach(aws=lambda _service, _region: ec2_client)
        now = Now(asked)
        assert now(ec2()) == Price(Money(Decimal("0.43"), "USD"), "live-price, dearest of 3 zones", "2026-11-25")
        three = now(ec2(instances=3))
        stub.assert_no_pending_responses()
    assert three is not None
    assert three.hour.amount == Decimal("1.29")
    assert asked.notes.calls["aws"].requests == 2


def test_a_spot_price_that_is_refused_is_said_once_and_stays_unknown() -> None:
    ec2_client = client()
    asked = reach(aws=lambda _service, _region: ec2_client)
    pricer = Pricer(NOW.date(), live=Now(asked))
    with Stubber(ec2_client) as stub:
        stub.add_client_error("describe_spot_price_history", "UnauthorizedOperation")
        found = [pricer.price(ec2()) for _ in range(2)]
    assert {str(each) for each in found} == {
        "Unknown(reason='no spot price for g5.xlarge in the snapshot of 2026-07-20')"
    }
    assert asked.notes.remarks == [
        "no live price of g5.xlarge in eu-west-1: UnauthorizedOperation ec2:DescribeSpotPriceHistory"
    ]


def test_no_spot_price_is_said() -> None:
    ec2_client = client()
    asked = reach(aws=lambda _service, _region: ec2_client)
    with Stubber(ec2_client) as stub:
        stub.add_response("describe_spot_price_history", spots(), ASKED)
        assert Now(asked)(ec2()) is None
    assert asked.notes.remarks == ["g5.xlarge has no spot price in eu-west-1 today"]


@mock_aws
def test_the_request_is_one_that_ec2_understands() -> None:
    found = Now(reach(aws=lambda _service, _region: client()))(ec2())
    assert found is not None
    assert found.hour == Money(Decimal("0.00001"), "USD")


def item(price: object, sku: str = "NC24ads A100 v4", since: str = "2024-01-01T00:00:00Z", **more: object) -> object:
    return {
        "currencyCode": "USD",
        "retailPrice": price,
        "unitOfMeasure": "1 Hour",
        "skuName": sku,
        "productName": "Virtual Machines NCads A100 v4 Series",
        "effectiveStartDate": since,
        **more,
    }


ITEMS = [
    item(4.1, since="2022-05-01T00:00:00Z"),
    item(4.775),
    item(9.9, since="2026-12-01T00:00:00Z"),
    item(1.2, "NC24ads A100 v4 Spot"),
    item(1.1, "NC24ads A100 v4 Low Priority"),
    item(8.2, productName="Virtual Machines NCads A100 v4 Series Windows"),
    item(5.5, productName="NCads A100 v4 Series Cloud Services"),
    item(3.3, currencyCode="EUR"),
    item(3486, unitOfMeasure="1 Month"),
    item(0),
    item("much"),
    "no item",
]


def test_the_price_list_of_azure_is_asked_for_linux_and_what_is_in_force() -> None:
    def answer(_: Asked) -> Answer:
        return 200, {}, {"Items": ITEMS, "NextPageLink": None, "Count": len(ITEMS)}

    with answering(answer) as here:
        asked = reach(environ={"FINOPS_GUARD_AZURE_ENDPOINT": here.url})
        now = Now(asked)
        assert now(azure(instances=2)) == Price(Money(Decimal("9.550"), "USD"), "live-price", "2026-11-25")
        spot = azure()
        spot.fields["purchase"] = "spot"
        assert now(spot) == Price(Money(Decimal("1.2"), "USD"), "live-price", "2026-11-25")
        assert now(azure()) is not None
    first, second = (parse_qs(urlsplit(each.path).query) for each in here.asked)
    assert first == second
    assert first["$filter"][0].split(" and ") == [
        "serviceName eq 'Virtual Machines'",
        "priceType eq 'Consumption'",
        "armRegionName eq 'westeurope'",
        "armSkuName eq 'Standard_NC24ads_A100_v4'",
    ]
    assert "Authorization" not in here.asked[0].headers
    assert asked.notes.calls["azure"].requests == 2


@pytest.mark.parametrize(
    ("answer", "remark"),
    [
        ((200, {}, {"Items": []}), "standard_NC24ads_A100_v4 has no price in westeurope today"),
        ((200, {}, []), "no live price of standard_NC24ads_A100_v4 in westeurope: 127.0.0.1 answered without Items"),
        ((400, {}, {}), "no live price of standard_NC24ads_A100_v4 in westeurope: 127.0.0.1 answered 400"),
    ],
)
def test_without_an_answer_the_list_price_stands(answer: Answer, remark: str) -> None:
    with answering(lambda _: answer) as here:
        asked = reach(environ={"FINOPS_GUARD_AZURE_ENDPOINT": here.url})
        found = Pricer(NOW.date(), live=Now(asked)).price(azure())
    assert found == Price(Money(Decimal("4.775"), "USD"), "list-price", "2026-06-18")
    assert asked.notes.remarks == [remark]


def test_nobody_is_asked_for_what_they_do_not_sell_or_what_is_no_name() -> None:
    now = Now(reach())  # a reach that may ask no cloud
    on_demand = ec2()
    on_demand.fields["purchase"] = "on-demand"
    for resource in (on_demand, ec2("g5' or 1 eq 1"), ec2(""), machine("a2-highgpu-1g", "gcp", "x", "europe-west4")):
        assert now(resource) is None
