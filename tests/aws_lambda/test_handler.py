"""The handler: the same run as the command's, in as many invocations as it takes, once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from finops_guard.aws_lambda import _progress, handler
from finops_guard.aws_lambda._progress import Progress
from finops_guard.errors import ActError, GuardError, InputError, ScanError
from finops_guard.language.diagnostics import LanguageError
from finops_guard.state.halts import halt, resume
from finops_guard.state.lease import acquire
from finops_guard.state.store import open_store
from tests.aws_lambda.world import CELLS, POLICY, REGIONS, RESOURCES, SEEN, WHERE, Context, World
from tests.sources.aws.cloud import OWN

EVENT = {"policy": WHERE}


def until_done(event: dict[str, Any], context: Any, most: int = 20) -> tuple[dict[str, Any], int]:
    """The result, and how many invocations it took; each is given what the last one returned."""
    for number in range(1, most):
        answer: dict[str, Any] = handler(event, context(number))
        if "continue" not in answer:
            return answer, number
        event = json.loads(json.dumps(answer))
    raise AssertionError("it never ends")


def test_a_scan_is_kept_in_the_state_and_answered(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    result = handler(EVENT, Context())
    assert result["findings"] == {"pass": 2, "fail": 8, "unknown": 0, "exempt": 0}
    assert (result["complete"], result["mode"], result["resources"]) == (True, "dry-run", RESOURCES)
    assert result["steps"] == {"notify due": 8, "tag due": 8}
    report = json.loads(world.get(f"state/{result['report']}"))
    assert report["schema"] == "finops-guard/report/1"
    assert report["run"]["id"] == result["run"]
    assert f"state/snapshots/{result['run']}" in world.stored()
    assert world.writes == []
    (line,) = capsys.readouterr().out.splitlines()
    logged = json.loads(line)
    assert (logged["level"], logged["message"], logged["run"]) == ("info", "done", result["run"])


@pytest.mark.parametrize("boundary", range(1, CELLS))
def test_a_timeout_at_every_cell_boundary_resumes_with_the_same_result(
    world: World, boundary: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, once = until_done(EVENT | {"run": "whole"}, lambda _: Context())
    assert once == 1
    reads = sorted(world.cells_asked())
    known: list[str] = []
    ends = Progress.whole

    def counted(self: Progress, cell: str, *rest: Any) -> None:
        ends(self, cell, *rest)
        known.append(cell)

    monkeypatch.setattr(Progress, "whole", counted)
    first = Context("r-1", script=lambda _: 900 if len(known) < boundary else 0)
    parts, times = until_done(EVENT | {"run": "parts"}, lambda number: first if number == 1 else Context(f"r-{number}"))
    assert times == 2
    assert len(known) == len(set(known)) == CELLS
    assert world.report(parts) == world.report(whole)
    assert set(world.cells_asked()) == set(reads)


def test_an_invocation_that_has_no_time_still_reads_a_cell(world: World) -> None:
    whole, _ = until_done(EVENT | {"run": "whole"}, lambda _: Context())
    world.cloud.one_a_page = True
    parts, times = until_done(EVENT | {"run": "parts"}, lambda number: Context(f"r-{number}", left=0))
    assert times == CELLS
    assert world.report(parts) == world.report(whole)


def test_a_timeout_at_every_page_leaves_the_same_result(world: World) -> None:
    """The clock runs out after any number of looks at it: within a cell too, which is then read anew."""
    world.cloud.one_a_page = True
    whole, _ = until_done(EVENT | {"run": "whole"}, lambda _: Context())
    for looks in (1, 3, 5, 8, 12):

        def context(number: int, looks: int = looks) -> Context:
            return Context(f"r-{number}", script=lambda asked: 900 if asked <= looks else 0)

        parts, _ = until_done(EVENT | {"run": f"parts-{looks}"}, context)
        assert world.report(parts) == world.report(whole)


def test_what_could_not_be_read_is_remembered_too(world: World) -> None:
    world.cloud.denied = {("ec2", "DescribeVolumes")}
    whole, _ = until_done(EVENT | {"run": "whole"}, lambda _: Context())
    parts, times = until_done(EVENT | {"run": "parts"}, lambda number: Context(f"r-{number}", left=0))
    assert times > 1
    assert whole["complete"] is parts["complete"] is False
    assert world.report(parts)["gaps"] == world.report(whole)["gaps"] != []


def test_a_killed_invocation_loses_only_what_was_not_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_progress, "_AT_ONCE", -1)
    whole = Progress.whole
    kept: list[str] = []

    def dies(self: Any, cell: str, *rest: Any) -> None:
        whole(self, cell, *rest)
        kept.append(cell)
        if len(kept) == 2:
            raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "whole", dies)
        with pytest.raises(SystemExit):
            handler(EVENT, Context())
    world.cloud.asked.clear()
    result = handler(EVENT, Context())
    assert result["resources"] == RESOURCES
    assert len({*world.cells_asked()}) == CELLS - len(kept)


def test_a_cell_that_never_fits_an_invocation_is_a_gap(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    keeps = Progress.keep
    cut: list[str] = []

    def ended(self: Progress, cell: str, resources: Any) -> Any:
        for number, resource in enumerate(keeps(self, cell, resources)):
            if cell.endswith("us-east-1 AWS::EC2::Volume") and not number:
                while not self._slow:
                    time.sleep(0.01)
                time.sleep(0.05)
                cut.append(cell)
                raise SystemExit  # as Lambda does it: nothing is said any more
            yield resource

    with monkeypatch.context() as patch:
        patch.setattr(_progress, "_A_WHILE", 0.2)
        patch.setattr(Progress, "keep", ended)
        for _ in range(2):  # Lambda tries again twice, with the same event
            with pytest.raises(SystemExit):
                handler(EVENT, Context())
        result: dict[str, Any] = handler(EVENT, Context())
    assert len(cut) == 2
    (gap,) = json.loads(world.get(f"state/{result['report']}"))["gaps"]
    assert (gap["account"], gap["region"], gap["type"]) == (OWN, "us-east-1", "AWS::EC2::Volume")
    assert "2 invocations were ended while they read it" in gap["reason"]
    assert (result["complete"], result["resources"]) == (False, RESOURCES - 3)


def test_what_takes_long_and_was_read_whole_is_not_taken_for_too_large(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended just behind a slow cell, again and again: it is kept at once."""
    ends = Progress.whole
    read: list[str] = []

    def ended(self: Progress, cell: str, *rest: Any) -> None:
        self._say(cell)
        ends(self, cell, *rest)
        read.append(cell)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "whole", ended)
        for _ in range(CELLS):
            with pytest.raises(SystemExit):
                handler(EVENT, Context())
    assert len(set(read)) == CELLS
    world.cloud.asked.clear()
    result = handler(EVENT, Context())
    assert (result["complete"], result["resources"], world.cells_asked()) == (True, RESOURCES, [])


def _lease() -> None:
    acquire(open_store("s3://guard/state", Path()), "run night on another", datetime.now(UTC), timedelta(minutes=15))


def _future() -> None:
    resume(open_store("s3://guard/state", Path()), "ops", "over", datetime.now(UTC) + timedelta(days=1))


@pytest.mark.parametrize(
    ("barred", "says"), [(_lease, "holds the lease"), (_future, "an entry of")], ids=["lease", "clock"]
)
def test_an_enforcing_run_that_may_not_act_raises(
    world: World, barred: Callable[[], None], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    barred()
    with pytest.raises(ActError, match=says):
        handler(EVENT | {"mode": "enforce"}, Context())
    assert world.writes == []
    assert says in json.loads(capsys.readouterr().out.splitlines()[-1])["error"]
    assert not [key for key in world.stored() if key.endswith("/result")], "so that Lambda tries again"


def test_a_halted_run_tells_and_does_nothing(world: World) -> None:
    halt(open_store("s3://guard/state", Path()), "ops", "audit", datetime.now(UTC))
    result: dict[str, Any] = handler(EVENT | {"mode": "enforce"}, Context())
    assert set(world.writes) == {"Publish"}
    assert (result["steps"], [why for why in result["short"] if "halted by ops" in why]) == (
        {"notify done": 8, "tag refused": 8},
        result["short"],
    )


def test_the_same_event_again_changes_nothing(world: World) -> None:
    first = handler(EVENT, Context("request-1"))
    before = {key: world.get(key) for key in world.stored()}
    world.cloud.asked.clear()
    assert handler(EVENT, Context("request-1")) == first
    assert {key: world.get(key) for key in world.stored()} == before
    assert world.cells_asked() == []
    assert handler(EVENT, Context("request-2"))["run"] != first["run"]


def test_enforce_acts_once_whatever_is_repeated(world: World) -> None:
    event = EVENT | {"mode": "enforce", "run": "night"}
    result, times = until_done(event, lambda number: Context(f"r-{number}", left=0 if number < 3 else 900))
    assert times == 3
    assert result["steps"] == {"notify done": 8, "tag done": 8}
    assert set(world.writes) == {"Publish", "TagResources"}
    tagged = [
        tag for region in REGIONS for tag in world.cloud.client("ec2", region).describe_tags(Filters=[SEEN])["Tags"]
    ]
    assert len(tagged) == 8
    world.cloud.asked.clear()
    assert handler(event, Context()) == result
    assert handler(EVENT | {"mode": "enforce", "run": "next"}, Context())["steps"] == {}
    assert world.writes == []


def test_acts_that_take_longer_than_an_invocation_are_gone_on_with(world: World) -> None:
    whole, times = until_done(EVENT | {"mode": "enforce", "run": "whole"}, lambda number: Context(f"w-{number}"))
    assert times == 1
    world.again()
    sent = tagged(world)
    event = EVENT | {"mode": "enforce", "run": "parts"}
    result, times = until_done(event, lambda number: Context(f"p-{number}", script=lambda _asked: 0.2))
    assert times > 3
    assert result["steps"] == whole["steps"] == {"notify done": 8, "tag done": 8}
    assert len(result["earlier"]) == times - 1
    assert len(sent) == len(set(sent)) == 8
    world.cloud.asked.clear()
    assert handler(event, Context()) == result
    assert world.writes == []


def tagged(world: World) -> list[str]:
    """A list that fills with what is asked to be tagged."""
    seen: list[str] = []
    world.cloud.instead["TagResources"] = lambda asked: seen.extend(asked["ResourceARNList"])
    return seen


def test_a_policy_that_is_dry_run_is_not_enforced(world: World) -> None:
    world.put("config/policies/dry.yaml", POLICY.replace("mode: enforce", "mode: dry-run"))
    result = handler({"policy": "s3://guard/config/policies/dry.yaml", "mode": "enforce"}, Context())
    assert {state for step in result["steps"] for state in step.split()[1:]} == {"refused"}  # type: ignore[attr-defined]
    assert world.writes == []


def test_a_schedule_of_eventbridge_takes_its_policy_from_the_environment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINOPS_GUARD_POLICY", WHERE)
    event = {"version": "0", "id": "e-1", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}
    first = handler(event, Context("request-1"))
    assert first["mode"] == "dry-run"
    assert handler(event, Context("request-9")) == first
    assert world.stored()


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (None, "the event is not an object"),
        ({}, "the event names no policy"),
        ({"policy": WHERE, "mdoe": "enforce"}, "unknown key 'mdoe'"),
        ({"policy": WHERE, "mode": "yes"}, "neither dry-run nor enforce"),
        ({"policy": WHERE, "targets": ["/etc/passwd"]}, "targets are a list of aws"),
        ({"policy": WHERE, "scope": {"aws": {"regions": ["eu-north-1"]}}}, "wider than the policy's"),
        ({"policy": WHERE, "scope": {"aws": {"accounts": ["1"]}}}, "wider than the policy's"),
        ({"policy": WHERE, "scope": {"aws": {"roles": {}}}}, "scope is {aws"),
        ({"policy": "/etc/passwd"}, "no policy /etc/passwd in the package"),
        ({"policy": "../../etc/passwd"}, "no policy"),
        ({"policy": "s3://guard/config/policies/none.yaml"}, "there is no policy"),
        ({"policy": "s3://nowhere/x.yaml"}, "cannot be read: NoSuchBucket"),
        ({"policy": WHERE, "state": "folder"}, "the state 'folder' is a folder"),
        ({"continue": {"policy": WHERE}}, "not what an invocation returned"),
    ],
)
def test_an_order_that_is_none_is_refused(event: Any, says: str, world: World) -> None:
    with pytest.raises(InputError) as caught:
        handler(event, Context())
    assert says in caught.value.what
    assert world.stored() == []


def test_a_policy_with_a_mistake_never_runs(world: World) -> None:
    world.put("config/policies/bad.yaml", POLICY.replace("use: whose", "use: whsoe"))
    with pytest.raises(LanguageError):
        handler({"policy": "s3://guard/config/policies/bad.yaml"}, Context())
    assert world.cells_asked() == []


def test_a_scope_can_be_narrowed(world: World) -> None:
    result = handler(EVENT | {"scope": {"aws": {"regions": ["us-east-1"]}}}, Context())
    assert result["resources"] == RESOURCES / 2
    assert {region for _, region in world.cells_asked()} == {"us-east-1"}


def test_a_policy_that_changes_under_way_ends_the_run(world: World) -> None:
    answer = handler(EVENT, Context(left=0))
    world.put("config/rules/whose.yaml", world.get("config/rules/whose.yaml").decode().replace("high", "low"))
    with pytest.raises(InputError, match="changed while the run was under way"):
        handler(answer, Context())
    world.put("config/rules/whose.yaml", world.get("config/rules/whose.yaml").decode().replace("low", "high"))


def test_a_token_cannot_enforce_what_was_begun_as_a_dry_run(world: World) -> None:
    answer: dict[str, Any] = handler(EVENT, Context(left=0))
    with pytest.raises(InputError, match="changed while the run was under way"):
        handler({"continue": answer["continue"] | {"mode": "enforce"}}, Context())
    assert world.writes == []


def test_without_a_state_a_run_ends_in_one_invocation(world: World) -> None:
    assert handler(EVENT | {"state": "none"}, Context())["resources"] == RESOURCES
    with pytest.raises(ScanError, match="without a state"):
        handler(EVENT | {"state": "none"}, Context(left=0))
    assert world.stored() == []


def test_no_secret_is_logged_or_raised(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOOK", "hunter2-hunter2")
    world.put(
        "config/policies/hook.yaml",
        POLICY.replace(
            "[{to: sns, topic: $env.TOPIC}]", "[{to: webhook, url: 'https://h.example', secret: $env.HOOK}]"
        ),
    )

    def breaks(*_: object) -> None:
        raise RuntimeError("very-secret-key and hunter2-hunter2")

    with monkeypatch.context() as patch:
        patch.setattr("finops_guard.aws_lambda._run.run", breaks)
        with pytest.raises(GuardError) as caught:
            handler({"policy": "s3://guard/config/policies/hook.yaml"}, Context())
    assert "failed: RuntimeError in " in caught.value.what
    assert caught.value.__context__ is None

    def says(*_: object) -> None:
        raise ScanError("hunter2-hunter2 and very-secret-key")

    with monkeypatch.context() as patch:
        patch.setattr("finops_guard.aws_lambda._run.run", says)
        with pytest.raises(GuardError):
            handler({"policy": "s3://guard/config/policies/hook.yaml"}, Context())
    out = capsys.readouterr().out
    assert "***" in out
    assert "hunter2" not in out
    assert "very-secret" not in out
    assert all(json.loads(line)["level"] == "error" for line in out.splitlines())
