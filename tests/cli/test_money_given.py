"""What strangers give the commands about money: one rule of currency, no false 0, and steps that can be pasted."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from tests.cli.command import Ran, finops_guard
from tests.costs.ledger.books import ROW, text

AT = "2026-11-25T12:00:00Z"
DAYS = [{"ChargePeriodStart": f"2026-11-{day:02}T00:00:00Z", "ChargePeriodEnd": f"2026-11-{day + 1:02}T00:00:00Z"}
        for day in range(1, 24)]  # fmt: skip
POLICY = """\
policy: acme
owner: finops@acme.example
currency: EUR
fx: {{USD: {{EUR: 0.92, as_of: 2026-11-01}}}}
costs: [{{from: focus, path: bill.csv{more}}}]
packs: [{{use: ai-tags}}]
budgets:
  vision: {{limit: 400 EUR, every: month, for: {{tags: {{team: vision}}}}}}
units:
  bot: {{of: prediction, cost: {{for: {{tags: {{team: vision}}}}}}, count: {{from: csv, path: usage.csv}}}}
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, with counts."""
    folder = tmp_path / "our policies"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (folder / "usage.csv").write_text(
        "date,count\n" + "".join(f"{day['ChargePeriodStart'][:10]},100\n" for day in DAYS)
    )
    return folder


def given(place: Path, more: str = "", *, without: str = "", **cells: str) -> None:
    """A policy over a bill of 1.25 a day."""
    columns = [name for name in ROW if name != without]
    (place / "bill.csv").write_text(text([{**day, **cells} for day in DAYS], columns))
    (place / "finops-guard.yaml").write_text(POLICY.format(more=more))


def commands() -> list[Ran]:
    """All that reads the bill, with the policy."""
    policy = ("-p", "finops-guard.yaml", "-f", "json")
    return [
        finops_guard("costs", *policy),
        finops_guard("budgets", "--at", AT, *policy),
        finops_guard("units", "--at", AT, *policy),
    ]


@pytest.mark.parametrize("bare", [{"without": "BillingCurrency"}, {"BillingCurrency": ""}])
def test_rows_without_a_currency_are_refused_everywhere_unless_the_policy_states_one_of_them(
    place: Path, bare: dict[str, str]
) -> None:
    given(place, **bare)
    for ran in commands():
        assert ran.code == 2, ran.err
        assert "refused: bill.csv" in ran.err
        assert "BillingCurrency" in ran.err
    given(place, ", currency: USD", **bare)
    costs, budgets, units = commands()
    assert [costs.code, budgets.code, units.code] == [0, 0, 0]
    assert json.loads(costs.out)["total"] == {"EUR": "26.45"}  # 23 days of 1.25 USD at 0.92
    assert json.loads(budgets.out)["budgets"][0]["actual"] == "26.45"
    assert json.loads(units.out)["units"][0]["unit_cost"] == "0.0115"


def test_a_bill_in_a_currency_without_a_rate_is_no_budget_of_0(place: Path) -> None:
    given(place, BillingCurrency="CHF")
    costs, budgets, _ = commands()
    assert "no rate from CHF to EUR: what is in CHF stays in it" in costs.err
    (budget,) = json.loads(budgets.out)["budgets"]
    assert (budget["actual"], budget["used_percent"], budget["forecast"]["amount"]) == (None, None, None)
    assert budget["unknown"][-1] == "23 billed rows (28.75 CHF): no rate from CHF to EUR"


@pytest.mark.parametrize("at", ["2026-10-15", "2027-03-01"])
def test_bills_of_another_time_are_no_budget_of_0(place: Path, at: str) -> None:
    given(place)
    ran = finops_guard("budgets", "--at", at, "-f", "json")
    assert json.loads(ran.out)["budgets"][0]["actual"] is None


def test_days_without_rows_are_said_to_be_none(place: Path) -> None:
    given(place)
    ran = finops_guard("costs", "bill.csv", "--since", "2027-01-01")
    assert ran.out.startswith("0 effective; 0 rows of 1 file\n") or "0 rows of 1 file; complete" in ran.out
    assert "charges from" not in ran.out
    assert "no row lies in these days: charges are from 2026-11-01 to 2026-11-23" in ran.err


def test_sums_beyond_what_can_be_counted_are_refused(place: Path) -> None:
    given(place, EffectiveCost="99999999999999999999")
    ran = finops_guard("costs", "bill.csv")
    assert ran.code == 2
    assert "refused: bill.csv: adds up to more than 20 digits before the point" in ran.err
    for name in ("one", "two"):
        cells = {"EffectiveCost": "99999999999999999999", "ServiceName": name}
        (place / f"{name}.csv").write_text(text([{**DAYS[0], **cells}]))
    both = finops_guard("costs", "one.csv", "two.csv")
    assert both.code == 2
    assert "cost rows add up to more than 20 digits before the point" in both.err


def test_a_refused_file_is_named_once(place: Path) -> None:
    given(place)
    (place / "bill.csv").write_text("hello\n1\n")
    ran = finops_guard("budgets", "--at", AT)
    assert "not read: bill.csv: is no cost data we know" in ran.out


def steps(ran: Ran) -> list[list[str]]:
    """The commands that are suggested, as a shell reads them."""
    lines = [line.removeprefix("$ ") for line in ran.out.splitlines() if line.startswith("$ ")]
    return [shlex.split(line) for line in lines]


def test_suggested_commands_are_quoted_and_hold_what_was_given(place: Path) -> None:
    given(place)
    policy, bill = place / "finops-guard.yaml", place / "bill.csv"
    (step,) = steps(finops_guard("budgets", "-p", "finops-guard.yaml", "--costs", "bill.csv", "--at", AT))
    assert step == ["finops-guard", "budgets", "aws", "--costs", "bill.csv", "-p", "finops-guard.yaml"]
    (place / "a b.yaml").write_text(policy.read_text())
    for step in steps(finops_guard("units", "-p", "a b.yaml", "--costs", bill, "--at", AT)):
        assert step[-2:] == ["-p", "a b.yaml"]
        assert finops_guard(*step[1:]).code == 0


@pytest.mark.parametrize("command", ["costs", "budgets", "units", "scan"])
def test_without_duckdb_the_extra_is_named(place: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    given(place)
    (place / "estate.csv").write_text("kind,id\nvm,i-1\n")
    monkeypatch.setitem(sys.modules, "duckdb", None)
    ran = finops_guard(command, *(["estate.csv"] if command == "scan" else []), "-p", "finops-guard.yaml", "-q")
    assert (ran.code, ran.out) == (2, "")
    assert "read with DuckDB, which is not installed\npip install 'finops-guard-engine[costs]'" in ran.err


def test_a_cache_that_cannot_be_written_is_done_without(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given(place)
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "usage.csv"))
    assert json.loads(commands()[0].out)["total"] == {"EUR": "26.45"}


@pytest.mark.parametrize("command", ["budgets", "units"])
def test_a_target_that_is_none_is_refused_whether_it_is_needed_or_not(place: Path, command: str) -> None:
    given(place)
    ran = finops_guard(command, "nowhere.snapshot", "--at", AT)
    assert (ran.code, ran.out) == (2, "")
    assert "no such target: nowhere.snapshot" in ran.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("date,count\n2026-13-01,5\n", "usage.csv:2:1: '2026-13-01' is not a day"),
        ("date,count\n2026-11-01,-5\n", "usage.csv:2:2: '-5' is not a count"),
        ("day,n\n2026-11-01,5\n", "usage.csv:1:1: no column 'date'"),
    ],
)
def test_counts_that_cannot_be_used_are_refused_where_they_are_wrong(place: Path, content: str, said: str) -> None:
    given(place)
    (place / "usage.csv").write_text(content)
    ran = finops_guard("units", "--at", AT)
    assert ran.code == 2
    assert f"refused: {said}" in ran.err
    assert "n/a" in ran.out
