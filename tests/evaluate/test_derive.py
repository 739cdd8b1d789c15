"""What follows from what a source gave: facts as they must be judged, times, months, AI, owners, counts of tag keys."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from finops_guard.evaluate import Setting, derive
from finops_guard.model import Money, Resource, Tags, Unknown
from tests.evaluate.strategies import NOW


def derived(fields: dict[str, Any], tags: Tags | None = None, **more: Any) -> Resource:
    """One resource with what follows from it."""
    setting = Setting(NOW, **{key: more.pop(key) for key in ("aliases", "omitted_adds_nothing") if key in more})
    (resource,) = derive([Resource(fields, Tags.of({}) if tags is None else tags, **more)], setting)
    return resource


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
def test_an_empty_or_blank_text_is_absent(blank: str) -> None:
    assert derived({"region": blank}).look("region") is None


def test_a_number_that_is_none_is_unknown() -> None:
    assert derived({"capacity.used": float("nan")}).look("capacity.used") == Unknown("not a number")


def test_times_follow_from_dates_and_are_never_negative() -> None:
    made = derived({"created": NOW - timedelta(hours=2), "state": "running"}, started=NOW - timedelta(hours=1))
    assert (made.look("age"), made.look("running_for")) == (7200, 3600)
    assert derived({"created": NOW + timedelta(hours=1)}).look("age") == 0
    assert derived({"state": "stopped"}, started=NOW).look("running_for") is None
    assert isinstance(derived({"state": "running"}).look("running_for"), Unknown)


def test_a_month_has_730_hours_and_no_price_stays_none() -> None:
    assert derived({"cost.hour": Money(Decimal(2), "EUR")}).month == Money(Decimal(1460), "EUR")
    assert derived({}, unknown={"cost.hour": "no price"}).look("cost.month") == Unknown("no price")


@pytest.mark.parametrize(
    ("fields", "tags", "ai"),
    [
        ({"kind": "notebook"}, Tags.unreadable("denied"), True),
        ({"kind": "vm", "accelerators.count": 8}, Tags.unreadable("denied"), True),
        ({"kind": "vm", "accelerators.count": 0}, Tags.of({}), False),
        ({"kind": "vm", "accelerators.count": 0}, Tags.of({"Dataset": "x"}), True),
        ({"kind": "vm", "accelerators.count": 0}, Tags.of({"Dataset": "x", "dataset": "y"}), True),
        ({"kind": "vm", "accelerators.count": 0}, Tags.unreadable("denied"), None),
        ({"kind": "vm"}, Tags.of({}), None),
        ({"kind": "vm", "ai": False, "accelerators.count": 8}, Tags.of({}), False),
        ({"type": "AWS::SageMaker::Model", "accelerators.count": 0}, Tags.of({}), True),
    ],
)
def test_ai_is_kleene_over_its_signs(fields: dict[str, Any], tags: Tags, ai: bool | None) -> None:
    value = derived(fields, tags).look("ai")
    assert isinstance(value, Unknown) if ai is None else value is ai


def test_the_owner_is_the_owner_tag_else_the_team_and_unknown_when_either_is() -> None:
    assert derived({}, Tags.of({"owner": "me", "team": "us"})).look("owner") == "me"
    assert derived({}, Tags.of({"team": "us"})).look("owner") == "us"
    assert derived({}).look("owner") is None
    assert isinstance(derived({}, Tags.of({"team": "us"}, open_because="later")).look("owner"), Unknown)
    assert isinstance(derived({}, Tags.of({"Owner": "a", "owner": "b", "team": "us"})).look("owner"), Unknown)


def test_tag_keys_are_counted_without_the_providers_own() -> None:
    tags = Tags.of({"Team": "a", "team": "b", "cost_center": "1", "aws:createdBy": "x", "Name": "n"})
    made = derived({"cloud": "aws"}, tags)
    assert [made.look(f"tag_keys.{name}") for name in ("count", "noncanonical", "conflicting", "illegal")] == [
        4,
        2,
        1,
        0,
    ]
    assert derived({}, Tags.unreadable("denied")).look("tag_keys.count") == Unknown("denied")
    long = {"k" * 129: "v", "k": "v" * 257, "x\n": "v"}
    assert derived({"cloud": "aws"}, Tags.of(long)).look("tag_keys.illegal") == 3


def test_an_alias_of_the_policy_is_the_key() -> None:
    tags = Tags.of({"ModelVersion": "3"})
    assert derived({}, tags, aliases={"modelversion": "model-version"}).tags == {"model-version": "3"}


def test_what_is_planned_has_no_past_and_no_rule_waits_for_it() -> None:
    planned = Resource({"id": "x", "kind": "vm", "state": "planned"}, Tags.of({}))
    running = Resource({"id": "y", "kind": "vm", "state": "running"}, Tags.of({}))
    assert [*derive([planned, running], Setting(NOW))]
    for name in ("age", "created", "running_for", "usage.accelerator_percent"):
        assert planned.look(name) is None
        assert isinstance(running.look(name), Unknown)
