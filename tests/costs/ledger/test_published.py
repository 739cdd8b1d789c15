"""Other people's cost files: control totals equal an independent sum to the last digit, or a precise refusal."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from finops_guard.costs.asks import Ask
from finops_guard.costs.ledger import FileRead
from tests.costs.ledger.books import opened

COSTS = Path(__file__).parents[4] / "shared/data/costs"
pytestmark = pytest.mark.skipif(not COSTS.is_dir(), reason="other people's files are not here")
COLUMNS = {"effective": "EffectiveCost", "billed": "BilledCost", "list": "ListCost", "contracted": "ContractedCost"}
AZURE = {"effective": "Cost", "billed": "Cost"}


def independent(path: Path, columns: dict[str, str]) -> dict[str, Decimal]:
    """Sums with nothing but the standard library."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        records = list(csv.DictReader(file))
    sums = {}
    for metric, column in columns.items():
        cells = [record[column].strip().lstrip("$").replace(",", "") for record in records if column in record]
        if records and column in records[0]:
            sums[metric] = sum((Decimal(cell) for cell in cells if cell not in ("", "NULL", "null")), Decimal(0))
    return sums


def read(folder: Path, name: str, currency: str | None = None) -> FileRead:
    with opened(folder, str(COSTS / name), currency=currency) as book:
        (file,) = book.files
        if not file.refused:
            assert sum(one.rows for one in book.totals(Ask())) == file.rows
    return file


PURE = [
    "sample/focus_sample_1_0.csv",
    "generated/focus_1_2_cost_and_usage_aws.csv",
    "generated/focus_1_3_cost_and_usage_gcp.csv",
    *sorted(f"spec/{path.name}" for path in (COSTS / "spec").glob("*.csv")),
]
BROKEN = {  # hour 30 of a day
    "spec/commitment_discount_purchase_scenario_2.csv": "3:ChargePeriodEnd: '2023-02-01T30:00:00Z' is no time",
    "spec/commitment_discount_purchase_scenario_3.csv": "4:ChargePeriodEnd: '2023-02-01T30:00:00Z' is no time",
}


@pytest.mark.parametrize("name", [name for name in PURE if name not in BROKEN])
def test_totals_equal_an_independent_sum(tmp_path: Path, name: str) -> None:
    file = read(tmp_path, name, "USD")
    assert not file.refused
    assert {metric: by["USD"] for metric, by in file.total.items()} == independent(COSTS / name, COLUMNS)


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_cannot_be_read_whole_is_not_read(tmp_path: Path, name: str) -> None:
    file = read(tmp_path, name, "USD")
    assert file.refused == (f"{COSTS / name}:{BROKEN[name]}",)
    assert file.total == {}


def test_a_file_without_a_currency_needs_one_to_be_given(tmp_path: Path) -> None:
    name = "spec/commitment_discount_usage_scenario_4.csv"
    (said,) = read(tmp_path, name).refused
    assert "has no BillingCurrency" in said
    file = read(tmp_path, name, "EUR")
    assert file.total["effective"] == {"EUR": Decimal("1.50")}
    assert "2 rows without a currency, which got the one given for such rows" in file.notes


def test_an_azure_export(tmp_path: Path) -> None:
    name = "azure/EA_ActualCost_Small.csv"
    file = read(tmp_path, name)
    sums = independent(COSTS / name, AZURE)
    assert sums["billed"] == Decimal("8.5450077867419368")
    assert {metric: by["USD"] for metric, by in file.total.items()} == sums
    assert file.format == "azure-cost"
    assert any("tags without braces" in note for note in file.notes)


def test_a_bill_without_rows_is_an_empty_period(tmp_path: Path) -> None:
    file = read(tmp_path, "azure/EA_NoRows.csv")
    assert (file.rows, file.refused) == (0, ())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("validator/all_pass_0.5.csv", "FOCUS 0.5, of which this reads nothing: lacks EffectiveCost, ChargeCategory"),
        ("validator/sample.parquet", "is no cost data we know, by its columns ('InvoiceIssuer', "),
        ("converters/aws-cur.csv", "is no cost data we know, by its columns ('FOCUS Dimension', "),
        ("converters/azure.csv", "is no cost data we know, by its columns ('FOCUS Dimension', "),
        ("azure/focuscost_1.2.json", ":1: is no JSON object on one line: not JSON lines"),
    ],
)
def test_what_is_no_bill_is_named(tmp_path: Path, name: str, said: str) -> None:
    (refused,) = read(tmp_path, name).refused
    assert refused.startswith(str(COSTS / name))
    assert said in refused


def test_leniencies_of_the_sample_are_counted(tmp_path: Path) -> None:
    notes = read(tmp_path, "sample/focus_sample_1_0.csv").notes
    assert "2000 times without a zone, read as UTC" in notes
    assert "23 tag keys with blanks around them, trimmed" in notes
    assert "tag org is spelt 2 ways: 'org' in 42, ' org' in 23 rows" in notes
    with (COSTS / "sample/focus_sample_1_0.csv").open(encoding="utf-8") as file:
        assert sum(row["Tags"] == "NULL" for row in csv.DictReader(file)) == 289


def test_dollar_signs_and_american_dates_are_counted(tmp_path: Path) -> None:
    notes = read(tmp_path, "spec/simple_saas_agreements_c.csv").notes
    assert "12 amounts with a currency sign, commas or brackets, which were taken off" in notes
    assert "6 dates read as month/day/year" in notes


def test_what_cost_was_allocated_to_comes_before_what_carries_it(tmp_path: Path) -> None:
    """Grouping differs with and without AllocatedTags; the grand total does not."""
    name = "generated/focus_1_3_cost_and_usage_gcp.csv"
    with (COSTS / name).open(encoding="utf-8", newline="") as file:
        plain = tmp_path / "plain.csv"
        records = list(csv.reader(file))
        drop = records[0].index("AllocatedTags")
        with plain.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([*cells[:drop], *cells[drop + 1 :]] for cells in records)
    ask = Ask(by=("tags.cost-center",))
    with opened(tmp_path, str(COSTS / name)) as book:
        allocated = {one.key: one.amount for one in book.totals(ask)}
    with opened(tmp_path, "plain.csv") as book:
        carried = {one.key: one.amount for one in book.totals(ask)}
    assert sum(allocated.values()) == sum(carried.values()) == Decimal("51753.979186059533")
    assert allocated != carried


def test_cash_and_amortised_cost_do_not_mix(tmp_path: Path) -> None:
    names = [str(COSTS / f"spec/virtual_currency_pricing_model_{part}.csv") for part in ("a1", "a2")]
    with opened(tmp_path, *names) as book:
        (billed,) = book.totals(Ask("billed"))
        (effective,) = book.totals(Ask("effective"))
    assert [billed.amount, effective.amount] == [Decimal(200_000), Decimal(1_230)]
