"""The journal: what was intended before it was done, and what came of it, in one chain for each writer.

A run's end seals the heads of all its chains in `seals/<n>`; each seal carries the hash of the one before, so the
newest hash, sent with notices, vouches for everything that ever happened. Only then `closed/<run>` says that nothing of
the run is open; a run without it was cut short, and whoever acts next takes up its chains, says what came of the open
acts and closes it. A chain is written by one at a time: of two that write a number, one is refused.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from finops_guard.errors import ActError
from finops_guard.model import Identity, Outcome
from finops_guard.state import numbered
from finops_guard.state.entries import (
    PREFIX,
    Act,
    Entry,
    Kind,
    Unfinished,
    act_of,
    chain_of,
    chains,
    entries,
    from_act,
    from_outcome,
    hash_of,
    key_of,
    open_acts,
    read,
    write_entry,
)
from finops_guard.state.lines import stamp, to_line, utc
from finops_guard.state.store import Store, write_once
from finops_guard.state.values import encode

__all__ = [
    "Act",
    "Entry",
    "Journal",
    "Unfinished",
    "act_of",
    "acts_last_24h",
    "entries",
    "is_closed",
    "seal",
    "unfinished",
    "unsealed",
]

ENDED = "ended"
"""The note of a run that was ended because too many acts failed in a row."""
SEALS = "seals"
CLOSED = "closed"
_DAY = timedelta(hours=24)
_LONGEST_RUN = timedelta(days=2)
_TRIES = 20


class Journal:
    """One chain, open for writing. Every method may raise ActError: then nothing that depends on the record is done.

    Where a write fails its line may be there all the same; the next write finds out and goes on behind it.
    """

    def __init__(self, store: Store, run: str, shard: str) -> None:
        """See `open`."""
        self._store = store
        self.run = run
        self.shard = shard
        self.head = ""
        self._seq = 0
        self._open: dict[str, Unfinished] = {}
        self._unsure: Entry | None = None

    @classmethod
    def open(  # noqa: PLR0913 - who writes, under what
        cls,
        store: Store,
        run: str,
        shard: str,
        now: datetime,
        *,
        by: str,
        policy: str,
        packs: Mapping[str, str],
        mode: str,
        identities: Iterable[Identity] = (),
    ) -> Journal:
        """Begin a chain, or go on with one that was cut short (its open acts are in `unfinished`).

        `policy` and `packs` (by name) are sha256, `by` says who writes. ActError if the run is closed.
        """
        journal = cls(store, run, shard)
        chain = chain_of(run, shard)
        if is_closed(store, run):
            raise ActError(f"run {run} is closed: nothing is added to it")
        there = list(read(store, store.list(chain)))
        for number, entry in enumerate(there):
            if entry.seq != number or entry.prev != journal.head:
                raise ActError(f"the journal is damaged: {chain}: line {number} is not the one that was written")
            journal.head = entry.hash
        journal._seq, journal._open = len(there), open_acts(there)
        body = {"by": by, "policy": policy, "packs": dict(packs), "mode": mode, "sealed": newest_seal(store)[1]}
        body["token"] = secrets.token_hex(8)  # no two who open a chain write the same line: one of them is refused
        journal._append("open", {**body, "identities": [asdict(identity) for identity in identities]}, now)
        return journal

    @property
    def unfinished(self) -> list[Unfinished]:
        """The acts of this chain that have no outcome."""
        return list(self._open.values())

    def intents(self, acts: Sequence[Act], now: datetime) -> None:
        """Record a batch that is about to be done: one write."""
        self._append("intent", {"acts": [from_act(act) for act in acts]}, now)

    def outcomes(self, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Record what came of acts of this chain: one write. ValueError for a step that was not intended."""
        self._append("outcome", {"outcomes": [from_outcome(outcome) for outcome in outcomes]}, now)

    def note(self, what: str, content: Mapping[str, object], now: datetime) -> None:
        """Record what is neither: a notice that was delivered, a step that was refused, …."""
        self._append("note", {"what": what, "content": encode(content)}, now)

    def close(self, now: datetime) -> str:
        """Seal the run and close it; the hash of the seal, which vouches for all that was. ActError with open acts."""
        self._settle()
        if self._open:
            raise ActError(f"run {self.run}: {len(self._open)} acts have no outcome yet: it stays open")
        return seal(self._store, self.run, now)

    def _append(self, kind: Kind, body: Mapping[str, object], now: datetime) -> None:
        if self._settle() == (kind, body):
            return
        line = write_entry((self.run, self.shard, self._seq, self.head), now, kind, body)
        entry = Entry(self.run, self.shard, self._seq, utc(now), kind, body, self.head, hash_of(line))
        if stray := sorted({outcome.step for outcome in entry.outcomes} - self._open.keys()):
            raise ValueError(f"no act of step {stray[0]} is open")
        self._unsure = entry
        if not write_once(self._store, key_of(self.run, self.shard, self._seq), line):
            self._unsure = None
            raise ActError(f"another writes the journal of run {self.run}", help="One run acts at a time; run again.")
        self._written(entry)

    def _settle(self) -> tuple[Kind, Mapping[str, object]] | None:
        """Kind and body of a line whose write failed, if it is there nevertheless."""
        entry = self._unsure
        if entry is None:
            return None
        there = self._store.get(key_of(self.run, self.shard, entry.seq))
        if there is None or hash_of(there) != entry.hash:
            self._unsure = None
            return None
        self._written(entry)
        return entry.kind, entry.body

    def _written(self, entry: Entry) -> None:
        self._unsure = None
        self._open |= open_acts([entry])
        for outcome in entry.outcomes:
            self._open.pop(outcome.step, None)
        self.head = entry.hash
        self._seq += 1


def is_closed(store: Store, run: str) -> bool:
    """Whether a run was sealed, with nothing left open."""
    return store.get(f"{CLOSED}/{run}") is not None


def newest_seal(store: Store) -> tuple[int, str]:
    """Number and hash of the newest seal; 0 and an empty text if there is none."""
    top = numbered.highest(store, SEALS)
    line = store.get(numbered.key_of(SEALS, top)) if top else None
    return top, hash_of(line) if line is not None else ""


def seal(store: Store, run: str, now: datetime) -> str:
    """Seal the heads of all chains of a run and close it, once all its writers are done; the seal's hash.

    ActError where an act has no outcome. Again is as once: the first seal's hash.
    """
    done = store.get(f"{CLOSED}/{run}")
    if done is not None:
        return done.decode().strip()
    heads: dict[str, list[object]] = {}
    for chain, keys in chains(store.list(f"{PREFIX}/{run}")):
        written = list(read(store, keys))
        if open_acts(written):
            raise ActError(f"{chain}: {len(open_acts(written))} acts have no outcome yet: the run stays open")
        heads[written[-1].shard] = [len(written), written[-1].hash]
    for _ in range(_TRIES):
        top, previous = newest_seal(store)
        line = to_line({"run": run, "heads": heads, "previous": previous, "at": stamp(now)})
        if write_once(store, numbered.key_of(SEALS, top + 1), line):
            write_once(store, f"{CLOSED}/{run}", f"{hash_of(line)}\n".encode())
            return hash_of(line)
    raise ActError(f"run {run} could not be sealed: others seal all the time", help="Run again.")


def unsealed(store: Store) -> list[str]:
    """The runs that were cut short, or are still under way."""
    return sorted(set(store.folders(PREFIX)) - set(store.folders(CLOSED)))


def unfinished(store: Store) -> list[Unfinished]:
    """The acts of all runs whose intent has no outcome: they may have been done. By run, shard and number."""
    found: list[Unfinished] = []
    for run in unsealed(store):
        for _, keys in chains(store.list(f"{PREFIX}/{run}")):
            found += open_acts(read(store, keys)).values()
    return found


def acts_last_24h(store: Store, now: datetime) -> Counter[str]:
    """How many acts of each verb were done in the 24 h before `now`, or may have been: intended, without outcome.

    A run is taken to last two days at most. Times ahead of `now` count.
    """
    since = utc(now) - _DAY
    counts: Counter[str] = Counter()
    first = f"{PREFIX}/{since - _LONGEST_RUN:%Y%m%dT%H%M%SZ}"
    for _, keys in chains(store.list(PREFIX, after=first)):
        if next(read(store, keys[-1:])).at < since:
            continue
        counts += _done(list(read(store, keys)), since)
    return counts


def _done(chain: Sequence[Entry], since: datetime) -> Counter[str]:
    """By verb, the acts of one chain that were done or may have been, with an intent or an outcome since then."""
    counts: Counter[str] = Counter()
    intended: dict[str, Unfinished] = {}
    for entry in chain:
        intended |= open_acts([entry])
        for outcome in entry.outcomes:
            waiting = intended.pop(outcome.step, None)
            if waiting is not None and outcome.state == "done" and entry.at >= since:
                counts[waiting.act.verb] += 1
    counts.update(waiting.act.verb for waiting in intended.values() if waiting.at >= since)
    return counts
