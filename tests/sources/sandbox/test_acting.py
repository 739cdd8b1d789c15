"""What a scan of the sandbox finds can be acted on and taken back, with the scan's own role."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta

import pytest

from finops_guard.model import Need, Notes, Outcome, Resource, Step, Verb
from finops_guard.sources import aws, sandbox
from finops_guard.sources.aws._act import Acting
from tests.sources.sandbox.conftest import EXTERNAL_ID, NOW

TRAINING = "214365870912"
SCOPE = {
    "accounts": [TRAINING, "325476981023", "436587092134"],
    "regions": ["eu-west-1", "eu-central-1"],
    "roles": {"scan": "finops-guard-scan"},
    "external_id": EXTERNAL_ID,
}
LATER = NOW + timedelta(seconds=30)
FIELDS = frozenset({"protected", "capacity.provisioned", "accelerators.count"})


@pytest.fixture(scope="module")
def box() -> Iterator[sandbox.Sandbox]:
    with sandbox.start(now=NOW) as box, sandbox.applied(box.environment):
        yield box


@pytest.fixture
def acting(box: sandbox.Sandbox) -> Iterator[Acting]:
    del box
    with closing(aws.acting(SCOPE, Notes(), now=LATER)) as acting:
        yield acting


def _scan(*kinds: str) -> dict[str, Resource]:
    need = Need(frozenset(kinds) if kinds else None, FIELDS)
    return {found.id: found for found in aws.collect(SCOPE, need, LATER, Notes())}


def _steps(verb: Verb, resources: Sequence[Resource]) -> list[Step]:
    return [_step(verb, one, {}, {}) for one in resources]


def _step(verb: Verb, resource: Resource, before: object, after: object) -> Step:
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    step = Step(f"{verb} {resource.id}", verb, resource, (), "pack", "due", None, reversible=True)
    step.before, step.after = before, after
    return step


def _undone(acting: Acting, verb: Verb, steps: Sequence[Step], outcomes: Sequence[Outcome]) -> list[Outcome]:
    did = {outcome.step: outcome for outcome in outcomes if outcome.state == "done"}
    back = [_step(verb, s.resource, did[s.id].before, did[s.id].after) for s in steps if s.id in did]
    return list(acting.undo(verb, back))


def _raw(found: dict[str, Resource]) -> dict[str, dict[str, str]]:
    return {name: resource.tags.raw for name, resource in found.items()}


def test_everything_is_tagged_and_put_back(acting: Acting) -> None:
    before = _scan()
    steps = [
        _step("tag", one, {"reviewed": None, "team": one.tags.raw.get("team")}, {"reviewed": "{x}", "team": None})
        for one in before.values()
        if one.tags.open_because is None
    ]
    outcomes = list(acting.act("tag", steps))
    assert len(outcomes) == len(steps) > 250
    assert [outcome for outcome in outcomes if outcome.state != "done"] == []
    after = _raw(_scan())
    for step in steps:
        raw = {key: value for key, value in step.resource.tags.raw.items() if key != "team"}
        assert after[step.resource.id] == raw | {"reviewed": "{x}"}
    assert {outcome.state for outcome in acting.act("tag", steps)} == {"skipped"}
    assert {outcome.state for outcome in _undone(acting, "tag", steps, outcomes)} == {"done"}
    assert _raw(_scan()) == _raw(before)


@pytest.mark.parametrize(
    ("verb", "kind"),
    [("stop", "vm"), ("stop", "notebook"), ("scale_to_zero", "node-pool"), ("scale_to_zero", "endpoint")],
)
def test_what_can_be_taken_back_leaves_nothing_behind(acting: Acting, verb: Verb, kind: str) -> None:
    before = _scan(kind)
    running = [one for one in before.values() if one.fields["state"] == "running" and not one.fields["protected"]]
    steps = _steps(verb, running)
    outcomes = list(acting.act(verb, steps))
    assert [(o.step, o.error) for o in outcomes if o.state != "done"] == []
    assert len(outcomes) == len(running) > 0
    left = {one.id: one for one in acting.read(running)}
    assert {(one.fields["state"], one.fields.get("capacity.provisioned")) for one in left.values()} <= {
        ("stopped", None), ("stopped", 0), ("running", 0),
    }  # fmt: skip
    assert {outcome.state for outcome in acting.act(verb, steps)} == {"skipped"}
    assert {outcome.state for outcome in _undone(acting, verb, steps, outcomes)} == {"done"}
    now = _scan(kind)
    for name, one in before.items():
        assert (now[name].fields, now[name].tags.raw) == (one.fields, one.tags.raw)
    assert now.keys() == before.keys()


def test_a_protected_machine_refuses(acting: Acting) -> None:
    pinned = [one for one in _scan("vm").values() if one.fields["protected"]]
    verbs: tuple[Verb, ...] = ("stop", "terminate")
    outcomes = [outcome for verb in verbs for outcome in acting.act(verb, _steps(verb, pinned))]
    refused = [str(outcome.error) for outcome in outcomes if outcome.state == "failed"]
    assert {why.partition(" ")[0] for why in refused} == {"OperationNotPermitted"}
    assert len(refused) >= len(pinned) > 0


def test_a_running_job_is_ended(acting: Acting) -> None:
    running = [one for one in _scan("training-job").values() if one.fields["state"] == "running"]
    outcomes = list(acting.act("stop", _steps("stop", running)))
    assert len(outcomes) == len(running) > 0
    assert {outcome.state for outcome in outcomes} == {"done"}
    assert {one.fields["state"] for one in acting.read(running)} == {"stopped"}


def test_who_acts_is_the_role_of_the_scan(acting: Acting) -> None:
    who = acting.identity(TRAINING)
    assert (who.cloud, who.account) == ("aws", TRAINING)
    assert ":assumed-role/finops-guard-scan/" in who.principal
