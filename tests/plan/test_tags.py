"""What tag rungs write: on the spelling that is there, never on what conflicts, within what the cloud takes."""

from __future__ import annotations

from typing import Any

import pytest

from finops_guard.model import Resource, Rung, Step, Tags
from tests.plan.build import ALL, finding, machine, planned, policy, rule


def _tag(on: Resource, lacks: tuple[str, ...] = (), aliases: dict[str, str] | None = None, **rung: Any) -> Step:
    (step,) = planned(finding(on, rule(Rung("tag", **rung)), lacks=lacks), under=policy(aliases=aliases or {}))
    return step


def test_set_writes_the_spelling_that_is_there() -> None:
    step = _tag(machine(tags={"Team": "vison", "x": "1"}), set={"team": "vision"})
    assert (step.state, step.before, step.after) == ("due", {"Team": "vison"}, {"Team": "vision"})
    step = _tag(machine(tags={"x": "1"}), set={"team": "vision"})
    assert (step.before, step.after) == ({"team": None}, {"team": "vision"})
    step = _tag(
        machine(tags={"ModelVersion": "1"}), aliases={"modelversion": "model-version"}, set={"model-version": "2"}
    )
    assert step.after == {"ModelVersion": "2"}


def test_an_empty_value_is_there_to_be_written() -> None:
    assert _tag(machine(tags={"Team": " "}), set={"team": "vision"}).before == {"Team": " "}


@pytest.mark.parametrize("text", ["{now.__class__}", "$team", "%s", "{{ x }}", "a{b"])
def test_value_text_is_no_template(text: str) -> None:
    step = _tag(machine(cloud="other"), set={"team": text})
    assert step.after == {"team": text}


def test_what_is_so_already_is_skipped_and_says_so() -> None:
    step = _tag(machine(tags={"team": "vision"}), set={"team": "vision"})
    assert (step.state, step.because, step.after) == ("skipped", "its tags are so already", {})


CONFLICT = {"Team": "vision", "team": "nlp"}


@pytest.mark.parametrize(
    "rung",
    [{"set": {"team": "x"}}, {"rename": {"team": "squad"}}, {"rename": {"other": "team"}}, {"copy_from": "owner"}],
)
def test_no_verb_touches_what_conflicts(rung: dict[str, Any]) -> None:
    on = machine(tags={**CONFLICT, "other": "o"}, owner="a@acme.example")
    step = _tag(on, lacks=("team",), **rung)
    assert (step.state, step.after) == ("refused", {})
    assert step.because == "the spellings of tag 'team' have different values, which no verb touches"


def test_rename_moves_the_value() -> None:
    step = _tag(machine(tags={"Squad": "vision", "x": "1"}), rename={"squad": "team"})
    assert (step.before, step.after) == ({"Squad": "vision", "team": None}, {"Squad": None, "team": "vision"})
    step = _tag(machine(tags={"squad": "vision", "Team": "vision"}), rename={"squad": "team"})
    assert (step.before, step.after) == ({"squad": "vision"}, {"squad": None})
    step = _tag(machine(tags={"squad": "vision", "team": "nlp"}), rename={"squad": "team"})
    assert step.because == "tag 'team' has another value than 'squad', which would take its name"
    assert _tag(machine(tags={"x": "1"}), rename={"squad": "team"}).state == "skipped"


def test_normalise_writes_canonical_keys_and_leaves_the_providers_own() -> None:
    raw = {
        "Cost_Center": "cc",
        "TEAM": "v",
        "Team": "v",
        "aws:x Y": "1",
        "fine": "1",
        "Name": "web",
        "K8s.io/App": "1",
        "Empty": "",
        "A": "1",
        "a": "2",
    }
    step = _tag(machine(tags=raw), normalise=True)
    assert step.after == {"Cost_Center": None, "cost-center": "cc", "TEAM": None, "Team": None, "team": "v"}
    assert step.state == "due"
    assert step.because == "the spellings of tag 'a' have different values, which no verb touches"


def test_normalise_follows_aliases() -> None:
    step = _tag(machine(tags={"modelVersion": "3"}), aliases={"modelversion": "model-version"}, normalise=True)
    assert step.after == {"modelVersion": None, "model-version": "3"}


def test_azure_takes_keys_that_differ_by_case_for_one() -> None:
    step = _tag(machine(cloud="azure", tags={"Team": "v", "Cost_Center": "c"}), normalise=True)
    assert step.after == {"Cost_Center": None, "cost-center": "c"}


PARENTS = {
    "parents": [{"id": "sub", "tags": {"Team": "vision"}}, {"id": "rg", "tags": {"team": "nlp", "project": "p"}}]
}


@pytest.mark.parametrize(
    ("source", "resource", "lacks", "after", "because"),
    [
        ("parent", {"facts": PARENTS}, ("team", "project"), {"team": "vision", "project": "p"}, None),
        ("parent", {"facts": PARENTS}, ("team", "x"), {"team": "vision"}, "its parent has no tag x"),
        ("parent", {"facts": PARENTS}, ("x",), {}, "its parent has no tag x"),
        ("parent", {}, ("team",), {}, "the tags of its parent are unknown"),
        ("parent", {"facts": {"parents": ["arn:x"]}}, ("team",), {}, "the tags of its parent are unknown"),
        ("account", {}, ("team",), {}, "the tags of its account are unknown"),
        ("owner", {"owner": "a@acme.example"}, ("owner",), {"owner": "a@acme.example"}, None),
        ("owner", {"owner": None}, ("owner",), {}, "its owner is unknown"),
        ("owner", {"owner": "a"}, ("team", "owner"), {}, "which of owner, team would take the owner is not clear"),
        ("creator", {"facts": {"creator": "jan"}}, ("owner",), {"owner": "jan"}, None),
        ("creator", {}, ("owner",), {}, "its creator is unknown"),
        ("owner", {"owner": "a"}, (), {}, "it lacks no tag that could be copied"),
    ],
)  # fmt: skip
def test_copying(source: str, resource: Any, lacks: tuple[str, ...], after: Any, because: str | None) -> None:
    step = _tag(machine(**resource), lacks, copy_from=source)
    assert (step.after, step.because) == (after, because)
    assert step.state == ("due" if after else "refused")


def test_copying_from_the_account() -> None:
    on = machine()
    on.account_tags = Tags.of({"Team": "vision"})
    assert _tag(on, ("team",), copy_from="account").after == {"team": "vision"}


@pytest.mark.parametrize(
    ("resource", "because"),
    [
        ({"taggable": False}, "it can carry no tags"),
        ({"tags": Tags.unreadable("AccessDenied")}, "not all of its tags could be read: AccessDenied"),
        ({"protected": True}, "it is protected"),
        ({"kind": "licence"}, "there is nothing to tag in a licence"),
    ],
)
def test_what_is_not_tagged(resource: Any, because: str) -> None:
    step = _tag(machine(**resource), set={"team": "x"})
    assert (step.state, step.because) == ("refused", because)


def test_what_something_else_manages_may_be_tagged() -> None:
    assert _tag(machine(managed_by="stack/x"), set={"team": "x"}).state == "due"


FULL = {f"k{n}": "v" for n in range(50)}


@pytest.mark.parametrize(
    ("cloud", "tags", "write", "because"),
    [
        ("aws", FULL, {"new": "v"}, "AWS takes at most 50 tags"),
        ("aws", FULL, {"k1": "w"}, None),
        ("aws", {**dict(list(FULL.items())[1:]), "aws:x": "1"}, {"new": "v"}, None),
        ("aws", {}, {"k" * 129: "v"}, f"AWS takes no tag key '{'k' * 129}'"),
        ("aws", {}, {"k" * 128: "v" * 256}, None),
        ("aws", {}, {"k": "v" * 257}, "AWS does not take this value for tag 'k'"),
        ("aws", {}, {"k": "a;b"}, "AWS does not take this value for tag 'k'"),
        ("aws", {}, {"k": "één / a@b.c"}, None),
        ("aws", {}, {"k": "a\nb"}, "AWS does not take this value for tag 'k'"),
        ("aws", {}, {"k": "a\tb"}, "AWS does not take this value for tag 'k'"),
        ("aws", {}, {"k": "a\x1fb"}, "AWS does not take this value for tag 'k'"),
        ("aws", {}, {"k": "\N{ROCKET}"}, "AWS does not take this value for tag 'k'"),
        ("aws", {}, {"k": "日本 1"}, None),
        ("aws", {}, {"k": "a\u3000b"}, None),
        ("aws", {}, {"aws:k": "v"}, "tag key 'aws:k' is the provider's own"),
        ("azure", {}, {"a?b": "v"}, "Azure takes no tag key 'a?b'"),
        ("azure", {}, {"k": "anything <goes>\n"}, None),
        ("gcp", {}, {"k": "Vision"}, "GCP does not take this value for tag 'k'"),
        ("gcp", {}, {"k": "v" * 64}, "GCP does not take this value for tag 'k'"),
        ("gcp", {}, {"1k": "v"}, "GCP takes no tag key '1k'"),
        ("gcp", {}, {"k": "vision-1"}, None),
    ],
)
def test_what_clouds_do_not_take(cloud: str, tags: dict[str, str], write: dict[str, str], because: str | None) -> None:
    step = _tag(machine(cloud=cloud, tags=tags), set=write)
    assert (step.state, step.because) == ("refused" if because else "due", because)


def test_normalising_a_full_tag_set_is_no_growth() -> None:
    raw = {f"K{n}": "v" for n in range(50)}
    assert _tag(machine(tags=raw), normalise=True).state == "due"


def test_a_write_that_is_not_permitted_still_shows_what_it_would_be() -> None:
    found = finding(of=rule(Rung("tag", set={"team": "x"})))
    (step,) = planned(found, under=policy(permit=ALL - {"tag"}))
    assert (step.state, step.after) == ("refused", {"team": "x"})
