"""The bills of the company: what FOCUS asks of rows, what the estate says, and what a bill adds to it."""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from finops_guard.sources.sandbox._bills_ids import planted
from finops_guard.sources.sandbox.bills import write_bills
from finops_guard.sources.sandbox.estate import Estate, draw
from tests.sources.sandbox.conftest import NOW, Cloud

Row = dict[str, str]
TODAY = NOW.replace(hour=0, minute=0, second=0)
MANAGEMENT = "109283746556"


def read(folder: Path) -> Iterator[Row]:
    for path in sorted(folder.iterdir()):
        with gzip.open(path, "rt", newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bills(tmp_path_factory.mktemp("bills"), NOW)


@pytest.fixture(scope="module")
def rows(folder: Path) -> list[Row]:
    return list(read(folder))


def money(rows: list[Row], where: Callable[[Row], object], column: str = "EffectiveCost") -> Decimal:
    return sum((Decimal(row[column]) for row in rows if where(row)), Decimal(0))


def tags(row: Row) -> dict[str, str]:
    return dict(json.loads(row["Tags"])) if row["Tags"] else {}


def when(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_the_same_day_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = write_bills(tmp_path, NOW)
    assert [p.name for p in sorted(folder.iterdir())] == [
        f"polderzicht-2026-{month:02}.csv.gz" for month in (9, 10, 11)
    ]
    assert all(path.read_bytes() == (again / path.name).read_bytes() for path in folder.iterdir())


def test_a_file_holds_the_rows_of_its_billing_period(folder: Path) -> None:
    for path in folder.iterdir():
        with gzip.open(path, "rt", newline="", encoding="utf-8") as file:
            assert {row["BillingPeriodStart"][:7] for row in csv.DictReader(file)} == {path.name[12:19]}


def test_amounts_follow_from_quantity_and_unit_price(rows: list[Row]) -> None:
    for row in rows:
        for cost, price in (("ListCost", "ListUnitPrice"), ("ContractedCost", "ContractedUnitPrice")):
            assert Decimal(row[cost]) == Decimal(row["PricingQuantity"]) * Decimal(row[price])
        for column in ("BilledCost", "EffectiveCost", "ListCost"):
            assert len(row[column].partition(".")[2]) <= 18, "more digits than the ledger keeps"


def test_one_currency_and_times_in_order(rows: list[Row]) -> None:
    assert {row["BillingCurrency"] for row in rows} == {"USD"}
    assert all(when(row["ChargePeriodStart"]) < when(row["ChargePeriodEnd"]) for row in rows)
    usage = [row for row in rows if row["ChargeCategory"] == "Usage"]
    assert min(when(row["ChargePeriodStart"]) for row in usage) == TODAY - timedelta(days=85)
    assert max(when(row["ChargePeriodEnd"]) for row in usage) == TODAY


def test_every_account_has_rows_of_the_newest_day_and_few_have_arrived(rows: list[Row]) -> None:
    days: dict[tuple[str, datetime], int] = defaultdict(int)
    for row in rows:
        if row["ChargeCategory"] == "Usage" and "p4" not in row["SkuMeter"]:
            days[row["SubAccountId"], when(row["ChargePeriodStart"]).replace(hour=0)] += 1
    for account in ("214365870912", "325476981023", "436587092134"):
        whole = days[account, TODAY - timedelta(days=3)]
        assert 0 < days[account, TODAY - timedelta(days=1)] < whole * 0.35
        assert whole * 0.3 < days[account, TODAY - timedelta(days=2)] < whole * 0.8


def test_what_runs_is_billed_from_when_it_was_made(rows: list[Row]) -> None:
    trainers = [item for item in draw(7, NOW).items if item.name.startswith("kasoogst-demo")]
    for item in trainers:
        arn = f"arn:aws:sagemaker:{item.region}:{item.account}:endpoint/{item.name}"
        own = [row for row in rows if row["ResourceId"] == arn and row["ConsumedUnit"] == "Hours"]
        first = min(own, key=lambda row: row["ChargePeriodStart"])
        assert when(first["ChargePeriodStart"]) <= item.created < when(first["ChargePeriodEnd"])
        hours = (when(first["ChargePeriodEnd"]) - item.created) / timedelta(hours=1)
        assert Decimal(first["ConsumedQuantity"]) == Decimal(f"{hours:.6f}")
    assert trainers


def test_nothing_runs_for_more_than_a_day_a_day(rows: list[Row]) -> None:
    hours: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["ConsumedUnit"] == "Hours" and "Usage:" in row["SkuMeter"] and "Software" not in row["SkuMeter"]:
            hours[row["ResourceId"], row["ChargePeriodStart"][:10]] += Decimal(row["ConsumedQuantity"])
    assert hours
    assert max(hours.values()) <= 24


def test_transfer_is_mostly_not_networking(rows: list[Row]) -> None:
    moved = [
        row for row in rows if row["ConsumedUnit"] == "GB" and row["ServiceCategory"] != "Management and Governance"
    ]
    assert money(moved, lambda row: row["ServiceCategory"] != "Networking") > money(moved, lambda _: True) / 2
    nat = {row["ServiceCategory"] for row in rows if "NatGateway-Bytes" in row["SkuMeter"]}
    assert nat == {"Compute"}


def test_tokens_are_counted(rows: list[Row]) -> None:
    tokens = [row for row in rows if row["ConsumedUnit"] == "Tokens"]
    assert all(Decimal(row["ConsumedQuantity"]) == 1000 * Decimal(row["PricingQuantity"]) for row in tokens)
    assert {"application-inference-profile/meldpunt-chat", "foundation-model/nova-pro"} <= {
        row["ResourceId"].rpartition(":")[2] for row in tokens
    }


def test_a_commitment_is_bought_and_used_but_counted_once(rows: list[Row]) -> None:
    plan = [row for row in rows if row["CommitmentDiscountType"] == "Savings Plan"]
    used = money(plan, lambda row: row["ChargeCategory"] == "Usage")
    assert used == money(plan, lambda row: row["ChargeCategory"] == "Purchase", "BilledCost") > 0
    assert money(plan, lambda row: row["ChargeCategory"] == "Usage", "BilledCost") == 0
    assert money(plan, lambda row: row["ChargeCategory"] == "Purchase") == 0


def test_tax_credits_corrections_and_a_contract(rows: list[Row]) -> None:
    assert money(rows, lambda row: row["ChargeCategory"] == "Tax") > 0
    assert money(rows, lambda row: row["ChargeCategory"] == "Credit") < 0
    corrections = [row for row in rows if row["ChargeClass"] == "Correction"]
    assert any(Decimal(row["BilledCost"]) < 0 for row in corrections)
    assert all(row["ChargePeriodStart"][:7] < row["BillingPeriodStart"][:7] for row in corrections)
    sold = [row for row in rows if row["PublisherName"] != row["InvoiceIssuerName"]]
    assert {row["ChargeCategory"] for row in sold} == {"Usage", "Purchase"}


def test_a_day_stands_out_and_weekends_are_quieter(rows: list[Row]) -> None:
    by_day: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["ResourceName"] == "meldpunt-chat" and row["ServiceName"] == "Amazon Bedrock":
            by_day[row["ChargePeriodStart"][:10]] += Decimal(row["EffectiveCost"])
    worst = max(by_day, key=lambda day: by_day[day])
    assert worst == f"{TODAY - timedelta(days=6):%Y-%m-%d}"
    usual = [amount for day, amount in by_day.items() if day < worst]
    assert by_day[worst] > 3 * max(usual)
    weekend = [amount for day, amount in by_day.items() if day < worst and when(day).weekday() > 4]
    assert max(weekend) < max(usual) * Decimal("0.9")


def test_spellings_of_keys_and_a_share_without_tags(rows: list[Row]) -> None:
    keys = {key for row in rows for key in tags(row)}
    assert {"team", "Team", "cost-center", "Cost_Center", "model-version", "ModelVersion"} <= keys
    assert "Name" not in keys, "only activated keys reach a bill"
    untagged = money(rows, lambda row: not tags(row)) / money(rows, lambda _: True)
    assert Decimal("0.05") < untagged < Decimal("0.4")


def test_purchases_of_the_payer_are_in_its_account(rows: list[Row]) -> None:
    assert {row["ChargeCategory"] for row in rows if row["SubAccountId"] == MANAGEMENT} == {"Purchase", "Tax"}


def test_a_new_year_and_a_first_of_the_month(tmp_path: Path) -> None:
    written = write_bills(tmp_path, datetime(2027, 1, 1, 0, 30, tzinfo=UTC))
    assert [path.name for path in sorted(written.iterdir())] == [
        f"polderzicht-2026-{month}.csv.gz" for month in (10, 11, 12)
    ]


def test_bills_and_inventory_speak_of_the_same_things(cloud: Cloud, estate: Estate, tmp_path: Path) -> None:
    billed: dict[str, list[Row]] = defaultdict(list)
    for row in read(write_bills(tmp_path, NOW, ids=planted(estate))):
        billed[row["ResourceId"]].append(row)
    for account, region in ((account.id, region) for account in estate.accounts for region in estate.regions):
        for reservation in cloud.pages("ec2", account, region, "describe_instances", "Reservations"):
            (machine,) = reservation["Instances"]
            own = billed[machine["InstanceId"]]
            team = {tag["Key"]: tag["Value"] for tag in machine.get("Tags", [])}.get("team")
            assert all((row["SubAccountId"], row["RegionId"]) == (account, region) for row in own)
            assert all(machine["InstanceType"] in row["SkuMeter"] for row in own if "Usage:" in row["SkuMeter"])
            assert all(tags(row).get("team") == team for row in own)
            ran = machine["State"]["Name"] == "running" and machine["LaunchTime"] < TODAY - timedelta(days=3)
            assert own or not ran
        for gateway in cloud.pages("ec2", account, region, "describe_nat_gateways", "NatGateways"):
            assert billed[f"arn:aws:ec2:{region}:{account}:natgateway/{gateway['NatGatewayId']}"]
        for volume in cloud.pages("ec2", account, region, "describe_volumes", "Volumes"):
            own = billed[volume["VolumeId"]]
            a_day = Decimal(volume["Size"]) * 24 / 730
            assert all(Decimal(row["ConsumedQuantity"]) < a_day + 1 for row in own)
            assert own or volume["CreateTime"] > TODAY - timedelta(days=3)
