from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
import pytest

from finops_guard.costs.asks import Ask
from finops_guard.costs.formats import aws_cur
from finops_guard.model import Compare, Ref
from tests.costs.ledger.books import opened, total

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

COLUMNS = """bill/PayerAccountId bill/BillingEntity lineItem/UsageAccountId lineItem/LineItemType
lineItem/UsageStartDate lineItem/UsageEndDate lineItem/ProductCode lineItem/UsageType
lineItem/UsageAmount lineItem/CurrencyCode lineItem/UnblendedCost lineItem/ResourceId product/ProductName
product/region pricing/unit pricing/publicOnDemandCost reservation/EffectiveCost
reservation/ReservationARN reservation/UnusedAmortizedUpfrontFeeForBillingPeriod
reservation/UnusedRecurringFee savingsPlan/SavingsPlanEffectiveCost savingsPlan/TotalCommitmentToDate
savingsPlan/UsedCommitment resourceTags/user:team resourceTags/user:Team resourceTags/aws:createdBy""".split()
SAME = {
    "bill/PayerAccountId": "9",
    "bill/BillingEntity": "AWS",
    "lineItem/UsageAccountId": "1",
    "lineItem/UsageStartDate": "2026-11-01T00:00:00Z",
    "lineItem/UsageEndDate": "2026-11-01T01:00:00Z",
    "lineItem/ProductCode": "AmazonEC2",
    "lineItem/UsageType": "BoxUsage:m5.large",
    "lineItem/UsageAmount": "1",
    "lineItem/CurrencyCode": "USD",
    "pricing/unit": "Hrs",
}


def line(kind: str, cost: str, **more: str) -> dict[str, str]:
    named = {column.rpartition("/")[2].replace("user:", "").replace("aws:", ""): column for column in COLUMNS}
    given = {named[name]: value for name, value in more.items()}
    return {**SAME, "lineItem/LineItemType": kind, "lineItem/UnblendedCost": cost, **given}


LINES = [
    line("Usage", "55.04", team="vision", createdBy="root"),
    line("SavingsPlanCoveredUsage", "0.10", SavingsPlanEffectiveCost="0.07", team="nlp", Team="nlp"),
    line("SavingsPlanNegation", "-0.10"),
    line("SavingsPlanRecurringFee", "0.09", TotalCommitmentToDate="0.09", UsedCommitment="0.07"),
    line("DiscountedUsage", "0", EffectiveCost="0.06", ReservationARN="arn:ri", team="a", Team="b"),
    line("RIFee", "5", UnusedAmortizedUpfrontFeeForBillingPeriod="0.5", UnusedRecurringFee="0.25"),
    line("Fee", "100", ReservationARN="arn:ri"),
    line("Usage", "3", BillingEntity="AWS Marketplace"),
    line("Tax", "1"),
    line("Credit", "-2"),
]
BILLED = Decimal("162.13")
AMORTISED = sum(map(Decimal, "55.04 0.07 0 0.02 0.06 0.75 0 3 1 -2".split()))
WITHOUT_PLANS = sum(map(Decimal, "55.04 0.10 -0.10 0.09 0.06 0.75 0 3 1 -2".split()))
NEW = """line_item_unblended_cost line_item_currency_code line_item_line_item_type line_item_usage_start_date
line_item_usage_end_date line_item_resource_id line_item_usage_type resource_tags product""".split()


def report(columns: Iterable[str]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, [*columns], restval="", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(LINES)
    return file.getvalue()


def test_the_legacy_report_with_amortised_cost(tmp_path: Path) -> None:
    (tmp_path / "cur.csv").write_text(report(COLUMNS), "utf-8")
    with opened(tmp_path, "cur.csv") as book:
        (file,) = book.files
        assert (file.format, file.refused) == ("aws-cur-1", ())
        assert file.total["billed"] == {"USD": BILLED}
        assert file.total["effective"] == {"USD": AMORTISED}
        kinds = {one.key[0]: one.rows for one in book.totals(Ask(by=("charge_category",)))}
        assert kinds == {"Usage": 5, "Purchase": 3, "Tax": 1, "Credit": 1}
        teams = {one.key[0]: one.rows for one in book.totals(Ask(by=("tags.team",)))}
        assert teams == {"vision": 1, "nlp": 1, None: 8}
        (bought,) = book.totals(Ask(where=Compare(Ref("field", "charge.marketplace"), "eq", value=True)))
        assert bought.amount == 3
        assert book.tag_keys() == {
            "aws:createdby": {"aws:createdBy": 1},
            "team": {"Team": 2, "team": 3},
        }
        assert any("spellings of the tag team disagree" in note for note in file.notes)


def test_without_the_columns_of_plans_it_says_what_that_means(tmp_path: Path) -> None:
    kept = [name for name in COLUMNS if not name.startswith("savingsPlan/")]
    (tmp_path / "cur.csv").write_text(report(kept), "utf-8")
    with opened(tmp_path, "cur.csv") as book:
        assert "without the columns of savings plans" in book.files[0].notes[0]
        assert total(book) == {"USD": WITHOUT_PLANS}


@pytest.mark.parametrize("as_parquet", [False, True])
def test_cur_2_with_its_map_of_tags(tmp_path: Path, *, as_parquet: bool) -> None:
    """Its Parquet has doubles: each is read through the shortest text that means it."""
    cells = ("0.1", "USD", "Usage", "2026-11-01 00:00:00", "2026-11-01 01:00:00", "i-1", "BoxUsage:p5.48xlarge",
             json.dumps({"user_team": "vision"}), json.dumps({"product_name": "Amazon EC2"}))  # fmt: skip
    base = duckdb.connect()
    kind = "DOUBLE" if as_parquet else "VARCHAR"
    told = [f"CAST(? AS {kind})", "?", "?", "CAST(? AS TIMESTAMP)", "CAST(? AS TIMESTAMP)", "?", "?", "?", "?"]
    rows = f"SELECT {', '.join(f'{value} AS {name}' for value, name in zip(told, NEW, strict=True))}"
    if as_parquet:
        rows = f"SELECT rows.* REPLACE (MAP {{'user_team': 'vision'}} AS resource_tags) FROM ({rows}) AS rows, range(3)"  # noqa: S608 - columns of ours
    name = "cur.parquet" if as_parquet else "cur.csv"
    base.execute(f"COPY ({rows}) TO '{tmp_path / name}'", cells)
    base.close()
    with opened(tmp_path, name) as book:
        (file,) = book.files
        assert (file.format, file.refused) == ("aws-cur-2.0", ())
        assert file.total["billed"] == {"USD": Decimal("0.3" if as_parquet else "0.1")}
        assert any("binary floating point" in note for note in file.notes) == as_parquet
        (one,) = book.totals(Ask(by=("tags.team", "service")))
        assert one.key == ("vision", "Amazon EC2")


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    (tmp_path / "cur.csv").write_text(report(name for name in COLUMNS if name != "lineItem/CurrencyCode"), "utf-8")
    with opened(tmp_path, "cur.csv") as book:
        assert book.files[0].refused == ("cur.csv: lacks line_item_currency_code",)


def test_others_are_not_reports() -> None:
    assert aws_cur.detect(["BilledCost", "EffectiveCost"]) is None
