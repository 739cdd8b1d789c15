"""What was done is told from the journal: to whom, once, also by the next run, and with a hash that vouches for it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops_guard import notify
from finops_guard.model import Money, Rung, Team
from finops_guard.state import audit
from finops_guard.state.entries import Act
from tests.apply.cloud import only
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


def test_an_alert_is_kept_until_a_channel_takes_it(tmp_path: Path) -> None:
    it = world(1, channels=({"to": "file", "path": str(tmp_path / "no/such")},))
    said = notify.tell_alert(it.store, it.policy, {}, it.now, run="halt-1", title="Halted", why=("audit",), head="ab")
    assert len(said.errors) == 1
    (tmp_path / "no").mkdir()
    tell(it, "later")
    tell(it, "later")
    (notice,) = lines(tmp_path / "no/such")
    assert (notice["kind"], notice["journal"]) == ("alert", "ab")
    assert [(item["title"], item["why"]) for item in notice["groups"][0]["items"]] == [("Halted", ["audit"])]
