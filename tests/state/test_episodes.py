"""When an episode begins, goes on and ends: the table of the module, row by row, and what holds for any history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops_guard.model import All, Binding, Compare, Outcome, Pack, Param, Ref, Resource, Rule, Rung, Tags
from finops_guard.model import Finding as Found
from finops_guard.state.episodes import (
    About,
    Done,
    EpisodeRecord,
    Ladder,
    Notice,
    Seen,
    Sight,
    advance,
    begin,
    current,
    done_in,
    end,
    held,
    hold,
    next_state,
    warned,
)
from finops_guard.state.history import compact, fold, write
from finops_guard.state.journal import Act, Journal, entries
from finops_guard.state.lease import acquire
from finops_guard.state.store import MemoryStore

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
ABOUT = About("ai-tags/whose", "ai-tags", "arn:1", "aws", "1", "eu-west-1", "AWS::EC2::Instance")
LADDER = Ladder("old", notifies=True, longest=48 * HOUR)
OTHER = Ladder("new", notifies=True, longest=HOUR)
SILENT = Ladder("old", notifies=False, longest=HOUR)
TOLD = Notice("f", 0, NOW, ("slack",))
RUNNING = begin(Seen("f", "fail", ABOUT, LADDER), NOW - HOUR, replace(TOLD, at=NOW - HOUR))
ENDED = end(RUNNING, "it passes", NOW)
HELD = replace(ENDED, held_until=NOW + HOUR)
HOLD_OVER = replace(ENDED, held_until=NOW)


def see(sight: Sight = "fail", ladder: Ladder = LADDER) -> Seen:
    return Seen("f", sight, ABOUT, ladder)


def after(record: EpisodeRecord | None, seen: Seen, *, told: bool = False) -> EpisodeRecord | None:
    """The record as it is after a run."""
    records = {} if record is None else {"f": record}
    delta = next_state(records, [seen], [TOLD] if told else [], NOW)
    return ({**records, **delta}).get("f")


FRESH = EpisodeRecord(ABOUT, "old", 48 * HOUR, NOW, NOW, done={0: NOW}, notice=("slack",))


@pytest.mark.parametrize("record", [None, ENDED, HOLD_OVER])
@pytest.mark.parametrize(
    ("ladder", "told", "begins"), [(LADDER, True, True), (LADDER, False, False), (SILENT, False, True)]
)
def test_it_begins_with_a_delivered_notice_or_where_none_is_due(
    record: EpisodeRecord | None, ladder: Ladder, *, told: bool, begins: bool
) -> None:
    then = after(record, see(ladder=ladder), told=told)
    if begins:
        assert then is not None
        assert (then.began, then.running, then.ladder, then.why) == (NOW, True, ladder.hash, None)
        assert (dict(then.done), then.notice) == (({0: NOW}, ("slack",)) if told else ({}, ()))
        assert then.longest == ladder.longest
    else:
        assert then == record


def test_a_notice_that_nobody_took_begins_nothing() -> None:
    assert next_state({}, [see()], [replace(TOLD, to=())], NOW) == {}
    assert next_state({}, [see()], [replace(TOLD, finding="another")], NOW) == {}


def test_a_failing_finding_goes_on_and_keeps_its_beginning() -> None:
    assert after(RUNNING, see(), told=True) == RUNNING
    assert after(RUNNING, see()) == RUNNING


def test_the_last_time_it_was_seen_is_kept_to_the_day() -> None:
    old = replace(RUNNING, began=NOW - 30 * HOUR, seen=NOW - 24 * HOUR)
    assert after(old, see()) == replace(old, seen=NOW)
    ahead = replace(RUNNING, seen=NOW + HOUR)
    assert after(ahead, see()) == ahead


@pytest.mark.parametrize(
    ("sight", "why"),
    [("pass", "passes"), ("gone", "gone"), ("outside", "no longer about"), ("exempt", "exempt")],
)
@pytest.mark.parametrize("ladder", [LADDER, OTHER])
def test_it_ends(sight: Sight, why: str, ladder: Ladder) -> None:
    then = after(RUNNING, see(sight, ladder), told=True)
    assert then is not None
    assert (then.ended, why in str(then.why), then.began) == (NOW, True, RUNNING.began)
    assert after(None, see(sight, ladder), told=True) is None
    for over in (ENDED, HELD, HOLD_OVER):
        assert after(over, see(sight, ladder), told=True) == over


@pytest.mark.parametrize("record", [None, RUNNING, ENDED, HELD, HOLD_OVER])
@pytest.mark.parametrize("ladder", [LADDER, OTHER])
def test_what_is_unknown_or_not_looked_at_changes_nothing(record: EpisodeRecord | None, ladder: Ladder) -> None:
    assert after(record, see("unknown", ladder), told=True) == record
    records = {} if record is None else {"f": record}
    assert next_state(records, [], [TOLD], NOW) == {}


def test_another_rule_or_waiting_time_begins_it_anew_with_a_new_notice() -> None:
    then = after(RUNNING, see(ladder=OTHER), told=True)
    assert then is not None
    assert (then.began, then.ladder, dict(then.done)) == (NOW, "new", {0: NOW})
    then = after(RUNNING, see(ladder=OTHER))
    assert then is not None
    assert (then.running, then.why, then.ladder) == (False, "its rule changed", "old")


@pytest.mark.parametrize("ladder", [LADDER, OTHER, SILENT])
@pytest.mark.parametrize("record", [HELD, replace(RUNNING, held_until=NOW + HOUR, ladder="older")])
def test_held_nothing_begins(record: EpisodeRecord, ladder: Ladder) -> None:
    then = after(record, see(ladder=ladder), told=True)
    assert then is not None
    assert not then.running
    assert then.held_until == NOW + HOUR


@pytest.mark.parametrize(("longest", "hours"), [(HOUR, 24), (24 * HOUR, 24), (48 * HOUR, 48)])
@pytest.mark.parametrize("record", [RUNNING, ENDED])
def test_an_undo_ends_and_holds_for_the_longer(record: EpisodeRecord, longest: timedelta, hours: int) -> None:
    delta = hold({"f": replace(record, longest=longest)}, ["f", "unknown"], NOW + HOUR)
    assert list(delta) == ["f"]
    assert not delta["f"].running
    assert delta["f"].held_until == NOW + HOUR + hours * HOUR
    assert held(delta, NOW + HOUR) == {"f": NOW + (1 + hours) * HOUR}
    assert held(delta, NOW + HOUR + hours * HOUR) == {}
    again = hold(delta, ["f"], NOW - HOUR)
    assert again["f"].held_until == delta["f"].held_until, "a clock set back shortens no hold"


def test_rungs_are_done_once_and_only_in_a_running_episode() -> None:
    stop = Done("f", 1, NOW, {"state": "running", "usage": 4})
    delta = advance(
        {"f": RUNNING}, [stop, replace(stop, at=NOW + HOUR), Done("f", 2, NOW, {"state": "stopped", "x": 1})]
    )
    assert dict(delta["f"].done) == {0: NOW - HOUR, 1: NOW, 2: NOW}
    assert dict(delta["f"].before) == {"state": "running", "usage": 4, "x": 1}
    assert advance(delta, [stop]) == {}
    assert advance({"f": ENDED}, [stop]) == {}
    assert advance({}, [stop]) == {}


def test_reminders_are_remembered() -> None:
    assert dict(warned({"f": RUNNING}, [("f", 1), ("g", 1)], NOW)["f"].warned) == {1: NOW}
    assert warned({"f": ENDED}, [("f", 1)], NOW) == {}


def test_the_plan_counts_from_what_goes_on_under_this_ladder() -> None:
    records = {"f": RUNNING, "g": ENDED, "h": replace(RUNNING, ladder="x"), "i": RUNNING}
    assert current(records, {"f": LADDER, "g": LADDER, "h": LADDER}) == {"f": RUNNING}


def test_what_a_cut_short_run_did_is_found_in_its_journal() -> None:
    store = MemoryStore()
    journal = Journal.open(store, "run-a", "0", NOW, by="ci", policy="p", packs={}, mode="enforce")
    verbs = {"s1": "stop", "s2": "tag", "s3": "stop", "s4": "undo_stop"}
    journal.intents(
        [Act(step, verb, "arn:1", serves=((f"f-{step}", 1), ("g", 0))) for step, verb in verbs.items()], NOW
    )
    for step in verbs:
        state = "failed" if step == "s3" else "done"
        journal.outcomes(
            [Outcome(step, "failed" if state == "failed" else "done", {"state": "running"}, {})], NOW + HOUR
        )
    assert done_in(entries(store)) == [
        Done("f-s1", 1, NOW + HOUR, {"state": "running"}),
        Done("g", 0, NOW + HOUR, {"state": "running"}),
        Done("f-s2", 1, NOW + HOUR),
        Done("g", 0, NOW + HOUR),
    ]


def rule(**more: object) -> Rule:
    plain = Rule(
        "ai-tags", "whose", "Title", "high",
        match=All((Compare(Ref("field", "ai"), "eq", value=True),)),
        require=Compare(Ref("tag", "team"), "in", Param("teams")),
        otherwise=(Rung("notify"), Rung("tag", set={"a": "1", "b": "2"}), Rung("stop", Param("grace"), (3600,))),
    )  # fmt: skip
    return replace(plain, **more)  # type: ignore[arg-type] # any field of a rule


def binding(
    written: Rule, teams: tuple[str, ...] = ("a",), grace: int = 86400, name: str = "ai-tags"
) -> tuple[Rule, Binding]:
    filled = replace(
        written,
        require=Compare(Ref("tag", "team"), "in", teams),
        otherwise=tuple(
            replace(rung, after=grace) if isinstance(rung.after, Param) else rung for rung in written.otherwise
        ),
    )
    pack = Pack("ai-tags", "1.0.0", "", {}, {"whose": written}, "ai-tags.yaml", "00")
    return filled, Binding(name, pack, (filled,), All(()), "enforce", frozenset())


def test_a_ladder_changes_with_the_rule_and_its_waiting_times_and_with_nothing_else() -> None:
    plain = Ladder.of(*binding(rule()))
    assert (plain.notifies, plain.longest) == (True, timedelta(days=1))
    same = [
        binding(rule(), teams=("a", "b")),
        binding(rule(title="Another", why="because", severity="low")),
        binding(rule(otherwise=(Rung("notify"), Rung("tag", set={"b": "2", "a": "1"}), *rule().otherwise[2:]))),
    ]
    assert all(Ladder.of(*each) == plain for each in same)
    other = [
        binding(rule(), grace=86401),
        binding(rule(), name="waste-dev"),
        binding(rule(match=All(()))),
        binding(rule(require=Compare(Ref("tag", "team"), "exists", value=True))),
        binding(rule(name="other")),
        binding(rule(otherwise=rule().otherwise[1:])),
        binding(rule(otherwise=(*rule().otherwise, Rung("terminate", after=90000)))),
    ]
    assert plain.hash not in {Ladder.of(*each).hash for each in other}
    assert not Ladder.of(*binding(rule(otherwise=()))).notifies
    with pytest.raises(TypeError, match="waiting time"):
        Ladder.of(rule(), binding(rule())[1])


def test_a_record_is_about_what_the_finding_is_about() -> None:
    fields = {"id": "arn:1", "kind": "vm", "cloud": "aws", "account": "1", "region": "eu-west-1"}
    resource = Resource({**fields, "type": "AWS::EC2::Instance"}, Tags({}, {}))
    assert About.of(Found(rule(), "ai-tags", "high", resource, "fail", (), "f")) == ABOUT


# --- any history ---

FINDINGS = ("f", "g")
times = st.integers(-50, 200).map(lambda hours: NOW + hours * HOUR)
sights = st.builds(
    Seen,
    st.sampled_from(FINDINGS),
    st.sampled_from(get_args(Sight)),
    st.just(ABOUT),
    st.sampled_from([LADDER, OTHER, Ladder("silent", notifies=False, longest=HOUR)]),
)
runs = st.tuples(
    times,
    st.lists(sights, max_size=2, unique_by=lambda each: each.finding),
    st.sets(st.sampled_from(FINDINGS)),
    st.sets(st.sampled_from(FINDINGS)),
    st.sets(st.sampled_from(FINDINGS), max_size=1),
)


@given(st.lists(runs, max_size=12))
def test_in_any_history_what_the_language_says_holds(
    history: list[tuple[datetime, list[Seen], set[str], set[str], set[str]]],
) -> None:
    records: dict[str, EpisodeRecord] = {}
    for now, seen, told, done, undone in history:
        before = dict(records)
        notices = [Notice(finding, 0, now, ("file",)) for finding in told]
        delta = next_state(records, seen, notices, now)
        assert next_state({**records, **delta}, seen, notices, now) == {}, "once more changes nothing"
        records |= delta
        assert records.keys() >= before.keys()
        by_finding = {each.finding: each for each in seen}
        for finding, record in records.items():
            was, sight = before.get(finding), by_finding.get(finding)
            if record == was:
                continue
            assert sight is not None
            assert sight.sight != "unknown"
            began_now = record.running and (was is None or not was.running or was.ladder != record.ladder)
            if began_now:
                assert sight.sight == "fail"
                assert finding in told or not sight.ladder.notifies
                assert was is None or not was.held(now)
                assert record.began == now
                assert record.ladder == sight.ladder.hash
            elif record.running:
                assert was is not None
                assert (record.began, record.done) == (was.began, was.done)
            else:
                assert was is not None
                assert was.running
                assert record.ended == now
        after_acts = advance(records, [Done(finding, 1, now) for finding in done])
        records |= after_acts
        records |= hold(records, undone, now)
        for finding in undone & records.keys():
            assert not records[finding].running
            assert (records[finding].held_until or now) >= now + 24 * HOUR
            assert (
                next_state(records, [Seen(finding, "fail", ABOUT, OTHER)], [Notice(finding, 0, now, ("x",))], now) == {}
            )


@given(st.lists(runs, max_size=8))
def test_deltas_put_over_each_other_are_the_state(
    history: list[tuple[datetime, list[Seen], set[str], set[str], set[str]]],
) -> None:
    """What a store keeps is what the run had, through compaction at any point."""
    store = MemoryStore()
    records: Mapping[str, EpisodeRecord] = {}
    lease = acquire(store, "run", NOW, timedelta(days=400))
    for number, (now, seen, told, done, undone) in enumerate(history):
        there = fold(store)
        assert there.records == records
        delta = next_state(records, seen, [Notice(finding, 0, now, ("file",)) for finding in told], now)
        delta |= advance({**records, **delta}, [Done(finding, 1, now, {"state": "running"}) for finding in done])
        delta |= hold({**records, **delta}, undone, now)
        delta |= warned({**records, **delta}, [(finding, 1) for finding in done], now)
        records = {**records, **delta}
        write(store, f"run-{number}", delta, now, there.number)
        if number % 3 == 2:
            compact(store, lease, NOW)
    assert fold(store).records == records
