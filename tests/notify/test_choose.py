"""Which channel is told what, and the keys by which a receiver tells a repetition."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from finops_guard.model import Finding, Rung, Tags, Team
from finops_guard.notify import Notice, notices
from finops_guard.notify._channels import identity
from finops_guard.notify._notice import pack, to_json, unpack
from finops_guard.plan import Episode
from finops_guard.state.episodes import About, EpisodeRecord
from finops_guard.state.lines import from_line, to_line
from tests.notify.build import NOTIFY, NOW, H, enforced, finding, machine, policy, rule, speaking, told
from tests.plan.build import binding, planned

FILE = {"to": "file", "path": "notices.jsonl"}
STOP = rule(NOTIFY, Rung("stop", 4 * H, warn=(1 * H, 3 * H)))


def record(found: Finding, began: datetime, **more: Any) -> EpisodeRecord:
    made = EpisodeRecord(About.of(found), "ladder", timedelta(hours=4), began, began, {0: began})
    return replace(made, **more)


def items(made: list[Notice]) -> list[str]:
    return [each.resource for notice in made for each in notice.items]


def test_a_notice_that_is_due_says_why_and_what_comes_next() -> None:
    found = finding(machine(tags={"team": "vision"}, account="111111111111"), STOP, lacks=["project"])
    (notice,) = told(found, under=speaking(FILE), head="ab12")
    assert (notice.kind, notice.policy, notice.head, notice.channel) == ("finding", "acme", "ab12", identity(FILE))
    (group,) = notice.groups
    (item,) = group.items
    assert group.name == "vision"
    assert item.why == ("tags.project is absent",)
    assert (item.title, item.rule, item.severity, item.resource) == ("r", "p/r", "high", "i-1")
    assert (item.do, item.due) == ("stop", NOW + timedelta(hours=4))
    assert str(item.month) == "100 EUR"
    assert str(item.saves) == "100 EUR"


def test_a_dry_run_tells_nobody() -> None:
    found = finding(of=STOP)
    steps = planned(found, mode="dry-run")
    assert notices(replace(enforced([found], steps), mode="dry-run"), speaking(FILE), NOW) == []
    assert told(found, under=speaking(FILE, mode="dry-run")) == []


def test_what_may_not_notify_tells_nobody() -> None:
    found = finding()
    steps = planned(found)
    silent = binding(permit=frozenset({"tag"}))
    assert notices(enforced([found], steps), speaking(FILE, bindings=(silent,)), NOW) == []
    assert notices(enforced([found], steps), speaking(FILE, permit=frozenset({"tag"})), NOW) == []
    assert notices(enforced([found], steps), speaking(FILE), NOW)


@pytest.mark.parametrize(
    ("only", "fits"),
    [
        ({"severity": "high"}, True),
        ({"severity": ["low", "critical"]}, False),
        ({"team": ["vision", "nlp"]}, True),
        ({"team": "nlp"}, False),
        ({"rule": "p/r"}, True),
        ({"rule": ["p/other"]}, False),
        ({"severity": "high", "team": "vision", "rule": "p/r"}, True),
        ({"severity": "high", "team": "vision", "rule": "p/other"}, False),
    ],
)
def test_a_channel_takes_what_its_for_says(only: dict[str, object], *, fits: bool) -> None:
    channel = FILE | {"for": only}
    assert bool(told(finding(machine(tags={"team": "vision"})), under=speaking(channel))) is fits


def test_a_team_that_cannot_be_told_is_no_team() -> None:
    unread = finding(machine(tags=Tags.unreadable("denied")))
    assert told(unread, under=speaking(FILE | {"for": {"team": "vision"}})) == []
    (notice,) = told(unread, under=speaking(FILE))
    assert [group.name for group in notice.groups] == ["(no team)"]


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("team", ["nlp", "vision", "(no team)"]),
        ("owner", ["ann", "(no owner)"]),
        ("rule", ["p/r"]),
        ("account", ["1", "2", "(no account)"]),
        ("none", [""]),
    ],
)
def test_what_belongs_together_is_told_together(by: str, groups: list[str]) -> None:
    found = [
        finding(machine("a", tags={"team": "vision"}, owner="ann", account="1")),
        finding(machine("b", tags={"team": "nlp"}, owner="ann", account="2")),
        finding(machine("c")),
    ]
    (notice,) = told(*found, under=speaking(FILE | {"group_by": by}))
    assert [group.name for group in notice.groups] == groups
    assert sorted(items([notice])) == ["a", "b", "c"]


def test_owners_are_the_lead_of_the_team_then_the_tag_then_the_policys() -> None:
    found = [
        finding(machine("a", tags={"team": "vision"}, owner="vision")),
        finding(machine("b", tags={"team": "nlp"}, owner="bob@acme.example")),
        finding(machine("c")),
    ]
    teams = {"vision": Team("vision", lead="v@acme.example"), "nlp": Team("nlp")}
    made = told(*found, under=speaking({"to": "owner", "via": "webhook", "url": "https://x.example"}, teams=teams))
    assert [(notice.recipient, items([notice])) for notice in made] == [
        ("bob@acme.example", ["b"]),
        ("o@acme.example", ["c"]),
        ("v@acme.example", ["a"]),
    ]
    assert len({notice.key for notice in made}) == 3


def test_a_reminder_goes_out_once_for_each_moment_and_only_in_an_episode() -> None:
    found = finding(of=STOP)
    under, began = speaking(FILE), NOW
    episodes = {found.id: Episode(began, frozenset({0}))}

    def reminded(hours: float, last: datetime | None = None) -> list[Notice]:
        records = {found.id: record(found, began, warned={} if last is None else {1: last})}
        made = told(found, under=under, now=NOW + timedelta(hours=hours), episodes=episodes, records=records)
        return [notice for notice in made if notice.kind == "reminder"]

    assert reminded(0.5) == []
    (first,) = reminded(1.2)
    assert reminded(1.4, last=NOW + timedelta(hours=1.2)) == []
    (second,) = reminded(3.5, last=NOW + timedelta(hours=1.2))
    assert next(first.items).due == next(second.items).due == NOW + timedelta(hours=4)
    assert first.key != second.key
    (missed,) = reminded(3.5)
    assert missed.key == second.key
    assert reminded(3.6, last=NOW + timedelta(hours=3.5)) == []
    assert reminded(4) == []
    hypothetical = told(found, under=under, now=NOW + timedelta(hours=3.5))
    assert {notice.kind for notice in hypothetical} == {"finding"}


def test_a_key_is_the_same_until_the_episode_is_another() -> None:
    found = finding(of=STOP)
    under = speaking(FILE)

    def key(began: datetime | None = None, last: datetime | None = None, hours: int = 0) -> str:
        ladder = rule(NOTIFY, Rung("notify", 0))
        over = replace(found, rule=ladder)
        episodes = {found.id: Episode(began, frozenset({0}))} if began else {}
        records = {found.id: record(found, last, ended=last)} if last else {}
        made = told(over, under=under, now=NOW + timedelta(hours=hours), episodes=episodes, records=records)
        return next(item.key for notice in made for item in notice.items if item.rung == 1)

    first = key()
    assert first == key(hours=5), "a retry of a notice that began nothing"
    assert key(last=NOW) == key(last=NOW, hours=7)
    assert len({first, key(last=NOW), key(began=NOW), key(began=NOW - timedelta(days=1))}) == 4
    other = told(finding(machine("i-2"), STOP), under=under)
    assert first not in {item.key for notice in other for item in notice.items}


def test_the_key_of_a_notice_follows_its_items_and_its_channel() -> None:
    found = [finding(machine(name)) for name in "abc"]
    (one,) = told(*found, under=speaking(FILE))
    (same,) = told(*reversed(found), under=speaking(FILE), now=NOW + timedelta(hours=1))
    (fewer,) = told(*found[:2], under=speaking(FILE))
    (elsewhere,) = told(*found, under=speaking(FILE | {"path": "other.jsonl"}))
    assert one.key == same.key
    assert len({one.key, fewer.key, elsewhere.key}) == 3
    assert {item.key for item in one.items} == {item.key for item in elsewhere.items}


def test_a_notice_keeps_its_key_and_content_in_the_state() -> None:
    found = finding(machine("\udc80$\x1b[31m", tags={"team": "vision"}), STOP, lacks=["project"])
    (notice,) = told(found, under=speaking(FILE), head="ab")
    again = unpack(from_line(to_line(pack(notice))))
    assert again == notice
    assert again.key == notice.key
    assert to_json(again) == to_json(notice)


def test_text_of_strangers_has_an_end() -> None:
    long = finding(machine("i" * 10_000, tags={"team": "t" * 300}, account="n" * 10_000), lacks=["x" * 300] * 500)
    (notice,) = told(long, under=speaking(FILE))
    assert len(str(to_json(notice))) < 20_000


def test_exempt_and_unknown_findings_are_not_told() -> None:
    exempt, unknown = finding(exempt="agreed"), finding(machine("i-2"), verdict="unknown")
    assert told(exempt, unknown, under=speaking(FILE)) == []
    assert policy().channels == ()
    assert told(finding(), under=policy()) == []
