"""When the newest thing in the state was written: whoever acts refuses while that lies in the future."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import datetime

from finops_guard.errors import ActError
from finops_guard.state import halts, history, journal, lease
from finops_guard.state.entries import PREFIX, chains
from finops_guard.state.lines import from_line
from finops_guard.state.numbered import highest, key_of
from finops_guard.state.store import Store
from finops_guard.state.values import time_of


def newest(store: Store) -> datetime | None:
    """The latest time in the newest object of each sort, None where nothing was ever written. About ten reads."""
    times = []
    for key in _keys(store):
        data = store.get(key)
        if data is None:
            continue
        try:
            line = gzip.decompress(data) if key.startswith((history.DELTAS, history.FOLDS)) else data
            times.append(time_of(from_line(line)["at"]))
        except (ValueError, KeyError, OSError, EOFError):
            raise ActError(f"the state is damaged: {key} has no time") from None
    return max(times, default=None)


def _keys(store: Store) -> Iterator[str]:
    for prefix in (lease.PREFIX, halts.PREFIX, journal.SEALS, history.DELTAS, history.FOLDS):
        if top := highest(store, prefix):
            yield key_of(prefix, top)
    for run in store.folders(PREFIX)[-1:]:
        yield from (keys[-1] for _, keys in chains(store.list(f"{PREFIX}/{run}")))
