"""A line that was deleted, altered, moved or written anew is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from finops_guard.errors import ActError
from finops_guard.model import Outcome
from finops_guard.state.audit import verify
from finops_guard.state.entries import hash_of
from finops_guard.state.journal import Act, Journal, entries, unfinished
from finops_guard.state.lines import to_line
from finops_guard.state.store import MemoryStore, Store

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def history(store: Store, runs: int = 3, batches: int = 2) -> list[str]:
    """Some runs of two shards; the hash of each one's seal."""
    heads = []
    for number in range(runs):
        at = NOW + timedelta(hours=number)
        shards = [
            Journal.open(store, f"{at:%Y%m%dT%H%M%SZ}-x", shard, at, by="ci", policy="p", packs={}, mode="enforce")
            for shard in ("a", "b")
        ]
        for journal in shards:
            for batch in range(batches):
                journal.intents([Act(f"s{batch}", "stop", f"arn:{number}")], at)
                journal.outcomes([Outcome(f"s{batch}", "done", {}, {})], at)
        heads.append(shards[0].close(at))
    return heads


def rebuild(store: MemoryStore, victim: str, old: str, new: str) -> None:
    """Alter a line, and write every hash that follows from it anew, as one who knows how would."""
    changed = {old: new}
    pending = sorted(store.objects, key=lambda key: (key.split("/")[1], key.startswith("closed"), key))
    while victim:
        before, text = store.objects[victim], store.objects[victim].decode()
        for one, other in changed.items():
            text = text.replace(one, other)
        store.objects[victim] = text.encode()
        changed[hash_of(before)] = hash_of(store.objects[victim])
        victim = next((key for key in pending if any(h in store.objects[key].decode() for h in changed)), "")
        changed.pop(old, None)


def test_what_is_whole_has_nothing_wrong(store: Store) -> None:
    for head in history(store):
        assert verify(store, head) == []
    assert verify(store) == []
    assert verify(MemoryStore()) == []


def test_a_head_from_the_middle_of_a_run_vouches_as_well() -> None:
    store = MemoryStore()
    history(store)
    for entry in entries(store):
        assert verify(store, f" {entry.hash.upper()}\n") == []


def test_an_unknown_head_is_a_problem() -> None:
    store = MemoryStore()
    history(store)
    assert verify(store, "ab" * 32) == [
        f"nothing has the hash {'ab' * 32}: what led to it was deleted, or written anew"
    ]
    assert len(verify(MemoryStore(), "ab" * 32)) == 1


def test_every_single_deletion_is_found() -> None:
    whole = MemoryStore()
    history(whole)
    for key in whole.objects:
        store = MemoryStore()
        store.objects = {other: line for other, line in whole.objects.items() if other != key}
        last_seal = key == max(whole.list("seals"))
        marker = key.startswith("closed")
        assert verify(store) or marker or last_seal, key
        if last_seal:
            assert any("no such seal" in problem for problem in verify(store))


@given(st.data())
def test_every_single_alteration_is_found(data: st.DataObject) -> None:
    store = MemoryStore()
    history(store, runs=2, batches=1)
    key = data.draw(st.sampled_from(sorted(store.objects)))
    line = store.objects[key]
    where = data.draw(st.integers(0, len(line) - 1))
    byte = data.draw(st.integers(0, 255))
    assume(line[where] != byte)
    altered = line[:where] + bytes([byte]) + line[where + 1 :]
    assume(altered.strip() != line.strip())  # a marker's own line end
    store.objects[key] = altered
    assert verify(store), (key, altered)


@given(st.data())
def test_two_lines_that_change_places_are_found(data: st.DataObject) -> None:
    store = MemoryStore()
    history(store, runs=2, batches=1)
    keys = sorted(key for key in store.objects if not key.startswith("closed"))
    one, other = data.draw(st.lists(st.sampled_from(keys), min_size=2, max_size=2, unique=True))
    store.objects[one], store.objects[other] = store.objects[other], store.objects[one]
    assert verify(store)


def test_a_line_that_was_put_in_is_found() -> None:
    store = MemoryStore()
    history(store)
    last = list(entries(store, "20261102T093000Z-x"))[-1]
    content = {"run": last.run, "shard": "b", "seq": last.seq + 1, "prev": last.hash, "at": "2026-11-02T09:30:00Z"}
    key = f"journal/{last.run}/b/{last.seq + 1:06d}"
    store.objects[key] = to_line({**content, "kind": "note", "body": {}})
    assert verify(store) == [f"journal/{last.run}/b: lines were added after the run was sealed"]
    del store.objects[key]
    store.objects[f"journal/{last.run}/c/000000"] = to_line(
        {**content, "seq": 0, "shard": "c", "prev": "", "kind": "note", "body": {}}
    )
    assert verify(store) == [f"journal/{last.run}/c: lines were added after the run was sealed"]
    store.objects["journal/notes.txt"] = b"hello"
    assert any("journal/notes.txt: not a line" in problem for problem in verify(store))


def test_one_line_altered_and_all_that_follows_written_anew_is_found_by_the_head() -> None:
    store = MemoryStore()
    heads = history(store)
    victim = "journal/20261102T093000Z-x/a/000001"
    rebuild(store, victim, "arn:0", "arn:9")
    assert next(entry for entry in entries(store) if entry.acts).acts[0].resource == "arn:9"
    assert verify(store) == [], "the one who rebuilt it was good at it"
    assert all(len(verify(store, head)) == 1 for head in heads)


def test_a_run_that_was_deleted_whole_is_found() -> None:
    store = MemoryStore()
    heads = history(store)
    for key in list(store.objects):
        if "20261102T103000Z-x" in key or key == "seals/000000000002":
            del store.objects[key]
    problems = verify(store)
    assert any("the seal before it is missing" in problem for problem in problems)
    assert any("the seal it was written after is not there" in problem for problem in problems)
    assert verify(store, heads[1]) != problems


def test_the_newest_run_deleted_whole_is_found_by_its_head() -> None:
    store = MemoryStore()
    heads = history(store)
    for key in list(store.objects):
        if "20261102T113000Z-x" in key or key == "seals/000000000003":
            del store.objects[key]
    assert verify(store) == []
    assert verify(store, heads[1]) == []
    assert len(verify(store, heads[2])) == 1


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b"null", b'{"run":1}'])
def test_damage_is_told_and_never_raised(damage: bytes) -> None:
    for key in ("journal/20261102T093000Z-x/a/000001", "seals/000000000002", "closed/20261102T093000Z-x"):
        store = MemoryStore()
        history(store)
        store.objects[key] = damage
        assert any(key in problem for problem in verify(store)), key


def test_readers_stop_at_damage_and_name_it() -> None:
    store = MemoryStore()
    Journal.open(store, "run-a", "0", NOW, by="ci", policy="p", packs={}, mode="enforce")
    store.objects["journal/run-a/0/000000"] = b"{}"
    for call in (lambda: list(entries(store)), lambda: unfinished(store)):
        with pytest.raises(ActError, match="journal/run-a/0/000000"):
            call()
