from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb

from finops_guard.costs.asks import Ask
from finops_guard.costs.formats import gcp_billing
from tests.costs.ledger.books import opened, total

if TYPE_CHECKING:
    from pathlib import Path

ROW: dict[str, Any] = {
    "billing_account_id": "01-02",
    "service": {"id": "6F81", "description": "Compute Engine"},
    "sku": {"id": "sku-1", "description": "Spot Preemptible A3 H100"},
    "usage_start_time": "2026-11-01 00:00:00 UTC",
    "usage_end_time": "2026-11-01 01:00:00 UTC",
    "project": {"id": "vision-1", "name": "Vision"},
    "labels": [{"key": "team", "value": "vision"}],
    "location": {"location": "europe-west4-a", "region": "europe-west4"},
    "cost": "10.123456789012345678",
    "currency": "EUR",
    "usage": {"amount": 3600, "unit": "seconds", "amount_in_pricing_units": 1, "pricing_unit": "hour"},
    "credits": [{"name": 'SUD "amount": 5', "amount": "-1.1"}, {"name": "CUD", "amount": "-0.023456789012345678"}],
    "cost_type": "regular",
}
NETTED = {"EUR": Decimal(9)}


def told(book: Any) -> None:
    (file,) = book.files
    assert (file.format, file.refused) == ("gcp-billing", ())
    assert "each row's credits are taken off its cost" in file.notes
    (one,) = book.totals(Ask(by=("cloud", "account", "region", "service", "usage", "tags.team", "charge_category")))
    where = ("gcp", "vision-1", "europe-west4")
    assert one.key == (*where, "Compute Engine", "Spot Preemptible A3 H100", "vision", "Usage")


def test_json_lines_keep_every_digit(tmp_path: Path) -> None:
    (tmp_path / "bq.jsonl").write_text(json.dumps(ROW) + "\n", "utf-8")
    with opened(tmp_path, "bq.jsonl") as book:
        told(book)
        assert total(book) == NETTED


def test_a_flattened_csv(tmp_path: Path) -> None:
    flat: dict[str, str] = {}
    for name, value in ROW.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": str(each) for inner, each in value.items()}
        else:
            flat[name] = value if isinstance(value, str) else json.dumps(value)
    file = io.StringIO()
    writer = csv.DictWriter(file, [*flat])
    writer.writeheader()
    writer.writerow(flat)
    (tmp_path / "bq.csv").write_text(file.getvalue(), "utf-8")
    with opened(tmp_path, "bq.csv") as book:
        told(book)
        assert total(book) == NETTED


def test_nested_parquet(tmp_path: Path) -> None:
    row = {**ROW, "cost": 10.5, "credits": [{"name": "x", "amount": -0.1}]}
    (tmp_path / "bq.jsonl").write_text(json.dumps(row), "utf-8")
    base = duckdb.connect()
    base.execute(
        f"COPY (SELECT * REPLACE (CAST(replace(usage_start_time, ' UTC', '') AS TIMESTAMPTZ) AS usage_start_time)"  # noqa: S608 - a test's own path
        f" FROM read_ndjson('{tmp_path / 'bq.jsonl'}')) TO '{tmp_path / 'bq.parquet'}'"
    )
    base.close()
    with opened(tmp_path, "bq.parquet") as book:
        told(book)
        assert total(book) == {"EUR": Decimal("10.4")}


def test_a_credit_without_an_amount_refuses_the_file(tmp_path: Path) -> None:
    (tmp_path / "bq.jsonl").write_text(json.dumps({**ROW, "credits": [{"name": "x"}]}), "utf-8")
    with opened(tmp_path, "bq.jsonl") as book:
        (said, _) = book.files[0].refused
        assert said.startswith("bq.jsonl:1:cost: 'credits [")


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    row = {name: cell for name, cell in ROW.items() if name != "currency"}
    (tmp_path / "bq.jsonl").write_text(json.dumps(row), "utf-8")
    with opened(tmp_path, "bq.jsonl") as book:
        assert book.files[0].refused == ("bq.jsonl: lacks currency",)


def test_others_are_not_exports() -> None:
    assert gcp_billing.detect(["cost", "currency", "when"]) is None
