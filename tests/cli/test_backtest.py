"""`backtest`: what a policy would have done, from the state's snapshots or a folder of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from finops_guard.cli import _acts
from tests.advice.estate import DAY, PACK, POLICY, START, Estate
from tests.cli.command import Ran, finops_guard

STRICTER = PACK.replace("after: 3d", "after: 2d").replace("{keep: {exists: true}}", "{keep: {in: [forever]}}")


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Estate]:
    with pytest.MonkeyPatch.context() as patch:
        made = Estate(tmp_path, patch)
        patch.setattr(_acts, "now_utc", lambda: START + 10 * DAY)
        made.add("i-1", tags={"keep": "yes"})
        made.add("i-2", tags={"team": "vision", "keep": "yes"})
        yield made


@pytest.fixture
def folder(estate: Estate) -> Path:
    """Ten days of `scan --snapshot-out`."""
    to = estate.folder / "snapshots"
    to.mkdir()
    (to / "README").write_text("not a snapshot")
    for day in range(10):
        estate.scan(START + day * DAY, to / f"{9 - day}.snapshot")  # names say nothing of time
    return to


def against(estate: Estate) -> Path:
    other = estate.folder / "other"
    (other / "rules").mkdir(parents=True)
    (other / "rules" / "own.yaml").write_text(STRICTER)
    (other / "finops-guard.yaml").write_text(POLICY.replace("acme", "stricter"))
    return other / "finops-guard.yaml"


def run(estate: Estate, *more: object) -> Ran:
    return finops_guard("backtest", "-p", estate.folder / "finops-guard.yaml", *more)


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_it_would_have_done_when_to_what_for_how_much(estate: Estate, folder: Path) -> None:
    before = everything(estate.folder)
    ran = run(estate, "--snapshots", folder)
    assert ran.code == 0, ran.err
    assert ran.out.splitlines() == [
        "Backtest of acme",
        "10 snapshots, 2026-03-02 to 2026-03-11.",
        "",
        "By rule",
        "rule       findings  exempt  notify  tag  stop  saves a month  saved",
        "own/whose  1         0       1       1    1     USD 819.79     USD 161.71",
        "",
        "Acts",
        "at                verb  rule       resource  saves a month",
        "2026-03-03 09:00  tag   own/whose  i-1       -",
        "2026-03-05 09:00  stop  own/whose  i-1       USD 819.79",
    ]
    assert everything(estate.folder) == before, "nothing is sent and nothing is written"


def test_as_json(estate: Estate, folder: Path) -> None:
    told = json.loads(run(estate, "--snapshots", folder, "-f", "json").out)
    assert (told["schema"], told["snapshots"], told["from"]) == ("finops-guard/backtest/1", 10, "2026-03-02T09:00:00Z")
    assert told["rules"] == [
        {
            "rule": "own/whose",
            "findings": 1,
            "exempt": 0,
            "acts": {"notify": 1, "stop": 1, "tag": 1},
            "refused": {},
            "saves_month": {"USD": "819.79"},
            "saved": {"USD": "161.71"},
        }
    ]
    assert [(act["at"], act["do"], act["resource"]) for act in told["acts"]] == [
        ("2026-03-02T09:00:00Z", "notify", "i-1"),
        ("2026-03-03T09:00:00Z", "tag", "i-1"),
        ("2026-03-05T09:00:00Z", "stop", "i-1"),
    ]
    assert told["against"] is None


def test_against_another_policy(estate: Estate, folder: Path) -> None:
    told = json.loads(run(estate, "--snapshots", folder, "--against", against(estate), "-f", "json").out)["against"]
    assert told["policy"]["name"] == "stricter"
    assert told["findings_new"] == []
    assert [(each["rule"], each["resource"]) for each in told["findings_removed"]] == [
        ("own/kept", "i-1"),
        ("own/kept", "i-2"),
    ]
    assert [(each["do"], each["rule"], each["resource"]) for each in told["acts_removed"]] == [
        ("notify", "own/kept", "i-1"),
        ("notify", "own/kept", "i-2"),
        ("stop", "own/kept", "i-2"),
    ]
    assert [(each["do"], each["at"][:10], each["was"][:10]) for each in told["acts_moved"]] == [
        ("stop", "2026-03-05", "2026-03-04")
    ]


@pytest.mark.parametrize("shape", ["table", "markdown"])
def test_against_in_words(estate: Estate, folder: Path, shape: str) -> None:
    out = run(estate, "--snapshots", folder, "--against", against(estate), "-f", shape).out
    assert "Backtest of acme against stricter" in out
    for title in ("By rule, stricter", "Findings no more", "Acts no more", "Acts at another time"):
        assert title in out
    assert ("| own/kept | low | i-2 | 2026-03-02 |" in out) is (shape == "markdown")


def test_only_the_period_counts(estate: Estate, folder: Path) -> None:
    for start in ("2026-03-09", "3d12h"):
        ran = run(estate, "--snapshots", folder, "--since", start, "-f", "json")
        if start == "3d12h":
            assert ran.code == 2
            assert "write 2026-11-25" in ran.err
        else:
            assert json.loads(ran.out)["snapshots"] == 3
    assert json.loads(run(estate, "--snapshots", folder, "--since", "3d", "-f", "json").out)["snapshots"] == 3


def test_the_snapshots_that_enforcing_runs_kept(estate: Estate) -> None:
    for day in range(4):
        estate.run(START + day * DAY)
    assert estate.cloud.machines["i-1"].state == "stopped"
    told = json.loads(run(estate, "-f", "json").out)
    assert told["snapshots"] == 4
    assert [(act["do"], act["at"][:10]) for act in told["acts"]] == [
        ("notify", "2026-03-02"),
        ("tag", "2026-03-03"),
        ("stop", "2026-03-05"),
    ]


@pytest.mark.parametrize("days", [2, 7])
def test_folded_snapshots_are_replayed_as_they_were(estate: Estate, days: int) -> None:
    """All of them, and some."""
    pytest.importorskip("duckdb")
    for number in range(3, 9):  # more than `at_most` lets through in a day: which come first is told by the order
        estate.add(f"i-{number}")
    for day in range(7):
        estate.run(START + day * DAY)
        estate.add(f"i-{20 - day}")
    looked = [("-f", "json", "-v", *more) for more in ((), ("--against", against(estate)))]
    before = [run(estate, *each).out for each in looked]
    estate.patch.setattr(_acts, "now_utc", lambda: START + (days + 1) * DAY)
    assert finops_guard("doctor", "--compact", "--state", estate.folder / "state").code == 0
    assert len(estate.store.list("snapshots")) == 7 - min(days + 1, 7)
    estate.patch.setattr(_acts, "now_utc", lambda: START + 10 * DAY)
    assert json.loads(before[0])["snapshots"] == 7
    assert [run(estate, *each).out for each in looked] == before


def test_what_the_snapshots_do_not_know_is_said(estate: Estate, folder: Path) -> None:
    estate.pack = PACK.replace("match: {kind: vm}", "match: {kind: [vm, bucket], accelerators: {count: {gte: 1}}}")
    estate.write()
    ran = run(estate, "--snapshots", folder)
    assert "kind bucket: not looked for in 10 of 10 snapshots, so unknown there\n" in ran.out
    assert "accelerators.count: not looked for in 10 of 10 snapshots, so unknown there\n" in ran.out


def test_without_snapshots_it_says_how_to_get_them(estate: Estate, tmp_path: Path) -> None:
    for more in ((), ("--snapshots", tmp_path / "rules")):
        ran = run(estate, *more)
        assert ran.code == 2
        assert "no snapshots since 2025-12-12" in ran.err
        assert "scan --snapshot-out" in ran.err
    assert run(estate, "--snapshots", tmp_path / "none").code == 2


def test_long_lists_are_cut_short_and_counted(estate: Estate) -> None:
    estate.policy = POLICY.replace("{stop: 2,", "{stop: 99,")
    estate.write()
    for number in range(30):
        estate.add(f"m-{number:02}", tags={"keep": "yes"})
    to = estate.folder / "snapshots"
    to.mkdir()
    for hours in range(0, 96, 24):
        at: datetime = START + timedelta(hours=hours)
        estate.scan(at, to / f"{hours}")
    assert "+42 more, -v for all\n" in run(estate, "--snapshots", to).out
    assert run(estate, "--snapshots", to, "-v").out.count(" stop  own/whose  m-") == 30
