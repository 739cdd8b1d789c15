"""The brake holds for everybody until it is lifted, and what cannot be read brakes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from finops_guard.errors import ActError
from finops_guard.state.halts import Halt, halt, halted, resume
from finops_guard.state.store import MemoryStore, Store

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def test_the_highest_decides(store: Store) -> None:
    assert halted(store) is None
    halt(store, "ann@acme.example", "the training run of the year", NOW)
    assert halted(store) == Halt(1, "ann@acme.example", "the training run of the year", NOW)
    halt(store, "bob@acme.example", "me too", NOW)
    resume(store, "ann@acme.example", "done", NOW)
    assert halted(store) is None
    halt(store, "ann@acme.example", "again", NOW)
    assert halted(store) == Halt(4, "ann@acme.example", "again", NOW)


def test_all_who_halt_at_once_halt(store: Store) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: halt(store, f"who-{n}", "why", NOW), range(6)))
    assert len(store.list("halt")) == 6
    assert halted(store) is not None


def test_two_reads_tell() -> None:
    said: list[str] = []
    store = MemoryStore(lambda operation, _key, _when: said.append(operation))
    halt(store, "ann", "why", NOW)
    said.clear()
    assert halted(store) is not None
    assert said == ["list", "get"]


@pytest.mark.parametrize(
    "damage", [b"", b"{}", b"[]", b'{"halted":true}', b'{"halted":true,"who":"a","why":"b","at":"?"}']
)
def test_what_cannot_be_read_brakes(damage: bytes) -> None:
    store = MemoryStore()
    resume(store, "ann", "done", NOW)
    store.create("halt/000000000002", damage)
    with pytest.raises(ActError, match="damaged"):
        halted(store)
    resume(store, "ann", "looked at it", NOW)
    assert halted(store) is None


def test_only_a_plain_false_lifts() -> None:
    store = MemoryStore()
    store.create("halt/000000000001", b'{"halted":0,"who":"a","why":"b","at":"2026-11-02T09:30:00Z"}')
    assert halted(store) is not None
