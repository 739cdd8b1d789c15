"""Gate 4: the intent on record, the act, another look, the outcome on record."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from finops_guard.apply.intended import UNDO, reached, untouched
from finops_guard.apply.ports import Limits, Verbs
from finops_guard.apply.reading import reread
from finops_guard.apply.session import Session
from finops_guard.apply.stops import STARTS, taken_back
from finops_guard.errors import ActError, GuardError
from finops_guard.model import Outcome, Resource, Step
from finops_guard.state.episodes import Delta, Done, advance
from finops_guard.state.journal import Act

_JOBS = frozenset({"training-job", "job"})
_OPEN = "whether it was done is not known: {}; the next run finds out"


@dataclass(frozen=True, slots=True)
class Deed:
    """One act as it goes on record, and the step that the verb is given."""

    act: Act
    step: Step


@dataclass(slots=True)
class Result:
    """What came of a batch. `harmed`: neither as before nor as intended. `trouble`: why no other batch may follow."""

    outcomes: list[Outcome] = field(default_factory=list)
    harmed: set[str] = field(default_factory=set)
    trouble: str | None = None


def perform(
    session: Session,
    verbs: Verbs,
    deeds: Sequence[Deed],
    send: Callable[[Sequence[Step]], Iterable[Outcome]],
    limits: Limits,
) -> Result:
    """Carry out one batch of a verb. ActError or InputError if it could not be begun: then nothing was sent."""
    acts = [deed.act for deed in deeds]
    session.steady()
    session.journal().intents(acts, session.now())
    session.spent.update(act.verb for act in acts)
    try:
        session.lease.check(session.now())
    except GuardError:
        with suppress(GuardError, ValueError):
            unsent = [
                Outcome(act.step, "skipped", act.before, act.before, "not sent: the lease was lost") for act in acts
            ]
            session.journal().outcomes(unsent, session.now())
        raise
    answers = _answers(send, [deed.step for deed in deeds])
    live = _looks(verbs, deeds, answers, limits)
    result = Result()
    decided = [
        outcome
        for act in acts
        if (outcome := _outcome(act, live[act.resource], answers.get(act.step), result)) is not None
    ]
    try:
        session.keep(kept(acts, decided, session))
        if decided:
            session.journal().outcomes(decided, session.now())
    except GuardError as wrong:
        result.trouble = f"what was done could not be recorded: {wrong.what}"
    verb_of = {act.step: act.verb for act in acts}
    session.spent.subtract(verb_of[outcome.step] for outcome in decided if outcome.state != "done")
    result.outcomes += decided
    return result


def kept(acts: Sequence[Act], outcomes: Sequence[Outcome], session: Session, at: datetime | None = None) -> Delta:
    """What acts change of the episodes: the rungs that they carried out, and the stops that they took back.

    `at`: when they were done; now, where that is not known to be earlier.
    """
    done = {outcome.step for outcome in outcomes if outcome.state == "done"}
    delta = advance(session.records, _rungs(acts, outcomes, at or session.now()))
    back = {act.resource for act in acts if act.step in done and act.verb in STARTS}
    return delta | taken_back(ChainMap(delta, session.records), back, session.now()) if back else delta


def _rungs(acts: Iterable[Act], outcomes: Iterable[Outcome], at: datetime) -> Iterator[Done]:
    """The rungs that acts carried out."""
    done = {outcome.step: outcome for outcome in outcomes if outcome.state == "done"}
    for act in acts:
        if act.step in done and not act.verb.startswith(UNDO):
            before = {} if act.verb == "tag" else done[act.step].before
            for finding, rung in act.serves:
                yield Done(finding, rung, at, before, act.verb, done[act.step].after)


def _answers(send: Callable[[Sequence[Step]], Iterable[Outcome]], steps: Sequence[Step]) -> dict[str, Outcome]:
    """What the cloud answered, by step; a step without an answer may have been done."""
    answers: dict[str, Outcome] = {}
    try:
        for outcome in send(steps):
            answers[outcome.step] = outcome
    except Exception as error:  # noqa: BLE001 - whatever it is, what was sent is looked at all the same
        why = f"no answer: {str(error) or type(error).__name__}"
        for step in steps:
            answers.setdefault(step.id, Outcome(step.id, "failed", {}, {}, why))
    return answers


def _looks(
    verbs: Verbs, deeds: Sequence[Deed], answers: Mapping[str, Outcome], limits: Limits
) -> Mapping[str, Resource | None]:
    """The resources afterwards; those that the cloud says are done, and are not so yet, are looked at again."""
    live: dict[str, Resource | None] = {}
    waiting = list(deeds)
    for pause in (0.0, *limits.looks):
        if pause:
            limits.wait(pause)
        live |= reread(verbs, [deed.step.resource for deed in waiting])
        waiting = [
            deed
            for deed in waiting
            if not reached(deed.act, live[deed.act.resource]) and _said_done(answers.get(deed.act.step))
        ]
        if not waiting:
            break
    return live


def _said_done(answer: Outcome | None) -> bool:
    return answer is not None and answer.state == "done"


def _outcome(act: Act, live: Resource | None, answer: Outcome | None, result: Result) -> Outcome | None:
    """What came of an act; None where it cannot be told, which `result` says: the act stays open."""
    answer = answer or Outcome(act.step, "failed", {}, {}, "no answer")
    before = act.before if _tags(act) else {**act.before, **answer.before}
    if answer.state in ("skipped", "scheduled"):
        return Outcome(act.step, answer.state, before, before, answer.error)
    ended = _ended(live) if live is not None and act.verb == "stop" else None
    if ended is not None:
        if answer.state == "done":
            return Outcome(act.step, "done", before, {**act.after, "state": ended}, answer.error)
        return Outcome(act.step, "skipped", before, before, f"it is {ended} already")
    so = reached(act, live)
    if so:
        after = act.after if _tags(act) else {**act.after, **answer.after}
        return Outcome(act.step, "done", before, after, answer.error)
    if so is None:
        why = _OPEN.format(answer.error or "it could not be read again")
        result.outcomes.append(Outcome(act.step, "failed", before, {}, why))
        result.harmed.add(act.step)
        return None
    if not untouched(act, live):
        result.harmed.add(act.step)
    why = answer.error or "the cloud took it, and it is not so"
    return Outcome(act.step, "failed", before, {} if act.step in result.harmed else before, why)


def _ended(live: Resource) -> str | None:
    """How a job came to its end while we stopped it. What is no job and failed then, our stop may have harmed."""
    state = live.text("state")
    return state if state == "completed" or (state == "failed" and live.kind in _JOBS) else None


def _tags(act: Act) -> bool:
    return act.verb.removeprefix(UNDO) == "tag"


def raised(wrong: GuardError) -> str:
    """Why acting ended, for each act that it left."""
    return wrong.what if isinstance(wrong, ActError) else f"{wrong.what}{f' ({wrong.help})' if wrong.help else ''}"
