"""The fields of schedules, as tables: which one, on or off, and whether we are who stopped it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from finops_guard.evaluate import Setting, derive
from finops_guard.model import Resource, Schedule, Stop, Tags, Unknown, Window

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAY = Schedule(Window(frozenset(range(7)), 7 * 60, 19 * 60, "UTC"))
NIGHT = Schedule(Window(frozenset(range(7)), 19 * 60, 7 * 60, "UTC"))
EVENING = NOON - timedelta(hours=17)
OURS = Stop("schedules/off-hours", "stop", EVENING)


def derived(tags: Tags | None = None, *, started: datetime | None = None, **more: Any) -> Resource:
    told = {"stop": more.pop("stop")} if "stop" in more else {}
    facts = more.pop("facts", {})
    given = Resource(
        {"kind": "vm", **more}, Tags.of({}) if tags is None else tags, started=started, facts=facts, **told
    )
    (resource,) = derive([given], Setting(NOON, schedules={"day": DAY, "night": NIGHT}))
    return resource


@pytest.mark.parametrize(
    ("tags", "name", "on"),
    [
        (Tags.of({"schedule": "day"}), "day", True),
        (Tags.of({"Schedule": "night"}), "night", False),
        (Tags.of({"schedule": "Day"}), "Day", None),  # values are exact
        (Tags.of({"schedule": "lunch"}), "lunch", None),
        (Tags.of({"schedule": " "}), None, None),
        (Tags.of({}), None, None),
        (Tags.unreadable("denied"), Unknown("denied"), Unknown("denied")),
        (Tags.of({"schedule": "day"}, open_because="denied"), "day", True),
    ],
)
def test_the_schedule_it_is_on(tags: Tags, name: object, on: object) -> None:
    resource = derived(tags)
    assert (resource.look("schedule.name"), resource.look("schedule.on")) == (name, on)


def test_spellings_that_differ_name_no_schedule() -> None:
    resource = derived(Tags.of({"schedule": "day", "SCHEDULE": "night"}))
    assert "conflicting" in str(resource.look("schedule.on"))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"state": "stopped", "stop": OURS}, OURS.rule),
        ({"state": "stopping", "stop": OURS}, OURS.rule),
        ({"state": "stopped", "stop": None}, None),
        ({"state": "stopped"}, Unknown("the journal was not read")),
        ({"state": "running"}, None),
        ({"state": "running", "stop": OURS}, None),
        ({"state": "running", "capacity.provisioned": 0, "stop": OURS}, OURS.rule),  # scaled to nothing
        ({"state": "running", "capacity.provisioned": 2, "stop": OURS}, None),
        ({"state": "stopped", "stop": OURS, "started": EVENING - timedelta(hours=9)}, OURS.rule),
        ({"state": "stopped", "stop": OURS, "started": EVENING + timedelta(hours=9)}, None),  # and another stopped it
        ({"state": "stopped", "stop": OURS, "facts": {"modified": EVENING + timedelta(minutes=5)}}, OURS.rule),
        (
            {"state": "stopped", "stop": OURS, "facts": {"modified": EVENING + timedelta(hours=1)}},
            Unknown("it was changed at 2026-11-24 20:00 UTC, after we stopped it, which may have been a start"),
        ),
        ({"state": "stopped", "stop": OURS, "created": EVENING + timedelta(hours=1)}, None),  # of the same name
        (
            {"state": "stopped", "stop": OURS, "facts": {"starts_unread": "AccessDenied x"}},
            Unknown("whether it was started since we stopped it: AccessDenied x"),
        ),
        ({"stop": OURS}, Unknown("whether it runs is unknown")),
        ({"stop": None}, None),
    ],
)
def test_who_stopped_it(more: dict[str, Any], expected: object) -> None:
    assert derived(**more).look("stopped_by") == expected
