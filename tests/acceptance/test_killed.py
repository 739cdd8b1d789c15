"""kill -9, for real, behind every write of one `apply` and of one `undo`: nothing twice, nothing forgotten or untold.

The cloud is moto, the state is in a bucket that Google could have, so that two servers here see every write there is:
one of them carries out the n-th, and kills who asked. Behind one write is before the next: no boundary but the one
before the first is left out.
"""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from moto.ec2.models import ec2_backends

from finops_guard.cli import _acts
from finops_guard.state.audit import verify
from finops_guard.state.entries import entries, open_acts
from finops_guard.state.store import open_store
from tests.acceptance.conftest import OWNED, empty
from tests.acceptance.test_enforce import LATER
from tests.cli.command import Ran, finops_guard
from tests.cli.house import ROOT
from tests.sources.aws.cloud import OWN, Cloud, pairs
from tests.state.blobs import Blobs

PACK = OWNED + "    otherwise: [{do: notify}, {do: tag, set: {review: open}}, {do: stop, after: now}]\n"
POLICY = """\
policy: acme
owner: finops@acme.example
mode: enforce
permit: [notify, tag, stop]
at_most: {stop: 100}
state: gs://guard/none
scope: {aws: {regions: [eu-west-1]}}
packs: [{use: house}]
notify: [{to: file, path: notices.jsonl}]
"""
WRITES = re.compile(r"(Tag|Untag|Stop|Start|Terminate)\w+")
CHILDREN = """
import json, os, sys
import boto3, obstore.store
import finops_guard.apply, finops_guard.notify, finops_guard.orders, finops_guard.sources.aws._act, finops_guard.undo
from finops_guard.cli.main import main
for line in sys.stdin:
    pid = os.fork()
    if not pid:
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        sys.argv = json.loads(line)
        main()
        os._exit(70)
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


class Reaper:
    """Two servers, of the cloud and of the state: the `nth` write they carry out kills who asked for it."""

    def __init__(self, cloud: Cloud, blobs: Blobs) -> None:
        self.cloud, self.blobs = cloud, blobs
        self.writes: list[str] = []
        self.nth = 0
        self.whom: queue.Queue[int] = queue.Queue()
        wsgi = cloud.server._server
        assert wsgi is not None
        self._app: Any = wsgi.app
        wsgi.app = self
        blobs.wrote = lambda path: self._wrote(f"PUT {path}")

    def __call__(self, environ: Any, start: Callable[..., Any]) -> Iterable[bytes]:
        before = len(self.cloud.asked)
        answer: list[bytes] = list(self._app(environ, start))
        for _, operation, _ in self.cloud.asked[before:]:
            if WRITES.fullmatch(operation):
                self._wrote(operation)
        return answer

    def _wrote(self, what: str) -> None:
        self.writes.append(what)
        if len(self.writes) == self.nth:
            os.kill(self.whom.get(timeout=30), signal.SIGKILL)

    def end(self) -> None:
        wsgi = self.cloud.server._server
        assert wsgi is not None
        wsgi.app = self._app
        self.blobs.close()


@dataclass
class Case:
    """One machine that breaks a rule. `again` makes everything as it was at `keep`, in a state of its own."""

    reaper: Reaper
    folder: Path
    state: str = "gs://guard/base"
    kept: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "rules").mkdir()
        (self.folder / "rules/house.yaml").write_text(PACK)
        self.policy = self.folder / "finops-guard.yaml"
        self.policy.write_text(POLICY)
        marked = [{"ResourceType": "instance", "Tags": pairs({"Name": "one"})}]
        made = self.reaper.cloud.client("ec2").run_instances(
            ImageId="ami-12c6146b", MinCount=1, MaxCount=1, InstanceType="m5.large", TagSpecifications=marked
        )
        self.machine = ec2_backends[OWN]["eu-west-1"].get_instance(made["Instances"][0]["InstanceId"])
        self.plan = self.folder / "plan.json"
        assert self.say("scan", "aws", "--mode", "enforce", "--plan-out", self.plan).code == 1
        self.notices = self.folder / "notices.jsonl"

    def say(self, *args: object) -> Ran:
        return finops_guard(*args, "-p", self.policy, "--state", self.state, "-q")

    def keep(self) -> None:
        self.kept = dict(self.reaper.blobs.kept)
        self.was = copy(self.machine._state), self.machine.launch_time, self.now()[1], self.notices.read_bytes()

    def again(self, name: str) -> None:
        self.state = f"gs://guard/{name}"
        self.reaper.blobs.kept = {key.replace("guard/base", f"guard/{name}"): data for key, data in self.kept.items()}
        state, self.machine.launch_time, tags, notices = self.was
        self.machine._state = copy(state)
        ec2_backends[OWN]["eu-west-1"].tags[self.machine.id].clear()
        self.machine.add_tags(tags)
        self.notices.write_bytes(notices)

    def now(self) -> tuple[str, dict[str, str]]:
        return self.machine.state, {tag["key"]: tag["value"] for tag in self.machine.get_tags()}

    def told(self) -> dict[str, str]:
        """Key -> what was done, of everything that was ever told of acts."""
        notices = [json.loads(line) for line in self.notices.read_text().splitlines()]
        items = [item for n in notices if n["kind"] == "act" for group in n["groups"] for item in group["items"]]
        return {item["key"]: f"{item['done']['do']} {item['done']['state']}" for item in items}

    def whole(self) -> None:
        """The journal is as it was written, with nothing open; each act that was done is told once, by its key."""
        store = open_store(self.state, self.folder)
        assert verify(store) == []
        assert open_acts(entries(store)) == {}
        acts = {act.step + act.verb: act.verb.replace("undo_", "undo ") for e in entries(store) for act in e.acts}
        said = Counter(what for what in self.told().values() if what.endswith("done"))
        assert said == Counter(f"{verb} done" for verb in acts.values())


@contextmanager
def children() -> Iterator[subprocess.Popen[str]]:
    """A process that has imported everything, and becomes a command for each line it is given."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILDREN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()


def killed(process: subprocess.Popen[str], case: Case, nth: int, *args: object) -> int:
    """What became of a command that was to be killed behind its `nth` write."""
    assert process.stdin is not None
    assert process.stdout is not None
    reaper = case.reaper
    reaper.writes, reaper.nth = [], nth
    command = ["finops-guard", *args, "-p", case.policy, "--state", case.state, "-q"]
    process.stdin.write(json.dumps(command, default=str) + "\n")
    reaper.whom.put(int(process.stdout.readline().strip()))
    code = next(int(text) for line in process.stdout if (text := line.strip()).lstrip("-").isdigit())
    while not reaper.whom.empty():
        reaper.whom.get()
    reaper.nth = 0
    return code


@pytest.fixture
def reaper(server: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reaper]:
    empty(server)
    reaper = Reaper(server, Blobs())
    monkeypatch.setenv("FINOPS_GUARD_GCP_ENDPOINT", reaper.blobs.url)
    yield reaper
    reaper.end()


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    def shift(by: timedelta) -> None:
        monkeypatch.setattr(_acts, "now_utc", lambda: datetime.now(UTC) + by)

    return shift


def killed_everywhere(reaper: Reaper, case: Case, then: Callable[[], None], *args: object) -> int:
    """Run a command, killed behind its first write, its second, …, until it ends by itself: how many times."""
    with children() as process:
        for nth in range(1, 200):
            case.again(f"{args[0]}-{nth}")
            code = killed(process, case, nth, *args)
            assert code == (-signal.SIGKILL if len(reaper.writes) >= nth else 0), (nth, reaper.writes)
            then()
            case.whole()
            if code == 0:
                return nth
    raise AssertionError("it never ends")


def asked(reaper: Reaper) -> Counter[str]:
    return Counter(name for name in reaper.writes if not name.startswith("PUT"))


def test_apply_is_killed_behind_every_write(
    reaper: Reaper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: Callable[[timedelta], None]
) -> None:
    monkeypatch.chdir(tmp_path)
    case = Case(reaper, tmp_path)
    case.keep()

    def then() -> None:
        later(LATER)
        assert case.say("apply", case.plan).code == 0
        later(timedelta())
        assert case.now() == ("stopped", {"Name": "one", "review": "open"})
        assert asked(reaper) == {"TagResources": 1, "StopInstances": 1}

    assert killed_everywhere(reaper, case, then, "apply", case.plan) > 15


def test_undo_is_killed_behind_every_write(
    reaper: Reaper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: Callable[[timedelta], None]
) -> None:
    monkeypatch.chdir(tmp_path)
    case = Case(reaper, tmp_path)
    assert case.say("apply", case.plan).code == 0
    run = open_store(case.state, tmp_path).folders("journal")[-1]
    case.keep()

    def then() -> None:
        later(LATER)
        assert case.say("undo", run).code == 0
        later(timedelta())
        assert case.now() == ("running", {"Name": "one"})
        assert asked(reaper) == {"UntagResources": 1, "StartInstances": 1}

    assert killed_everywhere(reaper, case, then, "undo", run) > 15
