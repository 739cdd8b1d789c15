from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops_guard.errors import InputError
from finops_guard.notify import _suggestions
from finops_guard.notify._suggestions import Fixes, block, fenced, read, section
from tests.notify.suggesting import row, written
from tests.outputs.code import WORSE

if TYPE_CHECKING:
    from pathlib import Path

    from finops_guard.notify._suggestions import Suggestion


WRONG: list[dict[str, Any]] = [
    {"first": 0},
    {"first": 4},
    {"last": 9},
    {"first": "x"},
    {"severity": "dire"},
    {"new": "text"},
    {"new": ["a\nb"]},
    {"old": [3]},
    {"findings": [{}]},
]


@pytest.fixture
def made(tmp_path: Path) -> Any:
    return lambda *rows: read(written(tmp_path / "s.json", *rows)).found


def test_a_block(made: Any) -> None:
    (one,) = made(row(last=4, old=["a", "b"], findings=[
        {"id": "f1", "rule": "ai-tags/whose", "severity": "high", "resource": "aws_instance.a", "also": ["x.tf:9"]},
        {"id": "f2", "rule": "tag-hygiene/spelling", "severity": "low", "resource": "aws_instance.a", "also": []},
    ]))  # fmt: skip
    assert block(one) == (
        "**infra/main.tf:3-4** · high · ai-tags/whose on aws\\_instance.a; low · tag-hygiene/spelling on "
        "aws\\_instance.a; goes together with x.tf:9\n\n"
        '```suggestion\n  tags = { team = "vision" }\n```\n'
    )


def test_nothing_to_fix_is_no_section() -> None:
    assert section(Fixes(), 10_000) == ""


@given(st.lists(st.text(st.characters(blacklist_characters="\n\r")) | st.sampled_from(["````", "~~~", "</details>"])))
def test_no_line_ends_the_fence(lines: list[str]) -> None:
    """A fence is closed by a line of at least as many backticks (CommonMark 4.5): there is one, the last."""
    first, *inner, last, end = fenced(lines).split("\n")
    assert end == ""
    assert first == f"{last}suggestion"
    assert inner == lines
    assert re.fullmatch("`{3,}", last)
    assert not any(last in line for line in inner)


@pytest.mark.parametrize("worse", WORSE)
def test_names_of_strangers_are_text(made: Any, worse: str) -> None:
    (one,) = made(row(file=f"{worse}.tf", findings=[
        {"id": "f", "rule": worse, "severity": "high", "resource": f"x[{worse}]", "also": [worse]}
    ]))  # fmt: skip
    head = block(one).split("\n\n```suggestion")[0]
    assert "\n" not in head
    assert not re.search(r"(?<!\\)[`<]|@\w", head)


def test_what_does_not_fit_is_counted_the_most_severe_first(made: Any) -> None:
    rows = [row(first=n, last=n, severity="low" if n % 2 else "critical", new=["x" * 500]) for n in range(1, 101)]
    found = made(*rows)
    assert [each.severity for each in found] == ["critical"] * 50 + ["low"] * 50
    told = section(Fixes(found), 10_000)
    assert len(told) <= 10_000
    shown = told.count("suggestion\n")
    assert 10 < shown < 50
    assert f"**Left out for want of room:** {100 - shown} more edits." in told
    assert [int(n) for n in re.findall(r"main.tf:(\d+)", told)] == list(range(2, 2 * shown + 1, 2))
    assert "1 finding can be put right" in told


def test_what_one_should_know_is_said_and_escaped(made: Any) -> None:
    told = section(Fixes(made(row()), ("infra/a.tf: default tags get `x`\n# @all", *map(str, range(9)))), 10_000)
    assert "\n- infra/a.tf: default tags get \\`x\\`\\\\n# @\u200ball\n- 0\n" in told
    assert "- and 5 more\n\n**infra/main.tf" in told


def test_one_that_is_too_large_keeps_no_other_out(made: Any) -> None:
    told = section(Fixes(made(row(new=["x" * 9_000]), row(first=9, last=9))), 3_000)
    assert "main.tf:9" in told
    assert "1 more edits" in told


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"first": 40, "last": 40}, True),
        ({"blob": "c" * 40, "severity": "low"}, True),
        ({"file": "infra/other.tf"}, False),
        ({"old": ["x"]}, False),
        ({"new": ["x"]}, False),
        ({"findings": [{"rule": "ai-tags/whose", "severity": "high", "resource": "b", "also": []}]}, False),
        ({"new": ['  tags = { team = "vision" }', ""]}, False),
    ],
)
def test_the_mark_is_of_the_file_the_texts_and_the_findings(made: Any, change: dict[str, Any], same: object) -> None:
    one: list[Suggestion] = made(row())
    assert (one[0].mark == made(row(**change))[0].mark) is same


def test_texts_do_not_run_into_each_other(made: Any) -> None:
    one = made(row(last=4, old=["a", "b"], new=["c"]))[0]
    two = made(row(old=["a"], new=["b", "c"]))[0]
    assert one.mark != two.mark


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nothing", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("{}", "does not say schema"),
        (json.dumps({"schema": _suggestions.SCHEMA}), "no suggestion"),
        (json.dumps({"schema": _suggestions.SCHEMA, "suggestions": [1]}), "no suggestion"),
        *(
            (json.dumps({"schema": _suggestions.SCHEMA, "suggestions": [row(**each)]}), "no suggestion")
            for each in WRONG
        ),
    ],
)  # fmt: skip
def test_what_is_none_is_an_input_error(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "s.json").write_text(text)
    with pytest.raises(InputError, match=why):
        read(tmp_path / "s.json")


def test_no_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read(tmp_path / "s.json")
