"""What was done is told from the journal: to whom, once, also by the next run, and with a hash that vouches for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops_guard import notify
from finops_guard.model import Money, Rung, Team
from finops_guard.state import audit, halts
from finops_guard.state.entries import Act, entries
from finops_guard.state.store import MemoryStore
from tests.apply.cloud import TYPE, Killed, only
from tests.apply.world import KEPT, STOPPED, TAGGED, World, world
from tests.plan.build import NOTIFY

DAY = timedelta(days=1)


def tell(it: World, run: str, **environ: str) -> notify.Delivered:
    with it.session() as held:
        return notify.tell_acts(it.store, it.policy, environ, it.now, run=run, head=held.vouched())


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def items(path: Path) -> list[tuple[str, str, str]]:
    found = [item for notice in lines(path) for group in notice["groups"] for item in group["items"]]
    return sorted((each["resource"]["id"], each["done"]["do"], each["done"]["state"]) for each in found)


def test_each_act_is_told_to_whom_it_concerns(tmp_path: Path) -> None:
    def channel(name: str, **more: object) -> dict[str, object]:
        return {"to": "file", "path": str(tmp_path / name), **more}

    def owners(name: str) -> dict[str, object]:
        return {"to": "owner", "via": "file", "path": str(tmp_path / name)}

    it = world(3, replace(KEPT, severity="low"), channels=(
        channel("all"), channel("grave", **{"for": {"severity": ["high"]}}), channel("nlp", **{"for": {"team": "nlp"}}),
        channel("rule", **{"for": {"rule": "p/kept"}}, group_by="account"), owners("owners"),
    ), teams={"vision": Team("vision", "lead@acme.example", None, None)})  # fmt: skip
    for number, tags in enumerate(({"team": "vision"}, {"team": "nlp", "owner": "n@acme.example"}, {})):
        it.cloud.machines[f"i-{number:04d}"].tags = tags
    run = it.enforce().run
    assert tell(it, run).errors == []
    every = [(f"i-{number:04d}", "stop", "done") for number in range(3)]
    assert items(tmp_path / "all") == items(tmp_path / "rule") == every
    assert items(tmp_path / "nlp") == every[1:2]
    assert not (tmp_path / "grave").exists()
    (whole,) = lines(tmp_path / "all")
    assert [group["name"] for group in whole["groups"]] == ["nlp", "vision", "(no team)"]
    assert lines(tmp_path / "rule")[0]["groups"][0]["name"] == "111111111111"
    assert {notice["for"] for notice in lines(tmp_path / "owners")} == {
        "lead@acme.example", "n@acme.example", it.policy.owner,
    }  # fmt: skip
    assert (whole["kind"], whole["run"], whole["groups"][0]["items"][0]["title"]) == ("act", run, "kept")
    assert audit.verify(it.store, whole["journal"]) == []
    before = (tmp_path / "all").read_bytes()
    assert tell(it, "another").sent == []
    assert (tmp_path / "all").read_bytes() == before


def test_what_was_put_back_is_told(tmp_path: Path) -> None:
    it = world(1, TAGGED, STOPPED, channels=({"to": "file", "path": str(tmp_path / "all")},))
    run = it.enforce().run
    tell(it, run)
    undone = it.undo(run)
    tell(it, it.store.folders("journal")[-1])
    assert {outcome.state for outcome in undone.outcomes} == {"done"}
    assert items(tmp_path / "all") == sorted(
        ("i-0000", f"{undo}{verb}", "done") for undo in ("", "undo ") for verb in ("tag", "stop")
    )


def told_of(path: Path) -> list[dict[str, Any]]:
    return [item for notice in lines(path) for group in notice["groups"] for item in group["items"]]


def test_what_is_told_says_why_for_how_much_and_how_it_is_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "all"
    it = world(1, STOPPED, channels=({"to": "file", "path": str(path)},))
    it.cloud.machines["i-0000"].more = {"cost.month": Money(Decimal("730.00"), "USD")}
    run = it.enforce(because=notify.reasons).run
    tell(it, run)
    (stopped,) = told_of(path)
    assert (stopped["rule"], stopped["why"]) == ("p/stopped", ["tags.keep is absent"])
    assert stopped["cost_month"] == {"amount": "730.00", "currency": "USD"}
    assert stopped["done"]["saves_month"] is not None
    assert stopped["done"]["undo"] == f"finops-guard undo {run}"
    it.undo(run)
    tell(it, it.store.folders("journal")[-1])
    back = told_of(path)[1]
    assert (back["why"], back["done"]["undo"]) == ([f"undo {run}", "tags.keep is absent"], None)


def test_what_failed_or_has_no_inverse_offers_no_undo(tmp_path: Path) -> None:
    path = tmp_path / "all"
    it = world(1, replace(KEPT, otherwise=(NOTIFY, Rung("stop", after=0), Rung("terminate", after=3600))),
               channels=({"to": "file", "path": str(path)},))  # fmt: skip
    it.cloud.fault = only("i-0000")
    tell(it, it.enforce(because=notify.reasons).run)
    it.cloud.fault = lambda _verb, _id: None
    it.enforce()
    it.now += timedelta(hours=2)
    tell(it, it.enforce(because=notify.reasons).run)
    said = [(item["done"]["do"], item["done"]["state"], bool(item["done"]["undo"])) for item in told_of(path)]
    assert sorted(said) == [("stop", "done", True), ("stop", "failed", False), ("terminate", "done", False)]
    failed = next(item for item in told_of(path) if item["done"]["state"] == "failed")
    assert failed["why"] == ["denied: stop", "tags.keep is absent"]


def test_a_channel_that_is_down_is_told_later(tmp_path: Path) -> None:
    it = world(1, STOPPED, channels=({"to": "file", "path": str(tmp_path / "no/such")},))
    run = it.enforce().run
    assert len(tell(it, run).errors) == 1
    (tmp_path / "no").mkdir()
    tell(it, "later")
    assert items(tmp_path / "no/such") == [("i-0000", "stop", "done")]


def test_what_cannot_be_told_yet_is_told_when_it_is_known(tmp_path: Path) -> None:
    path = tmp_path / "all"
    it = world(2, STOPPED, channels=({"to": "file", "path": str(path)},))
    it.cloud.fault = only("i-0001", "blind")
    run = it.enforce().run
    tell(it, run)
    tell(it, "meanwhile")
    assert items(path) == [("i-0000", "stop", "done"), ("i-0001", "stop", "failed")]
    (why,) = (i["why"] for n in lines(path) for g in n["groups"] for i in g["items"] if i["done"]["state"] == "failed")
    assert why[0].startswith("whether it was done is not known yet")
    it.cloud.fault = lambda _verb, _id: None
    it.cloud.blind.clear()
    it.now += timedelta(minutes=20)
    it.enforce()
    tell(it, "next")
    assert items(path) == [("i-0000", "stop", "done"), ("i-0001", "stop", "done"), ("i-0001", "stop", "failed")]
    tell(it, "after")
    assert len(items(path)) == 3


def test_what_nobody_may_speak_of_and_old_runs_are_not_told(tmp_path: Path) -> None:
    channels = ({"to": "file", "path": str(tmp_path / "all")},)
    it = world(1, TAGGED, bound={"permit": frozenset({"tag"})}, channels=channels)
    with it.session() as held:
        held.journal().intents([Act("s", "tag", "i-0000", rules=("p/tagged",), after={"team": "x"})], it.now)
    tell(it, held.run)
    assert not (tmp_path / "all").exists()
    it = world(1, STOPPED, channels=channels)
    run = it.enforce().run
    it.now += 8 * DAY
    tell(it, "later")
    assert not (tmp_path / "all").exists()
    tell(it, run)
    assert len(items(tmp_path / "all")) == 1


@pytest.mark.parametrize("rung", ["finops-guard-due", "team"])
def test_a_mark_is_part_of_its_notice(rung: str, tmp_path: Path) -> None:
    it = world(1, TAGGED, channels=({"to": "file", "path": str(tmp_path / "all")},))
    with it.session() as held:
        held.journal().intents([Act("s", "tag", "i-0000", rules=("p/tagged",), after={rung: "x"})], it.now)
    tell(it, held.run)
    assert (tmp_path / "all").exists() == (rung == "team")


def alerts(path: Path) -> list[tuple[str, list[str]]]:
    told = [notice for notice in lines(path) if notice["kind"] == "alert"]
    return [(item["title"], item["why"]) for notice in told for item in notice["groups"][0]["items"]]


def test_an_alert_is_kept_until_a_channel_takes_it(tmp_path: Path) -> None:
    it = world(1, channels=({"to": "file", "path": str(tmp_path / "no/such")},))
    halts.halt(it.store, "us", "audit", it.now)
    said = notify.tell_halts(it.store, it.policy, {}, it.now, head="ab")
    assert len(said.errors) == 1
    (tmp_path / "no").mkdir()
    tell(it, "later")
    tell(it, "later")
    assert alerts(tmp_path / "no/such") == [("Halted by us: nothing acts until resume", ["audit"])]
    assert lines(tmp_path / "no/such")[0]["journal"] == "ab"


def test_a_halt_that_was_killed_before_it_told_is_told_by_the_next_run_once(tmp_path: Path) -> None:
    path = tmp_path / "all"
    it = world(1, channels=({"to": "file", "path": str(path)},))
    halts.halt(it.store, "us", "long ago", it.now - 8 * DAY)
    halts.halt(it.store, "us", "audit", it.now)
    halts.resume(it.store, "us", "over", it.now)
    kill_at = _written(it, lambda: tell(it, "next"))
    for number in range(1, kill_at):
        again = world(1, channels=({"to": "file", "path": str(tmp_path / str(number))},))
        halts.halt(again.store, "us", "audit", again.now)
        halts.resume(again.store, "us", "over", again.now)
        again.cloud.kill.at = again.cloud.kill.passed + number
        with suppress(Killed), again.session() as held:
            notify.tell_acts(again.store, again.policy, {}, again.now, run=held.run)
        again.revive()
        tell(again, "next")
        tell(again, "after")
        said = alerts(tmp_path / str(number))
        assert {why for _, (why,) in said} == {"audit", "over"}, number
        keys = [item["key"] for item in told_of(tmp_path / str(number))]
        assert len(set(keys)) == 2, number
    assert sorted(why for _, (why,) in alerts(path)) == ["audit", "over"]
    tell(it, "after")
    assert len(alerts(path)) == 2


def _written(it: World, do: Callable[[], object]) -> int:
    before = it.cloud.kill.passed
    do()
    return it.cloud.kill.passed - before


def copied(it: World) -> MemoryStore:
    store = MemoryStore()
    store.objects = dict(it.store.objects)
    return store


def ended(tmp_path: Path, name: str) -> tuple[World, Path]:
    it = world(7, STOPPED, channels=({"to": "file", "path": str(tmp_path / name)},))
    it.cloud.fault = lambda _verb, _id: "denied"
    return it, tmp_path / name


def test_that_a_run_was_ended_is_told_wherever_it_was_killed(tmp_path: Path) -> None:
    it, path = ended(tmp_path, "whole")
    ran = it.enforce()
    assert ran.short == ("5 acts failed in a row",)
    tell(it, ran.run)
    want = [(f"Run {ran.run} was ended: 5 acts failed in a row", ["denied: stop"])]
    assert alerts(path) == want
    last = it.cloud.kill.passed
    walked = 0
    for at in range(1, last + 1):
        it, path = ended(tmp_path, str(at))
        it.cloud.kill.at = at
        with suppress(Killed):
            tell(it, it.enforce(ran.run).run)
        there = entries(copied(it), ran.run)
        denied = sum(outcome.state == "failed" for entry in there for outcome in entry.outcomes) > 4
        it.revive()
        it.cloud.fault = lambda _verb, _id: None
        tell(it, it.enforce().run)
        tell(it, "after")
        said = alerts(path)
        assert said == [] or {title for title, _ in said} == {want[0][0]}, at
        assert len({item["key"] for item in told_of(path) if not item.get("rule")}) == len(set(map(str, said))), at
        walked += bool(said)
        assert not denied or said, at
    assert walked > 3


def test_what_a_killed_run_left_open_ends_no_run(tmp_path: Path) -> None:
    path = tmp_path / "all"
    it = world(7, STOPPED, channels=({"to": "file", "path": str(path)},))
    acts = [Act(f"s{n}", "stop", f"i-{n:04d}", cloud="aws", account="111111111111", region="eu-west-1",
                type=TYPE, rules=("p/stopped",), before={"state": "running"}) for n in range(7)]  # fmt: skip
    with suppress(Killed), it.session() as held:
        held.journal().intents(acts, it.now)
        it.cloud.kill.at = 0
        raise Killed
    it.revive()
    it.cloud.fault = lambda _verb, _id: "denied"
    run = it.enforce(limits=replace(it.limits, failures=99)).run
    it.policy = replace(it.policy, channels=())
    tell(it, "next")
    it.policy = replace(it.policy, channels=({"to": "file", "path": str(path)},))
    assert run
    assert alerts(path) == []
