"""Sending: failures stay with their channel, quiet hours postpone, the state keeps what is owed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops_guard import notify
from finops_guard.errors import InputError
from finops_guard.notify import _channels, alert, deliver, keep, sent, unavailable, waiting
from finops_guard.notify._text import body, subject
from finops_guard.state.store import MemoryStore
from tests.notify.build import NOW, item, notice, speaking
from tests.notify.receiver import Receiver

NIGHT = datetime(2026, 11, 2, 23, 30, tzinfo=UTC)


def file_to(tmp_path: Path, name: str = "notices.jsonl", **more: object) -> dict[str, object]:
    return {"to": "file", "path": str(tmp_path / name), **more}


def lines(to: dict[str, object]) -> list[dict[str, object]]:
    path = Path(str(to["path"]))
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def test_channels_are_found_by_file_name() -> None:
    assert {"file", "sns", "webhook"} <= set(notify.names())
    assert not [name for name in notify.names() if name.startswith("_")]
    for name in notify.names():
        module = notify.load(name)
        assert module.__doc__
        assert module.send.__doc__
        assert (Path(__file__).parent / f"test_{name}.py").exists()
    with pytest.raises(InputError, match=r"^channel '_text' is not available in this version$"):
        notify.load("_text")


def test_a_channel_that_is_not_there_yet_is_said_and_touches_no_other(tmp_path: Path) -> None:
    slack, here = {"to": "slack", "url": "$env.SLACK"}, file_to(tmp_path)
    found = deliver([notice(slack), notice(here)], [slack, here], {}, NOW)
    assert found.errors == [("slack $env.SLACK", "channel 'slack' is not available in this version")]
    assert found.findings == {"finding-train-1"}
    assert found.taken == {("finding-train-1", 0): (f"file {here['path']}",)}
    assert unavailable([slack, here, {"to": "owner", "via": "email"}]) == [
        "channel 'slack' is not available in this version",
        "channel 'email' is not available in this version",
    ]


def test_one_failure_touches_no_other_channel(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answers = [404] * 9
    hook, here = {"to": "webhook", "url": receiver.url}, file_to(tmp_path)
    found = deliver([notice(hook), notice(here)], [hook, here], {}, NOW)
    assert found.errors == [("webhook 127.0.0.1", "the webhook answered 404")]
    assert len(found.sent) == len(lines(here)) == 1
    assert [each.channel for each in found.owed] == [each.channel for each in found.waiting]


def test_what_nobody_took_begins_nothing_and_is_owed_by_the_next_plan(receiver: Receiver) -> None:
    receiver.answers = [404] * 9
    hook = {"to": "webhook", "url": receiver.url}
    found = deliver([notice(hook)], [hook], {}, NOW)
    assert (found.findings, found.sent, len(found.waiting), found.owed) == (frozenset(), [], 1, [])
    done = deliver([notice(hook, kind="act")], [hook], {}, NOW)
    assert done.owed == done.waiting != []


def test_a_channel_that_is_down_is_not_tried_for_ever(receiver: Receiver) -> None:
    receiver.answers = [403] * 99
    hook = {"to": "owner", "via": "webhook", "url": receiver.url}
    many = [notice(hook, recipient=f"{n}@acme.example") for n in range(20)]
    found = deliver(many, [hook], {}, NOW)
    assert len(receiver.got) == 3
    assert len(found.waiting) == 20
    assert found.errors[-1] == ("owner via webhook 127.0.0.1", "not tried: 3 notices before it were not taken")


def test_a_sender_that_breaks_is_a_failure_like_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("hunter2")

    monkeypatch.setattr("finops_guard.notify.webhook.send", breaks)
    hook, here = {"to": "webhook", "url": "https://x.example/token"}, file_to(tmp_path)
    found = deliver([notice(hook), notice(here)], [hook, here], {}, NOW)
    assert found.errors == [("webhook x.example", "failed: RuntimeError")]
    assert len(found.sent) == 1


def test_a_channel_the_policy_no_longer_has_is_forgotten(tmp_path: Path) -> None:
    gone, here = file_to(tmp_path, "old.jsonl"), file_to(tmp_path)
    found = deliver([notice(gone)], [here], {}, NOW)
    assert (found.sent, found.waiting, found.errors) == ([], [], [])


def test_a_channel_is_the_same_whatever_else_is_changed_about_it() -> None:
    to = {"to": "webhook", "url": "https://x.example/token", "secret": "$env.A"}
    assert _channels.identity(to) == _channels.identity(to | {"quiet": ["19:00", "08:00"], "for": {"team": "a"}})
    assert _channels.identity(to) != _channels.identity(to | {"url": "https://y.example/"})
    assert "token" not in _channels.identity(to) + _channels.label(to)


def quiet(tmp_path: Path, start: str, end: str, zone: str = "UTC") -> dict[str, object]:
    return file_to(tmp_path, quiet=[start, end], timezone=zone)


@pytest.mark.parametrize(
    ("hours", "at", "until"),
    [
        (("19:00", "08:00", "UTC"), "2026-11-02T18:59:59", None),
        (("19:00", "08:00", "UTC"), "2026-11-02T19:00:00", "2026-11-03T08:00:00"),
        (("19:00", "08:00", "UTC"), "2026-11-03T00:00:00", "2026-11-03T08:00:00"),
        (("19:00", "08:00", "UTC"), "2026-11-03T07:59:59", "2026-11-03T08:00:00"),
        (("19:00", "08:00", "UTC"), "2026-11-03T08:00:00", None),
        (("12:00", "13:30", "UTC"), "2026-11-02T13:00:00", "2026-11-02T13:30:00"),
        (("19:00", "08:00", "Europe/Amsterdam"), "2026-11-02T18:00:00", "2026-11-03T07:00:00"),
        (("19:00", "08:00", "Asia/Kolkata"), "2026-11-02T13:30:00", "2026-11-03T02:30:00"),
        # Summer time ends on 25 October 2026 and begins on 28 March 2027: the night is an hour longer, or shorter.
        (("19:00", "08:00", "Europe/Amsterdam"), "2026-10-24T18:00:00", "2026-10-25T07:00:00"),
        (("19:00", "08:00", "Europe/Amsterdam"), "2027-03-27T19:00:00", "2027-03-28T06:00:00"),
        # Its end is skipped: the clock goes from 02:00 to 03:00 at 01:00 UTC.
        (("22:00", "02:30", "Europe/Amsterdam"), "2027-03-28T00:30:00", "2027-03-28T01:00:00"),
        (("08:00", "08:00", "UTC"), "2026-11-02T08:00:00", None),
    ],
)
def test_quiet_hours_are_local_and_end(tmp_path: Path, hours: tuple[str, str, str], at: str, until: str | None) -> None:
    to = quiet(tmp_path, *hours)
    now = datetime.fromisoformat(f"{at}+00:00")
    found = deliver([notice(to, at=now)], [to], {}, now)
    assert (len(found.waiting), len(lines(to))) == ((0, 1) if until is None else (1, 0))
    assert found.errors == []
    if until is not None:
        end = datetime.fromisoformat(f"{until}+00:00")
        assert deliver([notice(to)], [to], {}, end - timedelta(seconds=1)).sent == []
        assert len(deliver([notice(to)], [to], {}, end).sent) == 1


@given(
    start=st.integers(0, 1439),
    end=st.integers(0, 1439),
    minutes=st.integers(0, 60 * 24 * 400),
    zone=st.sampled_from(["UTC", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)
def test_nothing_is_postponed_beyond_a_day(start: int, end: int, minutes: int, zone: str) -> None:
    from finops_guard.notify._quiet import postponed

    def clock(minute: int) -> str:
        return f"{minute // 60:02}:{minute % 60:02}"

    to = {"to": "file", "path": "x", "quiet": [clock(start), clock(end)], "timezone": zone}
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    until = postponed(notice(to), to, now)
    assert until is None or (now < until <= now + timedelta(hours=25) and postponed(notice(to), to, until) is None)


def test_an_alert_and_a_last_reminder_wait_for_nobody(tmp_path: Path) -> None:
    to = quiet(tmp_path, "19:00", "08:00")
    soon, later = (item(key=f"{hours}", due=NIGHT + timedelta(hours=hours), do="stop") for hours in (4, 12))
    made = [
        notice(to, kind="alert"),
        notice(to, soon, kind="reminder"),
        notice(to, later, kind="reminder"),
        notice(to, kind="act"),
    ]
    found = deliver(made, [to], {}, NIGHT)
    assert found.sent == made[:2]
    assert found.waiting == made[2:]
    assert found.warned == {("finding-train-1", 0)}


def test_what_is_owed_is_kept_and_sent_in_a_later_run_with_the_same_key(tmp_path: Path) -> None:
    store = MemoryStore()
    loud, still = file_to(tmp_path, "loud.jsonl"), quiet(tmp_path, "19:00", "08:00")
    told = [notice(to, item("a"), item("b"), at=NIGHT) for to in (loud, still)]
    found = deliver(told, [loud, still], {}, NIGHT)
    assert found.findings == {"finding-a", "finding-b"}
    keep(store, found.owed)
    keep(store, found.owed)
    assert len(store.objects) == 1

    morning = NIGHT + timedelta(hours=9)
    late = waiting(store, morning, {"finding-a", "finding-b"})
    again = deliver(late, [loud, still], {}, morning)
    assert (again.findings, again.taken, again.errors) == (frozenset(), {}, [])
    sent(store, again.sent)
    assert [line["key"] for line in lines(still)] == [told[1].key]
    assert waiting(store, morning, {"finding-a", "finding-b"}) == []


def test_a_crash_before_sent_sends_once_more_with_the_same_key(tmp_path: Path) -> None:
    store, to = MemoryStore(), file_to(tmp_path)
    keep(store, [notice(to, kind="act")])
    for _ in range(2):
        deliver(waiting(store, NOW, ()), [to], {}, NOW)
    assert len({str(line["key"]) for line in lines(to)}) == 1
    assert len(lines(to)) == 2


def test_of_a_finding_that_is_gone_nothing_late_is_said(tmp_path: Path) -> None:
    store, to = MemoryStore(), file_to(tmp_path)
    keep(store, [notice(to, item("a"), item("b")), notice(to, item("a"), kind="act")])
    kept = {each.kind: [one.finding for one in each.items] for each in waiting(store, NOW, {"finding-b"})}
    assert kept == {"finding": ["finding-b"], "act": ["finding-a"]}
    assert [each.kind for each in waiting(store, NOW, ())] == ["act"]
    assert waiting(store, NOW + timedelta(days=8), {"finding-b"}) == []


def test_a_kept_notice_that_cannot_be_read_stops_nothing(tmp_path: Path) -> None:
    store, to = MemoryStore(), file_to(tmp_path)
    keep(store, [notice(to, kind="act")])
    store.objects[f"outbox/{NOW:%Y%m%dT%H%M%SZ}/0000"] = b"[]\n"
    store.objects[f"outbox/{NOW:%Y%m%dT%H%M%SZ}/0001"] = b'{"groups": [[1]]}\n'
    assert len(waiting(store, NOW, ())) == 1


def test_an_alert_goes_to_who_answers_for_everything(tmp_path: Path) -> None:
    here = file_to(tmp_path)
    team, low = (
        file_to(tmp_path, "team", **{"for": {"team": "a"}}),
        file_to(tmp_path, "low", **{"for": {"severity": "low"}}),
    )
    owner = {"to": "owner", "via": "file", "path": str(tmp_path / "owner")}
    made = alert(
        speaking(here, team, low, owner), "run-1", NOW, "5 acts failed: nothing more is done", ("stop: denied",)
    )
    assert [(each.channel, each.recipient) for each in made] == [
        (_channels.identity(here), ""),
        (_channels.identity(owner), "o@acme.example"),
    ]
    assert len(alert(speaking(team, low), "run-1", NOW, "x")) == 2
    assert made[0].key == alert(speaking(here), "run-1", NOW + timedelta(1), "said otherwise")[0].key


def test_text_for_people_steers_no_terminal() -> None:
    evil = item(name="\x1b]0;x\x07\u202e", title="a\r\nb", why=("tags.team is '\x1b[2J'",), do="stop", due=NOW)
    told = notice({"to": "file"}, evil, head="abc")
    text = body(told)
    assert not [char for char in text if (ord(char) < 32 and char != "\n") or char == "\u202e"]
    assert text.splitlines()[0] == subject(told) == "acme: 1 finding (1 high)"
    assert "next: stop on 2026-11-02 09:00 UTC" in text
    assert text.splitlines()[-1] == "run 20261114T093000Z-abcdef, journal abc"
