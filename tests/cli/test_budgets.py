"""The command `budgets`: bars, amounts, what is not known, and documents for programs."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from finops_guard.model import Resource
from finops_guard.state import spool
from tests.cli.command import Ran, finops_guard
from tests.costs.budgeting import NOW, days, ledger, machine, row

POLICY = """\
policy: acme
owner: finops@acme.example
currency: EUR
fx: {USD: {EUR: 0.92, as_of: 2026-11-01}}
packs: [{use: ai-tags}]
budgets:
  vision: {limit: 400 EUR, every: month, for: {tags: {team: vision}}, owner: v@acme.example}
  nlp: {limit: 250 EUR, every: month, for: {tags: {team: nlp}}}
  untagged: {limit: 50 USD, every: day, for: {tags: {team: {exists: false}}}}
"""
AT = "2026-11-25T12:00:00Z"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a policy and a bill."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "finops-guard.yaml").write_text(POLICY)
    rows = [
        *days("2026-08-01", "2026-11-24", "10", tags={"team": "vision"}),
        *days("2026-08-01", "2026-11-24", "11", tags={"team": "nlp"}),
        row("2026-11-05T00:00", "12", BillingCurrency="CHF", tags={"team": "nlp"}),
    ]
    with ledger(tmp_path, rows):
        return tmp_path


def budgets(place: Path, *args: object) -> Ran:
    return finops_guard(
        "budgets", *args, "-p", place / "finops-guard.yaml", "--costs", place / "focus.csv", "--at", AT, "-q"
    )


def inventory(place: Path, *resources: Resource) -> Path:
    path = place / "run.snapshot"
    spool.write(iter(resources), path, lambda: spool.Head(NOW, "", (), ()))
    return path


def accelerator(**tags: str) -> Resource:
    """One p5.48xlarge, an hour old, at 55.04 USD an hour."""
    young = machine(hour=None, since=NOW - timedelta(hours=1), region="us-east-1", tags=tags)
    young.facts["instance_type"] = "p5.48xlarge"
    return young


def documented(ran: Ran) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ran.out)
    assert found["schema"] == "finops-guard/budgets/1"
    return found


def test_a_table_says_what_is_used_and_where_it_goes_the_worst_first(place: Path) -> None:
    ran = budgets(place)
    assert (ran.code, ran.err.count("Traceback")) == (0, 0)
    lines = [line for line in ran.out.splitlines() if line[:1].isalpha() and " │" in line.replace("│", " │")]
    names = [line.split()[0] for line in lines if line.split()[0] in ("vision", "nlp", "untagged")]
    assert names == ["nlp", "vision", "untagged"]
    said = " ".join(ran.out.split())  # on a narrow screen lines are folded
    assert "billed 97 % forecast 121 %" in said
    assert "242.88 billed + unknown accrued of 250.00 EUR · 2026-11, 5 days left" in said
    assert "0.92 EUR for one USD, of 2026-11-01" in ran.out


def test_without_a_place_to_look_what_accrued_is_unknown_and_said_once(place: Path) -> None:
    ran = budgets(place)
    assert ran.out.count("what runs now is not known") == 1
    policy, bill = place / "finops-guard.yaml", place / "focus.csv"
    # A long path goes over lines.
    assert f"$finops-guardbudgetsaws--costs{bill}-p{policy}" in "".join(ran.out.split())
    for each in documented(budgets(place, "-f", "json"))["budgets"]:
        assert (each["accrued"], each["remaining"], each["accrued_percent"]) == (None, None, None)


def test_with_an_inventory_what_runs_accrues(place: Path) -> None:
    """An accelerator that nobody tagged, an hour old: no bill knows it, and its budget of the day is gone."""
    young = accelerator()
    ran = budgets(place, inventory(place, young), "-f", "json")
    assert ran.code == 0
    (untagged,) = [each for each in documented(ran)["budgets"] if each["name"] == "untagged"]
    assert (untagged["actual"], untagged["accrued"], untagged["accrued_percent"]) == ("0.00", "55.04", 110.1)
    assert untagged["unknown"] == []
    assert documented(ran)["budgets"][0]["name"] == "untagged"
    assert "░" in budgets(place, inventory(place, young)).out


def test_a_document_holds_every_amount(place: Path) -> None:
    found = documented(budgets(place, "-f", "json"))
    assert found["rates"] == [{"from": "USD", "to": "EUR", "rate": "0.92", "as_of": "2026-11-01"}]
    (file,) = found["files"]
    assert (file["rows"], file["refused"]) == (233, [])
    (nlp,) = [each for each in found["budgets"] if each["name"] == "nlp"]
    assert nlp | {"daily": len(nlp["daily"])} == {
        "name": "nlp",
        "period": "2026-11",
        "start": "2026-11-01T00:00:00Z",
        "end": "2026-12-01T00:00:00Z",
        "owner": None,
        "unit": "EUR",
        "metric": "effective",
        "limit": "250.00",
        "rolled_over": "0.00",
        "actual": "242.88",
        "accrued": None,
        "remaining": None,
        "used_percent": 97.2,
        "accrued_percent": None,
        "forecast": {
            "amount": "303.60",
            "low": "303.60",
            "high": "303.60",
            "percent": 121.4,
            "error_percent": 0.0,
            "method": "trailing 7 days",
            "because": None,
        },
        "burn_rate": 7.82,
        "billed_until": "2026-11-23T00:00:00Z",
        "unknown": [
            "what runs now is not known: no inventory was read",
            "1 billed row (12.00 CHF): no rate from CHF to EUR",
        ],
        "daily": 24,
    }


def test_a_table_for_spreadsheets(place: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(budgets(place, "-f", "csv").out)))
    assert [each["name"] for each in rows] == ["nlp", "vision", "untagged"]
    assert [rows[1][name] for name in ("owner", "actual", "accrued", "forecast")] == [
        "v@acme.example", "220.80", "", "276.00",
    ]  # fmt: skip


def test_a_refused_file_counts_not_at_all_and_is_an_error_after_the_output(place: Path) -> None:
    (place / "broken.csv").write_text("BilledCost\n1\n")
    ran = budgets(place, "--costs", place / "broken.csv", "-f", "json")
    assert ran.code == 2
    assert "refused: " in ran.err
    assert len(documented(ran)["budgets"]) == 3


def test_without_cost_data_only_what_runs_is_known(place: Path) -> None:
    path = inventory(place, accelerator(team="vision"))
    ran = finops_guard("budgets", path, "-p", place / "finops-guard.yaml", "--at", AT, "-q", "-f", "json")
    assert ran.code == 0
    (vision,) = [each for each in documented(ran)["budgets"] if each["name"] == "vision"]
    assert (vision["actual"], vision["accrued"], vision["forecast"]["amount"]) == (None, "50.64", None)


def test_a_policy_without_budgets_is_told_how_to_write_one(tmp_path: Path) -> None:
    path = tmp_path / "finops-guard.yaml"
    path.write_text("policy: acme\nowner: a@b.example\npacks: [{use: ai-tags}]\n")
    ran = finops_guard("budgets", "-p", path)
    assert ran.code == 2
    assert "policy acme has no budgets" in ran.err


def test_names_of_strangers_hold_no_control_byte(place: Path) -> None:
    (place / "budgets.csv").write_text("name,limit,currency,every\n=cmd\x1b[31m,10,EUR,month\n")
    (place / "finops-guard.yaml").write_text(POLICY + "  from: budgets.csv\n")
    assert "\x1b" not in budgets(place).out
    (row_,) = [each for each in csv.DictReader(io.StringIO(budgets(place, "-f", "csv").out)) if "cmd" in each["name"]]
    assert row_["name"].startswith("='") or row_["name"].startswith("'=")


def test_a_live_cloud_knows_nothing_of_the_past(place: Path) -> None:
    ran = budgets(place, "aws")
    assert ran.code == 2
    assert "what ran at a past time is in no live cloud" in ran.err
