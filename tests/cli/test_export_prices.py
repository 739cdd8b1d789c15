"""The price snapshot leaves as it is: every row with its source and date."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from finops_guard.costs import tables
from tests.cli.command import finops_guard

if TYPE_CHECKING:
    from pathlib import Path


def test_every_price_has_its_source_and_its_date() -> None:
    ran = finops_guard("export", "prices")
    assert (ran.code, ran.err) == (0, "")
    found = list(csv.DictReader(io.StringIO(ran.out)))
    assert len(found) == sum(map(len, tables.rates().values()))
    for row in found:
        assert Decimal(row["usd"]) >= 0
        assert row["region"]
        assert row["source"]
        assert date.fromisoformat(row["as_of"]) < date(2027, 1, 1)
    assert {
        "cloud": "aws",
        "resource": "ec2",
        "meter": "p5.48xlarge",
        "unit": "machine-hour",
        "usd": "55.04",
        "region": "us-east-1",
        "source": "karpenter-provider-aws zz_generated.pricing_aws.go",
        "as_of": "2026-07-20",
    } in found


def test_json_to_a_file_holds_the_same(tmp_path: Path) -> None:
    ran = finops_guard("export", "prices", "-o", tmp_path / "prices.json")
    assert (ran.code, ran.out) == (0, "")
    told = json.loads((tmp_path / "prices.json").read_text())
    assert told["schema"] == "finops-guard/prices/1"
    assert json.loads(finops_guard("export", "prices", "-f", "json").out) == told
    lines = finops_guard("export", "prices").out.splitlines()
    assert len(told["prices"]) == len(lines) - 1


@pytest.mark.parametrize("wrong", [("--on", "2026-01-01"), ("--rule", "a/b"), ("--from", "2026-01-01")])
def test_prices_have_no_period(wrong: tuple[str, str]) -> None:
    ran = finops_guard("export", "prices", *wrong)
    assert ran.code == 2
    assert "prices take -o and -f only" in ran.err


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    ran = finops_guard("export", "prices", "-o", tmp_path)
    assert ran.code == 2
    assert f"{tmp_path}: cannot be written: Is a directory" in ran.err
