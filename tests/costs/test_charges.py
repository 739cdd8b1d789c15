from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops_guard.costs.charges import charges
from finops_guard.model import Money, Unknown
from tests.costs.budgeting import ACCOUNT, NOW, RATES, days, ledger, row

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    import pytest

    from finops_guard.model import Resource
    from tests.costs.budgeting import Row

VISION = {"team": "vision"}
OLD = "2026-08-20"
"""Far enough back for a month and eight weeks before 2026-11-22, the last complete day."""


def told(folder: Path, rows: Iterable[Row], at: datetime = NOW, **more: Any) -> dict[str, Resource]:
    with ledger(folder, rows, at) as bills:
        return {each.id.removeprefix(f"charge/aws/{ACCOUNT}/"): each for each in charges(bills, at, **more)}


def calm(cost: str = "100", **more: Any) -> list[Row]:
    return days(OLD, "2026-11-24", cost, tags=VISION, **more)


def test_a_charge_is_what_a_team_spent_on_a_service_in_a_month(tmp_path: Path) -> None:
    rows = [
        *calm(),
        *days(OLD, "2026-11-24", "1"),
        *days(OLD, "2026-11-24", "2", tags=VISION, ServiceName="Amazon S3", ServiceCategory="Storage"),
        row("2026-11-01", "50", tags=VISION, ChargeCategory="Purchase", hours=24 * 30),
        row("2026-11-02", "-7", tags=VISION, ChargeClass="Correction"),
        row("2026-10-22", "999", tags=VISION, ChargeCategory="Tax"),
        row("2026-11-01", "0", ServiceName="Savings Plans", ChargeCategory="Purchase", BilledCost="5000"),
    ]
    found = told(tmp_path, rows)
    assert list(found) == ["-/Amazon EC2", "vision/Amazon EC2", "vision/Amazon S3"]
    ec2 = found["vision/Amazon EC2"]
    # 31 days from 2026-10-23 to 2026-11-22.
    assert ec2.fields["charge.amount_month"] == Money(Decimal(31 * 100 + 50 - 7), "USD")
    assert found["vision/Amazon S3"].fields["charge.amount_month"] == Money(Decimal(62), "USD")
    assert {name: ec2.fields[name] for name in ("kind", "type", "cloud", "account", "service", "name", "ai")} == {
        "kind": "charge",
        "type": "FinOpsGuard::Charge",
        "cloud": "aws",
        "account": ACCOUNT,
        "service": "Amazon EC2",
        "name": "Amazon EC2 of vision",
        "ai": False,
    }
    assert ec2.fields["charge.category"] == "Compute"
    assert ec2.fields["charge.publisher"] == "AWS"
    assert ec2.fields["charge.marketplace"] is False
    assert (ec2.tags.look("team"), type(ec2.tags.look("project"))) == ("vision", Unknown)
    assert found["-/Amazon EC2"].tags.look("team") is None
    assert ec2.month is None
    assert (ec2.text("owner"), "owner" in found["-/Amazon EC2"].fields) == ("vision", False)


def test_an_unusual_day_is_told_with_what_made_it_so(tmp_path: Path) -> None:
    spike = row("2026-11-22", "900", tags=VISION, ResourceId="i-0bad", SkuMeter="BoxUsage:p5.48xlarge")
    found = told(tmp_path, [*calm(ResourceId="i-0calm"), spike])["vision/Amazon EC2"]
    assert found.fields["charge.unusual_day"] == Money(Decimal(900), "USD")
    assert found.fields["charge.unusual_cause"] == "resource i-0bad"
    calm_again = told(tmp_path, [*calm(), spike], NOW + timedelta(days=1))
    assert calm_again["vision/Amazon EC2"].fields["charge.unusual_day"] is not None  # no new rows: the day is the same


def test_where_no_resource_is_to_blame_a_usage_type_may_be(tmp_path: Path) -> None:
    many = [row("2026-11-22", "90", tags=VISION, ResourceId=f"i-{number}", SkuMeter="Requests") for number in range(10)]
    found = told(tmp_path, [*calm(ResourceId="i-0calm"), *many])["vision/Amazon EC2"]
    assert found.fields["charge.unusual_cause"] == "usage Requests"
    spread = [{**each, "SkuMeter": f"m{number}"} for number, each in enumerate(many)]
    found = told(tmp_path, [*calm(ResourceId="i-0calm"), *spread])["vision/Amazon EC2"]
    assert found.fields["charge.unusual_day"] == Money(Decimal(900), "USD")
    assert found.fields["charge.unusual_cause"] is None
    project = [{**each, "Tags": '{"team": "vision", "project": "crawl"}'} for each in spread]
    found = told(tmp_path, [*calm(ResourceId="i-0calm"), *project])["vision/Amazon EC2"]
    assert found.fields["charge.unusual_cause"] == "project crawl"


def test_only_the_dearest_are_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finops_guard.costs.charges.EXPLAINED", 1)
    spikes = [
        row("2026-11-22", "800", tags=VISION, ResourceId="i-0bad"),
        row("2026-11-22", "900", tags={"team": "nlp"}, ResourceId="i-0worse"),
    ]
    found = told(tmp_path, [*calm(), *spikes])
    assert found["nlp/Amazon EC2"].fields["charge.unusual_cause"] == "resource i-0worse"
    assert found["vision/Amazon EC2"].fields["charge.unusual_day"] == Money(Decimal(800), "USD")
    assert found["vision/Amazon EC2"].look("charge.unusual_cause") == Unknown("only the dearest are explained")


def test_an_incomplete_day_is_not_held_against_anything(tmp_path: Path) -> None:
    found = told(tmp_path, [*calm(), row("2026-11-23", "900", tags=VISION)])["vision/Amazon EC2"]
    assert found.fields["charge.unusual_day"] is None
    assert found.fields["charge.unusual_cause"] is None


def test_fees_corrections_and_credits_are_no_anomaly(tmp_path: Path) -> None:
    rows = [
        row("2026-11-22", "900", tags=VISION, ChargeCategory="Purchase", hours=24 * 30),
        row("2026-11-22", "900", tags=VISION, ChargeCategory="Tax"),
        row("2026-11-22", "900", tags=VISION, ChargeClass="Correction"),
    ]
    assert told(tmp_path, [*calm(), *rows])["vision/Amazon EC2"].fields["charge.unusual_day"] is None


def test_a_service_nobody_used_before_is_unusual(tmp_path: Path) -> None:
    found = told(tmp_path, [*calm(), row("2026-11-22", "150", tags=VISION, ServiceName="Amazon Bedrock")])
    assert found["vision/Amazon Bedrock"].fields["charge.unusual_day"] == Money(Decimal(150), "USD")


def test_young_bills_do_not_say_what_is_usual_nor_what_a_month_costs(tmp_path: Path) -> None:
    found = told(tmp_path, days("2026-11-02", "2026-11-24", "100", tags=VISION))["vision/Amazon EC2"]
    assert found.look("charge.unusual_day") == Unknown(
        "the bills begin on 2026-11-02, too late to say what a Sunday usually costs"
    )
    assert found.look("charge.amount_month") == Unknown(
        "the bills begin on 2026-11-02, less than a month before 2026-11-23"
    )


def test_old_bills_say_nothing_of_today(tmp_path: Path) -> None:
    found = told(tmp_path, calm(), NOW + timedelta(days=9))["vision/Amazon EC2"]
    assert found.look("charge.unusual_day") == Unknown("the bills are complete until 2026-11-23 only")


def test_amounts_are_in_the_policys_currency_else_in_their_own_if_that_is_one(tmp_path: Path) -> None:
    rows = [*calm(), row("2026-11-22", "920", tags=VISION, BillingCurrency="EUR")]
    euro = told(tmp_path, rows, currency="EUR", fx=RATES)["vision/Amazon EC2"]
    assert euro.fields["charge.amount_month"] == Money(Decimal("0.92") * 3100 + 920, "EUR")
    assert euro.fields["charge.unusual_day"] == Money(Decimal(920), "EUR")
    sek = told(tmp_path, rows, currency="SEK", fx=RATES)["vision/Amazon EC2"]
    assert sek.look("charge.amount_month") == Unknown("the policy has no rate from EUR to SEK")
    alone = told(tmp_path, calm(), currency="SEK", fx=RATES)["vision/Amazon EC2"]
    assert alone.fields["charge.amount_month"] == Money(Decimal(3100), "USD")
    mixed = told(tmp_path, rows)["vision/Amazon EC2"]
    assert mixed.look("charge.unusual_day") == Unknown("it is billed in EUR, USD, and the policy names no currency")


def test_what_others_sell_is_told_from_what_the_cloud_does(tmp_path: Path) -> None:
    seller = {"PublisherName": "Palo Alto Networks, Inc.", "ServiceName": "VM-Series"}
    found = told(tmp_path, [*calm(), *calm("3", **seller)])
    assert found["vision/VM-Series"].fields["charge.marketplace"] is True
    assert found["vision/VM-Series"].fields["charge.publisher"] == "Palo Alto Networks, Inc."
    mixed = told(tmp_path, [*calm(), *calm("3", PublisherName="Somebody")])["vision/Amazon EC2"]
    assert mixed.look("charge.publisher") == Unknown("its rows have 2 of them")


def test_a_teams_name_cannot_make_it_another_charge(tmp_path: Path) -> None:
    rows = [*days(OLD, "2026-11-24", "1", tags={"team": "a/b"}), *days(OLD, "2026-11-24", "1", tags={"team": "-"})]
    assert list(told(tmp_path, rows)) == ["%2D/Amazon EC2", "a%2Fb/Amazon EC2"]


def test_without_rows_there_are_no_charges(tmp_path: Path) -> None:
    assert told(tmp_path, []) == {}


def test_clouds_are_judged_by_their_own_last_complete_day(tmp_path: Path) -> None:
    azure = {"ProviderName": "Microsoft", "SubAccountId": "sub"}
    other = [each | azure for each in days(OLD, "2026-11-20", "5", tags=VISION)]
    late = row("2026-11-18", "700", tags=VISION) | azure
    with ledger(tmp_path, [*calm(), *other, late]) as bills:
        found = {each.text("cloud"): each for each in charges(bills, NOW)}
    assert found["azure"].fields["charge.unusual_day"] == Money(Decimal(700), "USD")
    assert found["aws"].fields["charge.unusual_day"] is None
    assert found["azure"].fields["charge.amount_month"] == Money(Decimal(31 * 5 + 700), "USD")
    assert found["aws"].fields["charge.amount_month"] == Money(Decimal(31 * 100), "USD")


def test_an_account_that_spends_on_one_day_only_is_judged_on_it(tmp_path: Path) -> None:
    burst = {**row("2026-11-22", "700", tags=VISION), "SubAccountId": "444455556666"}
    gone = [{**each, "SubAccountId": "777788889999"} for each in days(OLD, "2026-10-20", "5")]
    with ledger(tmp_path, [*calm(), burst, *gone]) as bills:
        found = {each.text("account"): each for each in charges(bills, NOW)}
    assert set(found) == {ACCOUNT, "444455556666"}
    assert found["444455556666"].fields["charge.unusual_day"] == Money(Decimal(700), "USD")
