"""`costs`: what goes where, how it ends, and that strangers' text does no harm."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.cli.command import Ran, finops_guard
from tests.cli.house import ROOT
from tests.costs.test_allocation import POLICY, Row, row

SCHEMA = json.loads((ROOT / "schema/costs.json").read_text("utf-8"))
EVIL = '=HYPERLINK("http://x")|`a`<b>\x1b[31m'


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "policy.yaml").write_text(POLICY, "utf-8")
    return tmp_path


@pytest.fixture
def bill(house: Path) -> Callable[..., str]:
    def written(*rows: Row, name: str = "bill.csv") -> str:
        with (house / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return name

    return written


def told(ran: Ran) -> Any:
    report = json.loads(ran.out)
    Draft202012Validator(SCHEMA).validate(report)
    return report


def test_the_schema_is_one_and_closed() -> None:
    Draft202012Validator.check_schema(SCHEMA)

    def closed(node: object, path: str) -> None:
        if isinstance(node, dict):
            if "properties" in node:
                assert node.get("additionalProperties") is False, path
                assert sorted(node["required"]) == sorted(node["properties"]), path
            for key, value in node.items():
                closed(value, f"{path}/{key}")

    closed(SCHEMA, "")


def test_json_is_what_the_contract_says(bill: Callable[..., str]) -> None:
    name = bill(row("1.250000000000000001", {"team": "vision"}), row("2.75", BilledCost="3"))
    ran = finops_guard("costs", name, "-f", "json")
    assert (ran.code, ran.err) == (0, "")
    report = told(ran)
    assert report["schema"] == "finops-guard/costs/1"
    (file,) = report["files"]
    assert (file["path"], file["format"], file["rows"], file["refused"]) == ("bill.csv", "focus-1.3", 2, [])
    assert file["total"]["effective"] == {"USD": "4.000000000000000001"}
    assert file["total"]["billed"] == {"USD": "4.250000000000000001"}
    assert report["by"] == [
        {"key": {"team": None}, "cost": {"USD": "2.75"}, "rows": 1},
        {"key": {"team": "vision"}, "cost": {"USD": "1.250000000000000001"}, "rows": 1},
    ]


def test_what_the_provider_allocated_is_grouped_as_asked(bill: Callable[..., str]) -> None:
    shared = {"AllocatedMethodId": "even", "AllocatedTags": '{"cost-center": "cc-1"}'}
    name = bill(row("5", {"cost-center": "cc-9"}, **shared), row("7", {"cost-center": "cc-9"}))
    report = told(finops_guard("costs", name, "--by", "cost-center", "-f", "json"))
    assert report["allocated"] == [{"method": "even", "key": {"cost-center": "cc-1"}, "cost": {"USD": "5"}, "rows": 1}]
    shown = finops_guard("costs", name, "--by", "cost-center").out
    assert "even cc-1 1 5.00 USD" in " ".join(shown.split())


def test_a_policy_converts_what_it_has_a_rate_for(bill: Callable[..., str]) -> None:
    name = bill(row("3", {"team": "nlp"}), row("5", {"team": "nlp"}, BillingCurrency="GBP"))
    report = told(finops_guard("costs", name, "-p", "policy.yaml", "--by", "team,service", "-f", "json"))
    assert report["files"][0]["total"]["effective"] == {"GBP": "5", "USD": "3"}
    assert report["by"][0] == {
        "key": {"team": "nlp", "service": "Amazon EC2"},
        "cost": {"EUR": "1.5", "GBP": "5"},
        "rows": 2,
    }
    assert report["allocation"]["share"] is None, "no share of two currencies"


def test_a_file_that_cannot_be_opened_is_refused_and_the_others_count(house: Path, bill: Callable[..., str]) -> None:
    (house / "bills").mkdir()
    bill(row("3"), name="bills/good.csv")
    (house / "bills/gone.csv").symlink_to("nowhere.csv")
    ran = finops_guard("costs", "bills", "-f", "json")
    assert ran.code == 2
    assert "refused: bills/gone.csv: cannot be opened: No such file or directory" in ran.err
    assert sorted(file["rows"] for file in told(ran)["files"]) == [0, 1]


def test_a_refused_file_does_not_count_and_the_others_do(bill: Callable[..., str]) -> None:
    good, bad = bill(row("3")), bill(row("2"), row("twelve"), name="bad.csv")
    for shape in ("table", "json", "csv", "markdown"):
        ran = finops_guard("costs", good, bad, "-f", shape)
        assert ran.code == 2
        assert "refused: bad.csv:2:EffectiveCost: 'twelve' is no amount" in ran.err
    report = told(finops_guard("costs", good, bad, "-f", "json"))
    assert report["total"] == {"USD": "3"}
    assert [bool(file["refused"]) for file in report["files"]] == [False, True]


def test_the_same_file_twice_counts_once(bill: Callable[..., str]) -> None:
    name = bill(row("3"))
    assert told(finops_guard("costs", name, name, "-f", "json"))["total"] == {"USD": "3"}


def test_metric_and_period(bill: Callable[..., str]) -> None:
    name = bill(
        row("1", BilledCost="10"),
        row("2", BilledCost="20", ChargePeriodStart="2026-11-11", ChargePeriodEnd="2026-11-12"),
        row("4", BilledCost="40", ChargePeriodStart="2026-11-12", ChargePeriodEnd="2026-11-13"),
    )
    args = ("costs", name, "-f", "json", "--metric", "billed", "--since", "2026-11-11", "--until", "2026-11-11")
    report = told(finops_guard(*args))
    assert (report["total"], report["metric"]) == ({"USD": "20"}, "billed")
    assert report["period"]["until"] == "2026-11-12T00:00:00Z"
    ran = finops_guard("costs", name, "--since", "2026-11-12", "--until", "2026-11-11")
    assert (ran.code, ran.out) == (2, "")
    assert "--since lies behind --until" in ran.err


def test_csv_has_a_row_for_each_group_and_currency(bill: Callable[..., str]) -> None:
    name = bill(row("1.10", {"team": "a"}), row("2", {"team": "a"}, BillingCurrency="EUR"), row("3"))
    ran = finops_guard("costs", name, "-f", "csv")
    assert list(csv.reader(io.StringIO(ran.out))) == [
        ["team", "cost", "currency", "rows"],
        ["", "3", "USD", "1"],
        ["a", "2", "EUR", "2"],
        ["a", "1.1", "USD", "2"],
    ]


def test_the_table_says_what_matters(bill: Callable[..., str]) -> None:
    name = bill(
        row("1234.57", {"team": "vision", "project": "churn", "workload-type": "training"}),
        row("0.001", {"team": "npl", "Team": "npl"}, ServiceName="B"),
        row("40", SkuMeter="EU-NatGateway-Bytes"),
        row("7", PublisherName="Red Hat Inc.", ChargeCategory="Purchase"),
    )
    ran = finops_guard("costs", name, "-p", "policy.yaml")
    assert ran.code == 0
    shown = " ".join(ran.out.split())
    assert "640.79 EUR effective; 4 rows of 1 file; charges from 2026-11-10 to 2026-11-10" in shown
    assert "vision 617.28 EUR 96.3 %" in shown, "half to even"
    assert "npl (no team; did you mean 'nlp'?) < 0.01 EUR" in shown
    assert "96.9 % of usage tags as ai-tags/whose wants them" in shown
    assert "nat 20.00 EUR 100.0 %" in shown
    assert "Red Hat Inc. Amazon EC2 Purchase 3.50 EUR" in shown
    assert "team 'team' 2, 'Team' 1" in shown


def test_strangers_text_does_no_harm(bill: Callable[..., str]) -> None:
    name = bill(row("1", {"team": EVIL, EVIL: "x", "project": EVIL}, ServiceName=EVIL, SubAccountName=EVIL))
    for shape in ("table", "json", "csv", "markdown"):
        ran = finops_guard("costs", name, "-f", shape, "--by", "team,service", "-v")
        assert ran.code == 0
        assert "\x1b" not in ran.out + ran.err
        if shape == "csv":
            assert all(not cell.startswith("=") for line in csv.reader(io.StringIO(ran.out)) for cell in line)
        if shape == "markdown":
            assert "<b>" not in ran.out
            assert "`a`" not in ran.out.replace("\\`", "")


def test_a_name_that_no_row_has_is_questioned(bill: Callable[..., str]) -> None:
    name = bill(row("1", {"team": "a"}))
    ran = finops_guard("costs", name, "--by", "servce", "-f", "csv")
    assert ran.code == 0
    assert "no row has the tag 'servce' (did you mean 'service'?)" in ran.err
    assert finops_guard("costs", bill(row("1")), "-f", "csv").err == "", "nobody asked for a team"


def test_what_cannot_be_read_is_said_before_anything(house: Path, bill: Callable[..., str]) -> None:
    for args, what in (
        ((), "nothing to read"),
        (("-p", "policy.yaml"), "nothing to read"),
        (("nowhere.csv",), "nowhere.csv"),
        ((bill(row("1")), "--metric", "effectve"), "did you mean 'effective'?"),
        ((bill(row("1")), "--default-currency", "euro"), "is no currency"),
        (("sandbox", bill(row("1"))), "the sandbox's bills are read alone"),
    ):
        ran = finops_guard("costs", *args)
        assert (ran.code, ran.out) == (2, ""), args
        assert what in ran.err, args
    assert house.is_dir()


def test_a_policy_names_its_sources(house: Path, bill: Callable[..., str]) -> None:
    (house / "policies").mkdir()
    text = f"{POLICY}costs: [{{from: focus, path: ../{bill(row('3'))}}}]\n"
    (house / "policies/acme.yaml").write_text(text, "utf-8")
    report = told(finops_guard("costs", "-p", "policies/acme.yaml", "-f", "json"))
    assert report["total"] == {"EUR": "1.5"}


def test_rows_without_a_currency_need_one(bill: Callable[..., str]) -> None:
    name = bill(row("3", BillingCurrency=""))
    assert finops_guard("costs", name, "-f", "json").code == 2
    report = told(finops_guard("costs", name, "--default-currency", "CHF", "-f", "json"))
    assert report["total"] == {"CHF": "3"}
    assert any("without a currency" in note for note in report["files"][0]["notes"])


def test_the_sandbox_is_billed_too(house: Path) -> None:
    report = told(finops_guard("costs", "sandbox", "-f", "json"))
    assert len(report["files"]) in (3, 4)
    assert report["total"].keys() == {"EUR"}
    assert Decimal(report["total"]["EUR"]) > 1_000_000
    assert house.is_dir()


def test_a_long_table_is_cut_and_counted(bill: Callable[..., str]) -> None:
    name = bill(*(row(str(place + 1), {"team": f"t{place:02}"}) for place in range(20)))
    ran = finops_guard("costs", name)
    assert "+8 more, -v for all" in ran.out
    assert "t00" not in ran.out.split("Services")[0]
    whole = finops_guard("costs", name, "-v")
    assert "more, -v for all" not in whole.out
    assert "t00" in whole.out
