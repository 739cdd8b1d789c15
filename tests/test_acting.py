"""An enforcing run after it judged: when episodes begin and end, what is told, and what the report says of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from finops_guard import orders
from finops_guard.acting import Orders, act
from finops_guard.errors import ActError, InputError
from finops_guard.evaluate import Evaluator, Setting, derive, findings
from finops_guard.model import Cap, Gap, Identity, Report, Rung
from finops_guard.state import history
from finops_guard.state.episodes import EpisodeRecord
from finops_guard.state.lease import acquire
from tests.apply.cloud import Killed
from tests.apply.world import DAY, HOUR, KEPT, LATER, TAGGED, World, world
from tests.plan.build import NOTIFY

ACCOUNT = "111111111111"
MARKED = replace(LATER, name="marked", otherwise=(Rung("notify", mark=True), Rung("stop", after=86400)))


def scanned(there: World, *, regions: Sequence[str] = (), gaps: Sequence[Gap] = (), passing: bool = False) -> Report:
    """What a scan of these regions (none: all) reports."""
    seen = [each for each in there.cloud.resources() if not regions or each.text("region") in regions]
    judge = Evaluator(there.policy.bindings, there.now, there.policy.fx, include_pass=passing)
    found = tuple(findings(judge.judge(derive(seen, Setting(there.now))), there.policy, there.now))
    return Report(
        run_id=there.run_id(), started=there.now, finished=there.now, at=there.now, version="0", mode="enforce",
        policy_name="acme", policy_sha256="", policy_git=None, packs=(), identities=(Identity("aws", ACCOUNT, "us"),),
        resources=len(seen), counts={}, cost_month={}, cost_month_unknown=0, saves_month={}, findings=found,
        steps=tuple(there.plan()), coverage=(), gaps=tuple(gaps), calls={},
    )  # fmt: skip


def enforce(there: World, report: Report | None = None, *, plan_out: Path | None = None, **scan: Any) -> Report:
    report = report or scanned(there, **scan)
    regions = scan.get("regions", ())

    def again(ids: Any) -> list[Any]:
        seen = (each for each in there.cloud.resources() if each.id in ids)
        return [each for each in seen if not regions or each.text("region") in regions]

    given = Orders(there.store, there.cloud, there.judge, there.tick, {}, "us", plan_out)
    return act(report, there.policy, given, again)


def records(there: World) -> Mapping[str, EpisodeRecord]:
    return history.fold(there.store).records


def one(there: World) -> EpisodeRecord:
    (record,) = records(there).values()
    return record


def states(report: Report) -> dict[tuple[str, str], int]:
    return dict(Counter((step.do, step.state) for step in report.steps))


def told(folder: Path, kind: str) -> list[str]:
    return [item["resource"]["id"] for item in items(folder / "notices.jsonl", kind)]


def items(path: Path, kind: str) -> list[dict[str, Any]]:
    notices = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [item for n in notices if n["kind"] == kind for g in n["groups"] for item in g["items"]]


@pytest.fixture
def channels(tmp_path: Path) -> Mapping[str, Any]:
    return {"channels": ({"to": "file", "path": str(tmp_path / "notices.jsonl")},)}


def test_a_run_ends_episodes_only_where_it_looked(channels: Mapping[str, Any]) -> None:
    there = world(2, LATER, **channels)
    there.cloud.machines["i-0001"].region = "us-east-1"
    whole = there.policy
    enforce(there)
    there.policy = replace(whole, scope={"aws": {"regions": ["eu-west-1"]}})
    enforce(there, regions=["eu-west-1"])
    there.policy = replace(whole, scope={"aws": {"accounts": ["222222222222"]}})
    enforce(there, regions=["nowhere"])
    there.policy = whole
    enforce(there, regions=["nowhere"], gaps=[Gap("aws", ACCOUNT, "*", "AWS::EC2::Instance", "denied")])
    assert all(record.running for record in records(there).values())
    there.now += 25 * HOUR
    enforce(there)
    assert sorted(there.cloud.effects) == [("stop", "i-0000"), ("stop", "i-0001")]
    enforce(there, regions=["nowhere"])
    assert {record.why for record in records(there).values()} == {"the resource is gone"}


def test_what_passes_or_is_gone_begins_anew(channels: Mapping[str, Any]) -> None:
    there = world(2, LATER, **channels)
    enforce(there)
    there.cloud.machines["i-0000"].tags["keep"] = "yes"
    gone = there.cloud.machines.pop("i-0001")
    enforce(there, passing=True)
    assert {record.about.resource: record.why for record in records(there).values()} == {
        "i-0000": "it passes",
        "i-0001": "the resource is gone",
    }
    there.cloud.machines["i-0000"].tags.clear()
    there.cloud.machines["i-0001"] = gone
    there.now += 25 * HOUR
    enforce(there)
    assert there.cloud.effects == []
    assert all(record.running for record in records(there).values())


def test_a_dry_run_binding_begins_nothing(channels: Mapping[str, Any]) -> None:
    silent = replace(TAGGED, otherwise=(Rung("tag", set={"team": "nobody"}, after=3600),))
    there = world(1, silent, bound={"mode": "dry-run"}, **channels)
    enforce(there)
    assert records(there) == {}
    there.policy = world(1, silent, **channels).policy
    there.now += DAY
    enforce(there)
    assert (one(there).running, there.cloud.effects) == (True, [])
    there.now += 2 * HOUR
    enforce(there)
    assert there.cloud.effects == [("tag", "i-0000")]


def test_a_notice_that_nobody_took_begins_nothing(tmp_path: Path) -> None:
    down = {"to": "file", "path": str(tmp_path / "no" / "such" / "notices.jsonl")}
    there = world(2, KEPT, channels=(down,))
    (tmp_path / "no").write_text("")
    report = enforce(there)
    assert states(report)["notify", "failed"] == 2
    assert len({step.id for step in report.steps}) == len(report.steps)
    assert any(remark.startswith("channel file") for remark in report.remarks)
    there.policy = replace(there.policy, channels=())
    report = enforce(there)
    assert states(report)["notify", "scheduled"] == 2
    assert {step.because for step in report.steps if step.do == "notify"} == {"no channel took its notice in this run"}
    assert (records(there), there.cloud.effects) == ({}, [])


def test_a_mark_is_a_notice_and_is_written_once_a_resource() -> None:
    other = replace(MARKED, name="also", otherwise=(Rung("notify", mark=True), Rung("stop", after=3 * 86400)))
    there = world(1, MARKED, other, channels=())
    report = enforce(there)
    assert states(report)["notify", "done"] == 2
    assert there.cloud.effects == [("tag", "i-0000")]
    day = (there.now + DAY).date().isoformat()
    assert there.cloud.machines["i-0000"].tags == {"finops-guard-due": day}
    assert all(record.notice == ("tag finops-guard-due",) for record in records(there).values())


def test_a_mark_that_an_earlier_run_could_not_speak_of_counts() -> None:
    there = world(1, MARKED, channels=())
    there.down = _dies_when(lambda operation, key: operation == "create" and key.startswith("episodes"))
    with pytest.raises(Killed):
        enforce(there)
    assert there.cloud.effects == [("tag", "i-0000")]
    there.down = lambda *_: None
    there.now += timedelta(minutes=20)
    enforce(there)
    assert there.cloud.effects == [("tag", "i-0000")]
    assert one(there).running


def _dies_when(where: Any) -> Any:
    def down(operation: str, key: str, _when: str) -> None:
        if where(operation, key):
            raise Killed

    return down


def test_with_a_plan_file_only_channels_carry_notices(channels: Mapping[str, Any], tmp_path: Path) -> None:
    there = world(1, replace(MARKED, otherwise=(Rung("notify", mark=True), Rung("stop", after=0))), **channels)
    report = enforce(there, plan_out=tmp_path / "plan.json")
    assert states(report) == {("notify", "done"): 1, ("stop", "due"): 1}
    assert "mark was not written" in str(next(iter(report.steps)).because)
    assert (there.cloud.effects, one(there).running) == ([], True)


def test_what_we_stopped_goes_on_up_its_ladder_and_is_no_finding(channels: Mapping[str, Any], tmp_path: Path) -> None:
    week = Rung("terminate", after=7 * 86400, warn=(86400,))
    there = world(1, replace(KEPT, otherwise=(NOTIFY, Rung("stop", after=0), week)), **channels)
    first = enforce(there)
    assert there.cloud.effects == [("stop", "i-0000")]
    assert [found.since for found in first.findings] == [one(there).began]
    there.now += 6 * DAY
    report = enforce(there)
    assert (report.findings, one(there).running) == ((), True)
    assert states(report) == {("terminate", "scheduled"): 1}
    assert told(tmp_path, "reminder") == ["i-0000"]
    there.now += 2 * DAY
    enforce(there)
    assert there.cloud.effects == [("stop", "i-0000"), ("terminate", "i-0000")]


def test_after_undo_the_report_says_what_is_held(channels: Mapping[str, Any]) -> None:
    there = world(2, KEPT, **channels)
    run = enforce(there).run_id
    there.undo(run)
    report = enforce(there)
    assert report.steps == ()
    assert any(remark.startswith("2 findings are held after an undo") for remark in report.remarks)
    assert {machine.state for machine in there.cloud.machines.values()} == {"running"}


def test_while_another_acts_the_report_is_whole_and_nothing_is_done(channels: Mapping[str, Any]) -> None:
    there = world(2, KEPT, **channels)
    acquire(there.store, "somebody else", there.now, timedelta(minutes=15))
    report = enforce(there)
    assert "somebody else" in str(report.barred)
    assert report.short == (report.barred,)
    assert len(report.findings) == 2
    assert {step.state for step in report.steps} <= {"refused", "scheduled"}
    assert there.cloud.sent == 0


def test_a_state_out_of_reach_is_said_and_nothing_is_done(channels: Mapping[str, Any]) -> None:
    there = world(2, KEPT, **channels)
    report = scanned(there)

    def down(*_: str) -> None:
        raise ActError("the state is out of reach")

    there.down = down
    assert enforce(there, report).barred == "the state is out of reach"
    assert there.cloud.sent == 0


def test_killed_anywhere_what_was_done_is_told_by_the_next_run(tmp_path: Path) -> None:
    def begun(name: str) -> tuple[World, Path]:
        path = tmp_path / name
        return world(2, TAGGED, KEPT, channels=({"to": "file", "path": str(path)},)), path

    whole, path = begun("whole")
    enforce(whole)
    keys = [item["key"] for item in items(path, "act")]
    assert len(keys) == len(set(keys)) == 4
    boundaries = whole.cloud.kill.passed
    twice = 0
    for number in range(1, boundaries + 1):
        there, path = begun(str(number))
        there.cloud.kill.at = number
        with pytest.raises(Killed):
            enforce(there)
        there.revive()
        enforce(there)
        assert len(there.cloud.effects) == 4, number
        said = [(item["resource"]["id"], item["done"]["do"], item["done"]["state"]) for item in items(path, "act")]
        assert set(said) >= {(each, verb, "done") for each in ("i-0000", "i-0001") for verb in ("tag", "stop")}, number
        done = [item["key"] for item in items(path, "act") if item["done"]["state"] == "done"]
        assert len(set(done)) == 4, number
        twice += len(done) - 4
        before = path.read_bytes()
        enforce(there)
        assert path.read_bytes() == before, number
    assert twice <= 3 * 4  # killed between sending and saying so, with the same keys


def test_what_this_version_cannot_do_is_not_said_to_be_done(channels: Mapping[str, Any]) -> None:
    there = world(1, replace(KEPT, otherwise=(NOTIFY, Rung("suggest"), Rung("ticket"))), **channels)
    report = enforce(there)
    assert states(report) == {("notify", "done"): 1, ("suggest", "due"): 1, ("ticket", "refused"): 1}
    assert report.short == ()


def test_the_report_names_the_head_of_the_journal(channels: Mapping[str, Any]) -> None:
    there = world(1, KEPT, **channels)
    report = enforce(there)
    assert any(remark.startswith("the journal of this run ends with ") for remark in report.remarks)
    assert not any("journal" in remark for remark in enforce(there).remarks)


def test_a_live_cloud_needs_a_shared_state() -> None:
    there = world(1, KEPT)
    with pytest.raises(InputError, match="shared state"):
        orders.state_of(there.policy, "state", {})
    with pytest.raises(InputError, match="shared state"):
        orders.state_of(there.policy, "state", {"AWS_ENDPOINT_URL": "http://cloud.example:4566"})


def test_what_at_most_refuses_is_said(channels: Mapping[str, Any]) -> None:
    there = world(3, KEPT, at_most={"stop": Cap(2)}, **channels)
    report = enforce(there)
    assert states(report)["stop", "refused"] == 3
    assert [why for why in report.short if "at_most 2 stop" in why]
    assert there.cloud.effects == []
    there = world(3, KEPT, at_most={"stop": Cap(2, "defer")}, **channels)
    report = enforce(there)
    assert (states(report)["stop", "done"], states(report)["stop", "scheduled"], report.short) == (2, 1, ())
    there = world(3, KEPT, at_most={}, **channels)
    report = enforce(there)
    assert (states(report)["stop", "refused"], report.short) == (3, ())
