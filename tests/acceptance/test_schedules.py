"""Schedules from end to end: runs through a week, on an AWS of moto, with the shipped pack.

What was done is asserted on what the cloud was asked to write. The week is that in which the clock goes forward.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from moto.sagemaker.models import sagemaker_backends

from finops_guard.apply import session
from finops_guard.language.policy import load_policy
from finops_guard.model import Notes, Report
from finops_guard.orders import by_whom, verbs_of
from finops_guard.pipeline import Request, run
from finops_guard.state.store import open_store
from finops_guard.undo import undo
from tests.acceptance.conftest import empty
from tests.sources.aws.acts import ids
from tests.sources.aws.cloud import OWN, ROLE, Cloud, pairs
from tests.sources.aws.test_verbs_eks import activities

AMS = ZoneInfo("Europe/Amsterdam")
_MARCH = date(datetime.now(UTC).year + 1, 3, 31)
CHANGE = _MARCH - timedelta(days=(_MARCH.weekday() + 1) % 7)
"""The Sunday on which the clock goes forward, next year."""
MON, TUE, WED, THU, FRI, SAT, SUN, NEXT = (CHANGE + timedelta(days=day) for day in range(-6, 2))
POLICY = """\
policy: acme
owner: finops@acme.example
mode: enforce
permit: [notify, stop, scale_to_zero, start]
at_most: {stop: 100, scale_to_zero: 100}
state: state
scope: {aws: {regions: [eu-west-1]}}
schedules:
  office-hours:
    days: [mon, tue, wed, thu, fri]
    between: ['07:00', '19:00']
    timezone: Europe/Amsterdam
    holidays: [HOLIDAY]
packs:
  - {use: schedules, skip: [known-schedule], accept: [local-data-loss]}
MORE
notify: [{to: file, path: notices.jsonl}]
"""
READS = ("Describe", "Get", "List", "AssumeRole")


@dataclass
class World:
    """Machines by name; all run. `sent` are the names in each request to stop or start."""

    cloud: Cloud
    folder: Path
    now: datetime = field(init=False)
    machines: dict[str, str] = field(default_factory=dict)
    sent: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        empty(self.cloud)
        self.ec2 = self.cloud.client("ec2")
        self.write()
        for name, schedule in {"a": "office-hours", "b": "office-hours", "typo": "ofice-hours", "free": ""}.items():
            self.machine(name, schedule)
        self.cloud.reset()
        for operation, what in (("StopInstances", "stop"), ("StartInstances", "start")):
            self.cloud.instead[operation] = partial(self._saw, what)

    def write(self, more: str = "", holiday: date = THU) -> None:
        text = POLICY.replace("HOLIDAY", holiday.isoformat()).replace("MORE\n", more)
        (self.folder / "finops-guard.yaml").write_text(text)

    def machine(self, name: str, schedule: str) -> None:
        tags = {"Name": name, **({"schedule": schedule} if schedule else {})}
        made = self.ec2.run_instances(
            ImageId="ami-12c6146b", MinCount=1, MaxCount=1, InstanceType="m5.large",
            TagSpecifications=[{"ResourceType": "instance", "Tags": pairs(tags)}],
        )  # fmt: skip
        self.machines[name] = made["Instances"][0]["InstanceId"]

    def _saw(self, what: str, asked: dict[str, Any]) -> None:
        names = {machine: name for name, machine in self.machines.items()}
        self.sent += [(what, names[each]) for each in ids(asked)]

    def by_hand(self, what: str, name: str) -> None:
        """A person stops or starts a machine, which is not ours."""
        act = self.ec2.stop_instances if what == "stop" else self.ec2.start_instances
        act(InstanceIds=[self.machines[name]])
        assert self.sent.pop() == (what, name)

    def state(self, name: str) -> str:
        found = self.ec2.describe_instances(InstanceIds=[self.machines[name]])
        return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])

    def tick(self) -> datetime:
        self.now += timedelta(milliseconds=10)
        return self.now

    def run(self, day: date, hour: int, minute: int = 5, **more: Any) -> Report:
        """A run at a local time."""
        self.now = datetime(day.year, day.month, day.day, hour, minute, tzinfo=AMS).astimezone(UTC)
        policy = load_policy(self.folder / "finops-guard.yaml", self.now.date())
        more = {"mode": "enforce", "targets": ("aws",), **more}
        return run(Request(policy=policy, at=self.now, environ=os.environ, clock=self.tick, **more))

    def new(self) -> list[tuple[str, str]]:
        """What was sent since this was asked."""
        sent, self.sent[:] = list(self.sent), []
        return sorted(sent)

    def evening(self, day: date) -> str:
        """Notice, wait, stop: the run that stopped."""
        self.run(day, 19, 5)
        assert self.new() == []
        self.run(day, 19, 30)
        assert self.new() == [], "half an hour is not over"
        report = self.run(day, 19, 40)
        return report.run_id

    def notices(self) -> list[str]:
        path = self.folder / "notices.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        items = [item for each in lines if each["kind"] == "finding" for g in each["groups"] for item in g["items"]]
        return [f"{item['rule']} {item['resource']['name']}" for item in items]

    def writes(self) -> set[str]:
        return {name for service, name, _ in self.cloud.asked if service != "s3" and not name.startswith(READS)}


@pytest.fixture
def world(server: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.chdir(tmp_path)
    yield World(server, tmp_path)
    server.reset()


BOTH_STOP, BOTH_START = [("stop", "a"), ("stop", "b")], [("start", "a"), ("start", "b")]


def test_a_tag_that_names_no_schedule_is_told(world: World) -> None:
    path = world.folder / "finops-guard.yaml"
    path.write_text(path.read_text().replace("skip: [known-schedule], ", ""))
    world.run(MON, 12)
    assert (world.new(), world.notices()) == ([], ["schedules/known-schedule typo"])


def test_an_evening_stops_after_notice_and_wait_and_the_morning_starts_exactly_that(world: World) -> None:
    world.run(MON, 12)
    assert (world.new(), world.notices()) == ([], [])
    world.evening(MON)
    assert world.new() == BOTH_STOP
    assert sorted(world.notices()) == ["schedules/off-hours a", "schedules/off-hours b"]
    world.run(MON, 23)
    world.run(TUE, 6, 55)
    assert world.new() == []
    report = world.run(TUE, 7)
    assert world.new() == BOTH_START
    assert sorted((step.do, step.state) for step in report.steps) == [("start", "done")] * 2
    for hour in (8, 12, 18):
        world.run(TUE, hour)
    assert world.new() == []
    world.evening(TUE)
    assert world.new() == BOTH_STOP, "every evening is a new one"
    assert world.writes() == {"StopInstances", "StartInstances"}
    assert {world.state("typo"), world.state("free")} == {"running"}


def test_runs_that_were_missed_are_made_up_for(world: World) -> None:
    world.evening(MON)
    world.new()
    world.run(TUE, 12)  # the first since
    assert world.new() == BOTH_START
    world.run(TUE, 23, 50)  # the first of the evening, nearly five hours late
    world.run(WED, 1)
    assert world.new() == BOTH_STOP
    world.run(WED, 18, 55)  # five minutes of the day are left
    assert world.new() == BOTH_START


def test_a_holiday_stays_off_and_so_does_the_weekend_of_the_change_of_the_clock(world: World) -> None:
    world.evening(WED)
    assert world.new() == BOTH_STOP
    for hour in (7, 12, 18):
        world.run(THU, hour)  # a holiday
    world.run(FRI, 6, 55)
    assert world.new() == []
    world.run(FRI, 7)
    assert world.new() == BOTH_START
    world.evening(FRI)
    assert world.new() == BOTH_STOP
    for day, hour in ((SAT, 12), (SUN, 1), (SUN, 4), (SUN, 12), (NEXT, 6)):
        world.run(day, hour, 55)
    assert world.new() == [], "in winter time it would be seven now"
    world.run(NEXT, 7)
    assert world.new() == BOTH_START


def test_what_a_person_stopped_is_never_started(world: World) -> None:
    world.by_hand("stop", "a")  # in the hours
    world.evening(MON)
    assert world.new() == [("stop", "b")]
    world.by_hand("start", "b")  # on Monday evening, and
    world.run(MON, 20)
    world.by_hand("stop", "b")  # off again before our time is up
    world.run(MON, 21)
    for hour in (7, 12):
        world.run(TUE, hour)
    assert world.new() == []
    world.by_hand("start", "a")
    world.by_hand("start", "b")
    world.run(TUE, 15)
    world.evening(TUE)
    assert world.new() == BOTH_STOP
    world.by_hand("start", "a")  # in the night; no run until the morning
    world.run(WED, 7)
    assert world.new() == [("start", "b")]
    world.by_hand("stop", "a")
    world.by_hand("stop", "b")
    for hour in (8, 12):
        world.run(WED, hour)
    assert world.new() == [], "both run, were seen, and were stopped by people"
    assert (world.state("a"), world.state("b")) == ("stopped", "stopped")


def test_who_works_late_gets_a_notice_and_the_whole_wait_again(world: World) -> None:
    world.evening(MON)
    world.new()
    before = len(world.notices())
    world.by_hand("start", "a")
    world.run(MON, 21)
    assert (world.new(), world.notices()[before:]) == ([], ["schedules/off-hours a"])
    world.run(MON, 21, 30)
    assert world.new() == []
    world.run(MON, 21, 40)
    assert world.new() == [("stop", "a")]
    world.run(TUE, 7)
    assert world.new() == BOTH_START


def test_what_another_rule_stopped_is_not_the_schedules_to_start(world: World) -> None:
    (world.folder / "rules").mkdir()
    (world.folder / "rules/house.yaml").write_text(
        "pack: house\nversion: 1.0.0\nrules:\n  owned:\n    title: Machines say whose they are\n    severity: high\n"
        "    match: {kind: vm, state: running, tags: {Name: a}}\n    require: {tags: {team: {exists: true}}}\n"
        "    otherwise: [{do: notify}, {do: stop, after: now}]\n"
    )
    world.write("  - use: house\n")
    world.run(MON, 12)
    assert world.new() == [("stop", "a")]
    world.evening(MON)
    assert world.new() == [("stop", "b")]
    world.run(TUE, 7)
    assert world.new() == [("start", "b")]
    assert world.state("a") == "stopped"


def test_node_groups_get_back_the_sizes_that_they_had_and_notebooks_run(world: World) -> None:
    on = {"schedule": "office-hours"}
    eks, sagemaker = world.cloud.client("eks"), world.cloud.client("sagemaker")
    eks.create_cluster(name="c", roleArn=ROLE, resourcesVpcConfig={"subnetIds": [], "securityGroupIds": []})
    sizes = {"minSize": 1, "maxSize": 5, "desiredSize": 3}
    eks.create_nodegroup(clusterName="c", nodegroupName="n", nodeRole=ROLE, subnets=[], scalingConfig=sizes, tags=on)
    eks.create_nodegroup(
        clusterName="c", nodegroupName="none", nodeRole=ROLE, subnets=[], tags=on,
        scalingConfig={"minSize": 0, "maxSize": 5, "desiredSize": 0},
    )  # fmt: skip
    sagemaker.create_notebook_instance(
        NotebookInstanceName="book", InstanceType="ml.t3.medium", RoleArn=ROLE, Tags=pairs(on)
    )
    asked: list[dict[str, int]] = []
    world.cloud.instead["UpdateNodegroupConfig"] = lambda form: asked.append(form["scalingConfig"])

    def now() -> tuple[dict[str, int], str]:
        group = eks.describe_nodegroup(clusterName="c", nodegroupName="n")["nodegroup"]
        book = sagemaker.describe_notebook_instance(NotebookInstanceName="book")
        return {key: group["scalingConfig"][key] for key in sizes}, book["NotebookInstanceStatus"]

    world.cloud.asked.clear()
    world.evening(MON)
    nought = {"minSize": 0, "maxSize": 5, "desiredSize": 0}
    assert (now(), asked) == ((nought, "Stopped"), [nought])
    world.run(TUE, 9)
    assert (now(), asked) == ((sizes, "InService"), [nought, sizes])
    world.new()
    evening = world.evening(TUE)
    assert asked == [nought, sizes, nought]
    undone(world, evening)
    assert (now(), asked[3:]) == ((sizes, "InService"), [sizes])
    assert world.writes() == {
        "StopInstances", "StartInstances", "UpdateNodegroupConfig", "StopNotebookInstance", "StartNotebookInstance"
    }  # fmt: skip


def test_what_people_started_and_stopped_between_two_runs_is_not_started(world: World) -> None:
    on = {"schedule": "office-hours"}
    eks, sagemaker = world.cloud.client("eks"), world.cloud.client("sagemaker")
    eks.create_cluster(name="c", roleArn=ROLE, resourcesVpcConfig={"subnetIds": [], "securityGroupIds": []})
    sizes = {"minSize": 1, "maxSize": 5, "desiredSize": 3}
    eks.create_nodegroup(clusterName="c", nodegroupName="n", nodeRole=ROLE, subnets=[], scalingConfig=sizes, tags=on)
    for name in ("book", "other"):
        sagemaker.create_notebook_instance(
            NotebookInstanceName=name, InstanceType="ml.t3.medium", RoleArn=ROLE, Tags=pairs(on)
        )
    world.evening(MON)
    world.new()
    late = world.now + timedelta(hours=1)
    sagemaker_backends[OWN]["eu-west-1"].notebook_instances["book"].last_modified_time = late.replace(tzinfo=None)
    world.cloud.instead["DescribeScalingActivities"] = activities(("Launching a new", f"{late:%Y-%m-%dT%H:%M:%SZ}"))
    world.cloud.asked.clear()
    report = world.run(TUE, 9)
    assert sorted(world.new()) == BOTH_START
    assert world.writes() == {"StartInstances", "StartNotebookInstance"}
    books = {name: sagemaker.describe_notebook_instance(NotebookInstanceName=name) for name in ("book", "other")}
    assert [books[name]["NotebookInstanceStatus"] for name in ("book", "other")] == ["Stopped", "InService"]
    unsure = [each for each in report.findings if each.verdict == "unknown"]
    assert [each.resource.text("name") for each in unsure] == ["book"]
    assert "after we stopped it, which may have been a start" in str(unsure[0].reasons)
    group = eks.describe_nodegroup(clusterName="c", nodegroupName="n")["nodegroup"]
    assert group["scalingConfig"]["desiredSize"] == 0


def test_taken_off_its_schedule_it_is_left_as_it_is(world: World) -> None:
    world.evening(MON)
    world.new()
    world.ec2.delete_tags(Resources=[world.machines["a"]], Tags=[{"Key": "schedule"}])
    world.run(TUE, 7)
    assert world.new() == [("start", "b")]


def test_undo_of_the_evening_runs_through_the_night_and_undo_of_the_morning_stops_again(world: World) -> None:
    evening = world.evening(MON)
    world.new()
    undone(world, evening)
    assert world.new() == BOTH_START
    for hour in (21, 23):
        world.run(MON, hour)
    world.run(TUE, 7)
    assert world.new() == [], "held for a day, and then people have it"
    world.run(TUE, 20)
    world.run(TUE, 21)
    assert world.new() == BOTH_STOP
    morning = world.run(WED, 7).run_id
    assert world.new() == BOTH_START
    undone(world, morning)
    assert world.new() == BOTH_STOP
    for day, hour in ((WED, 8), (WED, 12), (FRI, 8)):
        world.run(day, hour)
    assert world.new() == [], "until somebody starts them they are nobody's to start"


def test_a_dry_run_says_what_it_would_start_and_writes_nothing(world: World) -> None:
    world.evening(MON)
    world.new()
    before = sorted(path.name for path in (world.folder / "state").rglob("*"))
    report = world.run(TUE, 7, mode="dry-run")
    assert sorted((step.do, step.state) for step in report.steps if step.do == "start") == [("start", "due")] * 2
    assert world.new() == []
    assert sorted(path.name for path in (world.folder / "state").rglob("*")) == before
    report = world.run(TUE, 7, mode="dry-run", state="none")
    assert {str(f.reasons[0].actual) for f in report.findings if f.rule.name == "in-hours"} == {
        "Unknown(reason='the journal was not read')"
    }


def test_start_needs_its_own_permission(world: World) -> None:
    world.evening(MON)
    world.new()
    path = world.folder / "finops-guard.yaml"
    path.write_text(path.read_text().replace("scale_to_zero, start]", "scale_to_zero]"))
    report = world.run(TUE, 7)
    assert {step.because for step in report.steps if step.do == "start"} == {"the policy does not permit start"}
    assert world.new() == []


def undone(world: World, run_id: str) -> None:
    policy = load_policy(world.folder / "finops-guard.yaml", world.now.date())
    store = open_store("state", world.folder)
    notes, by = Notes(), by_whom(run_id)
    with (
        verbs_of(policy, notes, world.now, os.environ) as verbs,
        session(store, f"{world.now:%Y%m%dT%H%M%SZ}-undo", world.tick, by=by, policy=policy) as held,
    ):
        assert {outcome.state for outcome in undo(run_id, held, verbs).outcomes} == {"done"}
