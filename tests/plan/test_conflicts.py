"""Several steps on one resource: the least destructive goes first, tag writes go together or not at all."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from finops_guard.model import Money, Rung
from finops_guard.plan import Episode
from tests.plan.build import NOTIFY, NOW, D, H, binding, finding, machine, only, planned, policy, rule


def test_the_least_destructive_goes_first() -> None:
    hard, soft = rule(NOTIFY, Rung("scale_to_zero", 0), name="hard"), rule(NOTIFY, Rung("stop", 0), name="soft")
    steps = planned(finding(of=hard), finding(of=soft))
    assert only("stop", steps).state == "due"
    waiting = only("scale_to_zero", steps)
    assert (waiting.state, waiting.because) == ("scheduled", "stop by p/soft comes first")
    assert waiting.saves_month is None


def test_one_resource_at_two_prices_is_one_resource() -> None:
    """What was found of it before our stop, and what of it as it is now."""
    before, now = machine(), machine("i-1", tags=None, **{"cost.month": Money(Decimal(0), "EUR")})
    hard, soft = rule(NOTIFY, Rung("scale_to_zero", 0), name="hard"), rule(NOTIFY, Rung("stop", 0), name="soft")
    between = finding(
        machine("i-2", tags=None, **{"cost.month": Money(Decimal(50), "EUR")}), of=rule(NOTIFY, name="other")
    )
    steps = planned(finding(before, of=hard), between, finding(now, of=soft))
    assert (only("stop", steps).state, only("scale_to_zero", steps).state) == ("due", "scheduled")
    assert [step.saves_month is not None for step in steps if step.do != "notify"].count(True) == 1
    tags = [step for step in planned(finding(before, of=TEAM), between, finding(now, of=OTHER)) if step.do == "tag"]
    assert [step.state for step in tags] == ["refused", "refused"]


def test_a_refused_step_is_no_rival_and_one_that_waits_neither() -> None:
    late, now = rule(NOTIFY, Rung("stop", D), name="late"), rule(NOTIFY, Rung("scale_to_zero", 0), name="now")
    assert only("scale_to_zero", planned(finding(of=late), finding(of=now))).state == "due"


def test_terminate_waits_for_a_stop_that_is_due() -> None:
    ladder = rule(NOTIFY, Rung("stop", H), Rung("terminate", D))
    found = finding(of=ladder)
    steps = planned(found, episodes={found.id: Episode(NOW - timedelta(days=2), frozenset({0}))})
    assert (only("stop", steps).state, only("terminate", steps).state) == ("due", "scheduled")


def test_a_dry_run_binding_does_not_keep_the_others_waiting() -> None:
    soft, hard = rule(NOTIFY, Rung("stop", 0), name="soft"), rule(NOTIFY, Rung("scale_to_zero", 0), name="hard")
    under = policy(binding(), binding("dry", mode="dry-run"))
    steps = planned(finding(of=soft, binding="dry"), finding(of=hard), under=under)
    assert only("scale_to_zero", steps).state == "due"
    assert only("stop", steps).state == "scheduled"


TEAM = rule(Rung("tag", set={"team": "vision"}), name="team")
COST = rule(Rung("tag", set={"cost-center": "cc-1"}), name="cost")
OTHER = rule(Rung("tag", set={"team": "nlp"}), name="other")
SPELL = rule(Rung("tag", normalise=True), name="spell")


def test_tag_steps_of_one_time_are_one_write() -> None:
    found = [finding(of=TEAM), finding(of=COST)]
    (step,) = planned(*found)
    assert step.after == {"team": "vision", "cost-center": "cc-1"}
    assert step.before == {"team": None, "cost-center": None}
    assert step.rules == ("p/cost", "p/team")
    assert step.serves == tuple(sorted((f.id, 0) for f in found))
    assert planned(*reversed(found)) == [step]


def test_later_tags_are_a_step_of_their_own() -> None:
    later = rule(Rung("tag", D, set={"expires": "soon"}), name="later")
    steps = planned(finding(of=TEAM), finding(of=later))
    assert sorted((s.state, *s.after) for s in steps) == [("due", "team"), ("scheduled", "expires")]


def test_two_values_for_a_key_refuse_both_and_name_both() -> None:
    steps = planned(finding(of=TEAM), finding(of=OTHER), finding(of=COST))
    refused = [s for s in steps if s.state == "refused"]
    assert {s.rules for s in refused} == {("p/team",), ("p/other",)}
    assert {s.because for s in refused} == {"p/other and p/team set different values for tag 'team'"}
    assert [s.after for s in steps if s.state == "due"] == [{"cost-center": "cc-1"}]


def test_the_same_value_twice_is_one_write() -> None:
    same = rule(Rung("tag", set={"team": "vision"}), name="same")
    (step,) = planned(finding(of=TEAM), finding(of=same))
    assert (step.state, step.after) == ("due", {"team": "vision"})


def test_a_new_value_and_a_new_spelling_go_together() -> None:
    on = machine(tags={"Team": "vison", "Cost_Center": "cc-9"})
    (step,) = planned(finding(on, TEAM), finding(on, SPELL))
    assert step.before == {"Team": "vison", "team": None, "Cost_Center": "cc-9", "cost-center": None}
    assert step.after == {"Team": None, "team": "vision", "Cost_Center": None, "cost-center": "cc-9"}


def test_a_rename_and_a_value_for_the_old_key_quarrel() -> None:
    rename = rule(Rung("tag", rename={"squad": "team"}), name="rename")
    value = rule(Rung("tag", set={"squad": "x"}), name="value")
    on = machine(tags={"squad": "vision"})
    steps = planned(finding(on, rename), finding(on, value))
    assert {s.state for s in steps} == {"refused"}


def test_a_dry_run_binding_does_not_quarrel() -> None:
    under = policy(binding(), binding("dry", mode="dry-run"))
    steps = planned(finding(of=TEAM), finding(of=OTHER, binding="dry"), under=under)
    assert {s.state for s in steps} == {"due"}
    assert {s.because for s in steps} == {None, "binding 'dry' is dry-run"}
