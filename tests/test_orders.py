"""What acting needs, put together: a plan that is carried out later knows its budgets."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from finops_guard.language.policy import load_policy
from finops_guard.model import Identity, Money
from finops_guard.orders import as_planned, judge_of
from finops_guard.plan import plan
from finops_guard.plan.file import read_plan, write_plan
from tests.costs.budgeting import machine

AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
POLICY = """\
policy: acme
owner: finops@acme.example
mode: enforce
permit: [notify, tag, stop]
at_most: {stop: 9, tag: 9}
packs: [{use: budgets}]
notify: [{to: file, path: notices.jsonl}]
"""


def test_who_carries_out_a_plan_knows_of_budgets_what_the_plan_knew(tmp_path: Path) -> None:
    """Else whether a machine is over its budget would be unknown just before it is stopped for that."""
    (tmp_path / "finops-guard.yaml").write_text(POLICY)
    policy = load_policy(tmp_path / "finops-guard.yaml", date(2026, 11, 25))
    there = machine(hour=None, region="us-east-1", tags={"team": "vision"})
    there.fields |= {"budget.name": "vision", "budget.accrued_percent": 130.5, "budget.forecast_percent": 180.0}
    there.facts["budget"] = {"name": "vision", "over": Money(Decimal(9), "EUR"), "until": AT + timedelta(days=5)}
    found = list(judge_of(policy, lambda resources: iter([*resources]))([there], AT))
    over = [finding for finding in found if finding.rule.id == "budgets/over-budget"]
    assert [finding.verdict for finding in over] == ["fail"]
    steps = plan(over, policy, AT, mode="enforce", can=lambda _type, _verb: True)
    path = tmp_path / "plan.json"
    write_plan(path, steps, policy, AT, identities=[Identity("aws", "111122223333", "us")])
    fresh = machine(hour=None, region="us-east-1", tags={"team": "vision"})
    for known, verdict in ((None, "unknown"), (as_planned(policy, read_plan(path).steps, AT), "fail")):
        again = judge_of(policy, known)([fresh], AT)
        assert [each.verdict for each in again if each.rule.id == "budgets/over-budget"] == [verdict]
    assert fresh.facts["budget"] == there.facts["budget"]


def test_of_a_budget_whose_period_is_over_a_plan_knows_nothing(tmp_path: Path) -> None:
    (tmp_path / "finops-guard.yaml").write_text(POLICY)
    policy = load_policy(tmp_path / "finops-guard.yaml", date(2026, 11, 25))
    there = machine(hour=None, region="us-east-1", tags={"team": "vision"})
    there.fields |= {"budget.name": "vision", "budget.accrued_percent": 130.5, "budget.forecast_percent": 180.0}
    until = datetime(2026, 12, 1, tzinfo=UTC)
    there.facts["budget"] = {"name": "vision", "over": Money(Decimal(9), "EUR"), "until": until}
    found = judge_of(policy, lambda resources: iter([*resources]))([there], AT)
    over = [finding for finding in found if finding.rule.id == "budgets/over-budget"]
    path = tmp_path / "plan.json"
    steps = plan(over, policy, AT, mode="enforce", can=lambda _type, _verb: True)
    write_plan(path, steps, policy, AT, identities=[Identity("aws", "111122223333", "us")])
    fresh = machine(hour=None, region="us-east-1", tags={"team": "vision"})
    for at, verdict in ((until - timedelta(seconds=1), "fail"), (until, "unknown")):
        fresh = machine(hour=None, region="us-east-1", tags={"team": "vision"})
        again = judge_of(policy, as_planned(policy, read_plan(path).steps, at))([fresh], at)
        assert [each.verdict for each in again if each.rule.id == "budgets/over-budget"] == [verdict], at
    assert fresh.unknown["budget.name"] == "the period of its budget that the plan was made in ended on 2026-12-01"
