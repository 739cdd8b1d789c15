"""The ladder: when each rung is due, what is refused and why, what waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from finops_guard.model import Cap, Freeze, Mode, Money, Param, Resource, Rung, Unknown, Verb
from finops_guard.plan import Episode, plan
from tests.factory import report
from tests.plan.build import (
    ALL,
    NOTIFY,
    NOW,
    ROOM,
    D,
    H,
    binding,
    finding,
    machine,
    only,
    planned,
    policy,
    rule,
)

STOP = rule(NOTIFY, Rung("stop", 4 * H, warn=(1 * H, 3 * H)))
STOP_NOW = rule(NOTIFY, Rung("stop", 0))


def test_the_first_run_is_due_now_or_as_early_as_it_could_be() -> None:
    steps = planned(finding(of=STOP))
    assert [(s.do, s.state, s.due) for s in sorted(steps, key=lambda s: s.due or NOW)] == [
        ("notify", "due", NOW),
        ("stop", "scheduled", NOW + timedelta(hours=4)),
    ]
    stop = only("stop", steps)
    assert stop.warn == (NOW + timedelta(hours=1), NOW + timedelta(hours=3))
    assert stop.because is None
    assert stop.reversible
    assert stop.saves_month == Money(Decimal(100), "EUR")
    assert (stop.before, stop.after) == ({"state": "running"}, {"state": "stopped"})
    assert only("notify", steps).saves_month is None


def test_thirty_days_of_dry_run_begin_no_episode() -> None:
    for day in range(30):
        steps = planned(finding(of=STOP), now=NOW + timedelta(days=day))
        assert only("stop", steps).state == "scheduled"
    first = planned(finding(of=STOP), now=NOW + timedelta(days=30), mode="enforce")
    assert only("stop", first).state == "scheduled"


def test_an_episode_counts_from_its_notice_and_does_each_rung_once() -> None:
    found = finding(of=STOP)
    episodes = {found.id: Episode(NOW - timedelta(hours=2), frozenset({0}))}
    (stop,) = planned(found, episodes=episodes)
    assert (stop.state, stop.due) == ("scheduled", NOW + timedelta(hours=2))
    assert stop.warn == (NOW + timedelta(hours=1),)
    (stop,) = planned(found, episodes={found.id: Episode(NOW - timedelta(hours=4), frozenset({0}))})
    assert (stop.state, stop.warn) == ("due", ())
    assert planned(found, episodes={found.id: Episode(NOW, frozenset({0, 1}))}) == []


def test_after_now_is_due_in_the_same_run() -> None:
    assert only("stop", planned(finding(of=STOP_NOW))).state == "due"


def test_without_a_notice_there_is_no_stop_in_the_first_run() -> None:
    frozen = Freeze(NOW.date(), NOW.date(), frozenset({"stop"}))
    steps = planned(finding(of=STOP_NOW), under=policy(freeze=(frozen,)))
    assert (only("stop", steps).state, only("stop", steps).because) == (
        "scheduled",
        "its notice has not been given",
    )


@pytest.mark.parametrize("verdict", ["pass", "unknown", "outside"])
def test_only_what_fails_has_steps(verdict: str) -> None:
    assert planned(finding(of=STOP, verdict=verdict)) == []


def test_what_is_exempt_has_none() -> None:
    assert planned(finding(of=STOP, exempt="warm standby")) == []


STOPPED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"permit": ALL - {"stop"}}, "the policy does not permit stop"),
    ({}, {"bindings": (binding(permit=ALL - {"stop"}),)}, "binding 'b' does not permit stop"),
    ({}, {"permit": ALL - {"notify"}}, "stop needs an earlier notify that is permitted"),
    ({}, {"at_most": {}}, "at_most allows no stop (it is not set)"),
    ({}, {"at_most": {"stop": Cap(0)}}, "at_most allows no stop"),
    ({"protected": True}, {}, "it is protected"),
    (
        {"kind": "cluster"},
        {},
        "it would lose the work on it: whether any runs is unknown; only accept: [local-data-loss] allows that",
    ),
    ({"managed_by": "asg-1"}, {}, "something else manages it and would revert this"),
    ({"kind": "bucket"}, {}, "no verb stops or deletes what keeps data (bucket)"),
    ({"kind": "database"}, {}, "no verb stops or deletes what keeps data (database)"),
    ({"kind": "log-store"}, {}, "no verb stops or deletes what keeps data (log-store)"),
    ({"kind": "licence"}, {}, "there is nothing to stop in a licence"),
    ({"kind": "budget"}, {}, "there is nothing to stop in a budget"),
    (
        {"facts": {"local_disk_gb": 900}},
        {},
        "it would lose the data on its local disks; only accept: [local-data-loss] allows that",
    ),
    (
        {"kind": "training-job", "checkpointed": False},
        {},
        "it would lose its work: it has no checkpoint; only accept: [local-data-loss] allows that",
    ),
    (
        {"kind": "training-job"},
        {},
        "it would lose its work: whether it has a checkpoint is unknown; only accept: [local-data-loss] allows that",
    ),
    (
        {"kind": "cluster", "facts": {"running_work": 3}},
        {},
        "it would lose the work running on it; only accept: [local-data-loss] allows that",
    ),
    (
        {"facts": {"lifecycle": "capacity-block"}},
        {},
        "it would lose its capacity block, which is paid for; only accept: [local-data-loss] allows that",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("resource", "under", "because"), STOPPED)
@pytest.mark.parametrize("ladder", [STOP, STOP_NOW])
def test_why_a_stop_is_refused(ladder: Any, resource: Any, under: Any, because: str) -> None:
    step = only("stop", planned(finding(machine(**resource), ladder), under=policy(**under)))
    assert (step.state, step.because) == ("refused", because)
    assert step.saves_month is None


def test_local_disks_that_nobody_knows_of_count_as_lost() -> None:
    on = machine()
    on.facts.clear()
    assert "whether it has any is unknown" in str(only("stop", planned(finding(on, STOP))).because)


@pytest.mark.parametrize(
    ("name", "told"),
    [("protected", "whether it is protected"), ("managed_by", "whether something else manages it")],
)
def test_what_is_unknown_is_shown_and_does_not_act(name: str, told: str) -> None:
    fields: dict[str, Any] = {name: Unknown(""), "unknown": {name: "AccessDenied"}}
    found = finding(machine(**fields), STOP_NOW)
    because = f"{told} is unknown: AccessDenied"
    shown, refused = only("stop", planned(found)), only("stop", planned(found, mode="enforce"))
    assert (shown.state, shown.because) == ("due", because)
    assert (refused.state, refused.because) == ("refused", because)


def test_several_reasons_are_all_told() -> None:
    step = only("stop", planned(finding(machine(protected=True, kind="bucket"), STOP)))
    assert step.because == "no verb stops or deletes what keeps data (bucket); it is protected"


def test_what_may_be_lost_is_told_and_can_be_accepted() -> None:
    fields: dict[str, Any] = {"facts": {"local_disk_gb": 900}, "accelerators.count": 8}
    on = machine(**fields)
    under = policy(binding(accept=frozenset({"local-data-loss"})))
    stop = only("stop", planned(finding(on, STOP_NOW), under=under))
    assert stop.state == "due"
    assert stop.loses == ("the data on its local disks", "accelerator capacity that may not come back")


def test_where_the_binding_is_unknown_nothing_acts() -> None:
    steps = planned(finding(of=STOP_NOW, acts=False))
    assert {s.state for s in steps} == {"refused"}
    assert {s.because for s in steps} == {"whether binding 'b' holds for it is unknown"}


@pytest.mark.parametrize(
    ("command", "of_policy", "of_binding", "state", "because"),
    [
        ("enforce", "enforce", "enforce", "due", None),
        ("enforce", "enforce", "dry-run", "refused", "binding 'b' is dry-run"),
        ("enforce", "dry-run", "enforce", "refused", "the policy is dry-run"),
        ("dry-run", "enforce", "enforce", "due", None),
        ("dry-run", "enforce", "dry-run", "due", "binding 'b' is dry-run"),
        ("dry-run", "dry-run", "dry-run", "due", None),
    ],
)
def test_a_steps_mode_is_the_lowest(
    command: str, of_policy: str, of_binding: str, state: str, because: str | None
) -> None:
    under = policy(binding(mode=of_binding), mode=of_policy)
    steps = planned(finding(of=rule(NOTIFY, Rung("stop", 0), Rung("suggest"))), under=under, mode=command)
    assert (only("stop", steps).state, only("stop", steps).because) == (state, because)
    assert only("suggest", steps).state == "due"  # it stands in the report, whatever the mode


def test_a_type_without_the_verb_says_so() -> None:
    def cannot(kind: str, verb: str) -> bool:
        assert kind == "AWS::EC2::Instance"
        return verb != "stop"

    why = "stop of AWS::EC2::Instance is not available in this version"
    shown = only("stop", planned(finding(of=STOP), can=cannot))
    assert (shown.state, shown.because) == ("scheduled", why)
    refused = only("stop", planned(finding(of=STOP), can=cannot, mode="enforce"))
    assert (refused.state, refused.because) == ("refused", why)


@pytest.mark.parametrize(("mode", "state"), [("dry-run", "due"), ("enforce", "refused")])
def test_a_ticket_that_nobody_opens_is_never_shown_as_if_it_were(mode: Mode, state: str) -> None:
    (step,) = planned(finding(of=rule(Rung("ticket"))), mode=mode)
    assert (step.state, step.because) == (state, "this version opens no tickets")


def test_speaking_needs_no_module() -> None:
    verbs: tuple[Verb, ...] = ("notify", "suggest")
    steps = planned(finding(of=rule(*(Rung(verb) for verb in verbs))), can=lambda _type, _verb: False, mode="enforce")
    assert {s.state for s in steps} == {"due"}


def test_what_is_only_planned_is_spoken_of_and_blocked() -> None:
    ladder = rule(NOTIFY, Rung("block"), Rung("tag", set={"a": "b"}), Rung("stop", H))
    assert {s.do for s in planned(finding(machine(change="create"), ladder))} == {"notify", "block"}
    assert {s.do for s in planned(finding(machine(state="planned"), ladder))} == {"notify", "block"}
    assert {s.do for s in planned(finding(machine(), ladder))} == {"notify", "tag", "stop"}


def test_block_says_what_the_exit_code_will_be() -> None:
    """It writes nothing: neither `permit` nor `at_most` nor an approval is asked, only the declared mode."""
    found = finding(machine(change="create"), rule(NOTIFY, Rung("block", 24 * H)))
    under = policy(permit=frozenset({"notify"}), at_most={"block": Cap(0)}, approve={"block": 2})
    block = only("block", planned(found, under=under))
    assert (block.state, block.due) == ("due", NOW)
    assert block.because == "fails the pipeline at any severity, but for --fail-on never"
    lowered = only("block", planned(found, under=policy(mode="dry-run")))
    assert (lowered.state, lowered.because) == ("refused", "the policy is dry-run: it is told and fails no pipeline")
    doubtful = replace(found, acts=False)
    assert only("block", planned(doubtful)).state == "refused"
    judged = replace(report([found]), planned=True, enforced=frozenset({"b"}))
    assert judged.blocks(found)
    assert not judged.blocks(doubtful)


def test_in_a_pipeline_a_budget_blocks_too() -> None:
    ladder = rule(NOTIFY, Rung("block"), Rung("stop", H))
    found = finding(machine(kind="budget"), ladder)
    assert {s.do for s in plan([found], policy(), NOW, can=lambda *_: True)} == {"notify", "stop"}
    assert {s.do for s in plan([found], policy(), NOW, can=lambda *_: True, planned=True)} == {"notify", "block"}


def test_approval_is_waited_for() -> None:
    stop = only("stop", planned(finding(of=STOP_NOW), under=policy(approve={"stop": 2})))
    assert (stop.state, stop.because) == ("scheduled", "stop waits for 2 approvals")


def test_terminate_needs_a_stop_of_its_own_episode() -> None:
    ladder = rule(NOTIFY, Rung("stop", H), Rung("terminate", 7 * D))
    found = finding(of=ladder)
    end = only("terminate", planned(found))
    assert (end.state, end.due, end.reversible) == ("scheduled", NOW + timedelta(days=7), False)
    old = NOW - timedelta(days=8)
    end = only("terminate", planned(found, episodes={found.id: Episode(old, frozenset({0}))}))
    assert (end.state, end.because) == ("scheduled", "terminate needs an earlier stop in the same episode")
    end = only("terminate", planned(found, episodes={found.id: Episode(old, frozenset({0, 1}))}))
    assert end.state == "due"
    alone = finding(of=rule(NOTIFY, Rung("terminate", H)))
    assert only("terminate", planned(alone)).because == "terminate needs an earlier stop in its ladder"


@pytest.mark.parametrize(
    ("verb", "kind", "reversible"),
    [
        ("tag", "vm", True),
        ("stop", "vm", True),
        ("stop", "training-job", False),
        ("scale_to_zero", "endpoint", True),
        ("terminate", "vm", False),
        ("notify", "vm", False),
        ("ticket", "vm", False),
    ],
)
def test_what_can_be_put_back(verb: Any, kind: str, *, reversible: bool) -> None:
    ladder = rule(NOTIFY, Rung(verb, H, set={"a": "b"})) if verb != "notify" else rule(NOTIFY)
    assert only(verb, planned(finding(machine(kind=kind), ladder))).reversible is reversible


@pytest.mark.parametrize(
    ("fields", "saves"),
    [
        ({}, True),
        ({"cost.month": Unknown("")}, False),
        ({"state": "stopped"}, False),
        ({"purchase": "reserved"}, False),
        ({"purchase": "spot"}, True),
    ],
)
def test_what_a_stop_saves(fields: Any, *, saves: bool) -> None:
    assert (only("stop", planned(finding(machine(**fields), STOP))).saves_month is not None) is saves


def test_a_saving_counts_once_a_resource() -> None:
    ladder = rule(NOTIFY, Rung("stop", H), Rung("terminate", 7 * D))
    other = rule(NOTIFY, Rung("scale_to_zero", 2 * H), name="s")
    steps = planned(finding(of=ladder), finding(of=other), finding(machine("i-2"), ladder))
    assert [(s.resource.id, s.do) for s in steps if s.saves_month] == [("i-1", "stop"), ("i-2", "stop")]


def _priced(name: str, month: Money | Unknown) -> Resource:
    fields: dict[str, Any] = {"cost.month": month}
    return machine(name, **fields)


def test_the_dearest_comes_first_and_what_has_no_price_last() -> None:
    def at(name: str, amount: int, currency: str = "EUR") -> Resource:
        return _priced(name, Money(Decimal(amount), currency))

    priced = [at("a", 10), at("b", 300), at("c", 200, "USD"), _priced("d", Unknown(""))]
    under = policy(currency="EUR", fx={("USD", "EUR"): (Decimal("0.5"), date(2026, 11, 1))})
    steps = planned(*(finding(on) for on in priced), under=under)
    assert [s.resource.id for s in steps] == ["b", "c", "a", "d"]


def test_the_mark_says_what_is_coming() -> None:
    ladder = rule(Rung("notify", mark=True), Rung("stop", D))
    notice = only("notify", planned(finding(of=ladder)))
    assert (notice.before, notice.after) == ({"finops-guard-due": None}, {"finops-guard-due": "2026-11-03"})
    notice = only("notify", planned(finding(of=ladder), under=policy(permit=ALL - {"tag"})))
    assert notice.after == {}


def test_a_parameter_without_value_is_the_callers_mistake() -> None:
    with pytest.raises(TypeError, match="grace has no value"):
        planned(finding(of=rule(NOTIFY, Rung("stop", Param("grace")))))


def test_a_step_keeps_its_id_and_says_what_it_serves() -> None:
    found = finding(of=STOP)
    early, late = only("stop", planned(found)), only("stop", planned(found, now=NOW + timedelta(days=3)))
    assert early.id == late.id
    assert early.serves == ((found.id, 1),)
    ids = {
        only("stop", planned(finding(of=STOP), under=replace(policy(), name="other"))).id,
        only("stop", planned(finding(of=STOP, binding="c"), under=policy(binding("c")))).id,
        only("stop", planned(finding(machine("i-2"), STOP))).id,
        only("stop", planned(finding(of=rule(NOTIFY, NOTIFY, Rung("stop", H))))).id,
        early.id,
    }
    assert len(ids) == 5


def _many(count: int, **at_most: Cap) -> tuple[list[str], set[str | None]]:
    steps = planned(
        *(finding(_priced(f"i-{n}", Money(Decimal(n), "EUR")), STOP_NOW) for n in range(count)),
        under=policy(at_most={**ROOM, **at_most}),
        done_24h={"stop": 2},
    )
    stops = [s for s in steps if s.do == "stop"]
    return [s.state for s in stops], {s.because for s in stops}


def test_at_most_beyond_it_none_or_the_rest_later() -> None:
    assert _many(3, stop=Cap(5)) == (["due"] * 3, {None})
    why = "at_most 5 stop in 24 h: 2 done, 4 due"
    assert _many(4, stop=Cap(5)) == (["refused"] * 4, {why})
    assert _many(4, stop=Cap(5, "defer")) == (["due"] * 3 + ["scheduled"], {None, why})
    assert _many(4, stop=Cap(1, "defer"))[0] == ["scheduled"] * 4


def test_what_would_not_be_done_anyway_takes_no_room() -> None:
    under = policy(binding(), binding("dry", mode="dry-run"), at_most={"stop": Cap(1)})
    found = [finding(machine("i-1"), STOP_NOW), finding(machine("i-2"), STOP_NOW, binding="dry")]
    assert {s.because for s in planned(*found, under=under) if s.do == "stop"} == {None, "binding 'dry' is dry-run"}
