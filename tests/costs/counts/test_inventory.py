from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from finops_guard.costs.counts import counted
from finops_guard.model import Compare, Condition, Ref, Resource, Tags
from tests.costs.counts.asking import asked, told

ONE = Decimal(1)
RUNS = Compare(Ref("field", "kind"), "eq", "training-job")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def job(state: str, ended: str | None, created: str = "2026-11-01", **tags: str) -> Resource:
    fields: dict[str, Any] = {"id": "j", "kind": "training-job", "state": state, "created": at(created)}
    return Resource(fields, Tags.of(tags), facts={} if ended is None else {"ended": at(ended)})


def machine(started: str | None, accelerators: int | None, state: str = "running", **tags: str) -> Resource:
    fields: dict[str, Any] = {"id": "m", "kind": "vm", "state": state}
    if accelerators is not None:
        fields["accelerators.count"] = accelerators
    return Resource(fields, Tags.of(tags), started=None if started is None else at(started))


def of(resources: list[Resource], metric: str | None = None, match: Condition | None = RUNS, **more: Any) -> Any:
    settings = {} if metric is None else {"metric": metric}
    return counted(asked("inventory", settings, match=match, resources=resources, **more))


def test_completed_runs_count_on_the_day_they_ended() -> None:
    jobs = [
        job("completed", "2026-11-02T23:59:59", team="nlp"),
        job("completed", "2026-11-03T00:00:00", team="nlp"),
        job("completed", "2026-11-03T10:00:00"),
        job("failed", "2026-11-03T11:00:00", team="nlp"),
        job("running", None, team="nlp"),
        job("completed", "2026-10-31T23:00:00", team="nlp"),
    ]
    found = of(jobs, by=("team",))
    assert told(found) == {1: {}, 2: {("nlp",): ONE}, 3: {("nlp",): ONE, (None,): ONE}, 4: {}, 5: {}}
    assert not found.estimated
    assert not found.gauge


def test_a_time_in_another_zone_is_of_its_utc_day() -> None:
    amsterdam = job("completed", None)
    amsterdam.facts["ended"] = datetime.fromisoformat("2026-11-03T00:30:00+01:00")
    assert told(of([amsterdam]))[2] == {(): ONE}


def test_a_run_whose_end_nobody_knows_counts_where_it_began() -> None:
    found = of([job("completed", None, "2026-11-04T08:00:00")])
    assert told(found)[4] == {(): ONE}
    assert found.estimated
    assert found.remarks == ("of 1 runs it is not known when they ended: they count where they began",)


def test_runs_of_more_than_thirty_days_ago_are_not_known() -> None:
    found = of([job("completed", "2026-10-27T10:00:00")], first=date(2026, 10, 1), last=date(2026, 11, 22))
    assert min(found.amounts) == date(2026, 10, 27)
    assert max(found.amounts) == date(2026, 11, 22)


def test_an_inventory_knows_nothing_of_the_days_after_it_was_seen() -> None:
    assert sorted(told(of([], seen=at("2026-11-04T12:00:00")))) == [1, 2, 3]


def test_a_state_that_is_named_is_counted_instead() -> None:
    match = Compare(Ref("field", "state"), "eq", "failed")
    found = of([job("failed", "2026-11-03T11:00:00")], "runs", match)
    assert told(found)[3] == {(): ONE}
    assert "ended as `match` says" in found.definition


def test_accelerator_hours_are_those_since_the_last_start_and_until_the_end() -> None:
    resources = [
        machine("2026-11-03T18:00:00", 8),
        machine("2026-11-05T23:30:00", 1),
        machine(None, 8),
        machine("2026-11-01T00:00:00", 8, "stopped"),
        machine("2026-11-01T00:00:00", 0),
        machine("2026-11-01T00:00:00", None),
        job("completed", "2026-11-02T06:00:00", "2026-11-01T21:00:00"),
    ]
    resources[-1].fields["accelerators.count"] = 2
    found = of(resources, "accelerator-hours")
    hours = {day: amounts.get((), Decimal(0)) for day, amounts in told(found).items()}
    assert hours == {1: 6, 2: 12, 3: 48, 4: 192, 5: Decimal("192.5")}
    assert found.estimated
    assert found.remarks == ("of 1 resources it is not known how many accelerators they have",)


def test_resources_are_a_level_from_the_day_they_are_there() -> None:
    old, new = machine(None, 0, team="net"), machine(None, 0, team="net")
    new.fields["created"] = at("2026-11-04T09:00:00")
    found = of([old, new], None, Compare(Ref("field", "kind"), "eq", "firewall"), by=("team",))
    assert told(found) == {day: {("net",): ONE * (2 if day > 3 else 1)} for day in range(1, 6)}
    assert found.gauge
    assert found.estimated


@pytest.mark.parametrize(
    ("kinds", "is_a_level"),
    [(("training-job",), False), (("training-job", "job"), False), (("training-job", "vm"), True), (("vm",), True)],
)
def test_what_is_counted_follows_from_the_kinds(kinds: tuple[str, ...], is_a_level: bool) -> None:  # noqa: FBT001 # a row
    assert of([], None, Compare(Ref("field", "kind"), "in", kinds)).gauge is is_a_level
