"""Other people's cost files, read in place: totals equal to an independent sum to the last digit, or a precise refusal.

The sums here know nothing of the ledger: `csv` and `Decimal` alone.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cli.command import finops_guard

GIVEN = Path(__file__).resolve().parents[3] / "shared/data/costs"
pytestmark = [
    pytest.mark.skipif(not GIVEN.is_dir(), reason="the given cost files are not beside this checkout"),
    pytest.mark.usefixtures("cache"),
]
COLUMNS = {"effective": ("EffectiveCost", "Cost"), "billed": ("BilledCost", "Cost")}
REFUSED = {
    "azure/focuscost_1.2.json": "is no JSON object on one line",
    "converters/aws-cur.csv": "is no cost data we know, by its columns ('FOCUS Dimension'",
    "converters/azure.csv": "is no cost data we know, by its columns ('FOCUS Dimension'",
    "spec/commitment_discount_purchase_scenario_2.csv": ":3:ChargePeriodEnd: '2023-02-01T30:00:00Z' is no time",
    "spec/commitment_discount_purchase_scenario_3.csv": ":4:ChargePeriodEnd: '2023-02-01T30:00:00Z' is no time",
    "validator/all_pass_0.5.csv": "lacks EffectiveCost, ChargeCategory",
    "validator/sample.parquet": "is no cost data we know, by its columns ('InvoiceIssuer'",
}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def given() -> list[str]:
    return sorted(
        path.relative_to(GIVEN).as_posix() for path in GIVEN.rglob("*") if path.is_file() and path.suffix != ".tsv"
    )


def summed(path: Path, metric: str, default: str) -> dict[str, Decimal]:
    """By currency, read the plain way: BOM, blank lines, NULL, dollar signs and thousands as the files have them."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    with path.open(newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            cell = next(row[name] for name in COLUMNS[metric] if name in row).strip()
            currency = next(
                (row[name] for name in ("BillingCurrency", "BillingCurrencyCode") if row.get(name)), default
            )
            if cell.casefold() not in ("", "null"):
                sums[currency] += Decimal(cell.replace("$", "").replace(",", "").strip())
    return dict(sums)


def test_all_of_them_are_summed_to_the_last_digit_or_refused_precisely() -> None:
    ran = finops_guard("costs", *(GIVEN / name for name in given()), "-f", "json", "--default-currency", "USD")
    assert ran.code == 2
    files = {Path(file["path"]).relative_to(GIVEN).as_posix(): file for file in json.loads(ran.out)["files"]}
    assert sorted(files) == given()
    for name, file in files.items():
        if name in REFUSED:
            assert not any(file["total"].values())
            assert any(REFUSED[name] in reason for reason in file["refused"])
            assert all(reason.startswith(str(GIVEN / name)) for reason in file["refused"])
            continue
        assert file["refused"] == [], name
        for metric in COLUMNS:
            expected = {code: total for code, total in summed(GIVEN / name, metric, "USD").items() if total}
            found = {code: Decimal(text) for code, text in file["total"][metric].items()}
            assert {code: total for code, total in found.items() if total} == expected, (name, metric)


def test_what_all_cost_is_the_sum_of_what_each_cost() -> None:
    names = [name for name in given() if name not in REFUSED]
    ran = finops_guard("costs", *(GIVEN / name for name in names), "-f", "json", "--default-currency", "USD")
    assert ran.code == 0, ran.err
    report = json.loads(ran.out)
    whole: dict[str, Decimal] = defaultdict(Decimal)
    for name in names:
        for code, total in summed(GIVEN / name, "effective", "USD").items():
            whole[code] += total
    assert {code: Decimal(text) for code, text in report["total"].items()} == whole
    by = [Decimal(text) for group in report["by"] for text in group["cost"].values()]
    assert sum(by, Decimal(0)) == sum(whole.values(), Decimal(0))


def test_without_a_currency_rows_that_name_none_are_refused() -> None:
    ran = finops_guard("costs", GIVEN / "spec", "-f", "json")
    assert ran.code == 2
    refused = {Path(file["path"]).name for file in json.loads(ran.out)["files"] if file["refused"]}
    lacking = {path.name for path in (GIVEN / "spec").iterdir() if "BillingCurrency" not in path.read_text("utf-8-sig")}
    assert refused == lacking
    assert "has no BillingCurrency: give one" in ran.err


def test_an_empty_period_is_no_mistake() -> None:
    ran = finops_guard("costs", GIVEN / "azure/EA_NoRows.csv", "-f", "json")
    assert ran.code == 0
    report = json.loads(ran.out)
    assert (report["total"], report["rows"], report["by"]) == ({}, 0, [])
