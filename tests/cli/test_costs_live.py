"""A billing API that refuses: said, exit 3, nothing it would have told is taken for nothing spent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from finops_guard.state import spool
from tests.cli.command import Ran, finops_guard
from tests.costs.answering import answering
from tests.costs.budgeting import NOW, days, ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

POLICY = """\
policy: acme
owner: finops@acme.example
packs: [{use: budgets}]
costs: [{from: focus, path: focus.csv}, {from: azure-cost-management, scope: subscriptions/s1}]
budgets: {vision: {limit: 1000 USD, every: month, for: {tags: {team: vision}}}}
"""
AT = "2026-11-25T12:00:00Z"
SAID = "azure-cost-management: 127.0.0.1 answered 403"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "finops-guard.yaml").write_text(POLICY)
    ledger(tmp_path, days("2026-11-01", "2026-11-24", "10", tags={"team": "vision"})).close()
    spool.write(iter(()), tmp_path / "empty.snapshot", lambda: spool.Head(NOW, "", (), ()))
    with answering(lambda _: (403, {}, {"error": {"message": "secret words"}})) as here:
        monkeypatch.setenv("FINOPS_GUARD_AZURE_ENDPOINT", here.url)
        yield tmp_path


def told(ran: Ran) -> None:
    assert (ran.code, "Traceback" in ran.err, "secret" in ran.out + ran.err) == (3, False, False), ran
    assert SAID in ran.out + ran.err


@pytest.mark.usefixtures("place")
def test_costs_says_what_it_lacks() -> None:
    ran = finops_guard("costs", "-p", "finops-guard.yaml", "-f", "json")
    told(ran)
    assert json.loads(ran.out)["files"][0]["total"]["effective"] == {"USD": "240"}


@pytest.mark.usefixtures("place")
def test_budgets_says_so_of_each() -> None:
    ran = finops_guard("budgets", "--at", AT, "-f", "json")
    told(ran)
    found = json.loads(ran.out)
    assert [gap["type"] for gap in found["gaps"]] == ["azure-cost-management"]
    assert any(SAID.partition(":")[2] in said for said in found["budgets"][0]["unknown"])


@pytest.mark.usefixtures("place")
def test_a_scan_knows_of_no_budget_that_it_holds() -> None:
    ran = finops_guard("scan", "empty.snapshot", "--at", AT, "--state", "none", "-f", "json")
    told(ran)
    found = json.loads(ran.out)
    assert {row["rule"]: (row["pass"], row["unknown"]) for row in found["coverage"]}["budgets/nearly-spent"] == (0, 1)
    assert [gap["type"] for gap in found["gaps"]] == ["azure-cost-management"]
