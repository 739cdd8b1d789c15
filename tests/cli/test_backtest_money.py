"""Backtests of rules about money: judged as of each snapshot by the bills that are given, else named as not judged."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from finops_guard.cli import _acts
from finops_guard.model import Resource
from finops_guard.state import spool
from tests.acceptance.test_budget_alerts import ONCE, POLICY, VISION, machines, swinging
from tests.cli.command import Ran, finops_guard
from tests.costs.budgeting import days, ledger

DAYS = range(1, 31, 3)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(_acts, "now_utc", lambda: datetime(2026, 12, 1, tzinfo=UTC))
    (tmp_path / "finops-guard.yaml").write_text(POLICY.replace("costs: [{from: focus, path: focus.csv}]\n", ""))
    (tmp_path / "snapshots").mkdir()
    return tmp_path


def kept(place: Path, *found: Resource) -> None:
    for day in DAYS:
        at = datetime(2026, 11, day, 12, tzinfo=UTC)
        spool.write(iter(found), place / f"snapshots/{day}", lambda at=at: spool.Head(at, "", (), ()))  # type: ignore[misc] # a time


def backtest(place: Path, *more: object) -> Ran:
    policy = place / "finops-guard.yaml"
    return finops_guard("backtest", "-p", policy, "--snapshots", place / "snapshots", "-f", "json", *more)


def notices(ran: Ran) -> Counter[str]:
    assert ran.code == 0, ran.err
    told: dict[str, Any] = json.loads(ran.out)
    return Counter(deed["rule"] for deed in told["acts"] if deed["resource"] == "budget/vision/2026-11")


def test_a_breach_is_told_once_as_in_reality(place: Path) -> None:
    kept(place)
    with ledger(place, swinging(30), datetime(2026, 12, 1, tzinfo=UTC)):
        pass
    ran = backtest(place, "--costs", place / "focus.csv")
    assert notices(ran) == Counter({rule: n for rule, n in ONCE.items() if rule in notices(ran)})
    assert {"budgets/nearly-spent", "budgets/spent", "budgets/forecast"} <= notices(ran).keys()
    assert json.loads(ran.out)["not_judged"] == []
    first = min(deed["at"] for deed in json.loads(ran.out)["acts"] if deed["rule"] == "budgets/spent")
    assert first == "2026-11-13T12:00:00Z", "not before it was spent"


def test_without_cost_data_every_rule_about_money_is_named(place: Path) -> None:
    kept(place)
    ran = backtest(place)
    assert notices(ran) == Counter()
    said = json.loads(ran.out)
    assert set(ONCE) <= set(said["not_judged"])
    assert "budgets/spent: not judged, no cost data was given (--costs)" in said["remarks"]
    table = finops_guard("backtest", "-p", place / "finops-guard.yaml", "--snapshots", place / "snapshots")
    assert "budgets/spent: not judged, no cost data was given (--costs)" in table.out


def test_a_file_that_cannot_be_read_is_no_empty_bill(place: Path) -> None:
    kept(place)
    (place / "focus.csv").write_text("what,is,this\n1,2,3\n")
    ran = backtest(place, "--costs", place / "focus.csv")
    assert (ran.code, "focus.csv" in ran.err) == (2, True), ran.err


def test_what_a_budget_stops_counts_as_stopped_in_later_snapshots(place: Path) -> None:
    (place / "finops-guard.yaml").write_text(
        (place / "finops-guard.yaml").read_text()
        .replace("permit: [notify]", "permit: [notify, tag, stop]\nat_most: {stop: 9, tag: 9}")
        .replace("{use: budgets}", "{use: budgets, with: {stop-at: 1%}}")
        .replace("1000 USD", "100 USD")
    )  # fmt: skip
    kept(place, *machines(datetime(2026, 11, 1, 12, tzinfo=UTC)))
    with ledger(place, days("2026-06-01", "2026-11-30", "50", tags=VISION), datetime(2026, 12, 1, tzinfo=UTC)):
        pass
    ran = backtest(place, "--costs", place / "focus.csv")
    assert ran.code == 0, ran.err
    said = json.loads(ran.out)
    stops = Counter(deed["resource"][-1] for deed in said["acts"] if deed["do"] == "stop")
    assert stops == {"a": 1, "b": 1, "c": 1}
    assert any(float(rule["saved"].get("USD", 0)) > 0 for rule in said["rules"])
