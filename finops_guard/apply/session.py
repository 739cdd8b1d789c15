"""The right to act, for as long as it takes: the lease, the journal, the clock and what the state says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from finops_guard.apply.ports import Clock
from finops_guard.errors import ActError, GuardError
from finops_guard.model import LIFECYCLE, Identity, Mode, Outcome, Policy
from finops_guard.plan import Episode
from finops_guard.state import history
from finops_guard.state.episodes import Delta, EpisodeRecord
from finops_guard.state.halts import halted
from finops_guard.state.journal import ENDED, Act, Journal, acts_last_24h, newest_seal
from finops_guard.state.lease import Lease, acquire
from finops_guard.state.lines import stamp, utc
from finops_guard.state.newest import newest
from finops_guard.state.store import Store

TTL = timedelta(minutes=15)
_SHARD = "1"


@dataclass(slots=True)
class Session:
    """What a run that acts holds. Time in it never goes backwards, whatever the clock does.

    `records` are the newest episodes by finding id; `spent` counts acts by verb in the last 24 h, those of this run
    among them. `own` are the acts that this run did, by resource, also before it was cut short and went on, and those
    of earlier runs of its plan; `moved` are the resources whose state this run changed, `finished` its steps that are
    done. `failures` counts what failed in a row; `ended` says that it was too much.
    """

    store: Store
    run: str
    by: str
    policy: Policy
    mode: Mode
    identities: tuple[Identity, ...]
    lease: Lease
    records: Delta
    spent: Counter[str] = field(default_factory=Counter)
    own: dict[str, list[Act]] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)
    finished: dict[str, Outcome] = field(default_factory=dict)
    settled: bool = False
    head: str = ""
    ended: str | None = None
    failures: int = 0
    _clock: Clock = field(kw_only=True)
    _latest: datetime = field(kw_only=True)
    _fold: int = field(kw_only=True)
    _journal: Journal | None = None

    def now(self) -> datetime:
        """The time."""
        self._latest = max(self._latest, utc(self._clock()))
        return self._latest

    def journal(self) -> Journal:
        """Our chain, begun when it is first needed."""
        if self._journal is None:
            self._journal = self.chain(self.run, _SHARD)
        return self._journal

    def chain(self, run: str, shard: str) -> Journal:
        """A chain to write to, ours or one that was cut short."""
        packs = {binding.pack.name: binding.pack.sha256 for binding in self.policy.bindings}
        return Journal.open(
            self.store, run, shard, self.now(),
            by=self.by, policy=self.policy.sha256, packs=packs, mode=self.mode, identities=self.identities,
        )  # fmt: skip

    def steady(self) -> None:
        """Before a batch is recorded: ActError when halted; the lease is renewed before it runs out."""
        stop = halted(self.store)
        if stop is not None:
            raise ActError(
                f"halted by {stop.who} at {stamp(stop.at)}: {stop.why}", help="finops-guard resume lifts it."
            )
        if self.lease.expires - self.now() < self.lease.ttl / 2:
            self.lease.renew(self.now())

    def episodes(self, findings: Iterable[str]) -> dict[str, Episode]:
        """The running episodes of some findings, as the planner takes them."""
        records = ((finding, self.records.get(finding)) for finding in findings)
        return {
            finding: Episode(record.began, frozenset(record.done))
            for finding, record in records
            if record is not None and record.running
        }

    def keep(self, delta: Mapping[str, EpisodeRecord]) -> None:
        """Write what changed of the episodes."""
        self._fold = history.write(self.store, self.run, delta, self.now(), self._fold)
        self.records |= delta

    def did(self, act: Act, outcome: Outcome) -> None:
        """An act of this run was done."""
        self.own.setdefault(act.resource, []).append(act)
        self.finished[act.step] = outcome
        if act.verb in LIFECYCLE:
            self.moved.add(act.resource)

    def count(self, outcomes: Iterable[Outcome], most: int) -> None:
        """Count what failed in a row. So many, and nothing more is begun: on record, for whoever tells of it."""
        for outcome in outcomes:
            if outcome.state in ("done", "failed"):
                self.failures = self.failures + 1 if outcome.state == "failed" else 0
        if self.failures >= most and self.ended is None:
            self.ended = f"{self.failures} acts failed in a row"
            with suppress(GuardError):  # what failed stands there already
                self.journal().note(ENDED, {"failures": self.failures}, self.now())

    def recount(self) -> None:
        """Count the last 24 h from the journals."""
        self.spent = acts_last_24h(self.store, self.now())

    def vouched(self) -> str:
        """The newest hash that there is of the journal: of our seal, else of our last line, else of the newest seal."""
        if self.head:
            return self.head
        return self._journal.head if self._journal is not None else newest_seal(self.store)[1]

    def close(self) -> str:
        """Seal our chain; the hash of the seal, empty where nothing was written or acts stay open for the next run."""
        if self._journal is not None and not self.head:
            with suppress(GuardError):  # whoever acts next finds it open, settles it and seals it
                self.head = self._journal.close(self.now())
        return self.head


@contextmanager
def session(  # noqa: PLR0913 - who acts, under what
    store: Store,
    run: str,
    clock: Clock,
    *,
    by: str,
    policy: Policy,
    mode: Mode = "enforce",
    identities: Iterable[Identity] = (),
    ttl: timedelta = TTL,
) -> Iterator[Session]:
    """Take the lease; seal and release it in the end. `by` says to others who holds it: the run and where it runs.

    ActError if another holds it, or if the state has an entry from the future: then our clock, or theirs, is wrong, and
    no waiting time can be trusted.
    """
    now = utc(clock())
    not_from_the_future(store, now)
    lease = acquire(store, by, now, ttl)
    try:
        there = history.fold(store)
        ours = Session(
            store, run, by, policy, mode, tuple(identities), lease, dict(there.records),
            _clock=clock, _latest=now, _fold=there.number,
        )  # fmt: skip
        yield ours
        ours.close()
    finally:
        with suppress(GuardError):  # it ends by itself
            lease.release(max(now, utc(clock())))


def not_from_the_future(store: Store, now: datetime) -> None:
    """ActError where the newest thing in the state is later than now."""
    written = newest(store)
    if written is not None and written > now:
        raise ActError(
            f"the state has an entry of {stamp(written)}, and by this clock it is {stamp(now)}",
            help="Set the clock right; nothing was done.",
        )
