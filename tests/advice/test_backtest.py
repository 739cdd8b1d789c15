"""A backtest says what the real acting path would have done, and sends and writes nothing."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from finops_guard.advice.backtest import Replay, Told, backtest
from finops_guard.language.policy import load_policy
from finops_guard.model import Identity
from finops_guard.state import spool
from finops_guard.state.episodes import EpisodeRecord
from finops_guard.state.history import fold
from tests.advice.estate import ACCOUNT, DAY, POLICY, START, Estate
from tests.apply.cloud import TYPE, Cloud
from tests.plan.build import machine

Script: TypeAlias = Callable[[Estate, int], None]
Did: TypeAlias = Counter[tuple[datetime, str, str, str, str]]
WHO = (Identity("aws", ACCOUNT, "arn:aws:iam::111111111111:role/scan"),)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def replayed(folder: Path, script: Script, days: int, step: timedelta = DAY, policy: str = POLICY) -> Replay:
    """Snapshots of dry-run scans, and what the backtest makes of them."""
    (folder / "history").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        estate = Estate(folder / "history", patch, policy=policy)
        shots = []
        for day in range(days):
            script(estate, day)
            shots.append(estate.scan(START + day * step, folder / f"{day:03}.snapshot"))
        replay = Replay(load_policy(estate.folder / "finops-guard.yaml", START.date()), estate.cloud.has)
        assert len(backtest([replay], shots, START, START + days * step)) == days
        assert estate.cloud.sent == 0
        assert estate.store.list("journal") == []
        return replay


def really(
    folder: Path, script: Script, days: int, step: timedelta = DAY, policy: str = POLICY
) -> tuple[Did, dict[str, EpisodeRecord]]:
    """The same days, each with an enforcing run whose acts are done."""
    (folder / "real").mkdir()
    did: Did = Counter()
    with pytest.MonkeyPatch.context() as patch:
        estate = Estate(folder / "real", patch, policy=policy)
        for day in range(days):
            script(estate, day)
            at = START + day * step
            report = estate.run(at)
            for each in report.steps:
                if each.state == "done":
                    did[at, each.do, each.rules[0], each.resource.id, str(each.saves_month)] += 1
            for name in [name for name, it in estate.cloud.machines.items() if it.state == "deleting"]:
                del estate.cloud.machines[name]
        return did, dict(fold(estate.store).records)


def done(told: Told) -> Did:
    return Counter((deed.at, deed.do, deed.rule, deed.resource, str(deed.saves_month)) for deed in told.deeds)


def life(estate: Estate, day: int) -> None:
    """Machines come, go, are tagged, lose a tag, are protected, are stopped by others."""
    cloud = estate.cloud.machines
    if day == 0:
        for number in range(5):
            estate.add(f"i-{number}")
        estate.add("spare", tags={"keep": "yes"})
        estate.add("owned", tags={"team": "vision", "keep": "yes"})
        estate.add("locked", protected=True)
    if day == 2:
        cloud["i-1"].tags["team"] = "nlp"
        estate.add("late", tags={"team": "nlp"})
    if day == 4:
        cloud.pop("i-2", None)
        cloud["owned"].tags.pop("team")
    if day == 6 and "i-3" in cloud:
        cloud["i-3"].tags |= {"team": "nlp", "keep": "yes"}


def test_it_is_what_the_real_acting_path_does_day_by_day(folder: Path) -> None:
    replay = replayed(folder, life, 20)
    did, records = really(folder, life, 20)
    assert done(replay.told) == did
    verbs = Counter(do for _, do, *_ in did.elements())
    assert {saves for _, do, _, _, saves in did if do == "stop"} == {"819.790000 USD"}
    assert {verb: verbs[verb] for verb in ("tag", "stop", "terminate")} == {"tag": 6, "stop": 5, "terminate": 2}
    running = {name for name, record in records.items() if record.running}
    assert {name for name, record in replay.records.items() if record.running} == running
    for name in running:
        assert replay.records[name].began == records[name].began
        assert dict(replay.records[name].done) == dict(records[name].done)


EVENTS = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 3), st.sampled_from(["come", "go", "team", "keep", "untag"])),
    max_size=10,
)
"""What happens to four machines, on which days."""


@given(EVENTS)
@example([(0, 0, "team"), (5, 0, "untag")])  # stopped by one rule, it is not stopped again by the other
@settings(max_examples=8)
def test_whatever_happens_to_the_machines(events: list[tuple[int, int, str]]) -> None:
    def script(estate: Estate, day: int) -> None:
        if day == 0:
            for number in range(3):
                estate.add(f"i-{number}")
        today = [(number, event) for on, number, event in events if on == day]
        for number, event in today:
            # What goes and comes back between two snapshots was never away for them; in the cloud it runs again.
            if event != "come" or (number, "go") not in today:
                happens(estate, f"i-{number}", event)

    with TemporaryDirectory() as name:
        told = replayed(Path(name), script, 9).told
        did, _ = really(Path(name), script, 9)
    assert done(told) == did


def happens(estate: Estate, name: str, event: str) -> None:
    machines = estate.cloud.machines
    if event == "come" and name not in machines:
        estate.add(name)
    elif event == "go":
        machines.pop(name, None)
    elif event == "untag" and name in machines:
        for key in ("team", "keep"):
            machines[name].tags.pop(key, None)
    elif event != "come" and name in machines:
        machines[name].tags[event] = "x"


def shots(folder: Path, days: int, resources: Callable[[int], list[Any]]) -> Iterator[Path]:
    for day in range(days):
        path = folder / "one.snapshot"
        spool.write(resources(day), path, lambda day=day: spool.Head(START + day * DAY, "", identities=WHO))  # type: ignore[misc] # the day
        yield path


def priced(name: str, **more: Any) -> Any:
    return machine(name, account=ACCOUNT, region="eu-west-1", facts={"instance_type": "g5.xlarge"}, **more)


def replay_of(folder: Path, policy: str = POLICY) -> Replay:
    with pytest.MonkeyPatch.context() as patch:
        Estate(folder, patch, policy=policy)
        return Replay(load_policy(folder / "finops-guard.yaml", START.date()), lambda kind, _verb: kind == TYPE)


def test_ninety_days_of_one_machine_stopped_on_the_fourth_day_save_its_price_from_then_on(folder: Path) -> None:
    replay = replay_of(folder)
    files = shots(folder, 90, lambda _day: [priced("i-1", tags={"keep": "yes"})])
    assert len(backtest([replay], files, START, START + 90 * DAY)) == 90
    (stop,) = [deed for deed in replay.told.deeds if deed.do == "stop"]
    assert stop.at == START + 3 * DAY
    assert stop.saves_month is not None
    ((place, saved),) = replay.told.saved.items()
    assert place == ("own/whose", "stop", "USD")
    assert saved == pytest.approx(stop.saves_month.amount / 730 * 24 * 86)
    assert str(stop.saves_month) == "819.790000 USD"
    (failed,) = replay.told.failed.values()
    assert (failed.first, failed.last, failed.times) == (START, START + 89 * DAY, 90)


ASLEEP = """\
policy: acme
owner: finops@acme.example
mode: enforce
permit: [notify, stop, start]
at_most: {stop: 20}
schedules: {office: {days: [mon, tue, wed, thu, fri], between: ['08:00', '18:00'], timezone: UTC}}
packs: [{use: schedules}]
notify: [{to: file, path: notices.jsonl}]
state: state
"""


def test_evenings_and_mornings_are_as_in_reality_and_save_the_nights(folder: Path) -> None:
    def script(estate: Estate, hour: int) -> None:
        if hour == 0:
            estate.add("i-1", tags={"schedule": "office"})
            estate.add("free")

    hour, hours = timedelta(hours=1), 6 * 24  # from Monday, nine o'clock
    replay = replayed(folder, script, hours, hour, ASLEEP)
    did, _ = really(folder, script, hours, hour, ASLEEP)
    assert done(replay.told) == did
    days = [deed.at.strftime("%a %H") for deed in replay.told.deeds if deed.do == "start"]
    assert days == ["Tue 08", "Wed 08", "Thu 08", "Fri 08"]
    nights = [deed.at.strftime("%a %H") for deed in replay.told.deeds if deed.do == "stop"]
    assert nights == ["Mon 19", "Tue 19", "Wed 19", "Thu 19", "Fri 19"]
    (stop, *_) = (deed for deed in replay.told.deeds if deed.do == "stop")
    assert stop.saves_month is not None
    (night,) = (each.month for each in replay.told.failed.values() if each.rule == "schedules/off-hours")
    assert night is not None
    assert stop.saves_month.amount == pytest.approx(night.amount * 118 / 168)  # fifty hours a week it runs
    asleep = 4 * 13 + (24 - 19) + 24 + 8  # four nights, and from Friday evening as long as it was looked at
    assert sum(replay.told.saved.values()) == pytest.approx(night.amount / 730 * asleep)


def test_what_others_stop_saves_nothing_from_then_on(folder: Path) -> None:
    replay = replay_of(folder)
    files = shots(
        folder, 10, lambda day: [priced("i-1", tags={"keep": "yes"}, state="running" if day < 5 else "stopped")]
    )
    backtest([replay], files, START, START + 10 * DAY)
    (stop,) = [deed for deed in replay.told.deeds if deed.do == "stop"]
    assert stop.saves_month is not None
    assert sum(replay.told.saved.values()) == pytest.approx(stop.saves_month.amount / 730 * 24)


def test_refusals_are_counted_once_a_step(folder: Path) -> None:
    replay = replay_of(folder)
    files = shots(folder, 12, lambda _day: [priced("locked", tags={"keep": "yes"}, protected=True)])
    backtest([replay], files, START, START + 12 * DAY)
    assert {(verb, rule): count for (verb, rule, _), count in replay.told.refused.items()} == {
        ("tag", "own/whose"): 1,
        ("stop", "own/whose"): 1,
    }
    assert not [deed for deed in replay.told.deeds if deed.do == "stop"]


def test_a_dry_run_policy_is_taken_as_if_it_enforced_and_that_is_said(folder: Path) -> None:
    replay = replay_of(folder, POLICY.replace("mode: enforce", "mode: dry-run") + "approve: {stop: 2}\n")
    backtest([replay], shots(folder, 5, lambda _day: [priced("i-1")]), START, START + 5 * DAY)
    assert Counter(deed.do for deed in replay.told.deeds) == {"notify": 2, "tag": 1, "stop": 1}
    assert replay.told.remarks == (
        "policy acme is dry-run; this is as if it enforced",
        "policy acme asks for approvals; this is as if they were given at once",
    )


def test_snapshots_outside_the_period_are_not_looked_at(folder: Path) -> None:
    replay = replay_of(folder)
    times = backtest([replay], shots(folder, 9, lambda _day: [priced("i-1")]), START + 2 * DAY, START + 4 * DAY)
    assert times == [START + 2 * DAY, START + 3 * DAY, START + 4 * DAY]
    assert Decimal(0) == sum(replay.told.saved.values())


def test_a_cloud_is_never_asked(folder: Path) -> None:
    assert Cloud().sent == 0
    replay = replayed(folder, life, 3)
    assert not (folder / "history" / "notices.jsonl").exists()
    assert replay.told.deeds


def test_memory_does_not_grow_with_the_days(folder: Path) -> None:
    peaks = []
    for days in (5, 25):
        (folder / str(days)).mkdir()
        replay = replay_of(folder / str(days))
        files = shots(folder, days, lambda _day: [priced(f"i-{number}") for number in range(60)])
        tracemalloc.start()
        try:
            backtest([replay], files, START, START + days * DAY)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
