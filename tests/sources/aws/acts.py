"""What a planner would hand over, and what was sent because of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from finops_guard.model import Notes, Outcome, Step
from finops_guard.sources import aws

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pytest

    from finops_guard.model import Resource, Verb
    from finops_guard.sources.aws._act import Acting
    from tests.sources.aws.cloud import Cloud

IMAGE = "ami-12c6146b"


def acting(**scope: object) -> Acting:
    return aws.acting(scope, Notes(), now=datetime.now(UTC))


def step(
    resource: Resource,
    verb: Verb,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> Step:
    return Step(
        id=f"{verb} {resource.id}",
        do=verb,
        resource=resource,
        rules=("pack/rule",),
        binding="pack",
        state="due",
        due=None,
        reversible=True,
        before=before or {},
        after=after or {},
    )


def tagging(resource: Resource, **after: str | None) -> Step:
    return step(resource, "tag", {key: resource.tags.raw.get(key) for key in after}, after)


def act(steps: Iterable[Step], **scope: object) -> list[Outcome]:
    """The outcomes, in the order of the steps."""
    steps = list(steps)
    with_ = acting(**scope)
    try:
        return _sorted(steps, with_.act(steps[0].do, steps))
    finally:
        with_.close()


def undo(steps: Iterable[Step], outcomes: Iterable[Outcome], **scope: object) -> list[Outcome]:
    """What taking back the outcomes of these steps gives; as from a journal, only what was done."""
    did = {outcome.step: outcome for outcome in outcomes if outcome.state == "done"}
    back = [step(s.resource, s.do, did[s.id].before, did[s.id].after) for s in steps if s.id in did]
    with_ = acting(**scope)
    try:
        return _sorted(back, with_.undo(back[0].do, back)) if back else []
    finally:
        with_.close()


def _sorted(steps: list[Step], outcomes: Iterator[Outcome]) -> list[Outcome]:
    told = {}
    for outcome in outcomes:
        assert outcome.step not in told
        told[outcome.step] = outcome
    assert told.keys() == {s.id for s in steps}
    return [told[s.id] for s in steps]


def sent(cloud: Cloud, *operations: str) -> list[tuple[str, dict[str, Any]]]:
    """A list that fills with the operation and parameters of every such request from now on; moto answers them."""
    seen: list[tuple[str, dict[str, Any]]] = []

    def watch(operation: str) -> None:
        told = cloud.instead.get(operation)

        def see(asked: dict[str, Any]) -> Any:
            seen.append((operation, asked))
            return told(asked) if told is not None else None

        cloud.instead[operation] = see

    for operation in operations:
        watch(operation)
    return seen


def impatient(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nobody waits; what would have been waited."""
    pauses: list[float] = []
    for module in ("_writes", "_tagging"):
        monkeypatch.setattr(f"finops_guard.sources.aws.{module}.sleep", pauses.append)
    return pauses


def states(outcomes: Iterable[Outcome]) -> list[str]:
    return [outcome.state for outcome in outcomes]


def ids(form: Mapping[str, str]) -> list[str]:
    return [value for key, value in form.items() if key.startswith("InstanceId.")]
