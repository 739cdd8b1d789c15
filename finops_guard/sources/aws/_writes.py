"""Writing: the cell in which verbs act, what a write may answer, and one outcome for each resource of a batch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from time import sleep
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    ParamValidationError,
)

from finops_guard.model import Outcome
from finops_guard.sources.aws._cells import Cell
from finops_guard.sources.aws._errors import Unreadable, unreadable
from finops_guard.sources.aws._login import without_secrets
from finops_guard.sources.aws._session import signed_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from botocore.credentials import Credentials

    from finops_guard.model import Step
    from finops_guard.sources.aws._cells import Answer
    from finops_guard.sources.aws._session import Clients

PAUSES = (1.0, 2.0, 4.0)
"""Seconds to wait where AWS says that we ask too fast, and for a change to show of which no answer came."""
THROTTLED = re.compile(r"throttl|rate exceeded|RequestLimitExceeded|TooManyRequests|SlowDown", re.IGNORECASE)
_NEVER_SENT = (ParamValidationError, NoCredentialsError, CredentialRetrievalError, LookupError)
_UNCHANGED = "no answer came, and nothing has changed"
_UNREAD = "no answer came, and reading it again failed: "
_LONGEST = 200
_BROKEN = 500


class Unwritten(Unreadable):
    """A write that got no usable answer. `lost`: it may have been carried out. `throttled`: it was not, for now."""

    def __init__(self, reason: str, *, denied: bool, gone: bool, lost: bool, throttled: bool) -> None:
        super().__init__(reason, denied=denied, gone=gone)
        self.lost = lost
        self.throttled = throttled


@dataclass(slots=True, kw_only=True)
class Site(Cell):
    """A cell in which a verb acts: it reads as the scan does, and writes as the verb's role, nothing twice."""

    writer: Credentials
    writing: Clients

    def write(self, operation: str, *, client: str = "", **params: Any) -> Answer:  # noqa: ANN401 - as the SDK has them
        """One request that changes something, sent again only where AWS says it was not carried out: Unwritten."""
        service = client or self.module.CLIENT
        for pause in (*PAUSES, None):
            try:
                with signed_by(self.writer):
                    answer: Answer = getattr(self.writing.get(service, self.region), xform_name(operation))(**params)
            except Exception as error:
                failure = _unwritten(error, service, operation)
                if not failure.throttled or pause is None:
                    raise failure from error
                sleep(pause)
            else:
                return answer
        raise AssertionError  # the last pause is None


def _unwritten(error: Exception, service: str, operation: str) -> Unwritten:
    said = unreadable(error, service, operation)
    if not isinstance(error, ClientError):
        lost = not isinstance(error, _NEVER_SENT)
        return Unwritten(said.reason, denied=False, gone=False, lost=lost, throttled=False)
    code = str(error.response.get("Error", {}).get("Code", ""))
    message = without_secrets(str(error.response.get("Error", {}).get("Message", "")))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    throttled = THROTTLED.search(code) is not None
    wordless = said.denied or not message or said.reason.startswith("HTTP ")
    reason = said.reason if wordless else f"{said.reason}: {message}"[:_LONGEST]
    lost = status >= _BROKEN and not throttled
    return Unwritten(reason, denied=said.denied, gone=said.gone, lost=lost, throttled=throttled)


def failed(step: Step, error: str, before: Mapping[str, object] | None = None) -> Outcome:
    """An act that was not done, so that after it all is as before."""
    return Outcome(step.id, "failed", before or {}, before or {}, error)


def skipped(step: Step, why: str, before: Mapping[str, object] | None = None) -> Outcome:
    """An act that need not or must not be done now."""
    return Outcome(step.id, "skipped", before or {}, before or {}, why)


def not_now(step: Step, why: str, before: Mapping[str, object] | None = None) -> Outcome:
    """An act that will work in a while: nothing was sent, and nothing went wrong."""
    return Outcome(step.id, "scheduled", before or {}, before or {}, why)


def one_each(steps: Sequence[Step], act: Callable[[Step], Outcome]) -> Iterator[Outcome]:
    """Act on one after the other; what could not be read first is not acted on."""
    for step in steps:
        try:
            yield act(step)
        except Unreadable as error:
            yield failed(step, error.reason)


def changed(
    step: Step,
    before: Mapping[str, object],
    after: Mapping[str, object],
    send: Callable[[], object],
    read: Callable[[], Mapping[str, object]],
) -> Outcome:
    """One write about one resource. Where no answer comes, it was done if `read` soon says all that `after` says."""
    try:
        send()
    except Unwritten as error:
        if not error.lost:
            return failed(step, error.reason, before)
        lost = why = error.reason
    else:
        return Outcome(step.id, "done", before, after)
    now: Mapping[str, object] = {}
    for pause in (0.0, *PAUSES):
        sleep(pause)
        try:
            now = read()
        except Unreadable as error:
            why = f"{lost}: {_UNREAD}{error.reason}"
            continue
        if all(now.get(key) == value for key, value in after.items()):
            return Outcome(step.id, "done", before, after)
        why = f"{lost}: {_UNCHANGED}"
    return Outcome(step.id, "failed", before, now, why)


@dataclass(frozen=True, slots=True)
class Move:
    """A change of state, in the catalogue's words: from one of `begin` to the first of `ends`, then to the others.

    In one of `ends` there is nothing to do; from one of `soon` it will work later, not now.
    """

    begin: frozenset[str]
    ends: tuple[str, ...]
    soon: frozenset[str] = frozenset()

    def at_once(self, step: Step, state: str | None) -> Outcome | None:
        """The outcome where there is nothing to send in this state (None: the resource is gone)."""
        before = {"state": state}
        if state is None:
            return skipped(step, "it is gone")
        if state in self.ends:
            return skipped(step, f"already {state}", before)
        if state in self.soon:
            return not_now(step, f"it is still {state}: try again in a minute", before)
        if state not in self.begin:
            return skipped(step, f"it is {state}", before)
        return None


@dataclass(frozen=True, slots=True)
class States:
    """How states of one type are read and changed. `read` leaves out what is gone; `send` takes at most `size` ARNs."""

    move: Move
    read: Callable[[Sequence[str]], Mapping[str, str]]
    send: Callable[[Sequence[str]], object]
    size: int = 1

    def outcomes(self, steps: Sequence[Step]) -> Iterator[Outcome]:
        """Read, send and tell, batch by batch."""
        for start in range(0, len(steps), self.size):
            yield from self._batch(steps[start : start + self.size])

    def _batch(self, steps: Sequence[Step]) -> Iterator[Outcome]:
        try:
            states = self.read([step.resource.id for step in steps])
        except Unreadable as error:
            yield from (failed(step, error.reason) for step in steps)
            return
        begun = []
        for step in steps:
            outcome = self.move.at_once(step, states.get(step.resource.id))
            if outcome is None:
                begun.append(step)
            else:
                yield outcome
        yield from self._sent(begun, states)

    def _sent(self, steps: Sequence[Step], states: Mapping[str, str]) -> Iterator[Outcome]:
        """AWS refuses a whole batch for one of its resources, so a refused batch is halved until that one is alone."""
        if not steps:
            return
        try:
            self.send([step.resource.id for step in steps])
        except Unwritten as error:
            if error.lost:
                yield from self._looked_after(steps, states, error.reason)
            elif len(steps) == 1:
                yield failed(steps[0], error.reason, {"state": states[steps[0].resource.id]})
            else:
                middle = len(steps) // 2
                yield from self._sent(steps[:middle], states)
                yield from self._sent(steps[middle:], states)
            return
        for step in steps:
            yield Outcome(step.id, "done", {"state": states[step.resource.id]}, {"state": self.move.ends[0]})

    def _looked_after(self, steps: Sequence[Step], states: Mapping[str, str], lost: str) -> Iterator[Outcome]:
        """No answer came: whether it was done is what the resources say, within a few seconds."""
        waiting = list(steps)
        now: Mapping[str, str] = {}
        why = lost
        for pause in (0.0, *PAUSES):
            sleep(pause)
            try:
                now = self.read([step.resource.id for step in waiting])
                why = f"{lost}: {_UNCHANGED}"
            except Unreadable as error:
                why = f"{lost}: {_UNREAD}{error.reason}"
                continue
            for step in [step for step in waiting if now.get(step.resource.id) in self.move.ends]:
                waiting.remove(step)
                yield Outcome(step.id, "done", {"state": states[step.resource.id]}, {"state": now[step.resource.id]})
            if not waiting:
                return
        for step in waiting:
            before, after = {"state": states[step.resource.id]}, {"state": now.get(step.resource.id)}
            yield Outcome(step.id, "failed", before, after if now else {}, why)
