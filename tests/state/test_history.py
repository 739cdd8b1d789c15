"""Deltas add up, folding them changes nothing that a reader sees, and a crash anywhere loses nothing."""

from __future__ import annotations

import ast
import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import finops_guard
from finops_guard.errors import ActError
from finops_guard.model import Unknown
from finops_guard.state.episodes import About, EpisodeRecord
from finops_guard.state.history import compact, fold, write
from finops_guard.state.lease import acquire
from finops_guard.state.newest import newest
from finops_guard.state.store import MemoryStore, Store

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
TTL = timedelta(days=1)
ABOUT = About("ai-tags/whose", "ai-tags", "arn:1", "aws", "1", "eu-west-1", "AWS::EC2::Instance")
PLAIN = EpisodeRecord(ABOUT, "hash", timedelta(days=1), NOW, NOW)
FULL = EpisodeRecord(
    About("a/b", "dev", "arn:é\ud800"),
    "hash",
    timedelta(seconds=1),
    NOW,
    NOW + timedelta(microseconds=1),
    done={0: NOW, 2: NOW + TTL},
    warned={2: NOW},
    notice=("slack", "mark"),
    before={"state": "running", "usage": Unknown("no metric"), "tags": {"$money": "x"}},
    ended=NOW + TTL,
    why="it passes",
    held_until=NOW + 2 * TTL,
)


def fill(store: Store, deltas: int = 5) -> dict[str, EpisodeRecord]:
    """Deltas that overlap; what they add up to."""
    records: dict[str, EpisodeRecord] = {}
    for number in range(deltas):
        delta = {f"f{number}": PLAIN, f"f{number - 1}": replace(PLAIN, seen=NOW + timedelta(days=number))}
        records |= delta
        assert write(store, f"run-{number}", delta, NOW + timedelta(hours=number), number) == number + 1
    return records


def test_what_was_written_adds_up(store: Store) -> None:
    assert fold(store).records == {}
    records = fill(store)
    there = fold(store)
    assert (there.number, there.records, there.at) == (5, records, NOW + timedelta(hours=4))
    assert newest(store) == NOW + timedelta(hours=4)


def test_every_field_comes_back(store: Store) -> None:
    write(store, "run", {"f": FULL, "g": PLAIN}, NOW, 0)
    assert fold(store).records == {"f": FULL, "g": PLAIN}


def test_nothing_changed_writes_nothing() -> None:
    store = MemoryStore()
    assert write(store, "run", {}, NOW, 0) == 0
    assert store.objects == {}


def test_who_read_before_another_wrote_is_refused(store: Store) -> None:
    fill(store, 2)
    for behind in (0, 1):
        with pytest.raises(ActError, match="another run changed"):
            write(store, "late", {"f9": PLAIN}, NOW, behind)
    compact(store, acquire(store, "run", NOW, TTL), NOW)
    for behind in (0, 1):
        with pytest.raises(ActError, match="another run changed"):
            write(store, "late", {"f9": PLAIN}, NOW, behind)
    assert "f9" not in fold(store).records
    assert write(store, "in time", {"f9": PLAIN}, NOW, 2) == 3
    assert fold(store).records["f9"] == PLAIN


def test_a_write_whose_answer_was_lost_is_made_again(store: Store) -> None:
    assert write(store, "run", {"f": PLAIN}, NOW, 0) == 1
    assert write(store, "run", {"f": PLAIN}, NOW, 0) == 1
    assert fold(store).number == 1


def test_compaction_changes_nothing_but_the_number_of_objects(store: Store) -> None:
    records = fill(store)
    before = fold(store)
    lease = acquire(store, "run", NOW, TTL)
    lease.renew(NOW)
    assert compact(store, lease, NOW) == 6
    assert store.list("episodes") == []
    assert store.list("folds") == ["folds/000000000005"]
    assert store.list("lease") == ["lease/000000000002"]
    assert fold(store) == before
    assert compact(store, lease, NOW) == 0
    lease.check(NOW)
    write(store, "run", {"g": FULL}, NOW, 5)
    assert compact(store, lease, NOW) == 2
    assert fold(store).records == {**records, "g": FULL}
    assert newest(store) == NOW
    lease.release(NOW)
    acquire(store, "next", NOW, TTL).check(NOW)


def test_compaction_needs_the_lease(store: Store) -> None:
    fill(store)
    lease = acquire(store, "run", NOW, TTL)
    lease.release(NOW)
    with pytest.raises(ActError, match="lost"):
        compact(store, lease, NOW)
    assert len(store.list("episodes")) == 5


def test_what_ended_long_ago_is_left_out_unless_it_still_holds() -> None:
    store = MemoryStore()
    over = replace(PLAIN, ended=NOW, why="it passes")
    records = {"over": over, "held": replace(over, held_until=NOW + timedelta(days=60)), "running": PLAIN}
    write(store, "run", records, NOW, 0)
    later = NOW + timedelta(days=91)
    lease = acquire(store, "run", later, TTL)
    compact(store, lease, later)
    assert fold(store).records.keys() == {"held", "running"}


def test_a_reader_sees_the_same_at_every_moment_of_a_compaction() -> None:
    seen = 0
    records: dict[str, EpisodeRecord] = {}

    def touch(operation: str, _key: str, _when: str) -> None:
        nonlocal seen
        if reading and operation in ("create", "drop"):
            store._touch, mine = (lambda *_: None), store._touch
            there = fold(store)
            store._touch = mine
            assert (there.records, there.number) == (records, 5)
            seen += 1

    reading = False
    store = MemoryStore(touch)
    records = fill(store)
    lease = acquire(store, "run", NOW, TTL)
    reading = True
    compact(store, lease, NOW)
    assert seen == 2 + 2 * 5


@pytest.mark.parametrize("moment", range(7))
def test_a_compaction_in_the_middle_of_a_read_is_noticed(moment: int) -> None:
    """It may fall before any of a reader's requests."""
    left = -1

    def touch(operation: str, _key: str, _when: str) -> None:
        nonlocal left
        if left >= 0 and operation in ("get", "list"):
            left -= 1
            if left == -1:
                compact(store, lease, NOW)

    store = MemoryStore(touch)
    records = fill(store)
    lease = acquire(store, "run", NOW, TTL)
    left = moment
    there = fold(store)
    assert (there.records, there.number) == (records, 5)
    assert store.list("episodes") == [], "it did fall"


class CrashError(BaseException):
    """kill -9."""


@pytest.mark.parametrize("boundary", range(16))
def test_a_compaction_that_is_cut_short_anywhere_loses_nothing(boundary: int) -> None:
    left = -1

    def touch(operation: str, _key: str, _when: str) -> None:
        nonlocal left
        if left >= 0 and operation in ("create", "drop"):
            left -= 1
            if left == -1:
                raise CrashError

    store = MemoryStore(touch)
    records = fill(store)
    write(store, "run-5", {"g": FULL}, NOW, 5)
    lease = acquire(store, "run", NOW, TTL)
    lease.renew(NOW)
    left = boundary
    with pytest.raises(CrashError):
        compact(store, lease, NOW)
    assert fold(store).records == {**records, "g": FULL}
    assert write(store, "run-6", {"h": PLAIN}, NOW, 6) == 7
    lease.check(NOW)
    compact(store, lease, NOW)
    assert fold(store).records == {**records, "g": FULL, "h": PLAIN}
    assert len(store.objects) == 2


@pytest.mark.parametrize(
    "damage", [b"", b"?", gzip.compress(b"{", mtime=0), gzip.compress(b"[]", mtime=0), gzip.compress(b"{}", mtime=0)]
)
@pytest.mark.parametrize("key", ["episodes/000000000003", "folds/000000000002"])
def test_damage_is_never_taken_for_less_history(damage: bytes, key: str) -> None:
    store = MemoryStore()
    fill(store, 2)
    if key.startswith("folds"):
        compact(store, acquire(store, "run", NOW, TTL), NOW)
    store.objects[key] = damage
    with pytest.raises(ActError, match="damaged"):
        fold(store)


@pytest.mark.parametrize(
    "row",
    [
        b'{"f":[]}',
        b'{"f":{}}',
        b'{"f":{"about":{"x":"y"},"ladder":"h","longest":1,"began":"2026-11-02T09:30:00Z","seen":"2026-11-02T09:30:00Z"}}',
        b'{"f":{"about":[],"ladder":"h","longest":1,"began":"2026-11-02T09:30:00Z","seen":"2026-11-02T09:30:00Z"}}',
        b'{"f":{"about":{},"ladder":"h","longest":"x","began":"2026-11-02T09:30:00Z","seen":"?"}}',
        b"[]",
    ],
)
def test_a_record_that_is_none_is_damage(row: bytes) -> None:
    store = MemoryStore()
    store.objects["episodes/000000000001"] = gzip.compress(b'{"at":"2026-11-02T09:30:00Z","records":' + row + b"}")
    with pytest.raises(ActError, match="damaged"):
        fold(store)


def test_a_delta_that_is_missing_is_never_taken_for_less_history() -> None:
    for number in (1, 2, 3):
        store = MemoryStore()
        fill(store, 4)
        store.drop([f"episodes/{number:012d}"])
        with pytest.raises(ActError, match="missing"):
            fold(store)


def test_equal_records_give_equal_bytes() -> None:
    one, other = MemoryStore(), MemoryStore()
    write(one, "run", {"f": FULL, "g": PLAIN}, NOW, 0)
    write(other, "run", {"g": PLAIN, "f": FULL}, NOW.astimezone(), 0)
    assert one.objects == other.objects


def test_nothing_but_compaction_drops_and_nothing_reads_the_clock() -> None:
    root = Path(finops_guard.__file__).parent
    drops, clocks = set(), set()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            called, place = node.func.attr, path.relative_to(root).as_posix()
            if called == "drop" and place.startswith("state/"):
                drops.add(place)
            if called in {"now", "utcnow", "today", "time", "monotonic"} and place.startswith("state/"):
                clocks.add(place)
    assert drops == {"state/history.py", "state/folding.py", "state/folder.py"}, "and the folder passes it on"
    assert clocks == set()
