"""What the demonstration enforces in the sandbox, in one region: done as planned, once, and undone."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from finops_guard.language.policy import load_policy
from finops_guard.model import Policy, Report, Resource
from finops_guard.pipeline import Request, inventory, run
from finops_guard.sources import sandbox
from finops_guard.state.entries import entries
from finops_guard.state.store import open_store
from tests.cli.command import finops_guard

DEMO = Path(__file__).resolve().parents[2] / "tools/demo.yaml"
TIMES = {"age", "running_for"}


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Policy]:
    path = tmp_path_factory.mktemp("sandbox") / "policy.yaml"
    path.write_text(DEMO.read_text(encoding="utf-8").replace("[eu-west-1, eu-central-1]", "[eu-central-1]"))
    with sandbox.start(now=datetime.now(UTC)) as box, sandbox.applied(box.environment):
        yield load_policy(path, date.today())  # noqa: DTZ011 - any day will do


def _enforced(policy: Policy) -> Report:
    return run(Request(policy, datetime.now(UTC), mode="enforce", environ=os.environ))


def _seen(policy: Policy) -> dict[str, Resource]:
    found, _ = inventory(Request(policy, datetime.now(UTC), environ=os.environ))
    return {each.id: each for each in found}


def _same(one: Resource, other: Resource) -> bool:
    left, right = ({k: v for k, v in each.fields.items() if k not in TIMES} for each in (one, other))
    return (left, one.tags.raw) == (right, other.tags.raw)


def test_what_is_enforced_is_done_once_and_undone(policy: Policy) -> None:
    before = _seen(policy)
    report = _enforced(policy)
    assert (report.short, report.barred) == ((), None)
    assert not [step for step in report.steps if step.state == "failed"]
    stops = {step.resource.id for step in report.steps if (step.do, step.state) == ("stop", "done")}
    assert len(stops) > 5
    told = {step.resource.id for step in report.steps if (step.do, step.state) == ("notify", "done")}
    assert stops < told
    after = _seen(policy)
    for name, each in after.items():
        was, now = before[name].fields.get("state"), each.fields.get("state")
        assert (now in ("stopping", "stopped")) if name in stops else now == was
        changed = {key for key, _ in before[name].tags.raw.items() ^ each.tags.raw.items()}
        assert changed <= ({"finops-guard-due"} if name in told else set())

    store = open_store(policy.state, Path(policy.path).parent, lambda: None)
    acts = Counter(act.verb for entry in entries(store) for act in entry.acts)
    assert acts["stop"] == len(stops)
    _enforced(policy)
    assert Counter(act.verb for entry in entries(store) for act in entry.acts) == acts

    ran = finops_guard("undo", "last", "-p", policy.path)
    assert ran.code == 0, ran.err
    assert "cannot be put back" in ran.out
    lasting = {name for name in stops if before[name].kind == "training-job"}
    again = _seen(policy)
    assert again.keys() == before.keys()
    assert {name for name, each in again.items() if not _same(before[name], each)} == lasting
    assert f"{len(lasting)} cannot be put back" in ran.out
