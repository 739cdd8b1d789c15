"""What a policy assumes of planned resources: usage, hours, machines; never instead of what the plan knows."""

from __future__ import annotations

from decimal import Decimal

import pytest

from finops_guard.costs.plan_delta import Deltas
from finops_guard.costs.pricing import Pricer
from finops_guard.enrich import enrich
from finops_guard.model import Money, Resource, Unknown
from tests.costs.test_plan_delta import G5, HOURS, NOW, P5, planned, policy

TB = 10**12


def gateway(name: str = "aws_nat_gateway.main") -> Resource:
    found = planned(name, machine=None)
    found.fields |= {"type": "AWS::EC2::NatGateway", "kind": "gateway", "region": "us-east-2"}
    return found


def month(resource: Resource, assume: dict[str, dict[str, object]]) -> object:
    (found,) = enrich([resource], policy(assume=assume), NOW)
    return found.look("cost.month")


def test_what_a_gateway_processes_is_added_to_its_hours() -> None:
    hours = Decimal("0.045") * HOURS
    assert month(gateway(), {}) == Money(hours, "USD")
    found = month(gateway(), {"aws_nat_gateway.main": {"bytes_processed_month": 5 * TB}})
    assert isinstance(found, Money)
    assert abs(found.amount - (hours + Decimal("0.045") * 5000)) < Decimal("0.000001")


def test_an_address_without_keys_is_of_all_instances() -> None:
    assume: dict[str, dict[str, object]] = {"module.a.aws_nat_gateway.main": {"bytes_processed_month": TB}}
    for name in ('module.a["x.y"].aws_nat_gateway.main[0]', "module.a.aws_nat_gateway.main"):
        assert month(gateway(name), assume) != month(gateway(name), {})
    assert month(gateway("module.b.aws_nat_gateway.main"), assume) == month(gateway(), {})


def test_what_is_priced_by_use_has_a_price_when_use_is_assumed() -> None:
    bucket = planned("aws_s3_bucket.b", machine=None)
    bucket.fields |= {"type": "AWS::S3::Bucket", "kind": "bucket"}
    (found,) = enrich([bucket], policy(assume={"aws_s3_bucket.b": {"bytes_stored": 2 * TB}}), NOW)
    assert found.month is not None
    assert abs(found.month.amount - Decimal(46)) < Decimal("0.000001")
    assert found.price is not None
    assert found.price.source == "list-price, usage as assumed"
    deltas = Deltas(policy(), Pricer(NOW.date()), NOW)
    assert [*deltas.counted([found])]
    assert deltas.all()[0].by_usage == 0


def test_hours_of_a_month_scale_the_price() -> None:
    assert month(planned("aws_instance.a"), {"aws_instance.a": {"hours_month": 73}}) == Money(P5 * 73, "USD")


@pytest.mark.parametrize(("name", "value"), [("instance_type", "g5.xlarge"), ("instances", 2)])
def test_machines_are_assumed_only_where_the_plan_does_not_know_them(name: str, value: object) -> None:
    assume = {"aws_instance.a": {name: value}}
    known = month(planned("aws_instance.a"), assume)
    assert known == Money(P5 * HOURS, "USD")
    late = planned("aws_instance.a", machine="g5.xlarge")
    late.facts[name] = Unknown("known after apply")
    wanted = G5 * HOURS * (2 if name == "instances" else 1)
    assert month(late, assume) == Money(wanted, "USD")


def test_what_is_there_already_is_not_assumed_anything_of() -> None:
    there = gateway()
    there.fields["state"] = "running"
    assume: dict[str, dict[str, object]] = {"aws_nat_gateway.main": {"bytes_processed_month": TB}}
    assert month(there, assume) == month(gateway(), {})


def test_what_is_assumed_of_what_was_there_already_is_not_added_to_it() -> None:
    assume = {"aws_nat_gateway.main": {"bytes_processed_month": TB}, "aws_instance.a": {"hours_month": 73}}
    rules = policy(assume=assume)
    for resource, each in (
        (gateway(), Decimal("0.045") * (HOURS + 1000)),
        (planned("aws_instance.a"), P5 * 73),
    ):
        for change, wanted in (("update", Decimal(0)), ("delete", -each), ("none", Decimal(0))):
            resource.fields["change"] = change
            resource.facts["before"] = {**resource.facts, "region": "us-east-1", "spot": False}
            resource.price = None
            deltas = Deltas(rules, Pricer(NOW.date()), NOW)
            assert [*deltas.counted(enrich([resource], rules, NOW))]
            (whole, *_) = deltas.all()
            assert whole.low == whole.high
            assert whole.low is not None
            assert whole.before is not None
            assert abs(whole.low - wanted) < Decimal("0.0001"), (change, whole.low)
            assert abs(whole.before - each) < Decimal("0.0001"), change
