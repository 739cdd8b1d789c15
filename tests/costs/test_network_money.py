"""Which path a row's money went, by its usage type or its description."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from finops_guard.costs import tables
from finops_guard.costs.asks import Total
from finops_guard.costs.network_money import by_path, path_of

SAMPLE = Path(__file__).resolve().parents[3] / "shared/data/costs/sample/focus_sample_1_0.csv"
EC2 = "Amazon Elastic Compute Cloud"


@pytest.mark.parametrize(
    ("cloud", "service", "usage", "description", "path"),
    [
        ("aws", EC2, "EU-DataTransfer-Regional-Bytes", "", "cross-zone"),
        ("aws", EC2, "DataTransfer-Regional-Bytes", "", "cross-zone"),  # us-east-1 has no code
        ("aws", "Amazon Simple Storage Service", "EUC1-EUW1-AWS-Out-Bytes", "", "cross-region"),
        ("aws", EC2, "EU-DataTransfer-Out-Bytes", "", "internet"),
        ("aws", "Amazon CloudFront", "EU-DataTransfer-Out-Bytes", "", "cdn"),
        ("aws", EC2, "EU-NatGateway-Bytes", "", "nat"),
        ("aws", "Elastic Load Balancing", "EU-DataProcessing-Bytes", "", "balancer"),
        ("aws", "AmazonCloudWatch", "EU-DataProcessing-Bytes", "", "telemetry"),
        ("aws", "AWS Network Firewall", "USE1-Traffic-GB-Processed", "", "firewall"),
        ("aws", EC2, "", "$0.010 per GB - regional data transfer - in/out/between EC2 AZs", "cross-zone"),
        ("aws", EC2, "", "$0.02 per GB - US West (Oregon) data transfer to US East (N. Virginia)", "cross-region"),
        ("aws", EC2, "", "$0.000 per GB - data transfer in per month", "internet"),
        ("azure", "Bandwidth", "Standard Data Transfer Out", "", "internet"),
        ("azure", "Azure Machine Learning", "", "Bandwidth Inter-Region - Data Transfer Out", "cross-region"),
        ("gcp", "Compute Engine", "", "Network Inter Zone Data Transfer Out", "cross-zone"),
        ("aws", EC2, "EU-BoxUsage:m6i.large", "$0.107 per On Demand Linux m6i.large Instance Hour", None),
        ("aws", EC2, "EBS:VolumeUsage.gp3", "$0.08 per GB-month of General Purpose (gp3)", None),
        ("oracle", "Network", "Outbound Data Transfer", "", None),
    ],
)
def test_a_row_takes_a_path(cloud: str, service: str, usage: str, description: str, path: str | None) -> None:
    assert path_of(cloud, service, usage, description) == path


def total(category: str, usage: str, amount: str, charge: str = "Usage", currency: str = "USD") -> Total:
    return Total(("aws", EC2, category, usage, None, charge), currency, Decimal(amount), 2)


def test_money_is_summed_by_path_and_by_where_it_hid() -> None:
    found = by_path(
        [
            total("Compute", "EU-NatGateway-Bytes", "40.5"),
            total("Networking", "EU-NatGateway-Hours", "1.25"),
            total("Networking", "EU-Something", "3"),
            total("Compute", "EU-BoxUsage:m6i.large", "99"),
            total("Networking", "EU-NatGateway-Hours", "1000", charge="Purchase"),
        ]
    )
    assert [(one.path, one.cost, one.elsewhere, one.rows) for one in found] == [
        ("nat", {"USD": Decimal("41.75")}, {"USD": Decimal("40.5")}, 4),
        ("unclassified", {"USD": Decimal(3)}, {}, 2),
    ]


def test_two_currencies_stay_apart() -> None:
    (nat,) = by_path(
        [total("Compute", "NatGateway-Bytes", "1"), total("Compute", "NatGateway-Bytes", "2", currency="EUR")]
    )
    assert nat.cost == {"USD": Decimal(1), "EUR": Decimal(2)}


def test_every_pattern_says_where_it_is_from() -> None:
    rows = list(tables.rows("network_usage"))
    assert all(row["source"] and row["path"] and row["pattern"] for row in rows)
    assert {row["cloud"] for row in rows} == {"aws", "azure", "gcp"}


@pytest.mark.skipif(not SAMPLE.exists(), reason="the public FOCUS sample is not here")
def test_most_transfer_of_the_public_sample_is_not_in_networking() -> None:
    clouds = {"AWS": "aws", "Microsoft": "azure", "Oracle": "oracle"}
    with SAMPLE.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    paths = [
        (path_of(clouds[row["ProviderName"]], row["ServiceName"], "", row["ChargeDescription"]), row) for row in rows
    ]
    moved = [row for path, row in paths if path not in (None, "telemetry", "address", "balancer")]
    assert len(moved) > 500
    assert sum(row["ServiceCategory"] == "Networking" for row in moved) < len(moved) / 4
