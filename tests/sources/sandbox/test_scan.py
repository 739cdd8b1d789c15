"""The scan that users see first: the real source, packs and policy over the running estate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from finops_guard.language.policy import check_policy
from finops_guard.model import Gap, Report
from finops_guard.pipeline import Request, run
from finops_guard.sources import sandbox
from finops_guard.sources.sandbox.estate import Estate
from tests.sources.sandbox.conftest import NOW


@pytest.fixture(scope="module")
def report() -> Iterator[Report]:
    with sandbox.start(now=NOW) as box, sandbox.applied(box.environment):
        policy, problems = check_policy(box.policy_path, NOW.date())
        assert policy is not None
        assert not problems
        yield run(Request(policy=policy, at=NOW, targets=("aws",), include_pass=True, jobs=2))


def test_everything_is_seen_once(report: Report, estate: Estate) -> None:
    items = Counter(item.kind for item in estate.items)
    disks = items["instance"] + sum("data" in item.facts for item in estate.items)
    unread = sum(
        any((c.account, c.region) == (i.account, i.region) for c in estate.denied) and i.kind == "log_group"
        for i in estate.items
    )
    ended = sum(
        item.kind == "training_job" and "runs" in item.facts and item.created < NOW - timedelta(days=30)
        for item in estate.items
    )
    payer = 1
    assert report.resources == items.total() + disks + items["nat_gateway"] + payer - unread - ended


def test_the_only_gap_is_the_denied_cell(report: Report, estate: Estate) -> None:
    (cell,) = estate.denied
    reason = "AccessDenied logs:DescribeLogGroups"
    assert report.gaps == (Gap("aws", cell.account, cell.region, "AWS::Logs::LogGroup", reason),)
    assert not report.complete


def test_the_right_and_the_wrong_are_told_apart(report: Report) -> None:
    verdicts = {(f.resource.text("name"), f.verdict) for f in report.findings if f.rule.id == "ai-tags/whose"}
    assert ("dijkscan-live-01", "pass") in verdicts
    assert {name for name, verdict in verdicts if verdict == "fail"} >= {"meldpunt-teacher", "demo-nb-01"}
    coverage = {row.rule: row.percent for row in report.coverage}
    assert coverage["ai-tags/whose"] is not None
    assert 45 < coverage["ai-tags/whose"] < 75


def test_the_bill_is_fresh_and_not_all_of_it_is_somebodys(report: Report, estate: Estate) -> None:
    found = {(f.rule.id, f.verdict): f for f in report.findings if f.rule.id.startswith("cost-readiness/")}
    assert {rule.partition("/")[2]: verdict for rule, verdict in found} == {
        "exported": "pass",
        "fresh": "pass",
        "activated": "pass",
        "spelled": "fail",
        "attributed": "fail",
    }
    spelled = found["cost-readiness/spelled", "fail"].resource
    assert spelled.fields["exports.misspelled_keys"] == "model_version"
    assert spelled.fields["cost.month"] is None  # a bill has no price of its own
    assert (spelled.fields["account"], spelled.text("name")) == (estate.management.id, estate.management.name)


def test_there_is_money_to_save(report: Report) -> None:
    assert report.saves_month["EUR"] > 10_000
    assert any(step.do == "stop" and step.state == "scheduled" for step in report.steps)
