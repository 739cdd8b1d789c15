"""Budgets from end to end: daily enforcing runs over real bills, and who is told how often."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from finops_guard.language.policy import load_policy
from finops_guard.model import Report, Resource
from finops_guard.pipeline import Request, run
from finops_guard.state import history, spool
from finops_guard.state.store import open_store
from tests.costs.budgeting import Row, days, ledger, machine, row

POLICY = """\
policy: acme
owner: finops@acme.example
mode: enforce
permit: [notify]
state: state
costs: [{from: focus, path: focus.csv}]
packs: [{use: budgets}]
budgets:
  vision: {limit: 1000 USD, every: month, for: {tags: {team: vision}}}
notify: [{to: file, path: notices.jsonl}]
"""
VISION = {"team": "vision"}
ONCE = {f"budgets/{name}": 1 for name in ("nearly-spent", "spent", "accrued", "forecast", "burns-fast")}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "finops-guard.yaml").write_text(POLICY)
    return tmp_path


def enforced(place: Path, at: datetime, rows: list[Row]) -> Report:
    """An enforcing run at that time, over the bills that there are by then and an inventory of nothing."""
    with ledger(place, rows, at):
        pass
    empty = place / "inventory.snapshot"
    nothing: list[Resource] = []
    spool.write(iter(nothing), empty, lambda: spool.Head(at, "", (), ()))
    loopback = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "XDG_CACHE_HOME": str(place / "cache")}
    clock = iter(at + timedelta(milliseconds=n) for n in range(10_000))
    return run(
        Request(
            policy=load_policy(place / "finops-guard.yaml", at.date()),
            at=at,
            targets=(str(empty),),
            mode="enforce",
            environ=loopback,
            clock=lambda: next(clock),
        )
    )


def told(place: Path) -> Counter[tuple[str, str]]:
    """How often each rule was told of each budget and period."""
    path = place / "notices.jsonl"
    notices = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    items = [item for notice in notices for group in notice["groups"] for item in group["items"]]
    return Counter((item["rule"], item["resource"]["id"]) for item in items)


def swinging(last: int) -> list[Row]:
    """Credits come and go: what is billed is 1,010 one day and 990 the next, of 1,000."""
    rows = days("2026-06-01", "2026-10-31", "30", tags=VISION)
    rows += days("2026-11-01", "2026-11-10", "99", tags=VISION)
    for day in range(11, last + 1):
        cost, category = ("20", "Usage") if day % 2 else ("-20", "Credit")
        rows.append(row(f"2026-11-{day:02}", cost, ChargeCategory=category, tags=VISION))
    return rows


def test_spend_that_swings_around_a_limit_for_thirty_days_is_told_once_a_threshold(place: Path) -> None:
    over = []
    for day in range(1, 31):
        report = enforced(place, datetime(2026, 11, day, 12, tzinfo=UTC), swinging(day - 1))
        assert report.barred is None
        (status,) = report.budgets
        assert status.actual is not None
        over.append(status.actual >= 1000)
    assert over.count(True) > 5
    assert over[11:].count(False) > 5
    assert {rule: count for (rule, id_), count in told(place).items() if id_ == "budget/vision/2026-11"} == ONCE


def test_the_same_run_again_tells_nothing_and_another_period_tells_anew(place: Path) -> None:
    november, december = datetime(2026, 11, 14, 12, tzinfo=UTC), datetime(2026, 12, 12, 12, tzinfo=UTC)
    for _ in range(2):
        enforced(place, november, days("2026-06-01", "2026-11-13", "90", tags=VISION))
    spent = ("budgets/spent", "budget/vision/2026-11")
    assert told(place)[spent] == 1
    for _ in range(2):
        enforced(place, december, days("2026-06-01", "2026-12-11", "95", tags=VISION))
    assert (told(place)[spent], told(place)["budgets/spent", "budget/vision/2026-12"]) == (1, 1)
    records = history.fold(open_store("state", place)).records.values()
    ended = {record.about.resource: record.why for record in records if record.about.rule == "budgets/spent"}
    assert ended == {"budget/vision/2026-11": "the resource is gone", "budget/vision/2026-12": None}


def machines(at: datetime) -> list[Resource]:
    """Three accelerators that began an hour ago: one may be interrupted, one is for development, one is production."""
    made = []
    for name, kind, tags in (
        ("i-0000000000000000a", "g5.48xlarge", {"interruptible": "yes", "environment": "prod"}),
        ("i-0000000000000000b", "p5.48xlarge", {"environment": "dev"}),
        ("i-0000000000000000c", "p5.48xlarge", {"environment": "prod"}),
    ):
        found = machine(name, None, since=at - timedelta(hours=1), tags=VISION | tags, region="us-east-1")
        found.facts |= {"instance_type": kind, "local_disk_gb": 0}
        found.fields |= {"protected": False, "managed_by": None}
        made.append(found)
    return made


@pytest.mark.parametrize(
    ("limit", "stopped"),
    [
        ("100", ["a", "b", "c"]),  # it is spent already: nothing is left to run on
        ("11000", ["a", "b"]),  # projected are 18,307; stopped tomorrow, these two save 1,759 and 5,944
        ("17000", ["a"]),
    ],
)
def test_a_scan_plans_as_many_stops_as_the_budget_needs(place: Path, limit: str, stopped: list[str]) -> None:
    at = datetime(2026, 11, 25, 12, tzinfo=UTC)
    (place / "finops-guard.yaml").write_text(
        POLICY.replace("permit: [notify]", "permit: [notify, tag, stop]\nat_most: {stop: 9, tag: 9}")
        .replace("{use: budgets}", "{use: budgets, with: {stop-at: 1%}}")
        .replace("1000 USD", f"{limit} USD")
    )
    with ledger(place, days("2026-06-01", "2026-11-24", "50", tags=VISION), at):
        pass
    seen = place / "inventory.snapshot"
    spool.write(iter(machines(at)), seen, lambda: spool.Head(at, "", (), ()))
    policy = load_policy(place / "finops-guard.yaml", at.date())
    report = run(Request(policy=policy, at=at, targets=(str(seen),), environ={"XDG_CACHE_HOME": str(place / "cache")}))
    stops = {step.resource.id[-1]: step for step in report.steps if step.do == "stop"}
    assert sorted(stops) == ["a", "b", "c"]
    assert sorted(name for name, step in stops.items() if step.state == "scheduled") == stopped
    assert {step.because for name, step in stops.items() if name not in stopped} <= {
        "budget 'vision' is projected to stay under its limit without this"
    }
