"""Test files: cases with a clock, resources or a snapshot, and verdicts for one or for all."""

from __future__ import annotations

from datetime import UTC, datetime

from finops_guard.language.document import Document
from finops_guard.language.testfile import TestFile, load_tests, resources, unknown_rules
from tests.language.seeded import FOLDER

TEXT = (FOLDER / "tests.yaml").read_text("utf-8")


def loaded(text: str) -> TestFile:
    file, problems = load_tests(Document("tests.yaml", text))
    assert problems == []
    assert file is not None
    return file


def test_a_case_with_resources() -> None:
    case = loaded(TEXT).tests[0]
    assert case.name == "an idle machine is seen"
    assert case.at == datetime(2026, 11, 2, 8, tzinfo=UTC)
    assert [resource.fields["accelerators.count"] for resource in resources(case)] == [8, 8]
    assert [(each.rule, each.verdicts, each.each) for each in case.expect] == [
        ("demo/idle", ("fail", "unknown"), True),
        ("demo/whose", ("unknown",), False),
    ]
    assert (case.place.line, case.place.column) == (2, 5)
    assert (case.places[1].line, case.places[1].column) == (6, 9)
    assert (case.expect[1].at.line, case.expect[1].at.column) == (7, 42)


def test_a_case_with_a_snapshot_and_a_day() -> None:
    case = loaded(TEXT).tests[1]
    assert case.name == "test 2"
    assert case.at == datetime(2026, 11, 2, tzinfo=UTC)
    assert case.snapshot == "estate.jsonl"
    assert case.given == ()


def test_a_misspelt_rule_is_an_error_with_the_right_name() -> None:
    file = loaded(TEXT.replace("demo/whose: unknown", "demo/woose: unknown"))
    (problem,) = unknown_rules(file, {"demo/idle", "demo/whose"})
    assert str(problem).split("\n")[0] == "tests.yaml:7:42: error: unknown rule 'demo/woose'"
    assert problem.hint == "did you mean 'demo/whose'?"


def test_what_is_no_list_of_tests_is_nothing() -> None:
    file, problems = load_tests(Document("tests.yaml", "tests: 5\n"))
    assert file is None
    assert [(problem.line, problem.column) for problem in problems] == [(1, 8)]
