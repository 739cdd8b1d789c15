"""What was intended is written before it is done, by one writer, and nothing that began is forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from threading import Barrier
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops_guard.errors import ActError
from finops_guard.model import Identity, Money, Outcome, Resource, Step, StepState, Tags, Unknown
from finops_guard.state.audit import verify
from finops_guard.state.journal import (
    Act,
    Journal,
    act_of,
    acts_last_24h,
    entries,
    is_closed,
    seal,
    unfinished,
    unsealed,
)
from finops_guard.state.newest import newest
from finops_guard.state.store import MemoryStore, Store

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
RUN = "20261102T093000Z-abc123"
ME = (Identity("aws", "1", "arn:aws:iam::1:role/act"),)


def opened(store: Store, run: str = RUN, shard: str = "0", now: datetime = NOW) -> Journal:
    return Journal.open(
        store, run, shard, now, by="ci", policy="ab" * 32, packs={"x": "c"}, mode="enforce", identities=ME
    )


def act(step: str, verb: str = "stop", **more: Any) -> Act:
    return Act(step, verb, f"arn:{step}", **more)


def done(step: str, state: StepState = "done", error: str | None = None) -> Outcome:
    return Outcome(step, state, {"state": "running"}, {"state": "stopped"} if state == "done" else {}, error)


def test_what_was_written_is_read(store: Store) -> None:
    journal = opened(store)
    first = act(
        "s1",
        cloud="aws",
        account="1",
        region="eu-west-1",
        type="AWS::EC2::Instance",
        rules=("a/b", "c/d"),
        serves=(("f1", 0), ("f2", 3)),
        before={"state": "running", "tags": {"te am": "\udc80é"}, "seen": NOW, "idle": Unknown("no metric")},
        after={"state": "stopped"},
        saves_month=Money(Decimal("12.50"), "EUR"),
        who="ci",
        why="idle for 3 days",
    )
    journal.intents([first, act("s2", "tag")], NOW)
    journal.outcomes([done("s1"), done("s2", "failed", "AccessDenied")], NOW + timedelta(seconds=1))
    journal.note("notice", {"to": ["file"], "cost": Money(Decimal("1.10"), "EUR")}, NOW)
    head = journal.close(NOW)
    told = list(entries(store, RUN))
    assert [entry.kind for entry in told] == ["open", "intent", "outcome", "note"]
    assert told[1].acts == (first, act("s2", "tag"))
    assert told[2].outcomes == (done("s1"), done("s2", "failed", "AccessDenied"))
    assert told[2].at == NOW + timedelta(seconds=1)
    assert told[0].body["identities"] == [{"cloud": "aws", "account": "1", "principal": "arn:aws:iam::1:role/act"}]
    assert told == list(entries(store))
    assert verify(store, head) == []


def test_a_step_of_a_plan_becomes_an_act() -> None:
    fields = {"id": "arn:1", "kind": "vm", "cloud": "aws", "account": "1", "region": "r", "type": "T"}
    step = Step(
        "s1", "stop", Resource({**fields}, Tags({}, {})), ("a/b",), "dev", "due", NOW, reversible=True,
        before={"state": "running"}, saves_month=Money(Decimal(3), "EUR"), serves=(("f1", 1),),
    )  # fmt: skip
    made = act_of(step, "ci", "it is idle")
    assert (made.step, made.verb, made.resource, made.account, made.type) == ("s1", "stop", "arn:1", "1", "T")
    assert (made.serves, made.saves_month, made.who, made.why) == ((("f1", 1),), step.saves_month, "ci", "it is idle")


def test_a_crash_between_intent_and_outcome_is_seen_and_taken_up(store: Store) -> None:
    journal = opened(store)
    journal.intents([act("s1"), act("s2")], NOW)
    journal.outcomes([done("s1")], NOW)
    with pytest.raises(ActError, match="1 acts have no outcome"):
        journal.close(NOW)
    with pytest.raises(ActError, match="1 acts have no outcome"):
        seal(store, RUN, NOW)
    (left,) = unfinished(store)
    assert (left.run, left.shard, left.seq, left.act.step) == (RUN, "0", 1, "s2")
    assert unsealed(store) == [RUN]
    later = opened(store, now=NOW + timedelta(hours=1))
    assert later.unfinished == [left]
    later.outcomes([done("s2", "skipped")], NOW + timedelta(hours=1))
    head = later.close(NOW + timedelta(hours=1))
    assert (unfinished(store), unsealed(store), is_closed(store, RUN)) == ([], [], True)
    assert verify(store, head) == []
    with pytest.raises(ActError, match="another writes"):
        journal.outcomes([done("s2")], NOW)


def test_a_closed_run_takes_no_more(store: Store) -> None:
    head = opened(store).close(NOW)
    with pytest.raises(ActError, match="is closed"):
        opened(store)
    assert seal(store, RUN, NOW + timedelta(days=1)) == head


def test_an_outcome_needs_its_intent() -> None:
    journal = opened(MemoryStore())
    journal.intents([act("s1")], NOW)
    with pytest.raises(ValueError, match="no act of step s2 is open"):
        journal.outcomes([done("s1"), done("s2")], NOW)
    journal.outcomes([done("s1")], NOW)
    with pytest.raises(ValueError, match="no act of step s1 is open"):
        journal.outcomes([done("s1")], NOW + timedelta(seconds=1))
    journal.intents([act("s1")], NOW)
    journal.outcomes([done("s1")], NOW)


@pytest.mark.parametrize("run", ["", "../x", "0001", "2026-11-02", "20261102T093000Z/x", "Run", "a b"])
def test_a_run_begins_with_its_time_or_a_letter(run: str) -> None:
    with pytest.raises(ValueError, match="not a run"):
        opened(MemoryStore(), run)


def test_of_two_who_write_a_chain_one_is_refused(store: Store) -> None:
    first, second = opened(store), opened(store)
    with pytest.raises(ActError, match="another writes"):
        first.intents([act("s1")], NOW)
    second.intents([act("s1")], NOW)
    assert [entry.kind for entry in entries(store)] == ["open", "open", "intent"]


def test_of_two_who_open_a_chain_at_once_neither_writes_between_the_lines_of_the_other(store: Store) -> None:
    barrier = Barrier(4)

    def write(_: int) -> bool:
        barrier.wait()
        try:
            opened(store).intents([act("s1")], NOW)
        except ActError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        won = sum(pool.map(write, range(4)))
    kinds = [entry.kind for entry in entries(store)]
    assert kinds.count("intent") == won
    assert all(before == "open" for before, kind in pairwise(kinds) if kind == "intent")
    assert verify(store) == []


@pytest.mark.parametrize("kind", ["open", "intent", "outcome", "note"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_write_that_failed_is_made_once(kind: str, when: str) -> None:
    fail = False

    def touch(operation: str, _key: str, at: str) -> None:
        nonlocal fail
        if fail and (operation, at) == ("create", when):
            fail = False
            raise ActError("no answer")

    store = MemoryStore(touch)
    fail = kind == "open"
    try:
        journal = opened(store)
    except ActError:
        journal = opened(store)
    calls: dict[str, Callable[[datetime], None]] = {
        "intent": lambda now: journal.intents([act("s1")], now),
        "outcome": lambda now: journal.outcomes([done("s1")], now),
        "note": lambda now: journal.note("notice", {"to": "file"}, now),
    }
    for name, call in calls.items():
        fail = name == kind
        try:
            call(NOW)
        except ActError:
            assert name == kind
            call(NOW + timedelta(seconds=3))
    journal.close(NOW)
    kinds = [entry.kind for entry in entries(store)]
    assert kinds[-3:] == ["intent", "outcome", "note"]
    assert len(kinds) == 4 + (kind == "open" and when == "after")
    assert verify(store) == []


def test_an_intent_that_landed_unseen_is_open_for_who_gave_up() -> None:
    fail = False

    def touch(operation: str, _key: str, when: str) -> None:
        if fail and (operation, when) == ("create", "after"):
            raise ActError("no answer")

    store = MemoryStore(touch)
    journal = opened(store)
    fail = True
    with pytest.raises(ActError):
        journal.intents([act("s1")], NOW)
    fail = False
    with pytest.raises(ActError, match="1 acts have no outcome"):
        journal.close(NOW)
    assert [left.act.step for left in unfinished(store)] == ["s1"]
    journal.outcomes([done("s1", "skipped", "its intent could not be recorded")], NOW)
    journal.close(NOW)


class CrashError(BaseException):
    """kill -9: nothing of ours runs any more."""


def _apply(store: Store, cloud: list[str], run: str, steps: list[str], now: datetime) -> None:
    """A run as apply makes it: take up what was cut short, then intent, act, outcome, close."""
    for old in unsealed(store):
        if not store.list(f"journal/{old}"):
            continue
        for shard in {entry.shard for entry in entries(store, old)}:
            journal = opened(store, old, shard, now)
            left = [each.act.step for each in journal.unfinished]
            if left:
                journal.outcomes([done(step, "done" if step in cloud else "skipped") for step in left], now)
        seal(store, old, now)
    journal = opened(store, run, now=now)
    for step in steps:
        if step not in cloud:  # the re-read of gate 2
            journal.intents([act(step)], now)
            cloud.append(step)
            journal.outcomes([done(step)], now)
    journal.close(now)


def test_cut_short_at_every_boundary_nothing_is_forgotten_or_done_twice() -> None:
    """Every write of a run, and of the run that takes it up, is where a crash may fall: before it or after it."""
    counted = MemoryStore(lambda operation, _key, _when: boundaries.append(operation))
    boundaries: list[str] = []
    _apply(counted, [], RUN, ["s1", "s2"], NOW)
    total = boundaries.count("create")
    assert total == 14
    crashes = 0
    for first in range(total):
        for second in (*range(total), 99):
            left = [first, second]

            def touch(operation: str, _key: str, _when: str, left: list[int] = left) -> None:
                if operation == "create" and left:
                    left[0] -= 1
                    if left[0] < 0:
                        left.pop(0)
                        raise CrashError

            store, cloud, finished = MemoryStore(touch), list[str](), 0
            for attempt in range(3):
                now = NOW + timedelta(minutes=attempt)
                try:
                    _apply(store, cloud, f"{now:%Y%m%dT%H%M%SZ}-x", ["s1", "s2"], now)
                except CrashError:
                    crashes += 1
                else:
                    finished += 1
            assert finished >= 1
            assert cloud == ["s1", "s2"]
            assert unfinished(store) == []
            assert verify(store) == []
            recorded = [o.step for entry in entries(store) for o in entry.outcomes if o.state == "done"]
            assert sorted(recorded) == ["s1", "s2"]
    assert crashes > total * total


def test_acts_of_a_day_count_while_they_may_have_been_done(store: Store) -> None:
    day = timedelta(hours=24)
    old = opened(store, "20261101T090000Z-aa", now=NOW - day)
    old.intents([act("s1"), act("s2", "tag")], NOW - day - timedelta(seconds=1))
    old.outcomes([done("s1")], NOW - day - timedelta(seconds=1))
    old.outcomes([done("s2")], NOW - day)
    old.close(NOW - day)
    new = opened(store)
    new.intents([act("s3"), act("s4"), act("s5"), act("s6", "undo_stop")], NOW)
    new.outcomes([done("s3"), done("s4", "failed"), done("s6")], NOW)
    assert acts_last_24h(store, NOW) == Counter({"stop": 2, "tag": 1, "undo_stop": 1})
    assert acts_last_24h(store, NOW + timedelta(seconds=1)) == Counter({"stop": 2, "undo_stop": 1})
    assert acts_last_24h(store, NOW + day + timedelta(seconds=1)) == Counter()
    assert acts_last_24h(store, NOW - timedelta(hours=1))["stop"] == 3, "a clock set back frees nothing"


def test_counting_a_day_reads_little_of_a_year() -> None:
    reads: list[str] = []
    store = MemoryStore()
    for hour in range(24 * 14):
        at = NOW - timedelta(hours=hour)
        journal = opened(store, f"{at:%Y%m%dT%H%M%SZ}-x", now=at)
        journal.intents([act("s")], at)
        journal.outcomes([done("s")], at)
        journal.close(at)
    store._touch = lambda operation, _key, _when: reads.append(operation)
    assert acts_last_24h(store, NOW) == Counter({"stop": 25})
    assert reads.count("list") == 1
    assert len(reads) < 200
    reads.clear()
    assert unfinished(store) == []
    assert len(reads) == 2


def test_recording_costs_less_than_the_acts_it_guards() -> None:
    said: list[str] = []
    store = MemoryStore(lambda operation, _key, when: said.append(operation) if when == "before" else None)
    journal = opened(store)
    journal.intents([act(f"s{n}") for n in range(100)], NOW)
    journal.outcomes([done(f"s{n}") for n in range(100)], NOW)
    journal.close(NOW)
    assert len(said) < 25
    assert said.count("create") == 5


def test_shards_of_one_run_are_sealed_together(store: Store) -> None:
    shards = [opened(store, shard=name) for name in ("a", "b")]
    for journal in shards:
        journal.intents([act(f"s-{journal.shard}")], NOW)
    shards[0].outcomes([done("s-a")], NOW)
    with pytest.raises(ActError, match="no outcome"):
        shards[0].close(NOW)
    shards[1].outcomes([done("s-b")], NOW)
    head = seal(store, RUN, NOW)
    assert shards[0].close(NOW) == shards[1].close(NOW) == head
    assert verify(store, head) == []


def test_runs_that_close_at_once_are_all_in_the_chain_of_seals(store: Store) -> None:
    journals = [opened(store, f"20261102T09300{n}Z-x") for n in range(5)]
    with ThreadPoolExecutor(5) as pool:
        heads = list(pool.map(lambda journal: journal.close(NOW), journals))
    assert len(set(heads)) == len(store.list("seals")) == 5
    assert all(verify(store, head) == [] for head in heads)


def test_the_newest_time_is_known(store: Store) -> None:
    assert newest(store) is None
    journal = opened(store)
    ahead = NOW + timedelta(days=400)
    journal.note("x", {}, ahead)
    assert newest(store) == ahead
    assert newest(MemoryStore()) is None


def test_times_are_written_in_utc() -> None:
    store = MemoryStore()
    opened(store, now=NOW.astimezone(timezone(timedelta(hours=5))))
    assert next(entries(store)).at == NOW
    assert b"2026-11-02T09:30:00Z" in store.objects[f"journal/{RUN}/0/000000"]
    with pytest.raises(ValueError, match="zone"):
        opened(store, now=NOW.replace(tzinfo=None))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.builds(Unknown, st.text()) | st.just(NOW),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
maps = st.dictionaries(st.text(max_size=5), values, max_size=3)
acts = st.builds(
    Act,
    st.text(min_size=1, max_size=5),
    st.sampled_from(["stop", "tag"]),
    st.text(),
    rules=st.lists(st.text(), max_size=2).map(tuple),
    serves=st.lists(st.tuples(st.text(), st.integers(0, 9)), max_size=2).map(tuple),
    before=maps,
    after=maps,
    saves_month=st.none() | st.just(Money(Decimal("0.10"), "EUR")),
    why=st.text(),
)
batches = st.lists(st.lists(acts, min_size=1, max_size=4, unique_by=lambda a: a.step), max_size=4)


@given(batches, maps)
def test_anything_strangers_wrote_comes_back(written: list[list[Act]], noted: Mapping[str, object]) -> None:
    store = MemoryStore()
    journal = opened(store)
    for batch in written:
        journal.intents(batch, NOW)
        outcomes = [Outcome(each.step, "done", each.before, each.after, each.why or None) for each in batch]
        journal.outcomes(outcomes, NOW)
    journal.note("x", noted, NOW)
    head = journal.close(NOW)
    told = list(entries(store))
    assert [list(entry.acts) for entry in told if entry.kind == "intent"] == written
    assert [[o.step for o in entry.outcomes] for entry in told if entry.kind == "outcome"] == [
        [each.step for each in batch] for batch in written
    ]
    assert verify(store, head) == []
