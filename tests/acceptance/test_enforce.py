"""Acting from end to end: the command, a policy in files, an AWS of moto on loopback seeded here, a state.

What was done is asserted on the requests that the cloud got and on what the cloud says afterwards, not on our reports.
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Response

from finops_guard.language.policy import load_policy
from finops_guard.model import Report
from finops_guard.pipeline import Request, inventory, run
from finops_guard.state.audit import verify
from finops_guard.state.entries import entries, open_acts
from finops_guard.state.store import open_store
from tests.acceptance.conftest import OWNED, empty
from tests.cli.command import Ran, finops_guard
from tests.sources.aws.acts import ids
from tests.sources.aws.cloud import OWN, Cloud, denied, html, pairs

PACK = (
    OWNED
    + """\
    otherwise:
      - {do: notify, mark: true}
      - {do: tag, set: {review: open}}
      - {do: stop, after: WAIT}
"""
)
POLICY = """\
policy: acme
owner: finops@acme.example
mode: enforce
permit: [notify, tag, stop]
at_most: {stop: 100}
state: STATE
scope: {aws: {regions: [eu-west-1]}}
packs: [{use: house}]
exempt: [{rule: house/owned, where: {name: warm}, until: UNTIL, reason: Standby., by: cto@acme.example}]
notify: [{to: file, path: notices.jsonl}]
"""
READS = ("Describe", "Get", "List", "AssumeRole")
LATER = timedelta(minutes=20)
"""By then the lease of a run that was killed is over."""


@dataclass
class World:
    """A policy in a folder, its state, and machines: by name, those to be stopped and those that are to be left."""

    cloud: Cloud
    folder: Path
    wait: str = "now"
    state: str = "state"
    machines: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        empty(self.cloud)
        self.ec2 = self.cloud.client("ec2")
        self.write()
        for name in ("a", "b", "c", "d"):
            self.machine(name, cost="x")
        self.machine("whose", team="vision")
        self.machine("warm")
        self.machine("pinned")
        self.ec2.modify_instance_attribute(InstanceId=self.machines["pinned"], DisableApiStop={"Value": True})
        self.machine("off")
        self.ec2.stop_instances(InstanceIds=[self.machines["off"]])
        self.cloud.reset()

    def write(self, **changes: str) -> Path:
        (self.folder / "rules").mkdir(exist_ok=True)
        (self.folder / "rules/house.yaml").write_text(PACK.replace("WAIT", self.wait))
        until = f"{datetime.now(UTC) + timedelta(days=60):%Y-%m-%d}"
        text = POLICY.replace("STATE", self.state).replace("UNTIL", until)
        for old, new in changes.items():
            text = text.replace(f"{old}: ", f"{new}\n{old}: ", 1)
        path = self.folder / "finops-guard.yaml"
        path.write_text(text)
        return path

    def machine(self, name: str, **tags: str) -> None:
        marked = [{"ResourceType": "instance", "Tags": pairs({"Name": name, **tags})}]
        made = self.ec2.run_instances(
            ImageId="ami-12c6146b", MinCount=1, MaxCount=1, InstanceType="m5.large", TagSpecifications=marked
        )
        self.machines[name] = made["Instances"][0]["InstanceId"]

    def say(self, *args: object) -> Ran:
        """The command, with the policy of this world."""
        return finops_guard(*args, "-p", self.folder / "finops-guard.yaml", "-q")

    def enforce(self, *args: object) -> Ran:
        return self.say("scan", "aws", "--mode", "enforce", *args)

    def at(self, later: timedelta, **more: Any) -> Report:
        """An enforcing run that much later."""
        policy = load_policy(self.folder / "finops-guard.yaml", datetime.now(UTC).date())
        more = {"mode": "enforce", "targets": ("aws",), **more}

        def clock() -> datetime:
            return datetime.now(UTC) + later

        return run(Request(policy=policy, at=clock(), environ=os.environ, clock=clock, **more))

    def now(self) -> dict[str, tuple[str, dict[str, str]]]:
        """State and tags by name, as the cloud has them; without the mark."""
        found = {}
        for page in self.ec2.get_paginator("describe_instances").paginate():
            for reservation in page["Reservations"]:
                for machine in reservation["Instances"]:
                    tags = {tag["Key"]: tag["Value"] for tag in machine.get("Tags", [])}
                    tags.pop("finops-guard-due", None)
                    found[tags["Name"]] = (machine["State"]["Name"], tags)
        return found

    def inventory(self) -> list[tuple[str, str, str]]:
        """Everything a scan sees, but for times that a start begins anew."""
        policy = load_policy(self.folder / "finops-guard.yaml", datetime.now(UTC).date())
        seen, _ = inventory(Request(policy=policy, at=datetime.now(UTC), targets=("aws",), environ=os.environ))
        times = ("age", "running_for")
        return sorted(
            (each.id, str(sorted((k, str(v)) for k, v in each.fields.items() if k not in times)), str(each.tags.raw))
            for each in seen
        )

    @property
    def writes(self) -> list[str]:
        """What was written to the cloud; the state is not."""
        return [name for service, name, _ in self.cloud.asked if service != "s3" and not name.startswith(READS)]

    def notices(self) -> list[dict[str, Any]]:
        path = self.folder / "notices.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def told(self, kind: str = "finding") -> list[str]:
        """Names of what was told, notice by notice."""
        return [
            item["resource"]["name"]
            for notice in self.notices()
            if notice["kind"] == kind
            for group in notice["groups"]
            for item in group["items"]
        ]

    def stops(self) -> list[str]:
        """A list that fills with the names of the machines that the cloud is asked to stop."""
        seen: list[str] = []
        names = {machine: name for name, machine in self.machines.items()}

        def see(asked: dict[str, Any]) -> None:
            seen.extend(names[each] for each in ids(asked))

        self.cloud.instead["StopInstances"] = see
        return seen


@pytest.fixture
def world(server: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.chdir(tmp_path)
    return World(server, tmp_path)


@pytest.fixture
def waiting(server: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.chdir(tmp_path)
    return World(server, tmp_path, wait="24h")


def test_enforce_does_what_was_planned_once_and_undo_puts_it_back(world: World) -> None:
    before, whole = world.now(), world.inventory()
    stops = world.stops()
    ran = world.enforce("-f", "json")
    assert ran.code == 1, ran.err
    assert sorted(stops) == ["a", "b", "c", "d"]
    after = world.now()
    for name, (state, tags) in before.items():
        acted = name in "abcd"
        assert after[name] == ("stopped" if acted else state, tags | ({"review": "open"} if acted else {}))
    assert sorted(world.told()) == ["a", "b", "c", "d", "pinned"]
    assert sorted(world.told("act")) == ["a", "a", "b", "b", "c", "c", "d", "d"]
    report = json.loads(ran.out)
    assert sorted((step["do"], step["state"]) for step in report["steps"]) == sorted(
        [("notify", "done")] * 5 + [("tag", "done"), ("stop", "done")] * 4 + [("tag", "refused"), ("stop", "refused")]
    )
    assert all(finding["since"] for finding in report["findings"] if not finding["exempt"])

    world.cloud.asked.clear()
    assert world.enforce().code == 1
    assert (world.writes, sorted(stops), len(world.notices())) == ([], ["a", "b", "c", "d"], 2)
    assert report["run"]["journal"] == world.notices()[-1]["journal"] is not None
    assert any("the journal of this run ends with" in remark for remark in report["run"]["remarks"])

    back = world.say("undo", "last", "-f", "json")
    assert back.code == 0, back.err
    assert sorted(world.told("act")) == sorted([*"abcd"] * 4)
    assert verify(open_store("state", world.folder), world.notices()[-1]["journal"]) == []
    assert world.now() == before
    marks = {"finops-guard-due"}
    assert {key for each in json.loads(back.out)["acts"] for key in each["before"]} <= {"state", "review"} | marks
    assert json.loads(back.out)["lasting"] == []
    assert world.inventory() == whole

    world.cloud.asked.clear()
    held = world.enforce()
    assert world.writes == []
    assert "4 findings are held after an undo" in " ".join(held.out.split())
    assert world.now() == before


def test_a_waiting_step_waits_for_its_own_notice(waiting: World) -> None:
    stops = waiting.stops()
    for day in range(0, 30, 3):  # a month of looking begins nothing
        report = waiting.at(timedelta(days=day - 31), mode="dry-run")
        assert {step.state for step in report.steps if step.do == "stop"} == {"scheduled"}
    assert (waiting.writes, waiting.notices()) == ([], [])
    assert not (waiting.folder / "state").exists()
    first = waiting.at(timedelta(0))
    assert stops == []
    due = {step.due for step in first.steps if step.do == "stop" and step.state == "scheduled"}
    assert len(due) == 1
    early = waiting.at(timedelta(hours=23))
    assert stops == []
    since = {
        (f.resource.text("name"), f.since) for report in (first, early) for f in report.findings if f.exempt is None
    }
    assert sorted(name for name, _ in since) == ["a", "b", "c", "d", "pinned"], "each since one and the same moment"
    assert None not in {began for _, began in since}
    waiting.at(timedelta(hours=25))
    assert sorted(stops) == ["a", "b", "c", "d"]
    assert sorted(waiting.told()) == ["a", "b", "c", "d", "pinned"]
    third = waiting.at(timedelta(hours=50))
    assert sorted(stops) == ["a", "b", "c", "d"]
    failing = {f.resource.text("name") for f in third.findings if f.verdict == "fail" and f.exempt is None}
    assert failing == {"pinned"}


def test_one_of_sixty_is_denied(world: World) -> None:
    for number in range(56):
        world.machine(f"m{number}")
    one = world.machines["m7"]
    sent: list[list[str]] = []

    def refuse(asked: dict[str, Any]) -> Response | None:
        sent.append(ids(asked))
        return denied("ec2") if one in ids(asked) else None

    world.cloud.instead["StopInstances"] = refuse
    ran = world.enforce("-f", "json")
    assert ran.code == 4, ran.err
    steps = [step for step in json.loads(ran.out)["steps"] if step["do"] == "stop" and "pinned" not in step["resource"]]
    states = {step["resource"].rpartition("/")[2]: step for step in steps if step["state"] != "refused"}
    assert sorted(step["state"] for step in states.values()) == ["done"] * 59 + ["failed"]
    assert "AccessDenied ec2:StopInstances" in states[one]["because"]
    stopped = {name for name, (state, _) in world.now().items() if state == "stopped"}
    assert stopped == {"off", *"abcd", *(f"m{number}" for number in range(56) if number != 7)}
    went = [each for some in sent for each in some if one not in some]
    assert len(went) == len(set(went)) == 59
    assert len(sent) < 20


@pytest.fixture
def planned(world: World) -> Path:
    path = world.folder / "plan.json"
    ran = world.enforce("--plan-out", path)
    assert ran.code == 1, ran.err
    assert world.writes == []
    assert sorted(world.told()) == ["a", "b", "c", "d", "pinned"]
    return path


def _steps(plan: Path, verb: str) -> dict[str, str]:
    """Resource -> id of the step, of those that are not refused."""
    rows = json.loads(plan.read_bytes())["steps"]
    mine = [row for row in rows if row["do"] == verb and row["state"] != "refused"]
    return {row["resource"]["fields"]["id"].rpartition("/")[2]: row["id"] for row in mine}


def test_a_plan_is_carried_out_as_far_as_wanted_and_only_once(world: World, planned: Path) -> None:
    stops = world.stops()
    only = _steps(planned, "stop")[world.machines["b"]]
    assert world.say("apply", planned, "--only", only).code == 0
    assert stops == ["b"]
    assert world.say("apply", planned, "--only", "nosuch").code == 2
    assert world.told("act") == ["b"]
    ran = world.say("apply", planned, "-f", "json")
    assert ran.code == 0, ran.err
    assert sorted(stops) == ["a", "b", "c", "d"]
    assert sorted(world.told("act")) == ["a", "a", "b", "b", "c", "c", "d", "d"]
    assert all(notice["journal"] for notice in world.notices()[1:])
    assert all(world.now()[name] == ("stopped", {"Name": name, "cost": "x", "review": "open"}) for name in "abcd")
    world.cloud.asked.clear()
    assert world.say("apply", planned).code == 0
    assert world.writes == []


def _other(account: str, name: str) -> Callable[[dict[str, Any]], Response]:
    body = (
        "<GetCallerIdentityResponse><GetCallerIdentityResult>"
        f"<Arn>arn:aws:iam::{account}:user/{name}</Arn><UserId>U</UserId><Account>{account}</Account>"
        "</GetCallerIdentityResult></GetCallerIdentityResponse>"
    )
    return lambda _asked: Response(body, 200, content_type="text/xml")


@pytest.mark.parametrize("by", ["apply", "scan"])
def test_too_many_failures_alert_the_channels(world: World, by: str) -> None:
    for number in range(4):
        world.machine(f"m{number}")
    world.cloud.instead["StopInstances"] = lambda _asked: denied("ec2")
    plan = world.folder / "plan.json"
    ran = world.enforce("--plan-out", plan) if by == "apply" else world.enforce()
    assert ran.code == (1 if by == "apply" else 4), ran.err
    if by == "apply":
        assert world.say("apply", plan).code == 4
    (alert,) = [notice for notice in world.notices() if notice["kind"] == "alert"]
    (item,) = alert["groups"][0]["items"]
    assert re.fullmatch(r"Run \S+ was ended: 5 acts failed in a row", item["title"])
    assert item["why"] == ["AccessDenied ec2:StopInstances"]
    assert alert["journal"]


def test_a_plan_that_is_not_as_it_was_made_is_refused(world: World, planned: Path) -> None:
    good = planned.read_bytes()
    for position in (3, len(good) // 2, len(good) - 3):
        planned.write_bytes(good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :])
        assert world.say("apply", planned).code == 2
    planned.write_bytes(good)
    world.cloud.instead["GetCallerIdentity"] = _other("210987654321", "stranger")
    ran = world.say("apply", planned)
    assert (ran.code, "aws 123456789012" in ran.err) == (2, True), ran.err
    del world.cloud.instead["GetCallerIdentity"]
    world.write(permit="currency: EUR")
    ran = world.say("apply", planned)
    assert (ran.code, "another text of policy" in ran.err) == (2, True), ran.err
    assert world.writes == []


def test_a_plan_expires(world: World) -> None:
    old = world.folder / "old.json"
    world.at(timedelta(days=-8), plan_out=old)
    ran = world.say("apply", old)
    assert (ran.code, "expired" in ran.err, world.writes) == (2, True, [])


def test_somebody_else_approves(world: World) -> None:
    world.write(permit="approve: {stop: 1}")
    plan = world.folder / "plan.json"
    world.enforce("--plan-out", plan)
    stops = world.stops()
    assert world.say("approve", plan).code == 0  # by the one who applies: does not count
    assert world.say("apply", plan).code == 0
    assert stops == []
    world.cloud.instead["GetCallerIdentity"] = _other(OWN, "cto")
    assert "user/cto approves" in world.say("approve", plan).out
    del world.cloud.instead["GetCallerIdentity"]
    ran = world.say("apply", plan)
    assert ran.code == 0, ran.err
    assert sorted(stops) == ["a", "b", "c", "d"]


def test_an_approval_is_by_who_gives_it_not_by_the_role_in_the_account(world: World) -> None:
    roles = "roles: {scan: finops-guard-scan}"
    path = world.write(permit="approve: {stop: 1}")
    path.write_text(path.read_text().replace("{regions: [eu", f"{{accounts: ['111111111111'], {roles}, regions: [eu"))
    plan = world.folder / "plan.json"
    ran = world.enforce("--plan-out", plan)
    assert plan.exists(), ran.err
    world.cloud.instead["GetCallerIdentity"] = _other(OWN, "cto")
    assert "user/cto approves" in world.say("approve", plan).out
    assert world.say("approve", plan, "-f", "json").out.count("arn:") == 1


def test_confirm_asks_for_what_would_be_done_and_no_more(
    world: World, planned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\nn\n"))
    only = _steps(planned, "stop")[world.machines["b"]]
    ran = world.say("apply", planned, "--only", only, "--confirm")
    assert (ran.err.count("stop "), "Do 1 step?" in ran.err) == (1, True), ran.err
    ran = world.say("apply", planned, "--confirm")
    assert "notify" not in ran.err
    assert "Do 10 steps?" in ran.err
    assert world.writes == []


def test_the_last_run_is_the_last_that_changed_something(world: World) -> None:
    world.enforce()
    world.machine("late", cost="x")
    world.cloud.instead |= {"TagResources": lambda _asked: denied("tag"), "StopInstances": lambda _asked: denied("ec2")}
    world.enforce()
    world.cloud.instead.clear()
    back = world.say("undo", "last", "-f", "json")
    assert len([act for act in json.loads(back.out)["acts"] if act["do"] == "undo stop"]) == 4


def test_halt_stops_everything_until_resume(world: World, planned: Path) -> None:
    assert world.say("halt", "--why", "audit").code == 0
    ran = world.say("apply", planned)
    assert (ran.code, world.writes) == (4, [])
    assert "audit" in ran.out
    ran = world.enforce()
    assert (ran.code, world.writes) == (4, [])
    assert "audit" in ran.err
    assert world.say("resume", "--why", "over").code == 0
    alerts = [item for notice in world.notices() if notice["kind"] == "alert" for item in notice["groups"][0]["items"]]
    assert [item["title"].split()[0] for item in alerts] == ["Halted", "Resumed"]
    assert [item["why"] for item in alerts] == [["audit"], ["over"]]
    assert world.say("apply", planned).code == 0
    assert world.now()["a"][0] == "stopped"


def _command(world: World) -> list[str]:
    policy = str(world.folder / "finops-guard.yaml")
    return [sys.executable, "-m", "finops_guard", "scan", "aws", "--mode", "enforce", "-p", policy, "-q"]


def test_of_two_runs_one_acts_and_the_other_says_who(world: World) -> None:
    second: list[subprocess.CompletedProcess[str]] = []

    def meanwhile(_asked: dict[str, Any]) -> None:
        if not second:
            second.append(subprocess.run(_command(world), capture_output=True, text=True, check=False))

    world.cloud.instead["StopInstances"] = meanwhile
    assert world.enforce().code == 1
    (other,) = second
    assert other.returncode == 4
    assert re.search(r"not done: run \S+ on \S+ holds the lease", other.stderr)
    assert "house/owned" in other.stdout  # the report is there all the same
    assert all(world.now()[name][0] == "stopped" for name in "abcd")


@pytest.mark.parametrize(
    ("operation", "nth", "done"),
    [("TagResources", 1, False), ("TagResources", 2, True), ("StopInstances", 1, True), ("StopInstances", 2, False)],
)
def test_a_killed_run_is_gone_on_with(world: World, operation: str, nth: int, done: bool) -> None:  # noqa: FBT001 - a case
    seen: list[int] = []
    stops: list[str] = []
    child: list[subprocess.Popen[bytes]] = []

    def fall(asked: dict[str, Any]) -> Response | None:
        seen.append(1)
        if len(seen) == nth:
            os.kill(child[0].pid, signal.SIGKILL)
            if not done:
                return html(asked)
        if operation == "StopInstances":
            stops.extend(ids(asked))
        return None

    if operation != "StopInstances":
        world.cloud.instead["StopInstances"] = lambda asked: stops.extend(ids(asked))
    world.cloud.instead[operation] = fall
    child.append(subprocess.Popen(_command(world), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    assert child[0].wait(60) == -signal.SIGKILL
    report = world.at(LATER)
    assert report.short == ()
    assert sorted(stops) == sorted(world.machines[name] for name in "abcd")
    assert all(world.now()[name] == ("stopped", {"Name": name, "cost": "x", "review": "open"}) for name in "abcd")
    assert set(world.told()) == {"a", "b", "c", "d", "pinned"}
    items = {
        (n["key"], i["key"]) for n in world.notices() if n["kind"] == "finding" for g in n["groups"] for i in g["items"]
    }
    assert len({key for _, key in items}) == 5
    store = open_store("state", world.folder, lambda: None)
    came = [outcome.state for entry in entries(store) for outcome in entry.outcomes]
    # Four marks, four tags, four stops; marks say the day, and where midnight lies between they are written again.
    assert came.count("done") in (12, 16)
    assert open_acts(entries(store)) == {}
    world.cloud.asked.clear()
    world.at(LATER + timedelta(minutes=1))
    assert world.writes == []


def test_the_state_may_be_a_bucket(server: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    world = World(server, tmp_path, state="s3://guard/state")
    server.client("s3", "us-east-1").create_bucket(Bucket="guard")
    before, stops = world.now(), world.stops()
    assert world.enforce().code == 1
    world.cloud.asked.clear()
    assert world.enforce().code == 1
    assert world.writes == []
    assert sorted(stops) == ["a", "b", "c", "d"]
    assert world.say("undo", "last").code == 0
    assert world.now() == before
    assert not (tmp_path / "state").exists()
