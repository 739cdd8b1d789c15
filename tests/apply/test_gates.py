"""Each gate: what changed, what is protected, what is not due, not permitted, not known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from finops_guard.apply import settle
from finops_guard.errors import ActError, InputError
from finops_guard.model import All, AnyOf, Cap, Compare, Exemption, Freeze, Identity, Outcome, Ref, Rule, Rung, Window
from finops_guard.plan import plan as planned
from finops_guard.plan.approvals import approvals, approve, counted
from finops_guard.plan.file import PlanFile, read_plan, write_plan
from finops_guard.state.halts import halt, resume
from finops_guard.state.journal import unfinished
from finops_guard.state.lease import acquire
from tests.apply.cloud import Machine, only
from tests.apply.world import DAY, HOUR, KEPT, LATER, STOPPED, TAGGED, TEAM, World, policy, states, world
from tests.plan.build import NOTIFY


def _one(it: World) -> Machine:
    return next(iter(it.cloud.machines.values()))


def _says(it: World, change: Callable[[Machine], Any], *, verb: str = "stop") -> Outcome:
    """What is said of a step when something changes between the plan and the act."""
    with it.session() as held:
        it.begin(held)
        steps = it.plan(held)
        change(_one(it))
        applied = it.apply(steps, held)
    (outcome,) = (outcome for outcome in applied.outcomes if outcome.step in {s.id for s in steps if s.do == verb})
    return outcome


def _gone(it: World) -> Callable[[Machine], None]:
    return lambda _machine: it.cloud.machines.clear()


@pytest.mark.parametrize(
    ("change", "state", "says"),
    [
        (lambda each: each.tags.update(keep="yes"), "skipped", "no longer breaks p/stopped"),
        (lambda each: setattr(each, "state", "stopped"), "skipped", "no longer breaks p/stopped"),
        (lambda each: setattr(each, "managed_by", "asg"), "refused", "something else manages it"),
        (lambda each: setattr(each, "protected", True), "refused", "it is protected"),
        (lambda each: setattr(each, "protected", None), "refused", "unknown"),
        (lambda each: each.more.update(facts={"local_disk_gb": 900}), "refused", "local disks"),
        (lambda each: each.tags.update({"Keep": "a", "keep": "b"}), "refused", "can no longer be told: tags.keep"),
    ],
)
def test_what_changed_since_the_plan_is_left_alone(change: Any, state: str, says: str) -> None:
    it = world(1, STOPPED)
    outcome = _says(it, change)
    assert (outcome.state, says in (outcome.error or "")) == (state, True), outcome
    assert it.cloud.effects == []


def test_what_cannot_be_read_again_is_not_touched() -> None:
    it = world(1, STOPPED)
    outcome = _says(it, lambda _machine: it.cloud.blind.add("i-0000"))
    assert outcome.state == "refused"
    assert it.cloud.effects == []
    it = world(1, STOPPED)
    outcome = _says(it, lambda _machine: it.cloud.machines.clear())
    assert (outcome.state, outcome.error) == ("skipped", "it is gone")


def test_a_read_that_raises_for_one_hides_no_other() -> None:
    it = world(3, STOPPED)
    plain = it.cloud.read

    def read(resources: Any, windows: Any = None) -> Any:
        for resource in plain(resources, windows):
            if resource.id == "i-0001":
                raise PermissionError("denied")
            yield resource

    it.cloud.read = read  # type: ignore[method-assign] # a fault
    assert states(it.enforce()) == {"done": 2, "refused": 1}


BUSY = Compare(Ref("field", "usage.cpu_percent"), "gte", 5, over=3600)
MEASURED = replace(KEPT, name="measured", require=All((KEPT.require, BUSY)), otherwise=(NOTIFY,))


@pytest.mark.parametrize(
    ("rule", "tags", "measured"),
    [
        (TAGGED, {"keep": "yes"}, False),
        (TAGGED, {}, True),  # then the other rule has an episode on it, and a say
        (replace(TAGGED, match=AnyOf((TAGGED.match, BUSY))), {"keep": "yes"}, True),
        (replace(STOPPED, require=Compare(TEAM, "exists", value=True)), {"keep": "yes"}, True),
    ],
)
def test_only_what_has_a_say_is_measured_before_an_act(rule: Rule, tags: dict[str, str], *, measured: bool) -> None:
    it = world(1, rule, MEASURED, machine={"tags": tags})
    assert states(it.enforce()) == {"done": 1}
    before, after = it.cloud.windows
    assert set(before or ()) == ({("usage.cpu_percent", 3600)} if measured else set())
    assert (before is None, after) == (False, None)


def test_a_tag_that_others_changed_meanwhile_is_theirs() -> None:
    it = world(1, replace(TAGGED, otherwise=(NOTIFY, Rung("tag", set={"team": "nobody", "env": "x"}))))
    outcome = _says(it, lambda each: each.tags.update(env="prod"), verb="tag")
    assert (outcome.state, outcome.error) == ("skipped", "changed since it was planned: tag env")
    assert _one(it).tags == {"env": "prod"}


def test_a_tag_that_a_rule_reads_changed() -> None:
    anywhere = Compare(Ref("tag", "env"), "not_in", ("prod",))
    it = world(1, replace(STOPPED, match=anywhere), machine={"tags": {"env": "dev"}})
    outcome = _says(it, lambda each: each.tags.update(env="test"))
    assert (outcome.state, outcome.error) == ("skipped", "changed since it was planned: tags.env")
    it = world(1, replace(STOPPED, match=anywhere), machine={"tags": {"env": "dev"}})
    assert _says(it, lambda each: each.tags.update(other="x")).state == "done"


def test_what_would_be_written_or_lost_is_what_was_planned() -> None:
    it = world(1, TAGGED)
    outcome = _says(it, lambda each: each.tags.update(Team=" "), verb="tag")
    assert (outcome.state, outcome.error) == ("skipped", "what would be written changed since it was planned")
    it = world(1, STOPPED, bound={"accept": frozenset({"local-data-loss"})})
    outcome = _says(it, lambda each: each.more.update(facts={"local_disk_gb": 900}))
    assert (outcome.state, outcome.error) == ("skipped", "it would now lose the data on its local disks")


def test_our_own_tags_of_this_run_do_not_count() -> None:
    reads = Compare(Ref("field", "tag_keys.count"), "gte", 5)
    it = world(2, TAGGED, replace(STOPPED, require=reads))
    assert states(it.enforce()) == {"done": 4}
    assert [verb for verb, _ in it.cloud.effects] == ["tag", "tag", "stop", "stop"]


def test_without_a_delivered_notice_nothing_is_done() -> None:
    it = world(2)
    it.delivered = False
    applied = it.enforce()
    assert set(states(applied)) == {"scheduled"}
    assert it.cloud.effects == []
    assert applied.exit_code == 0


def test_before_its_time_nothing_is_done() -> None:
    it = world(1, LATER)
    it.enforce()
    for hours in (1, 12, 10):
        it.now += hours * HOUR
        assert it.enforce().outcomes == ()
    it.now += HOUR
    assert states(it.enforce()) == {"done": 1}


def test_a_rule_that_changed_starts_anew() -> None:
    it = world(1, LATER)
    with it.session() as held:
        it.begin(held)
    it.now += 2 * DAY
    it.policy = policy(replace(LATER, otherwise=(NOTIFY, Rung("stop", after=86399))))
    with it.session() as held:
        applied = it.apply(it.plan(held), held)
    assert states(applied) == {"scheduled": 1}
    assert "changed since its episode began" in str(applied.outcomes[0].error)


def test_the_policy_at_the_moment_of_acting_counts() -> None:
    changes: list[tuple[dict[str, Any], str, str]] = [
        ({"mode": "dry-run"}, "refused", "the policy is dry-run"),
        ({"permit": frozenset({"notify"})}, "refused", "does not permit stop"),
        ({"bound": {"mode": "dry-run"}}, "refused", "binding 'b' is dry-run"),
        ({"freeze": (Freeze(date(2026, 11, 1), date(2026, 11, 3), frozenset()),)}, "scheduled", "frozen"),
        ({"windows": {"stop": Window(frozenset({5}), 0, 1, "UTC")}}, "scheduled", "outside the window"),
        ({"approve": {"stop": 1}}, "scheduled", "stop waits for 1 approval"),
        (
            {"exempt": (Exemption("p/stopped", All(()), date(2026, 12, 1), reason="warm", by="me" ),)},
            "skipped",
            "exempt: warm (me, until 2026-12-01)",
        ),
    ]  # fmt: skip
    for more, state, says in changes:
        it = world(1, STOPPED)
        with it.session() as held:
            it.begin(held)
            steps = it.plan(held)
            it.policy = held.policy = policy(STOPPED, **more)
            (outcome,) = it.apply(steps, held).outcomes
        assert (outcome.state, says in str(outcome.error)) == (state, True), outcome
        assert it.cloud.effects == []


def test_halted_nothing_is_begun_and_after_resume_it_is() -> None:
    it = world(60, TAGGED)
    halt(it.store, "ops", "incident 7", it.now)
    applied = it.enforce()
    assert set(states(applied)) == {"refused"}
    assert applied.short == (applied.outcomes[0].error,)
    assert "incident 7" in applied.short[0]
    assert applied.exit_code == 4
    resume(it.store, "ops", "over", it.now)

    def stop_in_the_middle(name: str) -> None:
        if name == "i-0025":
            halt(it.store, "ops", "again", it.now)

    it.cloud.before_act = stop_in_the_middle
    done = states(it.enforce())["done"]
    assert 25 < done < 60
    assert len(it.cloud.effects) == done


def test_two_runs_at_once_one_wins_and_the_other_names_it() -> None:
    it = world(2)
    with it.session(run="20261102T090000Z-first") as held:
        it.begin(held)
        steps = it.plan(held)
        with pytest.raises(ActError, match="20261102T090000Z-first holds the lease"):
            it.enforce()
        assert states(it.apply(steps, held)) == {"done": 4}
    assert it.enforce().outcomes == ()


def test_a_run_that_was_overtaken_stops_before_its_next_act() -> None:
    it = world(60, TAGGED)

    def sleep(name: str) -> None:
        if name == "i-0005":
            it.cloud.before_act = lambda _name: None
            it.now += 2 * HOUR
            assert "done" in states(it.enforce())

    it.cloud.before_act = sleep
    applied = it.enforce()
    assert applied.short  # the other took up its open acts, so that its record is no longer its own
    assert applied.exit_code == 4
    assert it.cloud.sent <= 60 + 20  # the batch under way is finished, no other is begun
    assert unfinished(it.store) == []


def test_a_lease_lost_between_intent_and_act_sends_nothing() -> None:
    it = world(3, TAGGED)
    plain = it.store.create

    def create(key: str, data: bytes) -> bool:
        made = plain(key, data)
        if key.startswith("journal/") and b'"kind":"intent"' in data:
            it.now += HOUR
            acquire(it.store, "another", it.now, HOUR)
        return made

    it.store.create = create  # type: ignore[method-assign] # what happens meanwhile
    applied = it.enforce()
    assert "another has it" in applied.short[0]
    assert it.cloud.effects == []
    assert unfinished(it.store) == []


def test_a_clock_behind_the_state_acts_on_nothing() -> None:
    it = world(1)
    it.enforce()
    it.now -= HOUR
    with pytest.raises(ActError, match="entry of 2026-11-02T09:00:00"):
        it.enforce()


def test_a_clock_set_back_during_a_run_stands_still() -> None:
    it = world(1, LATER)
    it.enforce()
    it.now += DAY
    with it.session() as held:
        before = held.now()
        it.now -= 12 * HOUR
        assert held.now() == before


def test_at_most_is_for_all_or_none() -> None:
    it = world(5, STOPPED, at_most={"stop": Cap(4)})
    applied = it.enforce()
    assert states(applied) == {} or set(states(applied)) == {"refused"}
    assert it.cloud.effects == []


@pytest.mark.parametrize("then", ["refuse", "defer"])
def test_at_most_counts_what_is_really_due_when_it_is_done(then: Any, tmp_path: Path) -> None:
    it = world(6, STOPPED)
    plan = _saved(it, tmp_path)
    it.policy = replace(it.policy, at_most={"stop": Cap(4, then)})
    assert states(it.carry(plan)) == ({"refused": 6} if then == "refuse" else {"done": 4, "scheduled": 2})
    it = world(6, STOPPED)
    plan = _saved(it, tmp_path)
    it.policy = replace(it.policy, at_most={"stop": Cap(4, then)})
    for each in list(it.cloud.machines.values())[:2]:
        each.tags["keep"] = "yes"
    applied = it.carry(plan)
    assert states(applied) == {"done": 4, "skipped": 2}
    assert applied.exit_code == 0


def _saved(it: World, folder: Path) -> PlanFile:
    with it.session() as held:
        it.begin(held)
        write_plan(folder / "plan.json", it.plan(held), it.policy, it.now, identities=[])
    it.tick()
    return read_plan(folder / "plan.json")


def test_no_day_holds_more_than_at_most() -> None:
    it = world(30, STOPPED, at_most={"stop": Cap(4, "defer")})
    times: list[Any] = []
    it.cloud.before_act = lambda _name: times.append(it.now)
    for _ in range(60):
        it.enforce()
        it.now += 5 * HOUR
    assert len(times) == 30
    for number, then in enumerate(times):
        assert sum(then <= other < then + DAY for other in times[number:]) <= 4


def test_only_names_what_is_wanted(tmp_path: Path) -> None:
    it = world(3, TAGGED)
    plan = _saved(it, tmp_path)
    wanted = next(step.id for step in plan.steps if step.do == "tag")
    assert [outcome.step for outcome in it.carry(plan, only=[wanted]).outcomes] == [wanted]
    with pytest.raises(InputError, match="no step of the plan is called nothing"):
        it.carry(plan, only=["nothing"])
    assert states(it.carry(plan)) == {"done": 3}
    assert it.cloud.done.total() == 3


def test_what_is_done_under_a_plan_is_not_done_again_though_others_put_it_back(tmp_path: Path) -> None:
    it = world(2, TAGGED)
    plan = _saved(it, tmp_path)
    it.carry(plan)
    _one(it).tags.clear()
    again = it.carry(plan)
    assert {outcome.error for outcome in again.outcomes} == {"done already under this plan"}
    assert it.cloud.done.total() == 2


def test_a_plan_does_what_became_due_and_leaves_the_rest(tmp_path: Path) -> None:
    it = world(2, TAGGED, LATER)
    plan = _saved(it, tmp_path)
    assert states(it.carry(plan)) == {"done": 2}
    it.now += DAY
    assert states(it.carry(plan)) == {"done": 4}
    assert it.cloud.done.total() == 4


def test_approvals_of_a_plan_let_its_steps_through(tmp_path: Path) -> None:
    it = world(1, KEPT, approve={"stop": 2})
    plan, me = _saved(it, tmp_path), Identity("aws", "1", "me")
    for name in ("me", "a"):
        approve(it.store, plan.digest, replace(me, principal=name), it.now)
    given = counted(approvals(it.store, plan.digest), [me])
    assert states(it.carry(plan, approved=given)) == {"scheduled": 1}
    approve(it.store, plan.digest, replace(me, principal="b"), it.now)
    given = counted(approvals(it.store, plan.digest), [me])
    assert states(it.carry(plan, approved=given)) == {"done": 1}


def test_a_failed_act_is_read_and_told_as_it_is() -> None:
    for fault, state in [("lost", "done"), ("lie", "failed"), ("crash", "failed"), ("blind", "failed")]:
        it = world(1, TAGGED)
        it.cloud.fault = only("i-0000", fault)
        applied = it.enforce()
        assert states(applied) == {state: 1}
        assert applied.exit_code == (0 if state == "done" else 4)
        it.cloud.blind.clear()
        it.cloud.fault = only("")
        it.enforce()
        assert it.cloud.done.total() == 1


def test_what_takes_its_time_is_waited_for() -> None:
    it = world(1, STOPPED)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            _one(it).state = "stopping"

    it.cloud.fault = only("i-0000", "lie")
    it.limits = replace(it.limits, looks=(1.0, 3.0, 9.0), wait=wait)
    assert states(it.enforce()) == {"done": 1}
    assert waits == [1.0, 3.0]


def test_one_change_of_state_a_run() -> None:
    both = replace(KEPT, otherwise=(NOTIFY, Rung("stop", after=0), Rung("terminate", after=0)))
    it = world(2, both)
    assert states(it.enforce()) == {"done": 2, "scheduled": 2}
    assert states(it.enforce()) == {"done": 2}
    assert [verb for verb, _ in it.cloud.effects] == ["stop", "stop", "terminate", "terminate"]


def test_what_one_rule_stopped_another_does_not_stop_again() -> None:
    it = world(2, KEPT, STOPPED)
    assert states(it.enforce()) == {"done": 2, "scheduled": 2}
    assert {outcome.error for outcome in it.enforce().outcomes} == {"it is so already"}
    assert len(it.cloud.effects) == 2


def test_a_run_that_was_cut_short_goes_on_under_its_own_name() -> None:
    it = world(30, TAGGED)
    run = it.run_id()
    for first in (True, False):
        with it.session(run) as held:
            settle(held, it.cloud)
            it.begin(held)
            steps = it.plan(held)
            until = it.now + timedelta(milliseconds=60)
            limits = replace(it.limits, until=until if first else None)
            applied = it.apply(steps, held, limits=limits)
            assert applied.more is first
            assert applied.exit_code == 0
            if first:
                assert 0 < states(applied)["done"] < 30
                assert states(it.apply(steps, held)) == {"done": 30}
            held.head = "open"  # it is killed before it is sealed
    assert it.cloud.done.total() == 30


def test_started_again_by_its_owner_it_is_judged_as_it_is() -> None:
    it = world(1, KEPT)
    it.enforce()
    _one(it).state, _one(it).tags = "running", {"keep": "yes"}
    it.now += 8 * DAY
    assert it.enforce().outcomes == ()


def test_the_mark_of_a_notice_is_a_tag_like_any_other() -> None:
    marked = replace(LATER, otherwise=(Rung("notify", mark=True), Rung("stop", after=86400)))

    def marks(**more: Any) -> tuple[World, Outcome]:
        it = world(1, marked, **more)
        it.delivered = False
        (outcome,) = it.enforce().outcomes
        return it, outcome

    it, outcome = marks()
    assert outcome.state == "done"
    assert _one(it).tags == {"finops-guard-due": "2026-11-03"}
    assert marks(machine={"protected": True})[1].state == "refused"
    assert marks(approve={"tag": 1})[1].error == "tag waits for approval"
    frozen = Freeze(date(2026, 11, 1), date(2026, 11, 3), frozenset({"notify"}))
    assert marks(freeze=(frozen,))[1].state == "scheduled"
    assert marks(at_most={"stop": Cap(9), "tag": Cap(0)})[1].state == "refused"
    assert marks(machine={"tags": {f"k{n}": "v" for n in range(50)}})[1].error == "AWS takes at most 50 tags"


def test_first_acts_are_done_alone() -> None:
    it = world(60, TAGGED)
    for number, each in enumerate(it.cloud.machines.values()):
        each.account = f"{number % 2}"
    batches: list[tuple[str, int]] = []
    plain = it.cloud.act

    def act(verb: str, steps: Any) -> Any:
        batches.append((steps[0].resource.text("account"), len(steps)))
        return plain(verb, steps)

    it.cloud.act = act  # type: ignore[method-assign] # looked at
    assert states(it.enforce()) == {"done": 60}
    assert batches == [("0", 1), ("0", 20), ("0", 9), ("1", 1), ("1", 20), ("1", 9)]
    batches.clear()
    it.cloud.machines["i-9999"] = Machine(account="0")
    it.now += timedelta(hours=1)
    it.enforce()
    assert batches == [("0", 1)]


def test_a_first_act_gone_wrong_ends_the_rule_in_that_account() -> None:
    it = world(10, TAGGED)
    for name in ("i-0008", "i-0009"):
        it.cloud.machines[name].account = "other"

    def wreck(name: str) -> None:
        if name == "i-0000":
            it.cloud.machines[name].tags = {"team": "somebody"}

    it.cloud.fault, it.cloud.before_act = only("i-0000", "lie"), wreck
    applied = it.enforce()
    assert states(applied) == {"failed": 1, "refused": 7, "done": 2}
    assert applied.exit_code == 4


def test_a_first_act_of_which_nothing_is_known_ends_the_rule_too() -> None:
    it = world(10, TAGGED)
    it.cloud.fault = only("i-0000", "blind")
    assert states(it.enforce()) == {"failed": 1, "refused": 9}
    it.cloud.blind.clear()
    it.cloud.fault = only("")
    assert states(it.enforce()) == {"done": 9}


def test_a_finding_whose_notice_nobody_took_holds_back_no_other() -> None:
    other = replace(TAGGED, name="other", severity="low")
    it = world(1, TAGGED, other)
    with it.session() as held:
        it.begin(held)
        for finding, record in list(held.records.items()):
            if record.about.rule == "p/other":
                del held.records[finding]
        running = [finding for finding in it.scan(held.records.values()) if finding.id in held.records]
        episodes = held.episodes(held.records)
        steps = planned(running, it.policy, it.now, mode="enforce", can=it.cloud.has, episodes=episodes)
        assert states(it.apply(list(steps), held)) == {"done": 1}


def test_five_failures_in_a_row_end_the_run() -> None:
    it = world(60, TAGGED)
    it.cloud.fault = lambda _verb, _name: "throttled"
    applied = it.enforce()
    assert states(applied) == {"failed": 5, "refused": 55}
    assert applied.short == ("5 acts failed in a row",)
