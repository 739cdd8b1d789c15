"""What a journal holds, and how it is read: `journal/<run>/<shard>/<seq>`, one line of JSON each.

Every entry carries the hash of the one before it, so that a line cannot be taken out or altered without altering all
that follow. Kinds and their bodies:

- `open` (first, and again when another process goes on with it): policy, packs, mode, identities, by, and `sealed`,
  the hash of the newest seal there was, which ties this run to all earlier ones;
- `intent`: `acts`, a batch that is about to be done;
- `outcome`: `outcomes`, of acts of this chain;
- `note`: whatever else is to be remembered, notices delivered above all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from typing import Literal, TypeAlias, cast

from finops_guard.errors import ActError
from finops_guard.model import Money, Outcome, Resource, Step
from finops_guard.model.report import StepState
from finops_guard.state.lines import Line, from_line, stamp, to_line
from finops_guard.state.store import Store, read_all
from finops_guard.state.values import decode, encode, time_of

PREFIX = "journal"
Kind: TypeAlias = Literal["open", "intent", "outcome", "note"]
_NEEDED = frozenset({"step", "verb", "resource"})
_RUN = re.compile(r"(\d{8}T\d{6}Z|[a-z])[A-Za-z0-9-]*")
_SHARD = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


@dataclass(frozen=True, slots=True)
class Act:
    """One step of a batch, as it is about to be done. `after` is what it should leave; `serves` as in `Step`.

    `name`, `team` and `owner` are of its resource at the time: whom it is told to, also when the resource is gone.
    `reasons` are, by rule, why it broke that just before, and `month` what it cost: whoever tells of it has no more.
    """

    step: str
    verb: str
    resource: str
    cloud: str = ""
    account: str = ""
    region: str = ""
    type: str = ""
    rules: tuple[str, ...] = ()
    serves: tuple[tuple[str, int], ...] = ()
    before: Mapping[str, object] = field(default_factory=dict)
    after: Mapping[str, object] = field(default_factory=dict)
    saves_month: Money | None = None
    who: str = ""
    why: str = ""
    name: str = ""
    team: str = ""
    owner: str = ""
    loses: tuple[str, ...] = ()
    reasons: Mapping[str, Sequence[str]] = field(default_factory=dict)
    month: Money | None = None
    reversible: bool = False


def act_of(step: Step, who: str = "", why: str = "", judged: Resource | None = None) -> Act:
    """The act that a step of a plan becomes. `judged`: its resource as rules saw it, with all derived fields."""
    seen = judged or step.resource
    team = seen.tags.look("team")
    cloud, account, region, kind = (step.resource.text(name) for name in ("cloud", "account", "region", "type"))
    return Act(
        step=step.id,
        verb=step.do,
        resource=step.resource.id,
        cloud=cloud,
        account=account,
        region=region,
        type=kind,
        rules=step.rules,
        serves=step.serves,
        before=step.before,
        after=step.after,
        saves_month=step.saves_month,
        who=who,
        why=why,
        name=step.resource.text("name"),
        team=team if isinstance(team, str) else "",
        owner=seen.text("owner"),
        loses=step.loses,
        month=seen.month,
        reversible=step.reversible,
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a chain. `body` is as its kind says, with plain JSON values; `hash` is of the line, sha256 in hex."""

    run: str
    shard: str
    seq: int
    at: datetime
    kind: Kind
    body: Mapping[str, object]
    prev: str
    hash: str

    @property
    def acts(self) -> tuple[Act, ...]:
        """The acts of an intent; none in other kinds."""
        return tuple(_to_act(raw) for raw in _rows(self.body, "acts")) if self.kind == "intent" else ()

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The outcomes in an outcome; none in other kinds."""
        return tuple(_to_outcome(raw) for raw in _rows(self.body, "outcomes")) if self.kind == "outcome" else ()


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An act whose intent, number `seq` of a chain, has no outcome: it may have been done."""

    run: str
    shard: str
    seq: int
    at: datetime
    act: Act


def chain_of(run: str, shard: str) -> str:
    """The folder of a chain. ValueError unless `run` begins with its time (20261101T093000Z-…) or a small letter."""
    if not _RUN.fullmatch(run) or not _SHARD.fullmatch(shard):
        raise ValueError(f"not a run and a shard: {run!r}, {shard!r}")
    return f"{PREFIX}/{run}/{shard}"


def key_of(run: str, shard: str, seq: int) -> str:
    """The key of an entry."""
    return f"{chain_of(run, shard)}/{seq:06d}"


def hash_of(line: bytes) -> str:
    """What the next line carries."""
    return sha256(line).hexdigest()


def write_entry(chain: tuple[str, str, int, str], now: datetime, kind: Kind, body: Mapping[str, object]) -> bytes:
    """The line of an entry; `chain` is run, shard, number and the hash of the line before."""
    run, shard, seq, prev = chain
    head = {"run": run, "shard": shard, "seq": seq, "prev": prev, "at": stamp(now), "kind": kind}
    return to_line({**head, "body": body})


def read_entry(key: str, line: bytes) -> Entry:
    """The entry in a line; ValueError if it is none, or belongs under another key, or is not written as we write."""
    raw = from_line(line)
    match raw:
        case {
            "run": str(run),
            "shard": str(shard),
            "seq": int(seq),
            "prev": str(prev),
            "kind": kind,
            "body": dict(body),
        }:
            pass
        case _:
            raise ValueError("not an entry of a journal")
    if kind not in ("open", "intent", "outcome", "note"):
        raise ValueError(f"no entry is of kind {kind!r}")
    if key_of(run, shard, seq) != key:
        raise ValueError(f"it belongs to {key_of(run, shard, seq)}")
    if to_line(raw) != line:
        raise ValueError("it is not written as a journal writes")
    return Entry(run, shard, seq, time_of(raw.get("at")), kind, body, prev, hash_of(line))


def entries(store: Store, run: str | None = None) -> Iterator[Entry]:
    """The entries of one run or of all, by run, shard and number. ActError for one that is damaged: see `audit`."""
    prefix = PREFIX if run is None else f"{PREFIX}/{run}"
    return read(store, store.list(prefix))


def read(store: Store, keys: Iterable[str]) -> Iterator[Entry]:
    """The entries under keys, in their order. ActError for one that is damaged or gone."""
    for key, line in read_all(store, keys):
        try:
            yield read_entry(key, line or b"")
        except (ValueError, TypeError) as wrong:
            raise ActError(
                f"the journal is damaged: {key}: {wrong}", help="finops-guard doctor --journal says all that is wrong."
            ) from None


def open_acts(chain: Iterable[Entry]) -> dict[str, Unfinished]:
    """Of one chain, by step id: what was intended and has no outcome."""
    waiting: dict[str, Unfinished] = {}
    for entry in chain:
        for act in entry.acts:
            waiting[act.step] = Unfinished(entry.run, entry.shard, entry.seq, entry.at, act)
        for outcome in entry.outcomes:
            waiting.pop(outcome.step, None)
    return waiting


def chains(keys: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Keys, sorted, by the chain they are in."""
    for chain, group in groupby(keys, key=lambda key: key.rpartition("/")[0]):
        yield chain, list(group)


def from_act(act: Act) -> Line:
    """An act as JSON."""
    row: Line = {name: encode(getattr(act, name)) for name in Act.__slots__}
    return {name: value for name, value in row.items() if name in _NEEDED or value not in ("", None, [], {}, False)}


def from_outcome(outcome: Outcome) -> Line:
    """An outcome as JSON."""
    row: Line = {name: encode(getattr(outcome, name)) for name in ("step", "state", "before", "after", "error")}
    return {name: value for name, value in row.items() if value is not None}


def _rows(body: Mapping[str, object], name: str) -> list[Line]:
    rows = body.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ActError(f"the journal is damaged: an entry without {name}")
    return rows


def _to_act(row: Line) -> Act:
    known = {name: decode(value) for name, value in row.items() if name in Act.__slots__}
    for name in ("rules", "serves", "loses"):
        value = known.get(name, [])
        if isinstance(value, list):
            known[name] = tuple(tuple(item) if isinstance(item, list) else item for item in value)
    try:
        return Act(**known)  # type: ignore[arg-type] # the hash chain says that we wrote it
    except TypeError as wrong:
        raise ActError(f"the journal is damaged: {wrong}") from None


def _to_outcome(row: Line) -> Outcome:
    before, after, error = (decode(row.get(name)) for name in ("before", "after", "error"))
    return Outcome(
        step=str(row["step"]),
        state=cast("StepState", row["state"]),
        before=before if isinstance(before, dict) else {},
        after=after if isinstance(after, dict) else {},
        error=None if error is None else str(error),
    )
