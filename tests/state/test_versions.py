"""Versions of one resource go on, end, and are not ended by who could not look."""

from __future__ import annotations

import json

import pytest

from finops_guard.state.versions import Cell, Control, Version, cell_of, controls, fields_of, follow


def line(state: str = "running", account: str = "1") -> str:
    return json.dumps({"fields": {"id": "i-1", "account": account, "kind": "vm", "state": state}, "tags": {}})


def followed(seen: dict[int, list[str]], runs: int, blind: set[int] = frozenset()) -> list[tuple[object, ...]]:  # type: ignore[assignment] # nobody changes it
    versions: list[Version] = []
    follow(versions, seen, range(runs), lambda run, _cell: run in blind)
    return [(json.loads(each.line)["fields"]["state"], each.since, each.until, each.unseen) for each in versions]


def test_a_change_ends_a_version_and_begins_one() -> None:
    assert followed({0: [line()], 1: [line()], 2: [line("stopped")], 3: [line("stopped")]}, 4) == [
        ("running", 0, 2, []),
        ("stopped", 2, None, []),
    ]


def test_what_went_and_came_back_has_two() -> None:
    assert followed({0: [line()], 2: [line()]}, 3) == [("running", 0, 1, []), ("running", 2, None, [])]


def test_a_run_that_could_not_look_ends_none() -> None:
    assert followed({0: [line()], 2: [line()]}, 3, {1}) == [("running", 0, None, [1])]
    assert followed({0: [line()], 2: [line("stopped")]}, 3, {1}) == [
        ("running", 0, 2, [1]),
        ("stopped", 2, None, []),
    ]
    assert followed({0: [line()]}, 4, {1, 3}) == [("running", 0, 2, [1])], "gone by the run that could look"


def test_a_run_with_a_gap_tells_what_it_did_see() -> None:
    assert followed({0: [line()], 1: [line("stopped")]}, 2, {1}) == [
        ("running", 0, 1, []),
        ("stopped", 1, None, []),
    ]


def test_equal_lines_and_several_of_one_id_are_each_counted() -> None:
    twice = {0: [line(), line()], 1: [line()], 2: [line(), line("stopped")]}
    versions: list[Version] = []
    follow(versions, twice, range(3), lambda *_: False)
    found = controls(versions, 3)
    for run, lines in twice.items():
        wanted = Control()
        for each in lines:
            wanted.add(each)
        assert found[run] == wanted


def test_a_control_total_tells_lines_apart_and_not_their_order() -> None:
    one, other, third = Control(), Control(), Control()
    for each in ("a", "b", "b"):
        one.add(each)
    for each in ("b", "a", "b"):
        other.add(each)
    for each in ("a", "a", "b"):
        third.add(each)
    assert one == other != third


def test_the_place_of_a_resource() -> None:
    assert cell_of(line()) == Cell("", "1", "", "", "vm")


@pytest.mark.parametrize(
    "bad", ["1", "{}", '{"fields":{}}', '{"fields":{"id":1}}', '{"fields":{"id":"a"},"tags":1}', "{"]
)
def test_a_line_without_a_resource_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match=r"a resource is|Expecting"):
        fields_of(bad)
