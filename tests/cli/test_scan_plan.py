"""`scan` of a plan: what is judged, what fails a pipeline, and the money of the whole."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Ran, finops_guard
from tests.sources.iac.planning import block, change, plan

POLICY = """\
policy: acme
owner: finops@acme.example
mode: {mode}
currency: USD
packs:
  - use: ai-tags
{more}"""
GUARDRAIL = "  - use: iac-guardrail\n    with: {most: 50000 USD, small: 100 USD, accelerators: 8}\n"
GOOD = {"project": "churn", "team": "vision", "workload-type": "training", "dataset": "faces", "model-version": "2"}


def machine(tags: object = None, kind: str = "p5.48xlarge") -> dict[str, object]:
    return {"instance_type": kind, "tags": tags, "tags_all": tags or {}}


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def scan(
    house: Path, *changes: dict[str, Any], mode: str = "enforce", more: str = "", options: tuple[str, ...] = ()
) -> Ran:
    (house / "finops-guard.yaml").write_text(POLICY.format(mode=mode, more=more))
    providers = {"aws": {"name": "aws", "expressions": {"region": {"constant_value": "us-east-1"}}}}
    names = {(each["type"], each["name"]): each for each in changes}
    document = plan(*changes, providers=providers, blocks=[block(*key) for key in names])
    (house / "plan.json").write_text(json.dumps(document))
    return finops_guard("scan", "plan.json", "-f", "json", "-q", *options)


def found(ran: Ran, rule: str = "") -> dict[str, str]:
    report = json.loads(ran.out)
    return {each["resource"]["id"]: each["verdict"] for each in report["findings"] if each["rule"].startswith(rule)}


def test_what_will_be_there_is_judged_and_what_stays_only_if_asked(house: Path) -> None:
    changes = [
        change("aws_instance", "new", machine()),
        change("aws_instance", "kept", machine(), actions=("no-op",), before=machine()),
        change("aws_instance", "gone", None, actions=("delete",), before=machine()),
    ]
    ran = scan(house, *changes)
    assert (ran.code, found(ran)) == (1, {"aws_instance.new": "fail"}), ran.err
    assert json.loads(ran.out)["totals"]["resources"] == 1
    ran = scan(house, *changes, options=("--all",))
    assert (ran.code, [*found(ran)]) == (1, ["aws_instance.kept", "aws_instance.new"])


@pytest.mark.parametrize(
    ("mode", "options", "code"),
    [
        ("enforce", (), 1),
        ("enforce", ("--mode", "dry-run"), 1),
        ("dry-run", (), 0),
        ("enforce", ("--fail-on", "critical"), 0),
        ("enforce", ("--fail-on", "never"), 0),
    ],
)
def test_only_a_binding_whose_mode_is_enforce_fails_a_pipeline(
    house: Path, mode: str, options: tuple[str, ...], code: int
) -> None:
    ran = scan(house, change("aws_instance", "new", machine()), mode=mode, options=options)
    assert (ran.code, found(ran)) == (code, {"aws_instance.new": "fail"}), ran.err


def test_a_binding_that_is_lowered_only_annotates(house: Path) -> None:
    lowered = "    mode: dry-run\n" + GUARDRAIL
    assert scan(house, change("aws_instance", "new", machine(kind="g5.xlarge")), more=lowered).code == 0
    ran = scan(house, *(change("aws_instance", f"new{n}", machine(GOOD)) for n in range(2)), more=lowered)
    assert (ran.code, found(ran, "iac-guardrail/accel")) == (1, {"plan": "fail"})


def test_unknown_counts_only_where_it_is_to(house: Path) -> None:
    late = change("aws_instance", "new", {"instance_type": "p5.48xlarge"}, {"tags": True, "tags_all": True})
    assert (scan(house, late).code, scan(house, late, options=("--unknown", "fail")).code) == (0, 1)
    assert scan(house, late, mode="dry-run", options=("--unknown", "fail")).code == 0


def test_block_fails_at_any_severity(house: Path) -> None:
    more = GUARDRAIL + "    severity: {accelerators-added: low}\n"
    two = [change("aws_instance", f"new{n}", machine(GOOD, kind="p4d.24xlarge")) for n in range(2)]
    ran = scan(house, *two, more=more, options=("--fail-on", "critical"))
    assert (ran.code, found(ran, "iac-guardrail/accel")) == (1, {"plan": "fail"})
    steps = {(each["do"], each["rule"]) for each in json.loads(ran.out)["steps"]}
    assert ("block", "iac-guardrail/accelerators-added") in steps
    assert not {do for do, _ in steps} & {"stop", "tag", "terminate"}
    assert scan(house, *two[:1], more=more, options=("--fail-on", "critical")).code == 0


@pytest.mark.parametrize(
    ("mode", "use", "code", "state", "why"),
    [
        ("enforce", "", 1, "due", "fails the pipeline at any severity, but for --fail-on never"),
        ("enforce", "    permit: [notify]\n", 1, "due", "fails the pipeline at any severity, but for --fail-on never"),
        ("enforce", "    mode: dry-run\n", 0, "refused", "binding 'iac-guardrail' is dry-run: it is told and fails no"),
        ("dry-run", "", 0, "refused", "the policy is dry-run: it is told and fails no pipeline"),
    ],
    ids=["enforce", "no permit", "lowered", "dry-run"],
)
def test_the_steps_and_the_exit_code_say_the_same_of_block(
    house: Path, mode: str, use: str, code: int, state: str, why: str
) -> None:
    more = GUARDRAIL + "    severity: {accelerators-added: low, monthly-cost: low}\n" + use
    two = [change("aws_instance", f"new{n}", machine(GOOD, kind="p4d.24xlarge")) for n in range(2)]
    ran = scan(
        house, *two, mode=mode, more=more, options=("-o", "table=t", "-o", "markdown=m", "--fail-on", "critical")
    )
    steps = [each for each in json.loads(ran.out)["steps"] if each["do"] == "block"]
    assert ran.code == code, ran.out
    assert {each["state"] for each in steps} == {state}
    assert all(each["because"].startswith(why) for each in steps), steps
    table = " ".join((house / "t").read_text().split())
    assert f"block {'now' if code else 'refused'}" in table
    assert f"| block | {'now' if code else 'refused'} |" in (house / "m").read_text()


def test_a_plan_that_adds_too_much_is_stopped_by_its_money(house: Path) -> None:
    ran = scan(house, *(change("aws_instance", f"new{n}", machine(GOOD)) for n in range(2)), more=GUARDRAIL)
    assert found(ran, "iac-guardrail/monthly-cost") == {"plan": "fail"}
    late = change("aws_instance", "late", {"tags": GOOD, "tags_all": GOOD}, {"instance_type": True})
    ran = scan(house, change("aws_instance", "new", machine(GOOD)), late, more=GUARDRAIL)
    assert found(ran, "iac-guardrail/monthly-cost") == {"plan": "unknown"}
    ran = scan(house, change("aws_instance", "new", machine(GOOD)), more=GUARDRAIL)
    assert (ran.code, found(ran, "iac-guardrail")) == (0, {})


def test_the_plan_itself_is_none_of_the_resources_that_fail(house: Path) -> None:
    told = ("-o", "table=t", "-o", "markdown=m")
    scan(house, *(change("aws_instance", f"new{n}", machine(None)) for n in range(2)), more=GUARDRAIL, options=told)
    assert "failing on 2 of 2 resources and 1 plan" in (house / "m").read_text("utf-8")
    assert "failing on 2 of them and 1 plan" in (house / "t").read_text("utf-8")
    scan(house, *(change("aws_instance", f"new{n}", machine(GOOD)) for n in range(2)), more=GUARDRAIL, options=told)
    assert "2 failing on 1 plan" in (house / "m").read_text("utf-8")


BILL = """\
BilledCost,EffectiveCost,ListCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,ProviderName,\
ServiceName,SubAccountId,ResourceId,RegionId,Tags
0,0,0,USD,2026-11-01T00:00:00Z,2026-11-02T00:00:00Z,Usage,AWS,EC2,1,i-0,us-east-1,
1000,1000,1000,USD,2026-11-20T00:00:00Z,2026-11-21T00:00:00Z,Usage,AWS,EC2,1,i-1,us-east-1,"{""team"": ""vision""}"
"""
BUDGET = """\
budgets:
  vision: {limit: 50000 USD, every: month, for: {tags: {team: vision}}}
"""


def test_a_plan_must_fit_in_what_is_left_of_its_team_s_budget(house: Path) -> None:
    costs = "costs: [{from: focus, path: bill.csv}]\n"
    (house / "bill.csv").write_text(BILL)
    more = GUARDRAIL.replace("50000", "900000") + BUDGET + costs
    ran = scan(house, change("aws_instance", "new", machine(GOOD)), more=more, options=("--at", "2026-11-25"))
    assert found(ran, "iac-guardrail/remaining") == {"plan/vision": "fail"}, ran.err
    assert ran.code == 1
    small = change("aws_instance", "new", machine(GOOD, kind="g5.xlarge"))
    ran = scan(house, small, more=more, options=("--at", "2026-11-25"))
    assert found(ran, "iac-guardrail/remaining") == {}, ran.out
    bare = [change("aws_instance", "new", machine({**GOOD, "team": "nlp"}))]
    assert found(scan(house, *bare, more=more, options=("--at", "2026-11-25")), "iac-guardrail/remaining") == {}


def test_a_plan_must_fit_in_the_rest_of_the_budget_of_any_tag(house: Path) -> None:
    (house / "bill.csv").write_text(BILL.replace('""team"": ""vision""', '""project"": ""churn""'))
    costs = "costs: [{from: focus, path: bill.csv}]\n"
    budget = "budgets:\n  churn: {limit: 50000 USD, every: month, for: {tags: {project: churn}}}\n"
    more = GUARDRAIL.replace("50000", "900000") + budget + costs
    new = change("aws_instance", "new", machine(GOOD))
    ran = scan(house, new, more=more, options=("--at", "2026-11-25"))
    assert (ran.code, found(ran, "iac-guardrail/remaining")) == (1, {"plan/budget/churn": "fail"}), ran.err
    rows = json.loads(ran.out)["deltas"]
    assert [(row["team"], row["budget"]) for row in rows] == [(None, None), ("vision", None), (None, "churn")]
    other = change("aws_instance", "new", machine({**GOOD, "project": "search"}))
    ran = scan(house, other, more=more, options=("--at", "2026-11-25"))
    assert (ran.code, found(ran, "iac-guardrail/remaining")) == (0, {}), ran.err


def test_a_plan_that_changes_nothing_adds_nothing_and_no_budget_fails_it_by_dry_run(house: Path) -> None:
    more = GUARDRAIL + "  - {use: budgets, mode: dry-run}\n" + BUDGET.replace("50000", "1")
    (house / "bill.csv").write_text(BILL)
    ran = scan(house, more=more, options=("--at", "2026-11-25", "--costs", "bill.csv"))
    report = json.loads(ran.out)
    assert {each["rule"] for each in report["findings"] if each["verdict"] == "fail"} >= {"budgets/spent"}
    assert (ran.code, report["totals"]["resources"]) == (0, 0), ran.err


def test_a_plan_is_read_from_standard_input_and_from_a_snapshot(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = scan(house, change("aws_instance", "new", machine()), options=("--snapshot-out", "kept.snapshot"))
    again = finops_guard("scan", "kept.snapshot", "-f", "json", "-q")
    assert (again.code, found(again)) == (1, found(ran))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((house / "plan.json").read_bytes())))
    piped = finops_guard("scan", "-", "-f", "json", "-q")
    assert (piped.code, found(piped)) == (1, found(ran))


def test_what_is_no_document_is_an_input_error(house: Path) -> None:
    (house / "finops-guard.yaml").write_text(POLICY.format(mode="enforce", more=""))
    (house / "empty").mkdir()
    (house / "state.json").write_text('{"format_version": "1.0", "terraform_version": "1.11.4", "values": {}}')
    for name in ("state.json", "empty"):
        ran = finops_guard("scan", name)
        assert (ran.code, ran.out) == (2, "")
        assert name in ran.err
        assert len(ran.err.splitlines()) <= 3, ran.err


def test_a_plan_is_not_acted_on(house: Path) -> None:
    ran = scan(house, change("aws_instance", "new", machine()), options=("--mode", "enforce"))
    assert ran.code == 2
    assert "only a live cloud can be acted on" in ran.err
