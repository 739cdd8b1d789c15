"""One acts at a time, whatever clocks, races and lost answers do."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops_guard.errors import ActError
from finops_guard.state import lease
from finops_guard.state.lease import Lease, acquire
from finops_guard.state.lines import to_line
from finops_guard.state.store import MemoryStore, Store, open_store
from tests.state.bucket import Bucket

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
TTL = timedelta(minutes=5)
SOON = timedelta(seconds=10)


def test_who_has_it_is_named_with_the_end(store: Store) -> None:
    acquire(store, "run-a on ci", NOW, TTL).check(NOW)
    with pytest.raises(ActError, match="run-a on ci holds the lease until 2026-11-02T09:35:00Z"):
        acquire(store, "run-b", NOW + TTL - SOON, TTL)


def test_after_its_end_another_takes_it_and_the_first_is_told(store: Store) -> None:
    first = acquire(store, "run-a", NOW, TTL)
    second = acquire(store, "run-b", NOW + TTL, TTL)
    second.check(NOW + TTL)
    for call in (first.check, first.renew):
        with pytest.raises(ActError, match="run-a is lost: run-b has it, until 2026-11-02T09:40:00Z"):
            call(NOW)
    first.release(NOW)
    second.check(NOW + TTL)


def test_released_it_is_free_at_once(store: Store) -> None:
    first = acquire(store, "run-a", NOW, TTL)
    first.release(NOW)
    first.release(NOW)
    with pytest.raises(ActError, match="released or taken over"):
        first.check(NOW)
    second = acquire(store, "run-b", NOW, TTL)
    second.check(NOW)
    with pytest.raises(ActError, match="run-b has it"):
        first.renew(NOW)
    assert store.list("lease") == ["lease/000000000001", "lease/000000000002", "lease/000000000003"]


def test_renewed_it_runs_on(store: Store) -> None:
    held = acquire(store, "run-a", NOW, TTL)
    held.renew(NOW + TTL - SOON)
    held.check(NOW + TTL + SOON)
    with pytest.raises(ActError, match="holds"):
        acquire(store, "run-b", NOW + TTL + SOON, TTL)


def test_ended_it_does_not_pass_and_may_be_renewed_while_nobody_took_it(store: Store) -> None:
    held = acquire(store, "run-a", NOW, TTL)
    with pytest.raises(ActError, match=r"ended at 2026-11-02T09:35:00Z"):
        held.check(NOW + TTL)
    held.renew(NOW + TTL)
    held.check(NOW + TTL)


def test_a_check_costs_one_read_however_many_there_were() -> None:
    said: list[str] = []
    store = MemoryStore(lambda operation, _key, _when: said.append(operation))
    for hour in range(50):
        acquire(store, "run", NOW + timedelta(hours=hour), TTL).release(NOW + timedelta(hours=hour))
    held = acquire(store, "run", NOW + timedelta(hours=50), TTL)
    said.clear()
    held.check(NOW + timedelta(hours=50))
    assert said == ["list"]


@pytest.mark.parametrize("ended", [False, True])
def test_of_threads_that_race_one_wins_and_the_rest_say_who(store: Store, *, ended: bool) -> None:
    if ended:
        acquire(store, "the one before", NOW - TTL, TTL)
    barrier = Barrier(6)

    def race(n: int) -> Lease | str:
        barrier.wait()
        try:
            return acquire(store, f"run-{n}", NOW, TTL)
        except ActError as lost:
            return lost.what

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(race, range(6)))
    (won,) = [each for each in results if isinstance(each, Lease)]
    won.check(NOW)
    assert all(f"{won.holder} holds" in each for each in results if isinstance(each, str))


def _race(uri: str, base: Path, name: str) -> str | None:
    try:
        acquire(open_store(uri, base), name, NOW, TTL).check(NOW)
    except ActError:
        return None
    return name


@pytest.mark.parametrize("where", ["folder", "s3"])
def test_of_processes_that_race_one_wins(where: str, tmp_path: Path, server: Bucket) -> None:
    uri = "state" if where == "folder" else server.clear()
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn")) as pool:
        won = [pool.submit(_race, uri, tmp_path, f"run-{n}") for n in range(6)]
        assert len([each for each in won if each.result(60)]) == 1


def test_a_number_that_was_compacted_away_gives_nothing() -> None:
    """One who slept between looking and making gets an old number again, and is not the highest."""
    store = MemoryStore()
    slept = acquire(store, "slept", NOW, TTL)
    later = acquire(store, "awake", NOW + TTL, TTL)
    store.drop(store.list("lease")[:-1])
    assert lease._put(store, 1, "slept", NOW + TTL, NOW, slept.token)
    with pytest.raises(ActError, match="awake"):
        slept.check(NOW)
    later.check(NOW + TTL)


def test_a_lost_answer_neither_wins_twice_nor_frees_it() -> None:
    lose = True

    def touch(operation: str, _key: str, when: str) -> None:
        nonlocal lose
        if lose and operation == "create" and when == "after":
            lose = False
            raise ActError("no answer")

    store = MemoryStore(touch)
    with pytest.raises(ActError, match="no answer"):
        acquire(store, "run-a", NOW, TTL)
    with pytest.raises(ActError, match="run-a holds"):
        acquire(store, "run-b", NOW, TTL)
    acquire(store, "run-b", NOW + TTL, TTL).check(NOW + TTL)


def test_a_renewal_whose_answer_was_lost_is_ours() -> None:
    lose = False

    def touch(operation: str, _key: str, when: str) -> None:
        nonlocal lose
        if lose and operation == "create" and when == "after":
            lose = False
            raise ActError("no answer")

    held = acquire(MemoryStore(touch), "run-a", NOW, TTL)
    lose = True
    with pytest.raises(ActError, match="no answer"):
        held.renew(NOW + SOON)
    held.check(NOW + TTL)
    assert held.expires == NOW + SOON + TTL
    lose = True
    with pytest.raises(ActError, match="no answer"):
        held.release(NOW)
    with pytest.raises(ActError, match="lost"):
        held.check(NOW)


def test_what_is_no_lease_is_not_taken_over(store: Store) -> None:
    store.create("lease/000000000001", b"?")
    with pytest.raises(ActError, match="damaged"):
        acquire(store, "run-a", NOW, TTL)


@pytest.mark.parametrize(
    "content", [{"expires": "soon", "holder": "x"}, {"holder": "x"}, {"expires": "2026-11-02T09:30:00Z"}]
)
def test_half_a_lease_is_damage(content: dict[str, object]) -> None:
    store = MemoryStore()
    store.create("lease/000000000001", to_line(content))
    with pytest.raises(ActError, match="damaged"):
        acquire(store, "run-a", NOW, TTL)


def test_times_have_a_zone_and_leases_last() -> None:
    with pytest.raises(ValueError, match="zone"):
        acquire(MemoryStore(), "run", NOW.replace(tzinfo=None), TTL)
    with pytest.raises(ValueError, match="lasts"):
        acquire(MemoryStore(), "run", NOW, timedelta(0))


clocks = st.integers(min_value=-2_000_000, max_value=2_000_000).map(lambda seconds: NOW + timedelta(seconds=seconds))
moves = st.tuples(st.sampled_from(["acquire", "check", "renew", "release"]), st.integers(0, 2), clocks)


@given(st.lists(moves, max_size=40))
def test_of_all_who_ever_held_it_at_most_one_passes(history: list[tuple[str, int, datetime]]) -> None:
    """Each has a clock of its own that says anything; checks are made by all after each move, by the best of clocks."""
    store = MemoryStore()
    held: dict[int, Lease] = {}
    for move, who, clock in history:
        try:
            if move == "acquire":
                held[who] = acquire(store, f"run-{who}", clock, TTL)
            elif who in held:
                getattr(held[who], move)(clock)
        except ActError:
            pass
        passing = []
        for each in held.values():
            try:
                each.check(NOW - timedelta(days=100))  # a clock so far back that no lease has ended
            except ActError:
                continue
            passing.append(each)
        assert len(passing) <= 1
