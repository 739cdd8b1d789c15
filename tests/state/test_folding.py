"""A folded run reads as the original did; a crash anywhere loses nothing, and the next compaction finishes."""

from __future__ import annotations

import gzip
import sys
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops_guard.errors import ActError, InputError
from finops_guard.model import Gap, Need, Resource, Tags
from finops_guard.state import folding, inventories
from finops_guard.state.folding import Tally
from finops_guard.state.lease import acquire
from finops_guard.state.store import MemoryStore, Store
from tests.state.histories import DAY, START, gap, leave, machine, name_of, told_of

duckdb = pytest.importorskip("duckdb")
LATER = START + 300 * DAY


def compact(store: Store, now: datetime = LATER) -> Tally:
    lease = acquire(store, "doctor", now, DAY / 96)
    try:
        return folding.compact(store, lease, lambda: now)
    finally:
        lease.release(now)


def fill(store: Store, first: int = 0, runs: int = 6) -> None:
    """Machines that come, change, go and come back; run 2 could not read account 2, run 4 not all of account 1."""
    for number in range(first, first + runs):
        found = [machine("i-1"), machine("i-2", state="stopped" if number % 3 else "running")]
        found += [machine("i-é\ud800\x00", tags={"Team": "né\x00", "n": str(number // 2)})]
        found += [machine("j-1", "2")] * (number != 2) + [machine("k")] * (number in (0, 4))
        gaps = {2: [gap("2")], 4: [gap("1")]}.get(number, [])
        leave(store, number, reversed(found) if number % 2 else found, gaps)


def rows(store: Store, query: str, number: int = 1) -> list[tuple[object, ...]]:
    with TemporaryDirectory() as folder:
        path = Path(folder, "f.parquet")
        path.write_bytes(store.get(inventories.rows_key(number)) or b"")
        return list(duckdb.connect().execute(query, [str(path)]).fetchall())


def test_folded_runs_read_as_they_did_and_take_two_objects(store: Store) -> None:
    fill(store)
    before = told_of(store)
    assert len(before) == 6
    tally = compact(store)
    assert (tally.folded, tally.dropped, tally.left) == (6, 6, [])
    assert store.list("snapshots") == []
    assert store.list("versions") == ["versions/000000000001.heads", "versions/000000000001.parquet"]
    assert told_of(store) == before
    assert compact(store) == Tally()


def test_a_row_is_a_version_and_a_gap_ends_none() -> None:
    store = MemoryStore()
    fill(store)
    compact(store)
    wanted = (
        "SELECT id, state, valid_from, valid_to, unseen FROM read_parquet(?) WHERE id IN ('i-1', 'i-2', 'j-1', 'k')"
    )
    day = [(START + number * DAY).replace(tzinfo=None) for number in range(6)]
    assert rows(store, wanted) == [
        ("i-1", None, day[0], None, []),
        ("i-2", "running", day[0], day[1], []),
        ("i-2", "stopped", day[1], day[3], []),
        ("i-2", "running", day[3], day[4], []),
        ("i-2", "stopped", day[4], None, []),
        ("j-1", None, day[0], None, [2]),
        ("k", None, day[0], day[1], []),
        ("k", None, day[4], day[5], []),
    ]
    tags = rows(store, "SELECT DISTINCT tags['Team'] FROM read_parquet(?) WHERE tags['n'] = '1'")
    assert tags == [("né\ufffd",)], "a text of Parquet; the resource itself has it exactly"


def test_a_kind_that_was_not_looked_for_is_not_gone() -> None:
    store = MemoryStore()
    leave(store, 0, [machine("i-1")])
    leave(store, 1, [], need=Need(frozenset({"licence"}), frozenset()))
    leave(store, 2, [machine("i-1")])
    before = told_of(store)
    compact(store)
    assert rows(store, "SELECT since, until, unseen FROM read_parquet(?)") == [(0, None, [1])]
    assert told_of(store) == before


def test_later_runs_go_on_in_the_newest_fold_and_the_one_before_is_dropped(store: Store) -> None:
    fill(store, 0, 3)
    compact(store)
    fill(store, 3, 3)
    before = told_of(store)
    assert len(before) == 6, "folded and unfolded alike"
    tally = compact(store)
    assert (tally.folded, tally.dropped) == (3, 3 + 2)
    assert [inventories.number_in(key) for key in store.list("versions")] == [2, 2]
    assert told_of(store) == before
    whole = MemoryStore()
    fill(whole)
    compact(whole)
    everything = "SELECT * FROM read_parquet(?)"
    assert rows(store, everything, 2) == rows(whole, everything), "however often it was compacted"


def test_a_full_fold_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "RUNS", 4)
    store = MemoryStore()
    fill(store, 0, 6)
    before = told_of(store)
    compact(store)
    assert [len(fold.runs) for fold in inventories.folds(store)] == [4, 2]
    first = store.get(inventories.rows_key(1))
    fill(store, 6, 3)
    before |= told_of(store)
    compact(store)
    assert [len(fold.runs) for fold in inventories.folds(store)] == [4, 4, 1]
    assert store.get(inventories.rows_key(1)) == first
    assert told_of(store) == before


def test_a_run_that_came_late_is_folded_on_its_own() -> None:
    store = MemoryStore()
    leave(store, 1, [machine("i-1")])
    leave(store, 3, [machine("i-2")])
    compact(store)
    leave(store, 2, [machine("i-1"), machine("i-3")])
    before = told_of(store)
    compact(store)
    assert [[each.run for each in fold.runs] for fold in inventories.folds(store)] == [
        [name_of(1), name_of(3)],
        [name_of(2)],
    ]
    assert told_of(store) == before
    assert list(before) == [name_of(1), name_of(2), name_of(3)]


def test_what_began_within_a_day_and_what_is_no_run_stays() -> None:
    store = MemoryStore()
    fill(store, 0, 3)
    store.create("snapshots/other", store.get(f"snapshots/{name_of(0)}") or b"")
    assert compact(store, START + 2 * DAY).folded == 2
    assert store.list("snapshots") == [f"snapshots/{name_of(2)}", "snapshots/other"]


def test_a_long_snapshot_is_sorted_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "_SORTED_AT_ONCE", 7)
    store = MemoryStore()
    for run in range(2):
        leave(store, run, (machine(f"i-{number * 37 % 101}", tags={"n": str(run)}) for number in range(40)))
    leave(store, 2, [])
    before = told_of(store)
    compact(store)
    assert told_of(store) == before
    ids = [str(name) for (name,) in rows(store, "SELECT id FROM read_parquet(?)")]
    assert ids == sorted(ids)


def test_a_snapshot_that_cannot_be_read_stays_and_is_named() -> None:
    store = MemoryStore()
    fill(store, 0, 3)
    key = f"snapshots/{name_of(1)}"
    store.objects[key] = store.objects[key][:-30]
    tally = compact(store)
    assert tally.folded == 2
    assert len(tally.left) == 1
    assert tally.left[0].startswith(f"{key}: cut short")
    assert store.list("snapshots") == [key]


def test_an_enforcing_run_keeps_compaction_out() -> None:
    store = MemoryStore()
    fill(store, 0, 2)
    lease = acquire(store, "doctor", START, DAY)
    lease.release(START)
    acquire(store, "run", START, DAY)
    with pytest.raises(ActError, match="run has it"):
        folding.compact(store, lease, lambda: LATER)
    assert len(store.list("snapshots")) == 2
    assert store.list("versions") == []


class CrashError(BaseException):
    """kill -9."""


@pytest.mark.parametrize("boundary", range(40))
def test_a_compaction_that_is_cut_short_anywhere_loses_nothing(boundary: int) -> None:
    """Before and after every create and drop, of a compaction that goes on with a fold and fills it."""
    left, boundaries = -1, 0

    def touch(operation: str, key: str, _when: str) -> None:
        nonlocal left, boundaries
        if operation in ("create", "drop") and not key.startswith("lease"):
            boundaries += 1
            if left >= 0:
                left -= 1
                if left == -1:
                    raise CrashError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folding, "RUNS", 4)
        store = MemoryStore(touch)
        fill(store, 0, 2)
        compact(store)
        fill(store, 2, 4)
        before = told_of(store)
        boundaries, left = 0, boundary
        crashed = False
        try:
            compact(store)
        except CrashError:
            crashed = True
        assert crashed or boundaries == 2 * (2 + 2 + 4 + 2), "two folds of two objects; four snapshots, a fold dropped"
        assert crashed == (boundary < 20)
        left = -1
        assert told_of(store) == before
        leave(store, 6, [machine("i-9")])
        before |= told_of(store)
        compact(store, LATER + DAY)
        assert told_of(store) == before
        assert store.list("snapshots") == []
        assert len(store.list("versions")) == 4
        assert compact(store, LATER + DAY) == Tally()


def test_a_reader_sees_the_same_at_every_moment_of_a_compaction() -> None:
    seen = 0

    def touch(operation: str, key: str, _when: str) -> None:
        nonlocal seen
        if reading and operation in ("create", "drop") and not key.startswith("lease"):
            store._touch, mine = (lambda *_: None), store._touch
            assert told_of(store) == before
            store._touch = mine
            seen += 1

    reading = False
    store = MemoryStore(touch)
    fill(store, 0, 3)
    compact(store)
    fill(store, 3, 2)
    before = told_of(store)
    reading = True
    compact(store)
    assert seen == 2 * (2 + 2 + 2)


@pytest.mark.parametrize("moment", range(12))
def test_a_compaction_in_the_middle_of_a_read_is_noticed(moment: int) -> None:
    left = -1

    def touch(operation: str, _key: str, _when: str) -> None:
        nonlocal left
        if left >= 0 and operation in ("get", "list"):
            left -= 1
            if left == -1:
                compact(store)

    store = MemoryStore(touch)
    fill(store, 0, 3)
    compact(store)
    fill(store, 3, 2)
    before = told_of(store)
    left = moment
    assert told_of(store) == before
    assert store.list("snapshots") == [], "it did fall"


@pytest.mark.parametrize("damage", ["rows", "other rows", "heads", "no heads"])
def test_damage_is_never_taken_for_an_inventory_and_drops_nothing(damage: str) -> None:
    store, other = MemoryStore(), MemoryStore()
    fill(store, 0, 3)
    kept = dict(store.objects)
    compact(store)
    fill(other, 1, 3)
    compact(other)
    rows, heads = inventories.rows_key(1), inventories.heads_key(1)
    if damage == "rows":
        store.objects[rows] = store.objects[rows][:-9]
    elif damage == "other rows":
        store.objects[rows] = other.objects[rows]
    elif damage == "heads":
        store.objects[heads] = gzip.compress(b"{}")
    else:
        store.drop([heads])
    with pytest.raises(ActError, match="damaged"):
        told_of(store)
    store.objects |= kept  # as where a compaction was cut short before it dropped them
    with pytest.raises(ActError):
        compact(store)
    assert len(store.list("snapshots")) == 3


def test_a_snapshot_that_is_not_what_was_folded_is_not_dropped() -> None:
    store = MemoryStore()
    fill(store, 0, 2)
    compact(store)
    leave(store, 1, [machine("another")])
    with pytest.raises(ActError, match="not what was folded"):
        compact(store)
    assert store.list("snapshots") == [f"snapshots/{name_of(1)}"]


def test_without_duckdb_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    fill(store, 0, 2)
    before = dict(store.objects)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "duckdb", None)
        assert compact(store).left == ["snapshots are folded with DuckDB: install finops-guard-engine[costs]"]
        assert {key: data for key, data in store.objects.items() if not key.startswith("lease")} == before
        assert len(told_of(store)) == 2, "unfolded ones need none"
    compact(store)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(InputError, match="DuckDB, which is not installed") as wrong:
        told_of(store)
    assert wrong.value.help == "pip install 'finops-guard-engine[costs]'"


NAMES = st.sampled_from(["i-1", "i-2", 'a"b\\', "a\tb", "\ud800", "é", "aa", "a"])
STATES = st.sampled_from(["running", "stopped", "deleting"])
TEXTS = st.text(st.characters() | st.sampled_from("\x00\ud800\t\n\r\"'\\\u2028"), max_size=4)


@st.composite
def found(draw: st.DrawFn) -> Resource:
    made = machine(draw(NAMES), draw(st.sampled_from(["1", "2", "3"])), state=draw(STATES))
    made.tags = Tags.of(draw(st.dictionaries(TEXTS, TEXTS, max_size=2)))
    return made


RUNS = st.lists(
    st.tuples(
        st.lists(found(), max_size=5),
        st.sets(st.sampled_from(["1", "2", "*"]), max_size=2),
        st.sampled_from([None, Need(frozenset({"vm"}), frozenset()), Need(frozenset(), frozenset())]),
    ),
    min_size=1,
    max_size=9,
)


@given(RUNS, st.sets(st.integers(0, 8)))
@settings(max_examples=60, deadline=None)
def test_whatever_the_runs_saw_a_folded_one_reads_as_the_original(
    runs: list[tuple[list[Resource], set[str], Need | None]], compacted: set[int]
) -> None:
    """Gaps, repeated ids, equal lines and texts that JSON escapes among them; compacted after any of the runs."""
    plain, store = MemoryStore(), MemoryStore()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folding, "RUNS", 5)
        patch.setattr(folding, "_SORTED_AT_ONCE", 2)
        for number, (resources, blind, need) in enumerate(runs):
            gaps = [Gap("aws", account, "*", "*", "AccessDenied") for account in sorted(blind)]
            for each in (plain, store):
                leave(each, number, resources, gaps, need)
            if number in compacted:
                compact(store)
        compact(store)
    assert store.list("snapshots") == []
    assert told_of(store) == told_of(plain)
