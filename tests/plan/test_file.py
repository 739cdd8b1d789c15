from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops_guard.errors import InputError
from finops_guard.model import All, Identity, Money, Policy, Rung, Step, Unknown
from finops_guard.plan.approvals import approvals, approve, counted
from finops_guard.plan.file import check, read_plan, write_plan
from finops_guard.plan.observed import changed, look, observed
from finops_guard.state.store import MemoryStore
from tests.plan.build import NOTIFY, NOW, PACK, binding, finding, machine, planned, policy, rule

ME = Identity("aws", "111111111111", "arn:aws:iam::111111111111:user/me")
OTHER = Identity("aws", "111111111111", "arn:aws:iam::111111111111:user/other")
RULE = rule(NOTIFY, Rung("tag", set={"team": "x"}), Rung("stop", after=86400, warn=(3600,)))


def _steps() -> list[Step]:
    one = machine("i-1", tags={"Näme": "x\ud800"}, facts={"dependants": ["lb-1"]}, **{"accelerators.count": 8})
    two = machine("i-2", protected=Unknown("denied"))
    return planned(finding(one, RULE, lacks=["team"]), finding(two, RULE))


def _policy(**more: Any) -> Policy:
    return policy(replace(binding(), rules=(RULE,)), **more)


def _saved(path: Path) -> str:
    return write_plan(path, _steps(), _policy(), NOW, identities=[ME])


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    digest = _saved(tmp_path / "plan.json")
    plan = read_plan(tmp_path / "plan.json")
    assert plan.digest == digest
    assert plan.made == NOW
    steps = _steps()
    assert [replace(step, resource=machine()) for step in plan.steps] == [
        replace(step, resource=machine()) for step in steps
    ]
    assert [step.resource.fields for step in plan.steps] == [step.resource.fields for step in steps]
    assert [step.resource.tags.raw for step in plan.steps] == [step.resource.tags.raw for step in steps]
    assert all(plan.observed[step.id] == observed(step, _policy()) for step in steps)
    check(plan, _policy(), [OTHER], NOW)


def test_it_tells_people_what_they_need(tmp_path: Path) -> None:
    _saved(tmp_path / "plan.json")
    rows = json.loads((tmp_path / "plan.json").read_bytes())["steps"]
    (stop,) = [row for row in rows if row["do"] == "stop" and row["resource"]["fields"]["id"] == "i-1"]
    assert stop["saves_month"] == "100 EUR"
    assert stop["dependants"] == ["lb-1"]
    assert stop["loses"] == ["accelerator capacity that may not come back"]
    assert stop["due"] == "2026-11-03T09:00:00Z"
    assert stop["before"] == {"state": "running"}


def test_equal_plans_are_equal_bytes(tmp_path: Path) -> None:
    assert _saved(tmp_path / "a") == _saved(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@given(st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_flip_of_a_byte_is_refused(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "plan.json"
    _saved(path)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    with pytest.raises(InputError):
        read_plan(path)


@given(st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_cut_short_or_with_more_is_refused(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "plan.json"
    _saved(path)
    content = path.read_bytes()
    path.write_bytes(
        data.draw(st.sampled_from([content[: data.draw(st.integers(0, len(content) - 1))], content + b" "]))
    )
    with pytest.raises(InputError):
        read_plan(path)


def _forged(path: Path, change: Any) -> None:
    """A plan altered by one who knows how digests are made."""
    content = json.loads(path.read_bytes())
    change(content)
    del content["digest"]
    rest = json.dumps(content).encode()[1:]
    path.write_bytes(b'{"digest":"%s",\n%s' % (sha256(rest).hexdigest().encode(), rest))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda plan: plan.update(format="finops-guard/plan/9"), "format"),
        (lambda plan: plan.pop("expires"), "expires"),
        (lambda plan: plan["steps"][0].update(do="explode"), "explode"),
        (lambda plan: plan["steps"][0].pop("rules"), "not whole"),
        (lambda plan: plan["steps"][0].update(more=1), "not whole"),
        (lambda plan: plan["steps"][0]["observed"]["of"].update({"tags.team": "y"}), "was altered"),
        (lambda plan: plan["steps"].append(plan["steps"][0]), "one id"),
        (lambda plan: plan.update(steps={"a": 1}), "not a plan"),
        (lambda plan: plan.update(policy=[]), "not an object"),
    ],
)
def test_a_forged_plan_is_held_to_its_form(tmp_path: Path, change: Any, says: str) -> None:
    path = tmp_path / "plan.json"
    _saved(path)
    _forged(path, change)
    with pytest.raises(InputError, match=says):
        read_plan(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a plan"),
        (b"[1]", "not a plan"),
        (b'{"format": "finops-guard/plan/9"}', "finops-guard/plan/9"),
        (b'{"format": "finops-guard/plan/1"}', "altered"),
        (b"[" * 100_000, "not a plan"),
    ],
)
def test_what_is_no_plan_is_told_from_what_was_altered(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=says):
        read_plan(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_plan(tmp_path / "none.json")


def test_each_thing_that_a_plan_is_bound_to_is_named(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    _saved(path)
    plan, ours = read_plan(path), _policy()
    pack = replace(PACK, sha256="other")
    elsewhere = replace(ME, account="222222222222")
    for held_to, who, when, says in [
        (ours, [ME], NOW + timedelta(days=7), "expired at 2026-11-09"),
        (ours, [ME], NOW - timedelta(seconds=1), "yet to come"),
        (replace(ours, name="other"), [ME], NOW, "under policy 'acme', not 'other'"),
        (replace(ours, sha256="1"), [ME], NOW, "another text of policy 'acme'"),
        (_policy(raw={"permit": ["stop"]}), [ME], NOW, "another text of policy 'acme'"),
        (policy(replace(binding(), pack=pack)), [ME], NOW, "pack p changed"),
        (ours, [elsewhere], NOW, "made for aws 111111111111; this is aws 222222222222"),
        (ours, [ME, elsewhere], NOW, "this is aws 111111111111, aws 222222222222"),
        (ours, [], NOW, "this is no account"),
    ]:
        with pytest.raises(InputError, match=says):
            check(plan, held_to, who, when)


def test_what_is_measured_is_not_compared_and_what_is_decided_on_is() -> None:
    (tag,) = [step for step in planned(finding(machine(tags={"Team": "a"}), rule(NOTIFY, Rung("tag", set={"x": "1"}))))
              if step.do == "tag"]  # fmt: skip
    then = observed(tag, policy())
    assert changed(then, look(tag, machine(tags={"Team": "a", "other": "1"}), policy())) == []
    assert changed(then, look(tag, machine(tags={"Team": "a", "x": "2"}), policy())) == ["tag x"]
    (stop,) = [step for step in planned(finding(of=rule(NOTIFY, Rung("stop", after=0)))) if step.do == "stop"]
    then = observed(stop, policy())
    measured: dict[str, Any] = {"usage.cpu_percent": 3.0}
    assert changed(then, look(stop, machine(**measured), policy())) == []
    assert changed(then, look(stop, machine(managed_by="asg", state="stopped"), policy())) == ["managed_by", "state"]
    assert changed(then, look(stop, machine(protected=Unknown("denied")), policy())) == ["protected"]


def test_approvals_count_principals_other_than_the_one_who_applies() -> None:
    store = MemoryStore()
    assert approvals(store, "d") == ()
    given = [approve(store, "d", who, NOW) for who in (ME, OTHER, ME)]
    assert [each.who for each in approvals(store, "d")] == [ME, OTHER]
    assert given[2].at == NOW
    assert approve(store, "d", ME, NOW + timedelta(hours=1)).at == NOW
    assert counted(approvals(store, "d"), [ME]) == (OTHER.principal,)
    assert counted(approvals(store, "d"), [replace(ME, principal="x")]) == (ME.principal, OTHER.principal)
    assert approvals(store, "e") == ()


def test_one_who_renames_the_session_of_a_role_is_one() -> None:
    store = MemoryStore()
    role = "arn:aws:sts::111111111111:assumed-role/admin/{}"
    person = "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Admin_1/{}"
    for name in ("a", "b"):
        approve(store, "d", replace(ME, principal=role.format(name)), NOW)
        approve(store, "d", replace(ME, principal=person.format(name)), NOW)
    assert len(counted(approvals(store, "d"), [])) == 3
    assert len(counted(approvals(store, "d"), [replace(ME, principal=role.format("c"))])) == 2


def test_money_and_times_survive(tmp_path: Path) -> None:
    steps = [replace(step, saves_month=Money(Decimal("0.10"), "USD")) for step in _steps()]
    write_plan(tmp_path / "p", steps, _policy(), NOW, identities=[], expires=NOW + timedelta(hours=1))
    plan = read_plan(tmp_path / "p")
    assert {str(step.saves_month) for step in plan.steps} == {"0.10 USD"}
    assert plan.expires == NOW + timedelta(hours=1)
    assert plan.steps[0].resource.tags.raw == steps[0].resource.tags.raw
    assert All(()) == RULE.match
