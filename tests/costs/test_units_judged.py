from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops_guard.costs.units_judged import unit_id, unit_resource, unit_resources
from finops_guard.evaluate import Evaluator
from finops_guard.language.policy import check_policy
from finops_guard.model import Money, Unknown, Verdict
from tests.costs.unit_costing import BOT, UNIT, bills, costs, policy, usage

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
TARGET = UNIT + "    target: 0.08 USD\n"
SPLIT = TARGET + "    by: [model-version]\n"


def verdicts(folder: Path, rows: Any, units: str = TARGET) -> dict[tuple[str, str], Verdict]:
    """(rule, id) -> verdict, of the shipped pack."""
    path = folder / "acme.yaml"
    policy(folder, units)
    path.write_text(path.read_text().replace("use: ai-tags", "use: unit-economics"))
    of, problems = check_policy(path)
    assert of is not None, problems
    evaluator = Evaluator(of.bindings, NOW, of.fx, include_pass=True)
    found = evaluator.judge(unit_resources(costs(folder, rows, of)))
    return {(each.rule.name, each.resource.id): each.verdict for each in found}


def test_a_unit_is_a_resource_with_its_tags_and_figures(tmp_path: Path) -> None:
    usage(tmp_path)
    (cost,) = costs(tmp_path, bills(), policy(tmp_path, TARGET))
    unit = unit_resource(cost)
    assert (unit.id, unit.kind, unit.text("type"), unit.text("name")) == (
        "unit/bot",
        "unit",
        "FinOpsGuard::Unit",
        "bot",
    )
    assert dict(unit.tags) == {"project": "bot"}
    assert unit.fields["unit_cost.cost"] == Money(Decimal("0.1"), "USD")
    assert unit.fields["unit_cost.target_percent"] == 125.0
    assert unit.fields["unit_cost.change_percent"] == pytest.approx(0)
    assert unit.fields["unit_cost.coverage_percent"] == 100.0
    assert unit.fields["accelerators.count"] is None
    assert unit.at == cost.unit.at


def test_a_part_is_a_resource_of_its_own_and_what_is_in_none_is_not(tmp_path: Path) -> None:
    (tmp_path / "usage.csv").write_text("date,count,model-version\n2026-11-20,5,v/1\n2026-11-21,5,v/1\n")
    rows = bills(tags={**BOT, "model-version": "v/1"}) + bills(tags={"project": "bot"})
    found = list(unit_resources(costs(tmp_path, rows, policy(tmp_path, SPLIT))))
    assert [each.id for each in found] == ["unit/bot", "unit/bot/v%2F1"]
    assert dict(found[1].tags) == {"project": "bot", "model-version": "v/1"}
    assert found[1].text("name") == "bot, model-version v/1"
    assert found[0].fields["unit_cost.coverage_percent"] == 50.0
    assert found[1].fields["unit_cost.coverage_percent"] is None


def test_ids_of_two_parts_never_meet(tmp_path: Path) -> None:
    (tmp_path / "usage.csv").write_text(
        "date,count,a,b\n2026-11-20,5,x/y,z\n2026-11-20,5,x,y/z\n2026-11-20,5,x%2Fy,z\n"
    )
    unit = UNIT + "    by: [a, b]\n"
    found = costs(tmp_path, bills(), policy(tmp_path, unit))
    ids = [unit_id(cost) for cost in found if None not in cost.key.values()]
    assert len(set(ids)) == len(ids) == 4


def test_what_is_not_known_says_why(tmp_path: Path) -> None:
    usage(tmp_path, count="0")
    (cost,) = costs(tmp_path, bills(), policy(tmp_path, TARGET))
    unit = unit_resource(cost)
    for name in ("cost", "change_percent", "target_percent"):
        assert unit.look(f"unit_cost.{name}") == Unknown("nothing was counted")
    assert unit.look("unit_cost.target") == Money(Decimal("0.08"), "USD")


def test_a_target_in_a_currency_without_a_rate_is_unknown(tmp_path: Path) -> None:
    usage(tmp_path)
    (cost,) = costs(tmp_path, bills(), policy(tmp_path, UNIT + "    target: 0.08 GBP\n"))
    why = Unknown("the policy has no rate from USD to GBP")
    assert unit_resource(cost).look("unit_cost.target_percent") == why


@pytest.mark.parametrize(
    ("rows", "count", "above", "dearer", "counted"),
    [
        (bills(cost="8"), "100", "pass", "pass", "pass"),
        (bills(cost="8.01"), "100", "fail", "pass", "pass"),
        (bills("2026-09-01", "2026-10-25", "5") + bills("2026-10-26", cost="5.76"), "100", "pass", "fail", "pass"),
        (bills("2026-09-01", "2026-10-25", "5") + bills("2026-10-26", cost="5.75"), "100", "pass", "pass", "pass"),
        (bills("2026-11-01", cost="8"), "100", "pass", "unknown", "pass"),
        (bills(cost="8"), "0", "unknown", "unknown", "unknown"),
        (None, "100", "unknown", "unknown", "unknown"),
    ],
)
def test_the_pack_judges_target_baseline_and_count(
    tmp_path: Path, rows: Any, count: str, above: Verdict, dearer: Verdict, counted: Verdict
) -> None:
    usage(tmp_path, count=count)
    found = verdicts(tmp_path, rows)
    assert found["above-target", "unit/bot"] == above
    assert found["dearer", "unit/bot"] == dearer
    assert found["counted", "unit/bot"] == counted


def test_cost_that_carries_no_key_is_a_finding_of_the_whole(tmp_path: Path) -> None:
    usage(tmp_path, count="100,v1")
    text = (tmp_path / "usage.csv").read_text().replace("date,count", "date,count,model-version")
    (tmp_path / "usage.csv").write_text(text)
    found = verdicts(tmp_path, bills(cost="4") + bills(cost="6", tags={"project": "bot"}), SPLIT)
    assert found["attributed", "unit/bot"] == "fail"
    assert ("attributed", "unit/bot/v1") not in found
