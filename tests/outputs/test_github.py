from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops_guard.model import Location, Reason, Rung
from finops_guard.outputs._escape import visible
from tests.factory import finding, report, resource, rule
from tests.outputs.code import WORSE, many, planned, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finops_guard.model import Severity


class Command(NamedTuple):
    name: str
    properties: dict[str, str]
    data: str


def parsed(text: str) -> Iterator[Command]:
    """As the runner reads a log (actions/runner, ActionCommand.TryParseV2), each line on its own."""
    for line in text.splitlines():
        trimmed = line.lstrip()
        assert trimmed.startswith("::"), line
        end = trimmed.index("::", 2)
        name, _, rest = trimmed[2:end].partition(" ")
        pairs = (part.partition("=") for part in rest.split(",") if part)
        yield Command(name, {key: plain(value, colons=True) for key, _, value in pairs}, plain(trimmed[end + 2 :]))


def plain(text: str, *, colons: bool = False) -> str:
    for code, char in (("%0D", "\r"), ("%0A", "\n"), *((("%3A", ":"), ("%2C", ",")) if colons else ()), ("%25", "%")):
        text = text.replace(code, char)
    return text


@given(st.text() | st.sampled_from(WORSE), st.text(min_size=1) | st.sampled_from(WORSE), st.text())
def test_a_stranger_can_neither_end_nor_begin_a_command(value: str, file: str, name: str) -> None:
    planned = resource("r", id=f"r {name}", at=Location(file, 7, 2), month=None)
    made = report([finding(planned, reasons=(Reason("tags.a", "matches", "[a-z]+", f"x{value}"),))])
    (command,) = parsed(written("github", made))
    assert command.name == "error"
    assert set(command.properties) == {"file", "line", "col", "title"}
    assert (command.properties["line"], command.properties["col"]) == ("7", "2")
    assert command.properties["title"] == "ai-tags/whose (high)"
    if len(value) + len(name) < 80:
        assert visible(f"x{value}") in command.data
        assert visible(f"(r {name})") in command.data


def test_what_block_fails_is_an_error_at_any_severity() -> None:
    blocking = replace(rule("p/small", severity="low"), otherwise=(Rung("block"),))
    one = finding(resource("r", at=Location("a.tf", 1)), blocking)
    made = replace(report([one]), planned=True, enforced=frozenset({one.binding}))
    assert [command.name for command in parsed(written("github", made))] == ["error"]
    made = replace(made, enforced=frozenset())
    assert [command.name for command in parsed(written("github", made))] == ["notice"]


@pytest.mark.parametrize(
    ("severity", "kind"), [("critical", "error"), ("high", "error"), ("medium", "warning"), ("low", "notice")]
)
def test_the_kind_follows_the_severity(severity: Severity, kind: str) -> None:
    made = report([finding(resource(at=Location("a.tf", 3)), rule(severity=severity))])
    (command,) = parsed(written("github", made))
    assert command.name == kind
    assert command.properties["file"] == "a.tf"


def test_what_fails_nothing_is_a_warning() -> None:
    """On what is planned only bindings whose declared mode is enforce fail a pipeline."""
    made = report([finding(resource(at=Location("a.tf", 3), state="planned"))])
    assert [command.name for command in parsed(written("github", made))] == ["warning"]
    made.enforced = frozenset({"ai-tags"})
    assert [command.name for command in parsed(written("github", made))] == ["error"]


def test_what_cannot_be_judged_is_no_error() -> None:
    made = report([finding(resource(at=Location("a.tf", 3)), verdict="unknown")], passed=1)
    (command,) = parsed(written("github", made))
    assert command.name == "notice"
    assert command.data.startswith("Cannot be judged: ")


@pytest.mark.parametrize("made", [many(200), planned()], ids=["many", "planned"])
def test_no_more_than_github_shows_and_the_rest_is_counted(made: object) -> None:
    found = list(parsed(written("github", made)))  # type: ignore[arg-type] # both are reports
    for kind in ("error", "warning", "notice"):
        assert sum(command.name == kind for command in found) <= 10


def test_the_rest_is_counted_by_severity() -> None:
    *shown, last = parsed(written("github", many(200)))
    assert [command.name for command in shown] == ["error"] * 10 + ["warning"] * 9 + ["notice"] * 10
    assert last.name == "warning"
    assert last.data == ("Left out for want of room: 10 critical, 11 medium, 150 low. -f json has every finding.")


def test_findings_on_what_runs_are_counted() -> None:
    (command,) = parsed(written("github", report([finding(), finding()])))
    assert command.name == "notice"
    assert command.data.startswith("Not listed here, as they stand in no file: 2 findings.")
    assert written("github", report()) == ""


def test_what_a_plan_as_a_whole_costs_is_told_first_and_stands_on_no_line() -> None:
    plan = resource("plan", kind="plan", id="plan", month=None)
    made = report([finding(resource(at=Location("a.tf", 3))), finding(plan, rule("iac-guardrail/monthly-cost"))])
    first, second = parsed(written("github", made))
    assert first.properties == {"title": "iac-guardrail/monthly-cost (high)"}
    assert first.name == "error"
    assert second.properties["file"] == "a.tf"
