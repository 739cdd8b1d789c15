from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops_guard.costs import tables
from finops_guard.costs.prices import apply_price, price, stale
from finops_guard.fields import STATES
from finops_guard.model import Money, Price, Resource, Tags, Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finops_guard.model import Value

INSTANCE = "AWS::EC2::Instance"
ENDPOINT = "AWS::SageMaker::Endpoint"


def resource(
    kind: str = INSTANCE, facts: Mapping[str, object] | None = None, cloud: str = "aws", **fields: Value
) -> Resource:
    filled: dict[str, Value] = {"cloud": cloud, "type": kind, "region": "us-east-1", "state": "running"}
    return Resource({**filled, **fields}, Tags.of({}), facts=dict(facts or {}))


def machine(instance_type: str, **more: object) -> dict[str, object]:
    return {"instance_type": instance_type, **more}


def nat(region: str = "us-east-2") -> Resource:
    return resource("AWS::EC2::NatGateway", region=region)


def volume(size: Value, kind: str = "gp3", region: str = "us-east-1") -> Resource:
    asked = resource("AWS::EC2::Volume", {"volume_type": kind}, region=region)
    asked.fields["capacity.provisioned"] = size
    return asked


@pytest.mark.parametrize(
    ("asked", "hour", "source", "as_of"),
    [
        (resource(facts=machine("p5.48xlarge")), "55.04", "list-price", "2026-07-20"),
        (resource(facts=machine("p5.48xlarge", instances=3)), "165.12", "list-price", "2026-07-20"),
        (resource(facts=machine("g5.xlarge"), region="eu-west-1"), "1.123", "list-price", "2026-01-21"),
        (resource(facts=machine("g5.xlarge"), region="eu-south-1"), "1.006", "list-price us-east-1", "2026-07-20"),
        (resource(facts=machine("g5.4xlarge")), "1.624", "list-price", "2026-07-20"),
        (resource(facts=machine("m5.2xlarge"), region="ap-south-1"), "0.404", "list-price", "2024-09-13"),
        (resource(facts=machine("m5.large"), region="eu-west-2"), "0.111", "list-price", "2024-09-18"),
        (resource(facts=machine("m5.large"), region="eu-west-1"), "0.096", "list-price us-east-1", "2026-07-20"),
        (resource(ENDPOINT, machine("ml.g5.xlarge", instances=2)), "2.8168", "list-price", "2025-01-26"),
        (resource(ENDPOINT, machine("ml.g5.12xlarge"), region="eu-west-1"), "7.91", "list-price", "2023-12-01"),
        (
            resource("AWS::RDS::DBInstance", machine("db.t3.large", engine="mysql", instances=2)),
            "0.272",
            "list-price, without storage",
            "2026-05-03",
        ),
        (
            resource("AWS::EKS::Cluster", region="eu-west-1"),
            "0.1",
            "list-price us-east-1, without extended support of an old version",
            "2025-07-07",
        ),
        (resource(facts=machine("p5.48xlarge"), state="planned"), "55.04", "list-price", "2026-07-20"),
        (resource(facts=machine("p5.48xlarge"), state="stopping"), "55.04", "list-price", "2026-07-20"),
        (resource(facts=machine("p5.48xlarge"), state="stopped"), "0", "stopped: compute only", "2026-07-20"),
        (resource(facts=machine("p9.metal"), state="failed"), "0", "failed: compute only", "2026-07-20"),
        (resource(ENDPOINT, machine("ml.x"), state="deleting"), "0", "deleting: compute only", "2026-07-20"),
        (resource(ENDPOINT, machine("ml.x", instances=0)), "0", "no instances: compute only", "2026-07-20"),
        (
            resource("AWS::EKS::Nodegroup", machine("g5.xlarge", instances=2), state="planned"),
            "2.012",
            "list-price",
            "2026-07-20",
        ),
        (nat(), "0.045", "list-price, without data processed", "2026-09-20"),
        (nat("ap-northeast-1"), "0.062", "list-price, without data processed", "2024-09-27"),
        (nat("eu-west-1"), "0.045", "list-price us-east-2, without data processed", "2026-09-20"),
        (
            resource("AWS::ElasticLoadBalancingV2::LoadBalancer", {"lb_type": "application"}),
            "0.0225",
            "list-price, without capacity units",
            "2024-09-01",
        ),
        (
            resource("AWS::EC2::VPCEndpoint", {"endpoint_type": "Interface", "zones": 3}),
            "0.03",
            "list-price, without data processed",
            "2024-10-18",
        ),
        (
            resource("Microsoft.Compute/virtualMachines", machine("standard_nc6s_v3"), "azure", region="eastus"),
            "3.06",
            "list-price",
            "2026-06-18",
        ),
        (
            resource("compute.googleapis.com/Instance", machine("a2-highgpu-1g"), "gcp", region="us-central1"),
            "3.67339",
            "list-price",
            "2026-08-03",
        ),
        (
            resource("aiplatform.googleapis.com/CustomJob", machine("g2-standard-4"), "gcp", region="europe-west4"),
            "0.742916",
            "list-price, without the management fee of Vertex AI",
            "2026-08-03",
        ),
        (
            resource(
                "compute.googleapis.com/Instance",
                machine("a2-highgpu-1g"),
                "gcp",
                region="us-central1",
                purchase="spot",
            ),
            "1.92802",
            "list-price",
            "2026-08-03",
        ),
    ],
)
def test_price(asked: Resource, hour: str, source: str, as_of: str) -> None:
    assert price(asked) == Price(Money(Decimal(hour), "USD"), source, as_of)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (resource(facts=machine("p5e.48xlarge")), "no price for p5e.48xlarge in the snapshot of 2026-07-20"),
        (resource(ENDPOINT, machine("ml.p5.48xlarge")), "no price for ml.p5.48xlarge in the snapshot of 2026-07-20"),
        (
            resource("AWS::RDS::DBInstance", machine("db.t3.large", engine="oracle-se2")),
            "no price for oracle-se2 db.t3.large in the snapshot of 2026-07-20",
        ),
        (resource("AWS::RDS::DBInstance", machine("db.t3.large")), "its engine was not read"),
        (
            resource(facts=machine("g5.xlarge"), purchase="spot"),
            "no spot price for g5.xlarge in the snapshot of 2026-07-20",
        ),
        (resource(), "its machine type was not read"),
        (resource(facts=machine("g5.xlarge", instances="two")), "its number of instances was not read"),
        (resource(facts=machine("g5.xlarge", instances=-1)), "its number of instances was not read"),
        (resource("AWS::EKS::Nodegroup", machine("g5.xlarge")), "priced as the machines it runs, each by itself"),
        (resource("AWS::S3::Bucket"), "priced by usage, not by the hour"),
        (resource("AWS::Lambda::Function"), "priced by usage, not by the hour"),
        (resource("AWS::EC2::VPC"), "no price for AWS::EC2::VPC in the snapshot"),
        (resource(""), "no price for a resource without a type in the snapshot"),
        (volume(100, "io3"), "no price for ebs io3 in the snapshot"),
        (volume(None), "its size was not read"),
        (resource("AWS::EC2::Volume"), "its volume_type was not read"),
        (resource("AWS::EC2::VPCEndpoint", {"endpoint_type": "Interface"}), "its number of zones was not read"),
        (resource("AWS::ElasticLoadBalancingV2::LoadBalancer"), "its lb_type was not read"),
    ],
)
def test_a_price_nobody_gave_is_unknown_and_says_why(asked: Resource, reason: str) -> None:
    assert price(asked) == Unknown(reason)


def test_a_state_that_could_not_be_read_leaves_the_price_unknown() -> None:
    asked = resource(facts=machine("p5.48xlarge"))
    del asked.fields["state"]
    asked.unknown["state"] = "AccessDenied ec2:DescribeInstances"
    assert price(asked) == Unknown("its state is unknown: AccessDenied ec2:DescribeInstances")


def test_apply_price_fills_hour_and_month() -> None:
    asked = resource(facts=machine("g4dn.xlarge"))
    asked.unknown["cost.hour"] = asked.unknown["cost.month"] = "nobody asked yet"
    apply_price(asked)
    assert asked.price is not None
    assert asked.fields["cost.hour"] == Money(Decimal("0.526"), "USD")
    assert asked.fields["cost.month"] == asked.month == Money(Decimal("383.98"), "USD")
    assert asked.unknown == {}


def test_a_price_by_the_month_is_exact_by_the_month() -> None:
    asked = volume(500, region="eu-central-1")
    apply_price(asked)
    assert asked.month == Money(Decimal("47.6"), "USD")


def test_apply_price_says_why_there_is_none() -> None:
    asked = resource("AWS::S3::Bucket")
    apply_price(asked)
    assert asked.price is None
    assert asked.look("cost.month") == Unknown("priced by usage, not by the hour")
    assert asked.look("cost.hour") == Unknown("priced by usage, not by the hour")


def test_a_price_somebody_else_set_stays() -> None:
    asked = resource(facts=machine("p5.48xlarge"))
    asked.price = Price(Money(Decimal("40.5"), "EUR"), "rate-card", "2026-11-01")
    apply_price(asked)
    assert asked.price.source == "rate-card"
    assert asked.month == Money(Decimal(29565), "EUR")


def test_a_stale_snapshot_is_said() -> None:
    assert stale(datetime(2026, 9, 16, tzinfo=UTC)) is None
    assert stale(datetime(2026, 9, 17, tzinfo=UTC)) == "list prices older than 90 days: azure of 2026-06-18"
    late = stale(datetime(2028, 1, 1, tzinfo=UTC))
    assert late is not None
    assert "aws of 2026-07-20" in late
    assert "gcp of 2026-08-03" in late


_TYPES = sorted({row["type"] for row in tables.rows("priced_by")} | {"AWS::EC2::VPC"})
_MACHINES = sorted(
    {meter for _, resource, meter in tables.rates() if resource in {"ec2", "vm", "sagemaker"}} | {"db.t3.large", ""}
)
_FACTS = st.fixed_dictionaries(
    {},
    optional={
        "instance_type": st.sampled_from(_MACHINES),
        "instances": st.integers(-1, 10_000) | st.none() | st.floats(),
        "volume_type": st.sampled_from(["gp2", "gp3", "io2", "io3"]),
        "engine": st.sampled_from(["mysql", "oracle-se2"]),
        "lb_type": st.sampled_from(["application", "network", "gateway"]),
        "endpoint_type": st.sampled_from(["Interface", "Gateway", "GatewayLoadBalancer"]),
        "zones": st.integers(1, 6),
        "sku": st.sampled_from(["VpnGw1", "Basic"]),
        "tier": st.sampled_from(["Standard", "Premium"]),
    },
)


@st.composite
def resources(draw: st.DrawFn) -> Resource:
    asked = resource(
        draw(st.sampled_from(_TYPES)),
        draw(_FACTS),
        draw(st.sampled_from(["aws", "azure", "gcp"])),
        region=draw(st.sampled_from(["us-east-1", "eu-west-1", "westeurope", "us-central1"])),
        state=draw(st.sampled_from([*STATES, None])),
        purchase=draw(st.sampled_from(["on-demand", "spot", "reserved", None])),
    )
    asked.fields["capacity.provisioned"] = draw(
        st.none() | st.integers(-1, 100_000) | st.decimals(Decimal("0.001"), 10_000, places=3)
    )
    return asked


@given(resources())
def test_a_price_is_never_nothing_unless_nothing_runs_and_never_a_float(asked: Resource) -> None:
    found = price(asked)
    apply_price(asked)
    if isinstance(found, Unknown):
        assert found.reason
        assert asked.month is None
        assert asked.unknown["cost.month"] == found.reason
        return
    assert isinstance(found.hour.amount, Decimal)
    assert found.hour.amount >= 0
    assert found.hour.amount > 0 or found.source.endswith(": compute only")
    assert found.hour.currency == "USD"
    assert found.as_of
    assert asked.month is not None
    assert isinstance(asked.month.amount, Decimal)
    assert abs(asked.month.amount - found.hour.amount * 730) < Decimal("1e-5")
