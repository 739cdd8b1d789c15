"""Where episodes are kept: `episodes/<n>`, the delta of one run each, over `folds/<n>`, all records up to a number.

Deltas are put over each other in the order of their numbers. `compact` folds them into one object first and drops
them after, so that at every moment a reader finds either. One acts at a time: whoever writes here holds the lease.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from sys import intern

from finops_guard.errors import ActError
from finops_guard.model import Stop
from finops_guard.state import lease as leases
from finops_guard.state.episodes import About, Delta, EpisodeRecord
from finops_guard.state.lease import Lease
from finops_guard.state.lines import Line, from_line, stamp, to_line, utc
from finops_guard.state.numbered import highest, key_of, number_of, numbers
from finops_guard.state.store import Store, read_all, write_once
from finops_guard.state.values import decode, encode, time_of

DELTAS = "episodes"
FOLDS = "folds"
_KEPT = timedelta(days=90)
_TRIES = 20
_LEVEL = 3  # of 9: nearly as small on rows that repeat their keys, at a third of the time


@dataclass(frozen=True, slots=True)
class Fold:
    """All records by finding id, ended ones among them, as of delta `number`; `at` is that of the newest delta."""

    number: int
    records: Delta
    at: datetime | None = None


def fold(store: Store) -> Fold:
    """The records as they are. ActError where a delta is missing or damaged: what it said is not guessed."""
    for _ in range(_TRIES):
        base = highest(store, FOLDS)
        keys = store.list(DELTAS, after=key_of(DELTAS, base))
        start = store.get(key_of(FOLDS, base)) if base else b""
        lines = list(read_all(store, keys))
        if highest(store, FOLDS, base) > base:
            continue  # folded while we read: what we miss is in the newer one
        if start is None or any(line is None for _, line in lines):
            raise ActError("the state is damaged: episodes that were listed are not there")
        if [number_of(key) for key in keys] != list(range(base + 1, base + 1 + len(keys))):
            raise ActError("the state is damaged: an episodes delta is missing")
        return _put_together(base, start, [(key, line or b"") for key, line in lines])
    raise ActError("the episodes are folded all the time", help="Run again.")


def write(store: Store, run: str, delta: Mapping[str, EpisodeRecord], now: datetime, behind: int) -> int:
    """Keep what a run changed, made from the fold of number `behind`; the number of the new fold.

    An empty delta is not written. ActError if another wrote since: then nothing is kept. A write that failed may be
    made again with the same content.
    """
    if not delta:
        return behind
    rows = {finding: row_of(delta[finding]) for finding in sorted(delta)}
    line = _zip({"run": run, "at": stamp(now), "records": rows})
    if highest(store, FOLDS, behind) > behind or not write_once(store, key_of(DELTAS, behind + 1), line):
        raise ActError(
            "another run changed the episodes since they were read", help="One run acts at a time; run again."
        )
    return behind + 1


def compact(store: Store, lease: Lease, now: datetime) -> int:
    """Fold the deltas into one object and drop them, with older folds and leases; how many objects were dropped.

    Records that ended, and hold nothing, 90 days ago are left out. Cut short anywhere, nothing is lost and the next
    goes on. ActError without the lease.
    """
    lease.check(now)
    there = fold(store)
    if numbers(store, DELTAS, highest(store, FOLDS)):
        kept = {finding: record for finding, record in there.records.items() if not _is_old(record, utc(now))}
        rows = {finding: row_of(kept[finding]) for finding in sorted(kept)}
        line = _zip({"at": stamp(there.at or now), "records": rows})
        if not write_once(store, key_of(FOLDS, there.number), line):
            raise ActError("another folded the episodes", help="One run acts at a time; run again.")
    base = highest(store, FOLDS)
    lease.check(now)
    stale = [
        *(key for key in store.list(DELTAS) if number_of(key) <= base),
        *(key for key in store.list(FOLDS) if number_of(key) < base),
        *(key for key in store.list(leases.PREFIX) if number_of(key) < lease.number),
    ]
    store.drop(stale)
    return len(stale)


def deltas(store: Store) -> Iterator[Line]:
    """What each run changed (`run`, `at` and `records`, rows by finding id), oldest first; folded ones are gone."""
    for key, line in read_all(store, store.list(DELTAS)):
        if line is not None:
            yield _unzip(key, line)


def _is_old(record: EpisodeRecord, now: datetime) -> bool:
    over = record.ended
    return over is not None and max(over, record.held_until or over) < now - _KEPT


def _put_together(base: int, start: bytes, deltas: list[tuple[str, bytes]]) -> Fold:
    records: Delta = {}
    at = None
    for key, line in ([(key_of(FOLDS, base), start)] if base else []) + deltas:
        content = _unzip(key, line)
        try:
            at = time_of(content["at"])
            rows = content["records"]
            records |= {finding: _to_record(row) for finding, row in rows.items()}  # type: ignore[attr-defined] # or below
        except (ValueError, TypeError, KeyError, AttributeError) as wrong:
            raise ActError(f"the state is damaged: {key}: {wrong}") from None
    return Fold(base + len(deltas), records, at)


def _zip(content: Line) -> bytes:
    return gzip.compress(to_line(content), compresslevel=_LEVEL, mtime=0)


def _unzip(key: str, data: bytes) -> Line:
    try:
        return from_line(gzip.decompress(data))
    except (ValueError, OSError, EOFError, zlib.error, json.JSONDecodeError):
        raise ActError(f"the state is damaged: {key} cannot be read") from None


def row_of(record: EpisodeRecord) -> Line:
    """A record as JSON."""
    row: Line = {
        "about": {name: value for name in About.__slots__ if (value := getattr(record.about, name))},
        "ladder": record.ladder,
        "longest": record.longest.total_seconds(),
        "began": stamp(record.began),
        "seen": stamp(record.seen),
        "done": {str(rung): stamp(at) for rung, at in record.done.items()},
        "warned": {str(rung): stamp(at) for rung, at in record.warned.items()},
        "notice": list(record.notice),
        "before": encode(record.before),
        "ended": record.ended and stamp(record.ended),
        "why": record.why,
        "held_until": record.held_until and stamp(record.held_until),
        "stop": record.stop and _stop_row(record.stop),
    }
    return {name: value for name, value in row.items() if value not in (None, {}, [])}


def _to_record(row: Line) -> EpisodeRecord:
    before = decode(row.get("before", {}))
    if not isinstance(before, dict):
        raise TypeError("'before' is not an object")
    about = About(**{name: intern(value) for name, value in _object(row, "about").items()})
    return EpisodeRecord(
        about=about,
        ladder=str(row["ladder"]),
        longest=timedelta(seconds=float(str(row["longest"]))),
        began=time_of(row["began"]),
        seen=time_of(row["seen"]),
        done={int(rung): time_of(at) for rung, at in _object(row, "done").items()},
        warned={int(rung): time_of(at) for rung, at in _object(row, "warned").items()},
        notice=tuple(str(each) for each in row.get("notice") or ()),  # type: ignore[attr-defined] # TypeError if not
        before=before,
        ended=time_of(row["ended"]) if "ended" in row else None,
        why=str(row["why"]) if "why" in row else None,
        held_until=time_of(row["held_until"]) if "held_until" in row else None,
        stop=_to_stop(row["stop"], about.rule) if isinstance(row.get("stop"), dict) else None,  # type: ignore[arg-type] # a dict
    )


def _stop_row(stop: Stop) -> Line:
    """A stop, but for its rule, which is that of its record."""
    return {"verb": stop.verb, "at": stamp(stop.at), "before": encode(stop.before), "after": encode(stop.after)}


def _to_stop(row: Line, rule: str) -> Stop:
    before, after = (decode(row.get(name, {})) for name in ("before", "after"))
    if not isinstance(before, dict) or not isinstance(after, dict):
        raise TypeError("'stop' holds no objects")
    return Stop(rule, str(row["verb"]), time_of(row["at"]), before, after)


def _object(row: Line, name: str) -> dict[str, str]:
    value = row.get(name, {})
    if not isinstance(value, dict):
        raise TypeError(f"{name!r} is not an object")
    return value
