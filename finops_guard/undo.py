"""Undo: the journal of a run backwards, where its verbs have inverses.

What is decided here, and its reasons:

- The inverse of a permitted verb is permitted, whatever the mode, outside `at_most`, windows and first acts: it is an
  order in itself, and puts back. A halt and a freeze hold for it as for everything.
- An act is undone only while its resource is as the act left it; what others changed since is theirs. What was started
  and stopped again since is as the act left it, and is theirs too; where that cannot be told nothing is done.
- Before anything is put back the episodes end and are held, so that no run in between does the same again.
- What was started is stopped again, as it was: until somebody else starts it, it is nobody's to start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby, islice

from finops_guard.apply import Limits, Session, Verbs, record, settle
from finops_guard.apply.another import ANOTHER, is_another
from finops_guard.apply.intended import UNDO, as_before, as_intended
from finops_guard.apply.perform import Deed, perform, raised
from finops_guard.apply.reading import reread, resource_of
from finops_guard.errors import ActError, GuardError, InputError
from finops_guard.evaluate.scheduled import restarted_since, started_since
from finops_guard.model import Outcome, Resource, Step, Unknown
from finops_guard.plan.calendar import earliest
from finops_guard.state.entries import chain_of, read
from finops_guard.state.episodes import hold
from finops_guard.state.journal import Act, Entry

_STOPS = frozenset({"stop", "scale_to_zero"})


@dataclass(frozen=True, slots=True)
class Undone:
    """One outcome for each act of a run, newest first: `done` is put back, `lasting` are step ids of what cannot be.

    `settled` and `short` as in `Applied`.
    """

    undoes: str
    acts: tuple[Act, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    lasting: tuple[str, ...] = ()
    settled: tuple[Outcome, ...] = ()
    short: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """4 where something failed, has to wait or was not tried, else 0."""
        failed = any(outcome.state in ("failed", "scheduled") for outcome in self.outcomes)
        return ActError.exit_code if failed or self.short else 0


def undo(run: str, session: Session, verbs: Verbs, *, limits: Limits | None = None) -> Undone:
    """Put back what a run changed, the newest first. Twice is once. InputError where there is no such run."""
    settled = settle(session, verbs)
    written = _entries(session, run)
    acts = list(reversed(list(record.done(written, half=True))))
    before = set(record.undone(run, session.store))
    work = _Undo(run, session, verbs, limits or Limits(), _times(written))
    wanted = [pair for pair in acts if work.wants(pair[0], before)]
    try:
        if wanted:
            served = {finding for act, _ in wanted for finding, _ in act.serves}
            session.keep(hold(session.records, sorted(served), session.now()))
        for _, group in groupby(wanted, key=lambda pair: _place(pair[0])):
            work.group(group)
    except GuardError as wrong:
        work.stop(raised(wrong))
    work.leave(wanted)
    outcomes = tuple(work.outcomes[act.step] for act, _ in acts)
    lasting = tuple(act.step for act, _ in acts if act.step in work.lasting)
    return Undone(run, tuple(act for act, _ in acts), outcomes, lasting, settled, tuple(work.short))


@dataclass(slots=True)
class _Undo:
    run: str
    session: Session
    verbs: Verbs
    limits: Limits
    times: Mapping[str, tuple[datetime, datetime]]
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    lasting: set[str] = field(default_factory=set)
    short: dict[str, None] = field(default_factory=dict)
    stopped: str | None = None
    works: bool = False
    back: set[str] = field(default_factory=set)
    """The resources that this undo put something of back: some endpoints only by making them anew."""

    def wants(self, act: Act, undone: set[str]) -> bool:
        """Whether an act is to be undone at all; what is said otherwise is its outcome."""
        if act.step in undone:
            return self._tell(act, "it was put back before")
        if act.verb.startswith(UNDO):
            self.lasting.add(act.step)
            return self._tell(act, "an undo is not undone: the rules decide anew when its findings are held no more")
        if not self.verbs.has(act.type, UNDO + act.verb):
            self.lasting.add(act.step)
            return self._tell(act, f"{act.verb} of {act.type} cannot be put back")
        if act.verb not in self.session.policy.permit:
            self.outcomes[act.step] = Outcome(
                act.step, "refused", {}, {}, f"the policy does not permit {act.verb}, nor its inverse"
            )
            return False
        return True

    def group(self, pairs: Iterable[tuple[Act, Outcome]]) -> None:
        """Undo acts of one verb, account, region and type, batch by batch."""
        left = iter(pairs)
        while self.stopped is None and (some := list(islice(left, self._size()))):
            verb, now = some[0][0].verb, self.session.now()
            moment, why = earliest(verb, now, self.session.policy.freeze, {})
            if moment != now:
                self._refuse((act for act, _ in some), why or "frozen")
                continue
            live = reread(self.verbs, [resource_of(act) for act, _ in some])
            deeds = [deed for act, done in some if (deed := self._deed(act, done, live[act.resource])) is not None]
            if deeds:
                self._perform(deeds, verb)

    def _size(self) -> int:
        """Few at first, so that what fails everywhere fails a few times."""
        return self.limits.batch if self.works else self.limits.failures

    def _deed(self, act: Act, done: Outcome, live: Resource | None) -> Deed | None:
        if live is None and not as_intended(act.verb, None, done.after):
            self._tell(act, "it is gone")
            return None
        left = as_intended(act.verb, live, done.after)
        if left is None:
            self._refuse([act], "it could not be read again")
            return None
        if not left:
            back = as_before(act.verb, live, done.before)
            self._tell(act, "it is as it was already" if back else "others changed it since")
            return None
        if live is not None and not self._still_ours(act, live):
            return None
        step = Step(
            id=act.step, do=act.verb, resource=live or resource_of(act), rules=act.rules, binding="",  # type: ignore[arg-type] # a verb
            state="due", due=None, reversible=True, before=done.before, after=done.after,
        )  # fmt: skip
        inverse = replace(
            act, verb=UNDO + act.verb, before=done.after, after=done.before, serves=(), saves_month=None, loses=(),
            who=self.session.by, why=record.undoes(self.run), reversible=False,
        )  # fmt: skip
        return Deed(inverse, step)

    def _still_ours(self, act: Act, live: Resource) -> bool:
        """Whether it is what we acted on, and nobody started what we stopped, or what we started, since."""
        began, over = self.times[act.step]
        if act.resource not in self.back and is_another(live, began):
            return self._tell(act, ANOTHER)
        since: bool | Unknown = False
        if act.verb in _STOPS:
            since = started_since(live, began)
        elif act.verb == "start":
            since = restarted_since(live, over)
        if isinstance(since, Unknown):
            self._refuse([act], f"whether it is as we left it is unknown: {since.reason}")
        elif since:
            self._tell(act, "others started it since")
        return since is False

    def _perform(self, deeds: Sequence[Deed], verb: str) -> None:
        result = perform(self.session, self.verbs, deeds, lambda some: self.verbs.undo(verb, some), self.limits)
        for outcome in result.outcomes:
            self.outcomes[outcome.step] = outcome
        done = {outcome.step for outcome in result.outcomes if outcome.state == "done"}
        self.works = self.works or bool(done)
        self.back |= {deed.act.resource for deed in deeds if deed.act.step in done}
        self.session.count(result.outcomes, self.limits.failures)
        if result.trouble:
            self.stop(result.trouble)
        elif self.session.ended is not None:
            self.stop(self.session.ended)

    def _tell(self, act: Act, why: str) -> bool:
        self.outcomes[act.step] = Outcome(act.step, "skipped", {}, {}, why)
        return False

    def _refuse(self, acts: Iterable[Act], why: str) -> None:
        for act in acts:
            self.outcomes[act.step] = Outcome(act.step, "refused", {}, {}, why)
            self.short[why] = None

    def stop(self, why: str) -> None:
        """Nothing more is begun."""
        self.stopped = self.stopped or why
        self.short[why] = None

    def leave(self, wanted: Iterable[tuple[Act, Outcome]]) -> None:
        """Refuse what nothing was said of."""
        if self.stopped is not None:
            self._refuse((act for act, _ in wanted if act.step not in self.outcomes), self.stopped)


def _entries(session: Session, run: str) -> list[Entry]:
    try:
        prefix = chain_of(run, "1").rpartition("/")[0]
    except ValueError:
        raise InputError(f"not a run: {run!r}") from None
    found = list(read(session.store, session.store.list(prefix)))
    if not found:
        raise InputError(
            f"no run {run} changed anything", help="A report names its run; finops-guard export lists them."
        )
    return found


def _times(written: Iterable[Entry]) -> dict[str, tuple[datetime, datetime]]:
    """By step, when it was intended and when its outcome was known."""
    intended: dict[str, datetime] = {}
    found: dict[str, tuple[datetime, datetime]] = {}
    for entry in written:
        intended |= dict.fromkeys((act.step for act in entry.acts), entry.at)
        found |= {each.step: (intended[each.step], entry.at) for each in entry.outcomes if each.step in intended}
    return found


def _place(act: Act) -> tuple[str, ...]:
    return act.verb, act.account, act.region, act.type
