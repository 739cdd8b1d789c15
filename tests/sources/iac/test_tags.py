"""Tags of any document: maps, pairs, what reaches machines, and what may hide what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops_guard.model import Unknown
from finops_guard.sources.iac._tags import NONE, Labels, launched_by, merged, of_list, of_map, tags_of

LATE = Unknown("known after apply")
VALUES = st.one_of(st.sampled_from(["a", "b"]), st.just(LATE))
LABELS = st.builds(Labels, st.dictionaries(st.sampled_from("xyz"), VALUES), st.none() | st.just("more may come"))


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (None, NONE),
        ({}, NONE),
        ({"a": "x", "b": None, "c": 7, "d": True, "e": 1.5, "f": 100.0}, Labels(
            {"a": "x", "c": "7", "d": "true", "e": "1.5", "f": "100"})),
        ({"a": LATE}, Labels({"a": LATE})),
        (LATE, Labels({}, "known after apply")),
        ({"a": ["x"]}, Labels({"a": Unknown("its value is not a text")})),
        ([{"Key": "a", "Value": "x"}], Labels({"a": "x"})),
        ("x", Labels({}, "its tags are not a map")),
    ],
)  # fmt: skip
def test_any_shape_of_tags_is_one(raw: object, wanted: Labels) -> None:
    assert of_map(raw) == wanted


def test_pairs_that_do_not_reach_machines_are_left_out_only_if_asked() -> None:
    pairs = [
        {"key": "a", "value": "x", "propagate_at_launch": True},
        {"key": "b", "value": "x", "propagate_at_launch": "false"},
        {"Key": "c", "Value": "x", "PropagateAtLaunch": LATE},
        {"key": LATE, "value": "x", "propagate_at_launch": True},
    ]
    assert of_list(pairs).values == {"a": "x", "b": "x", "c": "x"}
    launched = of_list(pairs, launched=True)
    assert launched.values == {"a": "x", "c": Unknown("whether it reaches the machines: known after apply")}
    assert launched.open_because == "known after apply"


@pytest.mark.parametrize("pair", [3, None, "x", LATE])
def test_what_is_no_pair_may_be_any(pair: object) -> None:
    assert of_list([pair]).open_because is not None


def test_of_a_template_only_what_is_for_the_kind_counts() -> None:
    specifications = [
        {"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "x"}]},
        {"resource_type": "volume", "tags": {"b": "x"}},
    ]
    assert launched_by(specifications) == Labels({"a": "x"})
    assert launched_by(specifications, "volume") == Labels({"b": "x"})
    assert launched_by(LATE).open_because == "known after apply"
    assert launched_by([{"resource_type": LATE, "tags": {}}]).open_because == "known after apply"


@given(LABELS, LABELS)
def test_the_later_wins_and_an_open_map_may_hide_what_came_before(first: Labels, then: Labels) -> None:
    both = merged(first, then)
    for key, value in then.values.items():
        assert both.values[key] == value
    for key in first.values.keys() - then.values.keys():
        hidden = then.open_because is not None
        assert both.values[key] == (Unknown("more may come") if hidden else first.values[key])
    assert (both.open_because is None) == (first.open_because is None and then.open_because is None)
    assert both.values.keys() == first.values.keys() | then.values.keys()


@given(LABELS)
def test_rules_read_what_is_known_and_why_the_rest_is_not(labels: Labels) -> None:
    tags = tags_of(labels, {})
    for key in "xyz":
        value = labels.values.get(key)
        wanted = value if value is not None or labels.open_because is None else Unknown(labels.open_because)
        assert tags.look(key) == wanted
